"""Messages to customs: queued with the act, sent after it, once, whatever breaks on the way."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.db import DbRole, SessionContext
from app.core.errors import DomainError, Invalid, NotFound
from app.core.kit.ids import uuid7
from app.customs.declarations import jobs
from app.customs.declarations.clients import GatewayDown, GatewayMissing, GatewayRefused
from app.customs.declarations.domain.lifecycle import StepImpossible
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.service import asking, sending
from app.customs.declarations.wire import Batch, Paper, read_declaration
from tests.customs.declarations.exchange import OFFICER, Exchange


class Killed(BaseException):
    """The worker died here."""


class Deadly:
    """A gateway that lets a message through and then kills the worker, ``deaths`` times."""

    def __init__(self, exchange: Exchange, deaths: int = 1, *, before: bool = False) -> None:
        self._inner, self._deaths, self._before = exchange.gateway, deaths, before
        self.sent: list[UUID] = []
        self.asked: list[UUID] = []

    def send(self, message_id: UUID, content: bytes) -> None:
        if self._before and self._deaths:
            self._deaths -= 1
            raise Killed
        self._inner.send(message_id, content)
        self.sent.append(message_id)
        if self._deaths:
            self._deaths -= 1
            raise Killed

    def has(self, message_id: UUID) -> bool:
        self.asked.append(message_id)
        return self._inner.has(message_id)

    def notices(self, cursor: str) -> Batch:
        return self._inner.notices(cursor)

    def notices_of(self, reference: str, after: int) -> Batch:
        return self._inner.notices_of(reference, after)


def test_a_message_is_queued_with_the_act_and_sent_after_it(exchange: Exchange) -> None:
    key = exchange.handed_in()
    [waiting] = exchange.dispatches(key)
    assert (waiting.state, waiting.attempts, waiting.queued_at) == ("QUEUED", 0, exchange.now)
    exchange.send()
    [sent] = exchange.dispatches(key)
    assert (sent.state, sent.attempts, sent.error) == ("SENT", 1, "")
    assert exchange.declaration(key).state == "SENT"
    assert exchange.gateway.has(sent.id)


def test_what_was_handed_in_twice_is_one_message(exchange: Exchange) -> None:
    key = exchange.handed_in()
    [first] = exchange.dispatches(key)
    with exchange.database.transaction(exchange.tenant) as session:
        assert first.revision_id is not None
        again = asking.send_revision(
            session, declaration=session.get_one(Declaration, key),
            revision=session.get_one(Revision, first.revision_id), actor=exchange.actor, now=exchange.now,
        )  # fmt: skip
    assert again == first.id
    assert len(exchange.dispatches(key)) == 1


def test_a_gateway_that_is_down_keeps_the_time_of_handing_in(exchange: Exchange) -> None:
    exchange.customs.office.change({"down": True})
    key = exchange.handed_in()
    handed_in = exchange.now
    exchange.send()
    [waiting] = exchange.dispatches(key)
    assert (waiting.state, waiting.error, waiting.queued_at) == ("QUEUED", "http-503", handed_in)
    assert waiting.next_at > exchange.now
    assert exchange.declaration(key).state == "QUEUED"
    exchange.send()  # too early: nothing is tried
    assert exchange.dispatches(key)[0].attempts == 1
    exchange.customs.office.change({"down": False})
    exchange.wait(600)
    exchange.send()
    [sent] = exchange.dispatches(key)
    assert (sent.state, sent.queued_at, sent.attempts) == ("SENT", handed_in, 2)


def test_the_wait_grows_and_has_an_end(exchange: Exchange) -> None:
    exchange.customs.office.change({"down": True})
    key = exchange.handed_in()
    waits = []
    for _ in range(12):
        exchange.send()
        [waiting] = exchange.dispatches(key)
        waits.append((waiting.next_at - exchange.now).total_seconds())
        exchange.wait(waits[-1])
    assert waits == sorted(waits)
    assert waits[-1] == 300


def test_without_a_gateway_a_message_waits(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send(GatewayMissing())
    [waiting] = exchange.dispatches(key)
    assert (waiting.state, waiting.error) == ("QUEUED", "no-gateway")


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_worker_killed_after_sending_makes_nothing_twice(exchange: Exchange, deaths: int) -> None:
    key = exchange.handed_in()
    deadly = Deadly(exchange, deaths)
    with pytest.raises(Killed):
        exchange.send(deadly)
    [noted] = exchange.dispatches(key)
    assert (noted.state, noted.attempts) == ("QUEUED", 1), "the try was noted before it left"
    exchange.wait(120)
    exchange.send(deadly)
    assert deadly.sent == [noted.id], "the gateway was asked, not sent to again"
    assert deadly.asked == [noted.id]
    assert exchange.dispatches(key)[0].state == "SENT"
    exchange.read()
    assert [notice.kind for notice in exchange.notices(key)].count("RECEIVED") == 1


def test_a_worker_killed_before_sending_sends_later(exchange: Exchange) -> None:
    key = exchange.handed_in()
    deadly = Deadly(exchange, before=True)
    with pytest.raises(Killed):
        exchange.send(deadly)
    exchange.wait(120)
    exchange.send(deadly)
    assert len(deadly.sent) == 1
    assert exchange.dispatches(key)[0].state == "SENT"


def test_a_lost_answer_is_asked_for(exchange: Exchange) -> None:
    exchange.customs.office.change({"lose_next": 1})
    key = exchange.handed_in()
    exchange.send()
    assert exchange.dispatches(key)[0].state == "QUEUED"
    exchange.wait(120)
    exchange.go()
    assert exchange.dispatches(key)[0].state == "ACKNOWLEDGED"
    assert [notice.kind for notice in exchange.notices(key)].count("RECEIVED") == 1


def test_an_answer_proves_that_a_message_arrived(exchange: Exchange) -> None:
    key = exchange.handed_in()
    with pytest.raises(Killed):
        exchange.send(Deadly(exchange))
    exchange.read()
    assert exchange.dispatches(key)[0].state == "ACKNOWLEDGED"
    assert exchange.declaration(key).official_number is not None


class Strict:
    """A gateway that takes nothing."""

    def send(self, message_id: UUID, content: bytes) -> None:
        raise GatewayRefused("http-400")

    def has(self, message_id: UUID) -> bool:
        return False

    def notices(self, cursor: str) -> Batch:
        raise GatewayDown("http-503")

    def notices_of(self, reference: str, after: int) -> Batch:
        raise GatewayDown("http-503")


def test_what_will_never_be_taken_goes_back_to_the_firm(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.send(Strict())
    [failed] = exchange.dispatches(key)
    assert (failed.state, failed.error) == ("FAILED", "http-400")
    assert exchange.declaration(key).state == "REFUSED"
    assert exchange.events("customs.dispatch.failed")[0]["code"] == exchange.declaration(key).code


def test_messages_of_a_declaration_keep_their_order(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    exchange.customs.office.change({"down": True})
    first = show(exchange, key, "INVOICE")
    exchange.send()
    exchange.wait(1)
    second = show(exchange, key, "TRANSPORT")
    exchange.customs.office.change({"down": False})
    jobs.send_message(exchange.run(), exchange.gateway, second)
    assert not exchange.gateway.has(second), "the first one has not left yet"
    exchange.wait(120)
    exchange.send()
    assert exchange.gateway.has(first)
    assert exchange.gateway.has(second)


def test_a_lost_job_is_found_by_the_scan(exchange: Exchange) -> None:
    key = exchange.handed_in()
    [waiting] = exchange.dispatches(key)

    def jobs_after_scan() -> int:
        with exchange.database.transaction(OFFICER) as session:
            sending.send_overdue(session, now=exchange.now)
        count = text(
            "select count(*) from procrastinate_jobs"
            " where task_name = 'customs.send' and args->>'dispatch_id' = :key"
        )
        with exchange.database.session(SessionContext(DbRole.WORKER)) as session:
            return session.scalar(count, {"key": str(waiting.id)}) or 0

    assert jobs_after_scan() == 1, "its own job is not late yet"
    exchange.wait(600)
    assert jobs_after_scan() == 2


def show(exchange: Exchange, key: UUID, code: str) -> UUID:
    with exchange.database.transaction(exchange.tenant) as session:
        return asking.show_papers(
            session, declaration_id=key, papers=[Paper(code, "1", "ab" * 32, 10)], actor=exchange.actor,
            now=exchange.now,
        )  # fmt: skip


def cancel(exchange: Exchange, key: UUID, reason: str = "Khai nhầm") -> UUID:
    with exchange.database.transaction(exchange.tenant) as session:
        return asking.ask_cancellation(
            session, declaration_id=key, reason=reason, actor=exchange.actor, now=exchange.now
        )


def test_papers_name_their_hash_and_are_shown_once(exchange: Exchange) -> None:
    key = exchange.handed_in()
    exchange.go()
    first, again = show(exchange, key, "INVOICE"), show(exchange, key, "INVOICE")
    assert first == again
    exchange.send()
    message = read_declaration(exchange.customs.office._book.body(str(first)))
    assert message.papers == (Paper("INVOICE", "1", "ab" * 32, 10),)
    assert message.official_number == exchange.declaration(key).official_number


def test_cancelling_twice_is_one_question_until_it_is_answered(exchange: Exchange) -> None:
    exchange.customs.office.change({"refuse_cancels": True})
    key = exchange.handed_in()
    exchange.go()
    first = cancel(exchange, key)
    assert cancel(exchange, key) == first
    exchange.go()
    assert exchange.notices(key)[-1].kind == "CANCEL_REFUSED"
    assert cancel(exchange, key) != first


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        (lambda exchange, key: cancel(exchange, key, "  "), Invalid),
        (lambda exchange, key: cancel(exchange, uuid7()), NotFound),
    ],
)
def test_what_cannot_be_asked(
    exchange: Exchange, call: Callable[[Exchange, UUID], UUID], refusal: type[DomainError]
) -> None:
    key = exchange.handed_in()
    exchange.go()
    with pytest.raises(refusal):
        call(exchange, key)


def test_a_draft_cannot_be_cancelled_at_customs(exchange: Exchange) -> None:
    key = exchange.handed_in()
    with pytest.raises(StepImpossible) as caught:
        cancel(exchange, key)
    assert caught.value.code == "declarations.step-impossible"
