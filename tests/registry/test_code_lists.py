"""A code means what its version says, and a version says the same for ever."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.setup import procedure_files
from app.core.kit.actor import SYSTEM
from app.core.workflow.procedures import read_file
from app.registry.models import CodeList
from app.registry.queries import codes as reading
from app.registry.service.code_lists import ListFile, load_code_lists, plain_label, read_lists
from tests.conftest import NOW


def file(version: str, start: str, **codes: str) -> ListFile:
    return ListFile.model_validate(
        {
            "list": "PROBE", "title": {"vi": "Thử"}, "version": version, "from": start, "source": "x",
            "status": "ILLUSTRATIVE", "partial": True,
            "codes": [{"code": code, "label": {"vi": label}} for code, label in codes.items()],
        }
    )  # fmt: skip


def load(session: Session, *files: ListFile) -> list[bool]:
    return [each.differs for each in load_code_lists(session, actor=SYSTEM, now=NOW, files=files)]


OLD, NEW = file("A", "2020-01-01", X1="Điện tử"), file("B", "2025-11-15", X1="Thứ khác", X2="Đóng tàu")


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_a_new_version_ends_the_one_before(officer_session: Session, order: tuple[ListFile, ...]) -> None:
    assert [load(officer_session, each) for each in order] == [[False], [False]]
    in_force = {
        day: reading.version_of_day(officer_session, "PROBE", date.fromisoformat(day))
        for day in ("2019-12-31", "2020-01-01", "2025-11-14", "2025-11-15")
    }
    assert in_force == {"2019-12-31": None, "2020-01-01": "A", "2025-11-14": "A", "2025-11-15": "B"}
    meant = [
        reading.label_of(officer_session, "PROBE", "X1", date(year, 12, 1), "vi") for year in (2024, 2026)
    ]
    assert meant == ["Điện tử", "Thứ khác"]


def test_a_loaded_version_stays_what_it_was(officer_session: Session) -> None:
    load(officer_session, OLD)
    assert load(officer_session, OLD) == []
    assert load(officer_session, file("A", "2020-01-01", X1="Anders")) == [True]
    assert reading.label_of(officer_session, "PROBE", "X1", date(2024, 1, 1), "vi") == "Điện tử"


@pytest.mark.parametrize(
    ("typed", "found"),
    [("dien", ["X1"]), ("ĐIỆN TỬ", ["X1"]), ("x", ["X1", "X2"]), ("tu dien", ["X1"]), ("%", ["X1", "X2"])],
)
def test_codes_are_found_without_accents(officer_session: Session, typed: str, found: list[str]) -> None:
    load(officer_session, file("A", "2020-01-01", X1="Điện tử", X2="Đóng tàu"))
    lines = reading.search_codes(officer_session, "PROBE", "A", typed)
    assert [each.code for each in lines] == found


def test_the_lists_of_the_release_load_and_say_what_they_are(officer_session: Session) -> None:
    told = load_code_lists(officer_session, actor=SYSTEM, now=NOW)
    assert {each.list for each in told} >= {"VSIC", "COUNTRY", "LEGAL_FORM", "PROVINCE", "WARD"}
    assert not any(each.differs for each in told)
    assert reading.version_of_day(officer_session, "VSIC", date(2025, 11, 14)) == "VSIC2018"
    assert reading.version_of_day(officer_session, "VSIC", date(2025, 11, 15)) == "VSIC2025"
    (battery,) = reading.search_codes(officer_session, "VSIC", "VSIC2025", "2720")
    assert battery.text("vi") == "Sản xuất pin và ắc quy"
    wards = reading.codes_of_day(officer_session, "WARD", date(2026, 1, 1), parent="31")
    assert "Đặc khu Cát Hải" in {each.text("en") for each in wards}
    unproved = officer_session.scalars(select(CodeList.status).where(CodeList.status == "CITED")).all()
    assert unproved == [], "nobody has compared a list with its source yet"


def test_the_form_offers_the_codes_of_the_list() -> None:
    known = {
        f"VSIC2025:{entry.code}"
        for each in read_lists()
        if each.version == "VSIC2025"
        for entry in each.codes
    }
    form = read_file(next(path for path in procedure_files() if path.stem == "2026-03-31"))
    assert known == {option.code for option in form.fields()["vsic"].options} - {"OTHER"}


def test_a_label_loses_the_code_before_it() -> None:
    assert plain_label("1079", "1079 Sản xuất") == "Sản xuất"
    assert plain_label("107", "1079 Sản xuất") == "1079 Sản xuất"
