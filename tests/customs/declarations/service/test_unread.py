"""What the gateway says and nobody can take: kept as it came, in nobody's way, tried again, set aside by a person."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.core.errors import Forbidden, Invalid
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.customs.declarations import jobs
from app.customs.declarations.clients import GatewayDown
from app.customs.declarations.models import Unread
from app.customs.declarations.permissions import RUN_GATEWAY
from app.customs.declarations.queries import gateway as queries
from app.customs.declarations.service import receiving, unread
from app.customs.declarations.wire import Batch, read_responses, write_response, write_responses
from tests.customs.declarations.exchange import OFFICER, Exchange

RUNNER = Actor(
    ActorKind.OFFICER,
    uuid7(),
    "Người vận hành",
    (Grant(None, frozenset({"ADMIN"}), frozenset({RUN_GATEWAY})),),
)


@dataclass
class Broken:
    """The gateway with one byte sequence of its answers replaced, as a faulty system would send it."""

    exchange: Exchange
    old: bytes
    new: bytes
    asked: int = 0

    def notices(self, cursor: str) -> Batch:
        return self._broken(self.exchange.customs.office.queue(int(cursor)))

    def notices_of(self, reference: str, after: int) -> Batch:
        self.asked += 1
        return self._broken(self.exchange.customs.office.notices(reference, after))

    def _broken(self, content: bytes) -> Batch:
        return read_responses(content.replace(self.old, self.new, 1))

    def send(self, message_id: UUID, content: bytes) -> None:
        raise GatewayDown("not-here")

    def has(self, message_id: UUID) -> bool:
        raise GatewayDown("not-here")


def read(exchange: Exchange, gateway: Broken, *, forced: bool = False) -> None:
    jobs.read_notices(exchange.run(), gateway, exchange.platform.zone.tz, forced=forced)


def kept(exchange: Exchange, key: UUID) -> list[Unread]:
    with exchange.database.session(OFFICER) as session:
        return list(session.scalars(select(Unread).where(Unread.declaration_id == key)))


CHANNEL = b"<FunctionCode>91<"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (b"<FunctionCode>90<", "form"),
        (b"<FunctionCode>91</FunctionCode><br><FunctionCode>91<", "not-xml"),
        (b"<FunctionCode>&bomb;<", "not-xml"),
        (b"<FunctionCode>" + b"<a>" * 60 + b"</a>" * 60 + b"<", "too-deep"),
    ],
)
def test_a_malformed_notice_stops_none_of_the_others(exchange: Exchange, new: bytes, code: str) -> None:
    key, other = exchange.handed_in(), exchange.handed_in()
    exchange.send()
    broken = Broken(exchange, CHANNEL, new)
    read(exchange, broken)
    [piece] = kept(exchange, key)
    assert (piece.code, piece.state, piece.sequence) == (code, "OPEN", 3)
    assert piece.sha256 == hashlib.sha256(piece.raw).hexdigest()
    assert new[:24] in piece.raw
    assert exchange.declaration(other).state == "PAYABLE", "the other declaration went on"
    row = exchange.declaration(key)
    assert (row.state, row.channel) == ("REGISTERED", None), "what came before it was applied"
    assert broken.asked == 1, "the gap is asked for"
    with exchange.database.session(OFFICER) as session:
        found = queries.health(session)
    assert (found.unread, found.incomplete) == (1, 1)
    settle(exchange, key)


def settle(exchange: Exchange, key: UUID) -> None:
    """The gateway mends it: the same notice comes again in order, and settles what could not be read."""
    jobs.read_notices(exchange.run(), exchange.gateway, exchange.platform.zone.tz, forced=True)
    assert exchange.declaration(key).state == "PAYABLE"
    assert {each.state for each in kept(exchange, key)} == {"TAKEN"}


def test_the_same_piece_again_is_the_same_row(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send()
    broken = Broken(exchange, CHANNEL, b"<FunctionCode>90<")
    for _ in range(3):
        read(exchange, broken, forced=True)
    assert len(kept(exchange, key)) == 1
    settle(exchange, key)


def test_a_gap_is_asked_for_ever_more_rarely(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send()
    broken = Broken(exchange, CHANNEL, b"<FunctionCode>90<")
    for _ in range(60):
        read(exchange, broken)
        exchange.wait(5)
    assert broken.asked == 6, "at 0, 6, 18, 42, 90 and 186 seconds, each time at the next reading"
    settle(exchange, key)


def test_it_is_tried_again_after_the_reader_was_mended(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = exchange.handed_in()
    exchange.send()
    read(exchange, Broken(exchange, CHANNEL, b"<FunctionCode>90<"))
    [piece] = kept(exchange, key)
    zone = exchange.platform.zone.tz
    jobs.take_unread(exchange.run(), piece.id, zone)
    [same] = kept(exchange, key)
    assert (same.state, same.tries, same.code) == ("OPEN", 2, "form"), "trying alone mends nothing"
    good = exchange.customs.office.notices(exchange.declaration(key).code, 2)
    meant = read_responses(good).notices[0]
    monkeypatch.setattr(receiving, "read_response", lambda raw: meant)
    jobs.take_unread(exchange.run(), piece.id, zone)
    assert {each.state for each in kept(exchange, key)} == {"TAKEN"}
    assert exchange.declaration(key).state == "PAYABLE", "what waited behind it was applied as well"


def test_strays_and_contradictions_are_kept(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    known = read_responses(exchange.customs.office.notices(exchange.declaration(key).code, 0)).notices[1]
    odd = {
        "contradicts": replace(known, official_number="109999999990"),
        "no-sequence": replace(known, id="zero", sequence=0),
    }
    with exchange.database.transaction(jobs.WORKER) as session:
        for notice in odd.values():
            receiving.store(session, notice, now=exchange.now)
        receiving.store(session, known, now=exchange.now)
    assert {each.code: each.raw for each in kept(exchange, key)} == {
        code: write_response(notice) for code, notice in odd.items()
    }
    assert {each.state for each in kept(exchange, key)} == {"OPEN"}, (
        "that the known one comes again settles none"
    )
    for each in kept(exchange, key):
        with exchange.database.transaction(OFFICER) as session:
            with pytest.raises(Invalid):
                unread.set_aside(session, unread_id=each.id, reason=" ", actor=RUNNER, now=exchange.now)
            with pytest.raises(Forbidden):
                unread.set_aside(
                    session, unread_id=each.id, reason="x", actor=exchange.actor, now=exchange.now
                )
            unread.set_aside(session, unread_id=each.id, reason="Gửi nhầm", actor=RUNNER, now=exchange.now)
            with pytest.raises(unread.Settled):
                unread.set_aside(session, unread_id=each.id, reason="x", actor=RUNNER, now=exchange.now)
    assert {(each.state, each.reason) for each in kept(exchange, key)} == {("ASIDE", "Gửi nhầm")}


def test_what_came_stays_as_it_came(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send()
    read(exchange, Broken(exchange, CHANNEL, b"<FunctionCode>90<"))
    for context, said in ((OFFICER, "denied"), (jobs.WORKER, "stays as it came")):
        with pytest.raises(DBAPIError, match=said), exchange.database.transaction(context) as session:
            session.execute(update(Unread).where(Unread.declaration_id == key).values(raw=b"x"))
    settle(exchange, key)


def test_one_declaration_that_trips_keeps_no_other_waiting(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = exchange.handed_in(), exchange.handed_in()
    exchange.send()
    whole = receiving.apply

    def trips(session: object, *, declaration_id: UUID, **rest: object) -> int | None:
        if declaration_id == key:
            raise ValueError("a fault of ours")
        return whole(session, declaration_id=declaration_id, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(receiving, "apply", trips)
    with pytest.raises(ValueError, match="a fault of ours"):
        exchange.read()
    assert exchange.declaration(other).state == "PAYABLE"
    monkeypatch.undo()
    exchange.read()
    assert exchange.declaration(key).state == "PAYABLE"


def test_an_envelope_that_ends_early_is_none(exchange: Exchange) -> None:
    exchange.handed_in()
    exchange.send()
    content = exchange.customs.office.queue(0)
    with pytest.raises(ValueError, match="not-xml"):
        read_responses(content[: len(content) // 2])
    assert read_responses(content).unread == ()


def test_text_between_notices_is_kept_and_nothing_else_lost(exchange: Exchange) -> None:
    exchange.handed_in()
    exchange.send()
    content = exchange.customs.office.queue(0)
    whole = read_responses(content)
    torn = content.replace(b"</Response><Response", b"</Response>& lost <Response", 1)
    found = read_responses(torn)
    assert found.notices == whole.notices
    assert [(each.raw, each.code) for each in found.unread] == [(b"& lost", "not-xml")]
    assert (found.cursor, found.more) == (whole.cursor, whole.more)
    assert read_responses(write_responses(whole)).notices == whole.notices


def test_a_silent_gateway_is_asked_at_growing_intervals(exchange: Exchange) -> None:
    exchange.customs.office.change({"down": True})
    waits = []
    for _ in range(10):
        exchange.read()
        with exchange.database.session(OFFICER) as session:
            feed = queries.health(session).feed
            assert feed is not None
            assert feed.next_at is not None
            assert receiving.is_resting(session, now=exchange.now)
        waits.append((feed.next_at - exchange.now).total_seconds())
        exchange.wait(waits[-1])
    assert waits == [6, 12, 24, 48, 96, 192, 300, 300, 300, 300]
    exchange.customs.office.change({"down": False})
    exchange.read()
    with exchange.database.session(OFFICER) as session:
        assert not receiving.is_resting(session, now=exchange.now)
