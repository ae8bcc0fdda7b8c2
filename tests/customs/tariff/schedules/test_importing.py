"""Imports of schedules: what becomes a change, that nothing is half-imported, and that two officers decide."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.core import law
from app.core.db import Database
from app.core.kit.ranges import Period
from app.core.law import Instrument, Status
from app.customs.tariff.models import TariffMeasure
from app.customs.tariff.schedules.models import (
    Coverage,
    TariffChangeHeading,
    TariffChangeItem,
    TariffStagedRate,
)
from app.customs.tariff.schedules.service.content import TariffContent
from app.customs.tariff.schedules.service.importing import (
    NothingToPropose,
    NotNow,
    cancel,
    propose,
    read_schedule,
)
from tests.core.documents.test_workbooks import twisted
from tests.customs.tariff.schedules.books import HEADER, LINE, table, workbook
from tests.customs.tariff.schedules.flow import AN, BINH, CHI, NOW, TERMS, Desk, officer, since

OTHER = ["0101.29.00", "- - Loại khác", "con", "5", "2,5", "5"]
COW = ["0102.21.00", "- - Bò thuần chủng", "con", "3", "", "5"]
Y27, Y28 = date(2027, 1, 1), date(2028, 1, 1)


@pytest.fixture
def desk(database: Database) -> Desk:
    law.install([TariffContent()])
    return Desk(database)


@pytest.fixture
def first(desk: Desk, tmp_path: Path) -> Path:
    path = workbook(tmp_path / "first.xlsx", [HEADER, LINE, OTHER, COW])
    desk.bring(path)
    return path


def file(tmp_path: Path, *rows: list, name: str = "second.csv") -> Path:
    return table(tmp_path / name, [HEADER, *rows])


def test_a_row_without_a_number_stops_the_file_with_its_reason(desk: Desk, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [HEADER, LINE])
    found = desk.read(twisted(path, "xl/worksheets/sheet1.xml", ('<row r="2"', '<row r="x" hidden="1"')))
    assert found.state == "STOPPED"
    assert "damaged" in found.refusal["detail"]


def test_a_schedule_takes_force_when_two_other_officers_approved_it(desk: Desk, tmp_path: Path) -> None:
    found = desk.read(workbook(tmp_path / "a.xlsx", [HEADER, LINE, OTHER]))
    assert (found.state, found.faults) == ("COMPARED", [])
    assert found.counts["01"] == {"LINES": 2, "RATES": 6, "ADDED": 6, "SAME": 0}
    made = desk.propose(found.id)
    assert (made.state, made.content_count, made.origin) == ("PROPOSED", 8, "IMPORT")
    with pytest.raises(law.LawApprovalRefused):
        desk.approve(made, AN)
    desk.approve(made, BINH)
    with pytest.raises(law.LawApprovedAlready):
        desk.approve(made, BINH)
    assert desk.rates(Y27) == {}
    desk.approve(made, CHI)
    assert desk.rates(Y27)["01012900", "ACFTA"] == "2.5"
    assert desk.rates(date(2026, 12, 31)) == {}


def test_the_next_schedule_changes_only_what_differs_and_closes_what_it_replaces(
    desk: Desk, tmp_path: Path, first: Path
) -> None:
    path = file(tmp_path, LINE, [*OTHER[:3], "7,5", "", "5"], ["0103.10.00", "Lợn", "con", "1", "", "5"])
    before = desk.now
    key = desk.bring(path, since(Y28))
    assert desk.effects(key) == {
        ("01012900", "MFN"): "CHANGED",
        ("01012900", "ACFTA"): "ENDED",
        ("01022100", "MFN"): "ENDED",
        ("01022100", "VAT"): "ENDED",
        ("01031000", "MFN"): "ADDED",
        ("01031000", "VAT"): "ADDED",
    }
    assert desk.rates(date(2027, 12, 31))["01012900", "MFN"] == "5"
    now = desk.rates(Y28)
    assert now["01012900", "MFN"] == "7.5"
    assert now["01012100", "MFN"] == "0"
    assert ("01012900", "ACFTA") not in now
    assert not {key for key in now if key[0] == "01022100"}
    known = desk.rates(Y28, known_at=before - timedelta(hours=1))
    assert known["01012900", "MFN"] == "5"
    with desk.session() as session:
        ended = session.scalar(
            text("select upper(valid) from tariff_heading where code = '01022100' and upper_inf(recorded)")
        )
    assert ended == Y28


def test_the_same_schedule_again_has_nothing_to_propose(desk: Desk, first: Path) -> None:
    found = desk.read(first, since(Y28))
    assert found.counts["01"]["SAME"] == found.counts["01"]["RATES"]
    with pytest.raises(NothingToPropose):
        desk.propose(found.id)


def test_a_new_act_restates_equal_rates_unless_it_should_not(desk: Desk, tmp_path: Path, first: Path) -> None:
    act = Instrument("decree-thu-1", "DECREE", "1/2027/NĐ-CP", {"vi": "Thử", "en": "Test"}, Status.ASSUMED)
    terms = since(Y28, instrument="decree-thu-1", new_instrument=act, annex="I")
    left = desk.read(first, replace(terms, restates=False))
    assert desk.effects(left.id) == {}
    key = desk.bring(first, terms)
    assert set(desk.effects(key).values()) == {"RESTATED"}
    with desk.session() as session:
        rows = session.execute(
            text(
                "select valid @> date '2028-01-01', instrument_id from tariff_measure where upper_inf(recorded)"
            )
        ).all()
        assert {(bool(row[0]), row[1]) for row in rows} == {(False, None), (True, "decree-thu-1")}
        assert "decree-thu-1" in law.instruments(session)


@pytest.mark.parametrize(
    ("coverage", "ended"),
    [
        (Coverage.WHOLE, {"01012900", "01022100", "02011000"}),
        (Coverage.CHAPTERS, {"01012900", "01022100"}),
        (Coverage.LINES, set()),
    ],
)
def test_what_a_file_is_silent_about_ends_only_as_far_as_it_speaks(
    desk: Desk, tmp_path: Path, coverage: Coverage, ended: set[str]
) -> None:
    beef = ["0201.10.00", "Thịt bò", "kg", "10", "", "5"]
    desk.bring(workbook(tmp_path / "a.xlsx", [HEADER, LINE, OTHER, COW, beef]))
    found = desk.read(file(tmp_path, LINE), since(Y28, coverage=coverage))
    effects = desk.effects(found.id)
    assert {hs8 for (hs8, _), effect in effects.items() if effect == "ENDED"} == ended
    assert set(effects.values()) <= {"ENDED"}


def test_a_line_that_loses_its_sublines_leaves_none_behind(desk: Desk, tmp_path: Path) -> None:
    rows = [[*LINE[:3], "", "", "5"], ["0101.21.00.10", "Phân dòng", "con", "4", "", ""]]
    desk.bring(file(tmp_path, *rows))
    desk.bring(file(tmp_path, LINE, name="third.csv"), since(Y28, coverage=Coverage.LINES))
    with desk.session() as session:
        ended = session.scalar(
            text("select upper(valid) from tariff_heading where length(code) = 10 and upper_inf(recorded)")
        )
    assert ended == Y28
    assert desk.rates(Y28)["01012100", "MFN"] == "0"


def test_a_column_that_the_file_does_not_have_stays(desk: Desk, tmp_path: Path, first: Path) -> None:
    path = table(tmp_path / "b.csv", [HEADER[:4], LINE[:4], OTHER[:4], COW[:4]])
    found = desk.read(path, since(Y28))
    assert desk.effects(found.id) == {}


def test_a_stopped_file_leaves_nothing_but_its_faults(desk: Desk, tmp_path: Path) -> None:
    found = desk.read(file(tmp_path, LINE, [*OTHER[:3], "5", "??", "5"], [*COW[:3], "=1", "", "5"]))
    assert found.state == "STOPPED"
    assert [(each["code"], each["row"], each["column"], each["text"]) for each in found.faults] == [
        ("mark-unknown", 3, "E", "??"),
        ("formula", 4, "D", "=1"),
    ]
    with desk.session() as session:
        for table_of in (TariffChangeItem, TariffChangeHeading, TariffStagedRate, TariffMeasure):
            assert session.scalar(select(func.count()).select_from(table_of)) == 0
    with pytest.raises(NotNow):
        desk.propose(found.id)


def test_what_is_no_table_is_stopped_with_its_reason(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x00\x01")
    found = desk.read(path)
    assert (found.state, found.refusal["title"]) == ("STOPPED", "The file cannot be read as a schedule.")


def test_a_run_that_comes_again_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, LINE)
    found = desk.read(path)
    read_schedule(desk.run(), found.id, path=path)
    assert len(desk.effects(found.id)) == 3
    made = desk.propose(found.id)
    assert desk.propose(found.id).id == made.id


def test_the_same_file_under_the_same_terms_begins_once(desk: Desk, tmp_path: Path) -> None:
    path = file(tmp_path, LINE)
    first, second = (desk.begin(path, sha256="a" * 64) for _ in range(2))
    assert first == second
    assert desk.begin(path, since(Y28), sha256="a" * 64) != first
    assert desk.begin(path, sha256="a" * 64, actor=BINH) != first


def test_an_import_that_is_given_up_keeps_no_items(desk: Desk, tmp_path: Path) -> None:
    found = desk.read(file(tmp_path, LINE))
    with desk.session() as session:
        cancel(session, import_id=found.id, actor=AN, now=NOW)
    assert desk.effects(found.id) == {}
    with pytest.raises(NotNow):
        desk.propose(found.id)


def test_a_reading_stops_when_it_is_given_up(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.customs.tariff.schedules.service.importing.TOLD_EVERY", 1)
    path = file(tmp_path, LINE, OTHER, COW)
    key = desk.begin(path)
    with desk.session() as session:
        cancel(session, import_id=key, actor=AN, now=NOW)
    read_schedule(desk.run(), key, path=path)
    assert desk.found(key).state == "CANCELLED"
    assert desk.effects(key) == {}


def test_of_two_imports_at_once_the_second_must_be_proposed_again(
    desk: Desk, tmp_path: Path, first: Path
) -> None:
    one = desk.read(file(tmp_path, [*LINE[:3], "1", "0", "5"], OTHER, COW, name="one.csv"), since(Y28))
    two = desk.read(file(tmp_path, [*LINE[:3], "2", "0", "5"], OTHER, COW, name="two.csv"), since(Y28))
    first_set, second_set = desk.propose(one.id), desk.propose(two.id)
    desk.approve(second_set, BINH)
    desk.approve(first_set)
    desk.now += timedelta(days=1)
    with pytest.raises(law.LawBaseMoved):
        desk.approve(second_set, CHI)
    assert desk.rates(Y28)["01012100", "MFN"] == "1"


def test_imports_of_other_lines_do_not_hinder_each_other(desk: Desk, tmp_path: Path, first: Path) -> None:
    terms = since(Y28, coverage=Coverage.LINES)
    one = desk.read(file(tmp_path, [*LINE[:3], "1", "0", "5"], name="one.csv"), terms)
    two = desk.read(file(tmp_path, [*COW[:3], "2", "", "5"], name="two.csv"), terms)
    sets = [desk.propose(one.id), desk.propose(two.id)]
    for made in sets:
        desk.approve(made)
        desk.now += timedelta(days=1)
    now = desk.rates(Y28)
    assert (now["01012100", "MFN"], now["01022100", "MFN"]) == ("1", "2")


def test_a_rejected_schedule_leaves_what_is_in_force(desk: Desk, tmp_path: Path, first: Path) -> None:
    found = desk.read(file(tmp_path, [*LINE[:3], "9", "0", "5"], OTHER, COW), since(Y28))
    made = desk.propose(found.id)
    with desk.session() as session:
        law.reject(session, change_set_id=made.id, actor=BINH, reason="Sai", now=NOW)
    assert desk.rates(Y28)["01012100", "MFN"] == "0"


def test_a_year_in_between_keeps_the_days_around_it(desk: Desk, tmp_path: Path, first: Path) -> None:
    year = Period(Y28, date(2029, 1, 1))
    desk.bring(file(tmp_path, [*LINE[:3], "9", "0", "5"], OTHER, COW), replace(TERMS, period=year))
    days = (date(2027, 6, 1), date(2028, 6, 1), date(2029, 1, 1))
    assert [desk.rates(day)["01012100", "MFN"] for day in days] == ["0", "9", "0"]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into tariff_change_item (change_set_id, position, effect, hs8, subline10, kind, scheme, geo, variant,"
        " valid, conditions, status) values (:id, 99, 'ENDED', '01012100', '', 'MFN', '', '', '',"
        " daterange('2027-01-01', null), '{}', 'ASSUMED')",
        'update tariff_change_item set expr = \'{"op": "pct", "rate": "99"}\' where change_set_id = :id',
        "delete from tariff_change_item where change_set_id = :id",
        "delete from tariff_change_heading where change_set_id = :id",
    ],
)
def test_what_was_proposed_cannot_be_changed_in_the_database(
    desk: Desk, tmp_path: Path, statement: str
) -> None:
    found = desk.read(file(tmp_path, LINE))
    desk.propose(found.id)
    with pytest.raises(DBAPIError), desk.session() as session:
        session.execute(text(statement), {"id": found.id})


def test_nobody_approves_what_was_altered_behind_the_hash(desk: Desk, tmp_path: Path) -> None:
    found = desk.read(file(tmp_path, LINE))
    made = desk.propose(found.id)
    with pytest.raises(law.LawContentMoved), desk.session() as session:
        law.approve(session, change_set_id=made.id, actor=officer("Dung"), content_hash="0" * 64, now=NOW)
    with desk.session() as session, pytest.raises(NotNow):
        cancel(session, import_id=found.id, actor=AN, now=NOW)
    with desk.session() as session:
        assert propose(session, import_id=found.id, actor=AN, now=NOW).id == made.id
