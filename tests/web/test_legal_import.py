"""Importing values of the law from a table: what is taken, what is refused, and that two officers still decide."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.core import law
from app.core.db.cluster import PrivateCluster
from app.core.law.models import LawChangeSet
from app.core.law.units import LANGUAGES
from app.web.exports import csv_text
from app.web.pages.legal.tables import COLUMNS, read_table, table_rows
from tests.conftest import clone
from tests.faults.people import OFFICER, House, Person, house_on

HEADER = ";".join(COLUMNS)
NOTE = "Ngày nghỉ thử nghiệm;A day off of the test"
ROW = f"calendar.day;OFF;30/06/2027;30/06/2027;ASSUMED;;;{NOTE}"


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as running:
        yield running


@pytest.fixture(scope="module")
def officers(house: House) -> tuple[Person, Person, Person]:
    first, second, third = (house.person(login) for login in ("phap.che", "phap.che.2", "phap.che.3"))
    return first, second, third


def sent(person: Person, table: str, *, reason: str = "Thông báo nghỉ lễ", **options: Any) -> Any:
    return person.post("/law/import", {"table": table, "reason": reason}, **options)


def day_off(house: House, day: date) -> bool:
    with house.database.session(OFFICER) as session:
        return law.at(session, day).find("calendar.day") is not None


def test_two_officers_bring_a_table_into_force(house: House, officers: tuple[Person, ...]) -> None:
    proposer, *approvers = officers
    answer = sent(proposer, f"{HEADER}\n{ROW}\ncalendar.day;WORK;03/07/2027;03/07/2027;ASSUMED;;;{NOTE}")
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    assert not day_off(house, date(2027, 6, 30))
    for person in approvers:
        shown = re.search(r'name="content_hash" value="([0-9a-f]{64})"', person.get(path).text)
        assert shown
        assert person.post(f"{path}/approve", {"content_hash": shown[1]}).status_code == 303
    assert day_off(house, date(2027, 6, 30))
    assert day_off(house, date(2027, 7, 3))
    with house.database.session(OFFICER) as session:
        change = session.scalars(select(LawChangeSet).where(LawChangeSet.id == path.rpartition("/")[2])).one()
        assert (change.origin, change.title) == ("IMPORT", "Thông báo nghỉ lễ")


def test_the_same_table_sent_twice_is_one_change(officers: tuple[Person, ...]) -> None:
    table = f"{HEADER}\ncalendar.day;OFF;2027-07-14;2027-07-14;ASSUMED;;;{NOTE}"
    first, second = (sent(officers[0], table).headers["location"] for _ in range(2))
    assert first.partition("?")[0] == second.partition("?")[0]
    assert second.endswith("done=twin")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("", "missing"),
        ("key;value\ncalendar.day;OFF", "law.header"),
        (f"{HEADER}\nno.such.key;1;2027-01-01;;CITED;;;;", "law.unknown-key"),
        (f"{HEADER}\ncalendar.day;MAYBE;2027-07-01;2027-07-01;ASSUMED;;;{NOTE}", "law.value"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;;ASSUMED;;;{NOTE}", "law.unbounded"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-02;2027-07-01;ASSUMED;;;{NOTE}", "law.dates"),
        (f"{HEADER}\ncalendar.day;OFF;31/02/2027;2027-07-01;ASSUMED;;;{NOTE}", "date"),
        (f"{HEADER}\ncalendar.day;OFF;;2027-07-01;ASSUMED;;;{NOTE}", "missing"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;2027-07-01;CITED;;;;", "law.source"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;2027-07-01;CITED;no-such-decree;;;", "law.unknown-instrument"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;2027-07-01;ASSUMED;;;;", "law.note"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;2027-07-01;ASSUMED;;;nur eine;", "law.text"),
        (f"{HEADER}\ncalendar.day;OFF;2027-07-01;2027-07-01;SURE;;;{NOTE}", "law.status"),
        (
            f"{HEADER}\ncalendar.day;OFF;2027-08-02;2027-08-03;ASSUMED;;;{NOTE}"
            f"\ncalendar.day;WORK;2027-08-03;2027-08-03;ASSUMED;;;{NOTE}",
            "law.overlap",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_code_and_row(house: House, rows: str, code: str) -> None:
    with house.database.session(OFFICER) as session:
        found = read_table(
            rows, timelines=law.current(session, ["calendar.day"]), known=law.instruments(session)
        )
    assert code in {problem.code for problem in found.problems}
    assert all("row" in (problem.params or {}) for problem in found.problems)


def test_a_refused_table_stays_in_the_form(officers: tuple[Person, ...]) -> None:
    answer = sent(officers[0], f"{HEADER}\ncalendar.day;MAYBE;2027-07-01;;ASSUMED;;;{NOTE}", reason="")
    assert answer.status_code == 422
    assert "MAYBE" in answer.text
    assert sent(officers[0], HEADER, reason="x").status_code == 422


def test_a_saved_table_sent_back_changes_nothing(house: House, officers: tuple[Person, ...]) -> None:
    table = officers[0].get("/law/import/values.csv").text
    rows = list(csv.reader(io.StringIO(table.lstrip("\ufeff"))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) > len(LANGUAGES)
    with house.database.session(OFFICER) as session:
        timelines = law.current(session, {row[0] for row in rows[1:]})
        found = read_table(
            csv_text(COLUMNS, table_rows(value for held in timelines.values() for value in held)),
            timelines=timelines,
            known=law.instruments(session),
        )
    assert [problem.code for problem in found.problems] == ["law.no-change"]


def test_only_who_may_propose_imports(house: House) -> None:
    for login in ("mot.cua", "nop.hoso"):
        assert house.person(login).get("/law/import").status_code == 403
        assert sent(house.person(login), f"{HEADER}\n{ROW}").status_code == 403
