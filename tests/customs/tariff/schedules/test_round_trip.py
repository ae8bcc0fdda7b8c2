"""What is in force, exported and imported again, is no change; every rate that a cell can say is read back."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import law
from app.core.db import Database
from app.core.kit.ranges import Period
from app.customs.tariff import facade as tariff
from app.customs.tariff.domain.expressions import Amount, Combined, Excluded, Expression, Pct
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.schedules.domain.cells import Cell, read_rate, tidy
from app.customs.tariff.schedules.domain.profile import Slot
from app.customs.tariff.schedules.service.content import TariffContent
from app.customs.tariff.schedules.service.editing import RateChange, propose_rate
from app.customs.tariff.schedules.service.exporting import UNSAYABLE, Unsayable, schedule_rows, write_rate
from app.customs.tariff.schedules.service.sheets import Sheet
from app.web.exports import csv_text
from tests.customs.tariff.making import line, shipment
from tests.customs.tariff.schedules.books import profile
from tests.customs.tariff.schedules.flow import AN, NOW, TERMS, Desk, since

COLUMN = next(column for column in profile().rates if column.name == "ACFTA")
UNITS = sorted(set(profile().units.values()))

numbers = st.decimals(0, 999, places=2).map(lambda number: number.normalize() + 0)
percents = numbers.map(Pct)
amounts = st.builds(Amount, numbers, st.sampled_from(("VND", "USD", "EUR")), st.sampled_from(UNITS))
terms = st.one_of(percents, amounts)
sums = st.lists(terms, min_size=2, max_size=3).map(lambda parts: Combined("sum", tuple(parts)))
countries = st.sets(st.sampled_from(sorted(COLUMN.grammar.countries)), min_size=1, max_size=3)
excluded = st.builds(lambda origins, inner: Excluded(frozenset(origins), inner), countries, percents)
expressions = st.one_of(percents, amounts, sums, excluded)


@given(expressions)
def test_what_a_cell_says_is_read_back(expr: Expression) -> None:
    assert read_rate(Cell(write_rate(expr, COLUMN)), COLUMN.grammar).expr == expr


@pytest.mark.parametrize(
    "expr",
    [
        Combined("min", (Pct(Decimal(5)), Pct(Decimal(6)))),
        Excluded(frozenset({"KH"}), None),
        Excluded(frozenset({"ZZ"}), Pct(Decimal(5))),
        Amount(Decimal(5), "JPY", "KGM"),
    ],
)
def test_what_no_cell_can_say_is_not_written_as_something_else(expr: Expression) -> None:
    with pytest.raises(Unsayable):
        write_rate(expr, COLUMN)


TOLD: Mapping[str, tuple[Pct, Expression | None, bool]] = {
    "01011000": (Pct(Decimal("12.5")), Excluded(frozenset({"KH", "LA"}), Pct(Decimal(5))), False),
    "01012000": (
        Pct(Decimal(0)),
        Combined("sum", (Pct(Decimal(30)), Amount(Decimal(50), "USD", "NMB"))),
        False,
    ),
    "01013000": (Pct(Decimal(5)), Amount(Decimal(5000), "VND", "LTR"), True),
    "01014000": (Pct(Decimal(5)), None, False),
}


def test_export_then_import_is_no_change(database: Database, tmp_path: Path) -> None:
    law.install([TariffContent()])
    desk = Desk(database)
    path = tmp_path / "first.csv"
    _write(path, _rows(TOLD))
    desk.bring(path)
    with desk.session() as session:
        exported = list(schedule_rows(session, profile=profile(), day=date(2027, 6, 1)))
    assert UNSAYABLE not in {cell for row in exported for cell in row}
    back = tmp_path / "back.csv"
    _write(back, exported)
    again = desk.read(back, since(date(2027, 1, 1)))
    assert again.state == "COMPARED", again.faults
    assert desk.effects(again.id) == {}
    assert again.counts["01"]["SAME"] == again.counts["01"]["RATES"] == 7


def test_the_starter_schedule_is_read_back_as_it_is(ready: Database, tmp_path: Path) -> None:
    law.install([TariffContent()])
    desk = Desk(ready, now=NOW + timedelta(days=30))
    day = date(2027, 6, 1)
    with desk.session() as session:
        header, *rows = schedule_rows(session, profile=profile(), day=day)
    assert UNSAYABLE not in {cell for row in rows for cell in row}
    path = tmp_path / "starter.csv"
    path.write_text("\ufeff" + csv_text(header, rows), encoding="utf-8")
    terms = replace(TERMS, period=Period(day, day + timedelta(days=1)), restates=False)
    again = desk.read(path, terms)
    assert again.state == "COMPARED", again.faults
    assert desk.effects(again.id) == {}


def test_a_rate_of_one_sub_line_alone_is_proposed_and_read_back(ready: Database, tmp_path: Path) -> None:
    law.install([TariffContent()])
    desk = Desk(ready, now=NOW + timedelta(days=30))
    day, code = date(2027, 1, 1), "8703235910"
    change = RateChange(
        hs8=code[:8], subline10=code, slot=Slot(Kind.MFN), period=Period(day), expr=Pct(Decimal("12.5")),
        status="ASSUMED",
    )  # fmt: skip
    with desk.session() as session:
        made, _ = propose_rate(session, change=change, reason="Một phân dòng", actor=AN, now=desk.now)
        session.expunge(made)
    desk.approve(made)
    with desk.session() as session:
        for hs, rate in ((code, "12.5 %"), ("87032359", "64 %")):
            asked = shipment(line("100", hs=hs), on=day)
            assert tariff.assess(session, asked, latest_exchange=True).lines[0].taxes[0].rate == rate
        header, *rows = schedule_rows(session, profile=profile(), day=day)
    assert "12,5% (riêng)" not in {cell for row in rows for cell in row if row[0] != code}
    path = tmp_path / "own.csv"
    path.write_text("\ufeff" + csv_text(header, rows), encoding="utf-8")
    again = desk.read(path, replace(TERMS, period=Period(day, day + timedelta(days=1)), restates=False))
    assert again.state == "COMPARED", again.faults
    assert desk.effects(again.id) == {}


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20
).map(tidy)


@given(st.lists(st.tuples(texts, expressions), min_size=1, max_size=4))
def test_an_exported_file_is_read_back_cell_by_cell(told: list[tuple[str, Expression]]) -> None:
    rows = [[title, write_rate(expr, COLUMN)] for title, expr in told]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.csv"
        path.write_text("\ufeff" + csv_text(["Mô tả", "ACFTA"], rows), encoding="utf-8", newline="")
        with Sheet("", path).rows() as found:
            _, *back = [[cell.text for cell in cells] for _, cells in found]
    assert back == [[tidy(title), tidy(rate)] for title, rate in rows]


def _rows(told: Mapping[str, tuple[Pct, Expression | None, bool]]) -> list[list[str]]:
    mfn = next(column for column in profile().rates if column.name == "MFN")
    rows = [["Mã hàng", "Mô tả hàng hóa", "Đơn vị tính", "MFN", "ACFTA"]]
    for code, (general, special, parted) in sorted(told.items()):
        said = write_rate(special, COLUMN) if special is not None else ""
        rows.append([code, f"Hàng {code}", "kg", write_rate(general, mfn), "" if parted else said])
        if parted:
            rows.append([f"{code}10", "Phân dòng", "kg", "", said])
    return rows


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
