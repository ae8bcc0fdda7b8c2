"""Tiles of customs on declarations that the simulated authority handled."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from app.customs.declarations import tiles
from app.customs.declarations.models import Declaration
from app.customs.declarations.queries.listing import Wanted, declarations
from app.customs.declarations.service import asking
from app.web.tiles import Quarter, Scope, Tally, Tile, Times
from tests.customs.declarations.exchange import OFFICER, Exchange

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def scope(exchange: Exchange) -> Scope:
    return Scope(Quarter.of(exchange.now.astimezone(ZONE).date()), exchange.now, ZONE)


def named(code: str) -> Tile:
    return next(tile for tile in tiles.TILES if tile.code == code)


def midnight(day: str) -> datetime:
    return datetime.strptime(day, "%d/%m/%Y").replace(tzinfo=ZONE)


def tally(exchange: Exchange, code: str, at: Scope | None = None) -> dict[str, Decimal]:
    with exchange.database.session(OFFICER) as session:
        figure = named(code).value(session, at or scope(exchange))
    assert isinstance(figure, Tally)
    assert figure.number == sum(part.number for part in figure.parts)
    return {part.title: part.number for part in figure.parts}


def grown(after: dict[str, Decimal], before: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return what changed: other tests of this module declared on the same database."""
    change = {
        title: after.get(title, Decimal(0)) - before.get(title, Decimal(0)) for title in {*after, *before}
    }
    return {title: number for title, number in change.items() if number}


def rows(exchange: Exchange, code: str) -> set[str]:
    behind = named(code).rows
    assert behind is not None
    with exchange.database.session(OFFICER) as session:
        return {row.href.removeprefix("/declarations/") for row in behind(session, scope(exchange))}


def pay(exchange: Exchange, key: object) -> None:
    tax = next(each for each in reversed(exchange.notices(key)) if each.kind == "TAX")  # type: ignore[arg-type]
    with exchange.database.transaction(OFFICER) as session:
        asking.tell_payment(
            session, declaration=session.get_one(Declaration, key), reference=tax.body["payment_reference"],
            amount=Decimal(tax.body["total"]), paid_on=date(2026, 11, 20), transaction=f"FT-{key}",
            actor=exchange.actor, now=exchange.now,
        )  # fmt: skip


def test_what_customs_registered_counts_by_state_and_channel(exchange: Exchange) -> None:
    states, channels = tally(exchange, "HQ.1"), tally(exchange, "HQ.2")
    waiting = exchange.handed_in()
    assert tally(exchange, "HQ.1") == states, "what waits to be sent was not registered"
    exchange.go()
    assert grown(tally(exchange, "HQ.1"), states) == {"Tax to be paid": 1}
    assert grown(tally(exchange, "HQ.2"), channels) == {"Green channel": 1}
    assert str(waiting) in rows(exchange, "HQ.1")
    pay(exchange, waiting)
    exchange.go()
    assert grown(tally(exchange, "HQ.1"), states) == {"Cleared": 1}
    assert str(waiting) not in rows(exchange, "HQ.1")


def test_a_part_leads_to_the_list_of_what_it_counts(exchange: Exchange) -> None:
    exchange.handed_in()
    exchange.go()
    exchange.handed_in()  # waits to be sent: no tile counts it
    for code in ("HQ.1", "HQ.2"):
        with exchange.database.session(OFFICER) as session:
            figure = named(code).value(session, scope(exchange))
            assert figure.parts
            for part in figure.parts:
                asked = {name: found[0] for name, found in parse_qs(urlsplit(part.href).query).items()}
                wanted = Wanted(
                    state=asked.get("state", ""), channel=asked.get("channel", ""), drafts=False,
                    since=midnight(asked["since"]), until=midnight(asked["until"]) + timedelta(days=1),
                    registered=asked["registered"] == "1",
                )  # fmt: skip
                assert len(declarations(session, wanted, size=500)) == part.number, part


def test_another_quarter_counts_nothing_of_it(exchange: Exchange) -> None:
    before = tally(exchange, "HQ.1", scope(exchange).before())
    exchange.handed_in()
    exchange.go()
    assert tally(exchange, "HQ.1", scope(exchange).before()) == before


def test_time_to_clearance_and_what_ran_over(exchange: Exchange) -> None:
    def read() -> Times:
        with exchange.database.session(OFFICER) as session:
            figure = named("HQ.3").value(session, scope(exchange))
        assert isinstance(figure, Times)
        return figure

    before = read()
    quick, late = exchange.handed_in(), exchange.handed_in()
    exchange.go()
    pay(exchange, quick)
    exchange.go()
    exchange.wait(timedelta(days=1).total_seconds())
    with exchange.database.transaction(OFFICER) as session:
        begun = {clock.whose for clock in exchange.clocks(late).values()}
        assert session.get_one(Declaration, late).cleared_at is None
    pay(exchange, late)
    exchange.go()
    after = read()
    assert after.counted == before.counted + 2
    assert after.median is not None
    assert before.within <= after.within <= before.within + 2
    over = {
        key
        for key in (quick, late)
        for clock in exchange.clocks(key).values()
        if clock.whose == "AUTHORITY" and clock.due_at and clock.met_at and clock.met_at > clock.due_at
    }
    assert after.within == before.within + 2 - len(over)
    assert {str(key) for key in over} == rows(exchange, "HQ.3") & {str(quick), str(late)}
    assert "FIRM" in begun


def test_differences_wait_for_an_explanation(exchange: Exchange) -> None:
    before = tally(exchange, "HQ.5")
    key = exchange.handed_in(ours=[("IMPORT_DUTY", "1270000"), ("VAT", "2000000")])
    exchange.go()
    assert grown(tally(exchange, "HQ.5"), before) == {"Not explained": 1}
    assert str(key) in rows(exchange, "HQ.5")


def test_the_tiles_are_as_fresh_as_the_gateway(exchange: Exchange) -> None:
    with exchange.database.session(OFFICER) as session:
        assert tiles.gateway_read_at(session) is None
    exchange.read()
    with exchange.database.session(OFFICER) as session:
        assert tiles.gateway_read_at(session) == exchange.now
