"""The list is searched by words of code, official number, own reference and goods, without accents."""

import pytest
from sqlalchemy import update

from app.core.kit.text import fold
from app.customs.declarations.models import Declaration
from app.customs.declarations.queries.listing import Wanted, declarations
from tests.customs.declarations.firms import FILER, OFFICER, Firms

SUMMARY, REFERENCE = "Thép tấm ĐẶC biệt (cán nóng), lô 7", "PO-917/B"


@pytest.fixture(scope="module")
def code(firms: Firms) -> str:
    found = firms.declared(summary=SUMMARY, own_reference=REFERENCE)
    firms.declared(summary="Giấy in")
    firms.bring(found, "REGISTERED", official_number="309123456780")
    with firms.as_(firms.person(FILER)) as session:
        return session.get_one(Declaration, found).code


@pytest.mark.parametrize(
    "typed",
    [
        "thep tam", "Đặc", "DAC BIET", "nóng cán", "lo 7", "po-917", "PO 917/b", "917", "309123456780", "3091",
        "3091 2345 6780", " 3091 ",
    ],
)  # fmt: skip
def test_each_word_begins_one_of_the_declaration(firms: Firms, code: str, typed: str) -> None:
    for person in (FILER, OFFICER):
        with firms.as_(firms.person(person)) as session:
            assert [each.code for each in declarations(session, Wanted(query=typed))] == [code]


@pytest.mark.parametrize("typed", ["giay thep", "hep tam", "%", "' or 1=1 --", "thep_tam zz"])
def test_what_fits_nothing_finds_nothing_or_everything_unasked(firms: Firms, code: str, typed: str) -> None:
    with firms.as_(firms.person(FILER)) as session:
        found = [each.code for each in declarations(session, Wanted(query=typed))]
        every = [each.code for each in declarations(session, Wanted())]
    assert found == ([] if fold(typed) else every)


def test_a_code_is_found_as_it_is_printed(firms: Firms, code: str) -> None:
    with firms.as_(firms.person(FILER)) as session:
        for typed in (code, code.lower(), code.replace("-", " ")):
            assert code in [each.code for each in declarations(session, Wanted(query=typed))]


def test_what_a_declaration_is_found_by_follows_it(firms: Firms) -> None:
    found = firms.declared(summary="Vải")
    with firms.as_(firms.person(FILER)) as session:
        session.execute(update(Declaration).where(Declaration.id == found).values(summary="Đường kính"))
        assert session.get_one(Declaration, found).folded.endswith(" " + fold("Đường kính"))
        assert [each.id for each in declarations(session, Wanted(query="duong kinh"))] == [found]
