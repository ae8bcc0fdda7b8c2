"""Official results from elsewhere: as XML and as a workbook, whole or not at all; and given out in the same form."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import select

from app.core.errors import Forbidden
from app.core.kit.actor import Actor, ActorKind
from app.customs.declarations.models import Assessment, Declaration, Dispatch, Line, OfficialResult
from app.customs.declarations.service import merging
from app.customs.declarations.service.giving import give_out
from app.customs.declarations.service.result_rows import rows_of
from app.customs.declarations.service.result_sheets import COLUMNS as RESULT_COLUMNS
from app.customs.declarations.service.result_sheets import read_results_sheet
from app.customs.declarations.service.results import Brought, ResultsRefused, bring_in
from app.customs.declarations.wire import (
    DeclarationMessage,
    ItemTaxes,
    MessageKind,
    Notice,
    NoticeKind,
    Result,
    Tax,
    TaxKind,
    read_results,
    write_results,
)
from app.web.exports import xlsx_file
from tests.customs.declarations.customs import LINE
from tests.customs.declarations.exchange import Exchange

AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
NUMBER = "108625440120"
COLUMNS = (
    "official_number", "direction", "type_code", "movement", "channel", "registered_at", "cleared_at", "currency",
    "line", "hs", "description", "origin", "quantity", "unit", "unit_price", "value", "IMPORT_DUTY", "VAT",
)  # fmt: skip
ROW: dict[str, Any] = {
    "official_number": NUMBER, "direction": "IMPORT", "type_code": "A11", "movement": "ZONE_TO_INLAND",
    "channel": "GREEN", "registered_at": datetime(2026, 10, 5, 9, 0), "cleared_at": "2026-10-05 10:30",  # noqa: DTZ001
    "currency": "USD", "line": 1, "hs": "84713020", "description": "Máy tính", "origin": "KR", "quantity": 10,
    "unit": "PCE", "unit_price": 100.5, "value": 1005, "IMPORT_DUTY": 100000, "VAT": 250000,
}  # fmt: skip


def result(
    number: str = NUMBER, *, type_code: str = "A11", notices: Sequence[Notice] | None = None
) -> Result:
    taxes = (ItemTaxes(1, (Tax(TaxKind.IMPORT_DUTY, Decimal(100)),)),)
    told = notices if notices is not None else (
        Notice("a-1", 1, NoticeKind.REGISTERED, "X", AT, official_number=number),
        Notice("a-2", 2, NoticeKind.CHANNEL, "X", AT, channel="GREEN"),
        Notice("a-3", 3, NoticeKind.TAX, "X", AT, taxes=taxes, total=Decimal(100), due_on=date(2026, 11, 5)),
        Notice("a-4", 4, NoticeKind.CLEARED, "X", AT),
    )  # fmt: skip
    declaration = DeclarationMessage(
        "-", MessageKind.DECLARE, "X", type_code=type_code, header={"IP3": "USD", "MVT": "ZONE_TO_INLAND"},
        lines=(LINE,),
    )  # fmt: skip
    return Result(declaration, tuple(told))


def bring(exchange: Exchange, *results: Result, places: Sequence[str] = ()) -> Brought:
    with exchange.database.transaction(exchange.tenant) as session:
        return bring_in(
            session, party_id=exchange.party_id, results=results, places=places, actor=exchange.actor, now=exchange.now,
            zone=exchange.platform.zone.tz,
        )  # fmt: skip


def kept(exchange: Exchange) -> Sequence[Declaration]:
    with exchange.database.session(exchange.tenant) as session:
        return session.scalars(select(Declaration).order_by(Declaration.official_number)).all()


def workbook(path: Path, *rows: dict[str, Any], columns: Sequence[str] = COLUMNS) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(column) for column in columns])
    book.save(path)
    return path


def test_a_result_comes_in_with_all_that_customs_said(exchange: Exchange) -> None:
    brought = bring(exchange, result())
    assert (len(brought.made), brought.known) == (1, [])
    [row] = kept(exchange)
    assert (row.origin, row.state, row.channel, row.official_number) == (
        "ELSEWHERE",
        "CLEARED",
        "GREEN",
        NUMBER,
    )
    assert (row.registered_at, row.cleared_at, row.movement) == (AT, AT, "ZONE_TO_INLAND")
    with exchange.database.session(exchange.tenant) as session:
        assert session.scalars(select(Assessment)).one().total == 100
        assert session.scalars(select(Line)).one().hs == LINE.hs
        assert session.scalars(select(Dispatch)).all() == [], "nothing is sent for it"


def test_the_same_file_twice_brings_it_in_once(exchange: Exchange) -> None:
    bring(exchange, result())
    again = bring(exchange, result(), result("108625440130"))
    assert again.known == [NUMBER]
    assert len(kept(exchange)) == 2


def test_an_amended_number_is_the_same_declaration(exchange: Exchange) -> None:
    bring(exchange, result())
    assert [row.official_number for row in bring(exchange, result(f"{NUMBER[:-1]}1")).changed] == [
        f"{NUMBER[:-1]}1"
    ]
    assert len(kept(exchange)) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (result(type_code="Z99"), "type"),
        (result(type_code="B11"), "type"),
        (result("123"), "number"),
        (result(notices=()), "number"),
        (result(notices=[Notice("x", 1, NoticeKind.CLEARED, "X", AT, official_number=NUMBER)]), "order"),
        (replace(result(), declaration=replace(result().declaration, lines=())), "lines"),
        (replace(result(), declaration=replace(result().declaration, header={"MVT": "NOWHERE"})), "movement"),
    ],
)
def test_one_fault_keeps_the_whole_file_out(exchange: Exchange, wrong: Result, code: str) -> None:
    with pytest.raises(ResultsRefused) as caught:
        bring(exchange, result("108625440140"), wrong, places=["B2", "B3"])
    assert ("B3", code) in [(each.name, each.code) for each in caught.value.errors]
    assert kept(exchange) == []


def test_twice_in_one_file(exchange: Exchange) -> None:
    with pytest.raises(ResultsRefused) as caught:
        bring(exchange, result(), result())
    assert [each.code for each in caught.value.errors] == ["twice"]


def test_nobody_brings_in_for_another_firm(exchange: Exchange) -> None:
    with pytest.raises(Forbidden), exchange.database.transaction(exchange.tenant) as session:
        bring_in(
            session, party_id=exchange.party_id, results=[result()], actor=Actor(ActorKind.CUSTOMER), now=exchange.now,
            zone=exchange.platform.zone.tz,
        )  # fmt: skip


def test_what_goes_out_comes_in_elsewhere(exchange: Exchange, tmp_path: Path) -> None:
    bring(exchange, result())
    own = exchange.handed_in()
    exchange.go()
    with exchange.database.session(exchange.tenant) as session:
        given = give_out(session, party_id=exchange.party_id, actor=exchange.actor)
    read = read_results(write_results(given))
    assert {each.declaration.official_number for each in read} == {
        NUMBER,
        exchange.declaration(own).official_number,
    }
    other = Exchange(exchange.database, exchange.platform, exchange.customs)
    brought = bring(other, *read)
    assert {row.state for row in brought.made} == {"CLEARED", "PAYABLE"}


def read(exchange: Exchange, path: Path) -> tuple[list[Result], list[str]]:
    return read_results_sheet(path, zone=exchange.platform.zone.tz)


def test_a_workbook_is_read_into_the_same_values(exchange: Exchange, tmp_path: Path) -> None:
    second = ROW | {"line": 2, "description": "Bàn phím", "unit_price": "0.123456", "IMPORT_DUTY": None}
    results, places = read(exchange, workbook(tmp_path / "1f2e3d", ROW, second))
    assert places == ["A2"]
    [one] = results
    assert [line.unit_price for line in one.declaration.lines] == [Decimal("100.500000"), Decimal("0.123456")]
    brought = bring(exchange, *results, places=places)
    [row] = brought.made
    assert (row.state, row.line_count, row.registered_at) == ("CLEARED", 2, AT)
    with exchange.database.session(exchange.tenant) as session:
        assert session.scalars(select(Assessment)).one().total == 600_000


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ({"quantity": "ten"}, "M2"),
        ({"quantity": "1.234"}, "M2"),
        ({"unit_price": "0.1234567"}, "O2"),
        ({"VAT": "10.5"}, "R2"),
        ({"registered_at": "yesterday"}, "F2"),
        ({"direction": "INWARD"}, "B2"),
        ({"channel": "BLUE"}, "E2"),
        ({"hs": None}, "J2"),
        ({"official_number": None}, "A2"),
    ],
)
def test_a_fault_names_its_cell(
    exchange: Exchange, tmp_path: Path, changes: dict[str, Any], cell: str
) -> None:
    with pytest.raises(ResultsRefused) as caught:
        read(exchange, workbook(tmp_path / "1f2e3d", ROW | changes))
    assert cell in [each.name for each in caught.value.errors]


def test_rows_of_one_declaration_agree(exchange: Exchange, tmp_path: Path) -> None:
    second = ROW | {"line": 2, "channel": "RED"}
    with pytest.raises(ResultsRefused) as caught:
        read(exchange, workbook(tmp_path / "1f2e3d", ROW, second, second))
    assert [each.name for each in caught.value.errors] == ["E3", "E4", "I4"]


def test_a_missing_column_is_named(exchange: Exchange, tmp_path: Path) -> None:
    columns = [each for each in COLUMNS if each != "hs"]
    with pytest.raises(ResultsRefused) as caught:
        read(exchange, workbook(tmp_path / "1f2e3d", ROW, columns=columns))
    assert [(each.code, (each.params or {})["value"]) for each in caught.value.errors] == [("column", "hs")]


def test_ids_are_our_own(exchange: Exchange) -> None:
    [row] = bring(exchange, result()).made
    assert isinstance(row.id, UUID)
    assert row.code.startswith("TK-")


# Later results of the same declaration.

LATER = AT + timedelta(days=1)


def registered(number: str = NUMBER, **line: Any) -> Result:
    told = (Notice("r-1", 1, NoticeKind.REGISTERED, "X", AT, official_number=number),)
    whole = result(number, notices=told)
    return replace(whole, declaration=replace(whole.declaration, lines=(replace(LINE, **line),)))


def history(exchange: Exchange) -> list[tuple[str, list[tuple[str, str, str]]]]:
    with exchange.database.session(exchange.tenant) as session:
        rows = session.scalars(select(OfficialResult).order_by(OfficialResult.number)).all()
    return [
        (row.outcome, [(each["field"], each["old"], each["new"]) for each in row.changes]) for row in rows
    ]


def test_a_later_clearance_updates_the_record_once(exchange: Exchange) -> None:
    bring(exchange, registered())
    brought = bring(exchange, result())
    assert ([row.state for row in brought.changed], brought.made, brought.known) == (["CLEARED"], [], [])
    assert bring(exchange, result()).known == [NUMBER], "the same file twice is once"
    [row] = kept(exchange)
    assert (row.state, row.channel, row.cleared_at, row.head) == ("CLEARED", "GREEN", AT, 1)
    with exchange.database.session(exchange.tenant) as session:
        assert session.scalars(select(Assessment)).one().total == 100
    outcomes = history(exchange)
    assert [outcome for outcome, _ in outcomes] == ["FIRST", "CHANGED"]
    assert ("state", "REGISTERED", "CLEARED") in outcomes[1][1]
    assert ("IMPORT_DUTY", "", "100") in outcomes[1][1]
    assert exchange.events("customs.declaration.updated") != []


def test_an_older_result_changes_nothing_and_is_kept(exchange: Exchange) -> None:
    bring(exchange, result())
    before = kept(exchange)[0]
    brought = bring(exchange, registered())
    assert (brought.older, brought.changed, brought.known) == ([NUMBER], [], [])
    after = kept(exchange)[0]
    assert (after.state, after.cleared_at, after.version) == (before.state, before.cleared_at, before.version)
    assert [outcome for outcome, _ in history(exchange)] == ["FIRST", "OLDER"]


def test_an_amended_result_changes_content_and_number(exchange: Exchange) -> None:
    bring(exchange, registered())
    amended = f"{NUMBER[:-1]}1"
    brought = bring(exchange, registered(amended, quantity=Decimal(12)))
    [row] = brought.changed
    assert (row.official_number, row.head) == (amended, 1)
    changed = {name: (old, new) for name, old, new in history(exchange)[1][1]}
    assert changed["quantity"] == ("10", "12")
    assert changed["official_number"] == (NUMBER, amended)
    with exchange.database.session(exchange.tenant) as session:
        quantities = session.scalars(select(Line.quantity).order_by(Line.id)).all()
    assert quantities == [Decimal(10), Decimal(12)], "what was brought in before stays as a revision"


def test_a_result_may_say_only_what_came_since(exchange: Exchange) -> None:
    bring(exchange, registered())
    later = result(notices=[Notice("c", 1, NoticeKind.CLEARED, "X", LATER, official_number=NUMBER)])
    [row] = bring(exchange, later).changed
    assert (row.state, row.registered_at, row.cleared_at) == ("CLEARED", AT, LATER)


def test_another_content_at_the_same_time_is_refused_whole(exchange: Exchange) -> None:
    bring(exchange, registered())
    with pytest.raises(ResultsRefused) as caught:
        bring(exchange, registered(quantity=Decimal(11)), result("108625440130"), places=["A2", "A3"])
    assert [(each.name, each.code) for each in caught.value.errors] == [("A2", "contradicts")]
    assert len(kept(exchange)) == 1


def test_what_was_declared_here_follows_its_own_notices(exchange: Exchange) -> None:
    own = exchange.handed_in()
    exchange.go()
    number = exchange.declaration(own).official_number
    assert number is not None
    told = (
        Notice("a", 1, NoticeKind.REGISTERED, "X", AT, official_number=number),
        Notice("b", 2, NoticeKind.CLEARED, "X", LATER),
    )
    assert bring(exchange, result(number, notices=told)).known == [number]
    assert exchange.declaration(own).state == "PAYABLE"


def facts_of(results: Sequence[Result]) -> list[tuple[Any, ...]]:
    found = []
    for each in results:
        official = merging.judge(each, "", partial=False)[0].official
        taxes = {(line["number"], tax["kind"], tax["amount"]) for line in official.tax.get("lines", ())
                 for tax in line["taxes"]}  # fmt: skip
        lines = [
            (
                line.number,
                line.hs,
                line.description,
                line.origin,
                line.quantity,
                line.unit,
                line.unit_price,
                line.value,
            )
            for line in each.declaration.lines
        ]
        times = (official.registered_at, official.released_at, official.cleared_at, official.cancelled_at)
        found.append((official.number, official.state, official.channel, times, sorted(taxes), lines))
    return sorted(found, key=str)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_goes_out_comes_in_the_same_both_ways(
    exchange: Exchange, tmp_path: Path, data: st.DataObject
) -> None:
    """Out as XML and as a workbook, in at another firm, out again: the same facts, lines and taxes."""
    first = Exchange(exchange.database, exchange.platform, exchange.customs)
    bring(first, *(data.draw(results(place)) for place in range(data.draw(st.integers(1, 3)))))
    given_out = out(first)
    assert given_out != ()
    by_xml, by_sheet = (Exchange(exchange.database, exchange.platform, exchange.customs) for _ in range(2))
    bring(by_xml, *read_results(write_results(given_out)))
    path = tmp_path / "sheet"
    path.write_bytes(xlsx_file(list(RESULT_COLUMNS), [row for each in given_out for row in rows_of(each)]))
    read_again, places = read(by_sheet, path)
    bring(by_sheet, *read_again, places=places)
    assert facts_of(out(by_xml)) == facts_of(given_out) == facts_of(out(by_sheet))


def out(exchange: Exchange) -> tuple[Result, ...]:
    with exchange.database.session(exchange.tenant) as session:
        return give_out(session, party_id=exchange.party_id, actor=exchange.actor)


@st.composite
def results(draw: st.DrawFn, place: int) -> Result:
    words = st.text('abc Đường ống & <thép> "1"', min_size=1, max_size=20).filter(
        lambda each: each == each.strip()
    )
    number = f"1086254401{place}{draw(st.integers(0, 9))}"
    number = number.ljust(12, "0")[:12]
    lines = tuple(
        replace(
            LINE, number=each, description=draw(words), quantity=draw(st.decimals(0, 10**6, places=2)),
            unit_price=draw(st.decimals(0, 10**6, places=6)), value=draw(st.decimals(0, 10**9, places=4)),
        )
        for each in range(1, draw(st.integers(1, 3)) + 1)
    )  # fmt: skip
    amounts = [draw(st.integers(1, 10**12)) for _ in lines]
    taxed = tuple(
        ItemTaxes(line.number, (Tax(TaxKind.VAT, Decimal(amount)),))
        for line, amount in zip(lines, amounts, strict=True)
    )
    steps: list[tuple[NoticeKind, dict[str, Any]]] = [
        (NoticeKind.REGISTERED, {"official_number": number}),
        (NoticeKind.CHANNEL, {"channel": draw(st.sampled_from(["GREEN", "YELLOW", "RED"]))}),
        (NoticeKind.TAX, {"taxes": taxed, "total": Decimal(sum(amounts))}),
    ]
    ends = draw(st.sampled_from([(), (NoticeKind.CANCELLED,), (NoticeKind.RELEASED, NoticeKind.CLEARED)]))
    steps += [(kind, {}) for kind in ends]
    told = tuple(
        Notice(f"n-{each}", each, kind, "X", AT + timedelta(minutes=max(0, each - 3)), **content)
        for each, (kind, content) in enumerate(steps, 1)
    )
    whole = result(number, notices=told)
    return replace(whole, declaration=replace(whole.declaration, lines=lines))
