"""The page of a declaration: where it stands in words, its parts in order, and how it leaves on paper and as a file."""

import io
import re
from decimal import Decimal
from uuid import UUID

import pytest
from openpyxl import load_workbook

from app.core.kit.ids import uuid7
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.models import Assessment, Declaration
from app.customs.declarations.pages.comparing import comparison_panel
from app.customs.declarations.pages.parts import arranged
from app.customs.declarations.pages.situation import _STANDING, CUSTOMS, FIRM
from app.customs.declarations.queries.reach import head_of
from app.customs.declarations.wire import read_results
from tests.customs.declarations.conftest import Zone
from tests.customs.declarations.firms import FILER

HEADER = {"IMC": "0100233488", "EPN": "Hãng A", "IP3": "USD", "IP2": "CIF"}
LINE = {
    "hs": "72083990", "description": "Thép tấm", "origin": "CN", "quantity": Decimal(2), "unit": "TNE",
    "unit_price": Decimal(550), "value": Decimal(1100), "scheme": "MFN",
}  # fmt: skip


def taxes(amounts: dict[str, str]) -> dict[str, object]:
    return {
        "lines": [{"number": 1, "taxes": [{"kind": kind, "amount": each} for kind, each in amounts.items()]}]
    }


def code_of(zone: Zone, key: UUID) -> str:
    with zone.firms.at_work() as session:
        return session.get_one(Declaration, key).code


def test_every_state_says_what_it_means_and_whose_turn_it_is() -> None:
    assert set(_STANDING) == set(State)
    assert _STANDING[State.PAYABLE].whose == FIRM
    assert _STANDING[State.SENT].whose == CUSTOMS


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("DRAFT", "tasks"),
        ("REFUSED", "customs"),
        ("PAPERS", "questions"),
        ("PAYABLE", "payments"),
        ("CLEARED", "customs"),
    ],
)
def test_what_matters_now_comes_first(state: str, first: str) -> None:
    keys = ("risk", "goods", "taxes", "customs", "papers", "payments", "questions", "tasks", "elsewhere")
    found = [each["key"] for each in arranged(state, [{"key": key} for key in keys])]
    assert found[0] == first
    assert found[-1] == "elsewhere", "a part that nobody ranked comes last"
    assert sorted(found) == sorted(keys)


def test_a_draft_says_what_is_still_to_be_mended(zone: Zone) -> None:
    key = zone.firms.declared(state="DRAFT", header=HEADER, lines=[LINE])
    page = zone.filer.get(f"/declarations/{key}").text
    assert 'id="situation-title"' in page
    assert page.index('id="panel-tasks"') < page.index('id="panel-goods"')
    assert 'hx-trigger="poke:party' not in page, (
        "nothing that somebody prepares is drawn anew under his hands"
    )


def test_what_was_handed_in_follows_customs(zone: Zone) -> None:
    key = zone.firms.declared(state="REGISTERED", header=HEADER, lines=[LINE])
    page = zone.filer.get(f"/declarations/{key}").text
    assert f"poke:party:{zone.firms.party()}" in page
    assert f'href="/declarations/{key}"' in page, "a link reloads where no script runs"


def keep(zone: Zone, key: UUID, kind: str, amounts: dict[str, str]) -> None:
    with zone.firms.at_work() as session:
        head = head_of(session, session.get_one(Declaration, key))
        total = sum((Decimal(each) for each in amounts.values()), Decimal(0))
        session.add(
            Assessment(
                id=uuid7(), party_id=head.party_id, revision_id=head.id, kind=kind, content=taxes(amounts),
                total=total, computed_at=zone.firms.now, known_at=None,
            )
        )  # fmt: skip


def test_notice_and_pre_calculation_stand_side_by_side(zone: Zone) -> None:
    key = zone.firms.declared(state="PAYABLE", header=HEADER, lines=[LINE])
    keep(zone, key, "OFFICIAL", {"IMPORT_DUTY": "100", "VAT": "25"})
    page = zone.filer.get(f"/declarations/{key}").text
    assert "không có số tạm tính" in page[page.index('id="panel-differences"') :]
    keep(zone, key, "PRECALCULATED", {"IMPORT_DUTY": "100", "VAT": "10"})
    filer = zone.firms.person(FILER)
    with zone.firms.as_(filer) as session:
        view = comparison_panel(session, filer, key)
    assert [(each["tax"], each["standing"], each["more"]) for each in view["kinds"]] == [
        ("Import duty", "SAME", 0), ("Value added tax", "HIGHER", 15),
    ]  # fmt: skip
    assert (view["ours"], view["official"]) == (110, 125)


def test_a_draft_on_paper_is_no_declaration(zone: Zone) -> None:
    key = zone.firms.declared(state="DRAFT", header=HEADER, lines=[LINE])
    page = zone.filer.get(f"/declarations/{key}/print").text
    assert "print-stamp" in page
    assert "Thép tấm" in page
    xml = zone.filer.get(f"/declarations/{key}/export.xml")
    assert b"KHONG PHAI TO KHAI" in xml.content
    assert "not-a-declaration" in xml.headers["content-disposition"]
    (result,) = read_results(xml.content)
    assert (result.declaration.reference, result.notices) == (code_of(zone, key), ())
    assert result.declaration.lines[1].description == "Thép tấm"


def test_what_customs_registered_comes_back_in(zone: Zone) -> None:
    """The workbook that goes out is the one that the import of results reads."""
    key = zone.firms.declared(state="REGISTERED", header=HEADER, lines=[LINE])
    zone.firms.bring(
        key, "CLEARED", official_number="108000000230", channel="GREEN", cleared_at=zone.firms.now
    )
    xml = zone.filer.get(f"/declarations/{key}/export.xml").content
    assert b"KHONG PHAI" not in xml
    (result,) = read_results(xml)
    assert result.declaration.official_number == "108000000230"
    book = load_workbook(io.BytesIO(zone.filer.get(f"/declarations/{key}/export.xlsx").content))
    header, _, second = list(book.worksheets[0].iter_rows(values_only=True))
    cells = dict(zip(header, second, strict=True))
    assert (cells["official_number"], cells["hs"], cells["value"]) == ("108000000230", "72083990", "1100")
    assert re.match(r"\d{4}-\d\d-\d\dT", str(cells["registered_at"]))


def test_others_neither_print_nor_export(zone: Zone) -> None:
    key = zone.firms.declared(state="REGISTERED", header=HEADER, lines=[LINE])
    for ending in ("print", "export.xml", "export.xlsx"):
        assert zone.other.get(f"/declarations/{key}/{ending}").status_code == 404
        assert zone.officer.get(f"/declarations/{key}/{ending}").status_code == 200
