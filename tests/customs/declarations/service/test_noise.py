"""Whatever the gateway does with order, copies and losses of its notices: the end is that of the ordered stream."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.customs.declarations import jobs
from app.customs.declarations.clients import CustomsGateway, GatewayDown
from app.customs.declarations.models import Assessment, Revision
from app.customs.declarations.service import asking, receiving
from app.customs.declarations.wire import Batch, Notice, Paper
from tests.customs.declarations.exchange import OFFICER, Exchange
from tests.customs.declarations.service.test_receiving import pay
from tests.customs.declarations.service.test_sending import show

MOST_ROUNDS = 40


@dataclass
class Noise:
    """The gateway behind a line that reorders, copies, loses and fails as a drawn plan says."""

    real: CustomsGateway
    data: st.DataObject

    def notices(self, cursor: str) -> Batch:
        self._fail()
        batch = self.real.notices(cursor)
        return replace(batch, notices=self._noisy(batch.notices))

    def notices_of(self, reference: str, after: int) -> Batch:
        self._fail()
        batch = self.real.notices_of(reference, after)
        return replace(batch, notices=self._noisy(batch.notices))

    def send(self, message_id: UUID, content: bytes) -> None:
        raise GatewayDown("reads-only")

    def has(self, message_id: UUID) -> bool:
        raise GatewayDown("reads-only")

    def _fail(self) -> None:
        if self.data.draw(st.integers(0, 4)) == 0:
            raise GatewayDown("noise")

    def _noisy(self, notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
        copies = [each for each in notices for _ in range(self.data.draw(st.sampled_from([0, 1, 1, 2])))]
        return tuple(self.data.draw(st.permutations(copies)))


def act(exchange: Exchange, key: UUID) -> bool:
    """Do what the firm owes now; tell whether anything was left to do."""
    row, notices = exchange.declaration(key), exchange.notices(key)
    heard = [each for each in notices if each.applied_at is not None]
    said = {each.kind for each in exchange.dispatches(key)}
    if row.state == "PAPERS" and "DOCUMENTS" not in said:
        show(exchange, key, "INVOICE")
    asked = [each for each in heard if each.kind == "QUESTION"]
    if asked and "ANSWER" not in said:
        with exchange.database.transaction(exchange.tenant) as session:
            asking.answer_question(
                session, declaration_id=key, notice_id=asked[0].id, text="Mới", papers=[Paper("CATALOGUE")],
                actor=exchange.actor, now=exchange.now,
            )  # fmt: skip
    if row.state == "PAYABLE" and "PAYMENT" not in said:
        pay(exchange, key)
    return row.state != "CLEARED"


def live(exchange: Exchange, gateway: CustomsGateway, key: UUID) -> None:
    """Let a declaration go its way over a line; at the end the queue is read once more from its beginning."""
    zone = exchange.platform.zone.tz
    for _ in range(MOST_ROUNDS):
        exchange.send()
        jobs.read_notices(exchange.run(), gateway, zone, forced=True)
        if not act(exchange, key):
            return
        with exchange.database.transaction(jobs.WORKER) as session:
            receiving.note_read(session, cursor="0", now=exchange.now)
        exchange.send()
    for _ in range(6):
        with exchange.database.transaction(jobs.WORKER) as session:
            receiving.note_read(session, cursor="0", now=exchange.now)
        jobs.read_notices(exchange.run(), exchange.gateway, zone, forced=True)
        act(exchange, key)
        exchange.send()


def facts(exchange: Exchange, key: UUID) -> dict[str, Any]:
    row, notices = exchange.declaration(key), exchange.notices(key)
    with exchange.database.session(OFFICER) as session:
        revisions = session.scalars(select(Revision).where(Revision.declaration_id == key)).all()
        taxes = session.scalars(
            select(Assessment.total)
            .where(Assessment.revision_id.in_([each.id for each in revisions]), Assessment.kind == "OFFICIAL")
            .order_by(Assessment.computed_at)
        ).all()
    clocks = exchange.clocks(key).values()
    return {
        "row": (row.state, row.channel, row.head, row.registered_at, row.released_at, row.cleared_at),
        "revisions": sorted((each.number, each.state) for each in revisions),
        "taxes": taxes,
        "notices": [(each.sequence, each.kind, each.outcome) for each in notices],
        "clocks": sorted((each.kind, each.started_at, str(each.due_at), str(each.met_at)) for each in clocks),
        "messages": sorted((each.kind, each.state) for each in exchange.dispatches(key)),
        "steps": [
            (each["source"], each["target"])
            for each in exchange.events("customs.declaration.moved")
            if each["declaration_id"] == str(key)
        ],
    }


@settings(
    max_examples=4, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_noise_ends_where_order_ends(exchange: Exchange, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(["GREEN", "YELLOW", "RED"]))
    exchange.customs.office.change({"channel": channel, "ask": "" if channel == "GREEN" else "Hàng mới?"})
    ordered, noisy = exchange.handed_in(), exchange.handed_in()
    live(exchange, exchange.gateway, ordered)
    live(exchange, Noise(exchange.gateway, data), noisy)
    assert facts(exchange, ordered)["row"][0] == "CLEARED"
    assert facts(exchange, noisy) == facts(exchange, ordered)
