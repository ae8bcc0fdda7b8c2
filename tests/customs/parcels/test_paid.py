"""That the tax of a list was paid: told to customs once, entered and cleared by it, whatever fails in between."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.db import DbRole, SessionContext
from app.core.kit.time import utcnow
from app.core.payments import SlipState, slips_of
from app.core.payments.intake import take_booking
from app.customs.parcels import jobs
from app.customs.parcels.models import ListDispatch
from app.customs.parcels.queries import lists
from app.customs.parcels.service import billing, receiving, sending
from tests.core.payments.test_intake import booking
from tests.customs.parcels.conftest import ZONE
from tests.customs.parcels.listing import close, whole
from tests.customs.parcels.test_customs import (
    Counter,
    Deadly,
    Killed,
    Refusing,
    counter,
    hand_over,
    key_of,
)
from tests.faults.people import OFFICER, Person
from tests.web.programs import Program

__all__ = ["counter"]


def settle(counter: Counter, href: str) -> UUID:
    """Let the bank tell that the open slip of a list was paid, and its handler hear of it twice."""
    counter.bill(href)
    with counter.database.session(OFFICER) as session:
        found = slips_of(session, subject_kind="parcels_list", subject_id=key_of(href))
    [slip] = [each for each in found if each.state is SlipState.OPEN]
    with counter.database.transaction(OFFICER) as session:
        told = booking(slip.reference, int(slip.total), transaction=f"T-{slip.reference}", at=utcnow())
        take_booking(session, told, source="CALLBACK", now=utcnow())
    made = {tell(counter, slip.id) for _ in range(2)}
    assert len(made) == 1, "told twice, it is one message"
    return made.pop()


def tell(counter: Counter, slip_id: UUID) -> UUID:
    with counter.database.transaction(OFFICER) as session:
        made = billing.tell_of_payment(session, slip_id=slip_id, transaction="T1", zone=ZONE, now=utcnow())
    assert made is not None
    return made


def message(counter: Counter, key: UUID) -> ListDispatch:
    with counter.database.session(OFFICER) as session:
        return session.get_one(ListDispatch, key)


def send(counter: Counter, key: UUID, gateway: object = None, later: int = 5) -> None:
    jobs.send_message(
        counter.run(timedelta(seconds=later)),
        gateway or counter.customs.gateway,  # type: ignore[arg-type]
        key,
    )


def taken(counter: Counter) -> int:
    """Return how many payments the authority has taken."""
    book = counter.customs.office._book.store
    return int(book.execute("select count(*) from message where kind = 'PAYMENT'").fetchone()[0])


def released(counter: Counter, operator: Person, program: Program, name: str) -> str:
    whole(program, f"{name}-1", flight=f"{name} 1")
    href = close(operator, f"{name} 1")
    counter.go(operator, href)
    assert counter.row(href).state == "RELEASED"
    return href


def test_a_paid_slip_clears_the_list(counter: Counter, operator: Person, program: Program) -> None:
    href = released(counter, operator, program, "PA")
    key = settle(counter, href)
    assert message(counter, key).state == "QUEUED"
    send(counter, key)
    send(counter, key)
    assert (message(counter, key).state, taken(counter)) == ("SENT", 1)
    counter.read()
    counter.read()
    row = counter.row(href)
    assert (row.state, row.tax_posted) == ("CLEARED", row.official_vat)
    assert row.cleared_at is not None
    assert message(counter, key).state == "POSTED"
    assert counter.dispatch(href).state == "ACKNOWLEDGED", "the list's own message is another"
    page = operator.get(href).text
    assert "Hải quan đã hạch toán" in page
    assert f'"{href}"' in operator.get("/customs/parcels/lists", params={"state": "CLEARED"}).text


def test_a_list_is_read_on_until_its_payment_is_entered(
    counter: Counter, operator: Person, program: Program
) -> None:
    href = released(counter, operator, program, "PR")
    assert not is_asked(counter, href)
    key = settle(counter, href)
    assert is_asked(counter, href)
    send(counter, key)
    counter.read()
    assert not is_asked(counter, href), "it is cleared"


def is_asked(counter: Counter, href: str) -> bool:
    with counter.database.session(jobs.WORKER) as session:
        return key_of(href) in {each[0] for each in receiving.waiting(session, now=utcnow())}


def test_a_killed_worker_tells_of_a_payment_once(
    counter: Counter, operator: Person, program: Program
) -> None:
    href = released(counter, operator, program, "PK")
    key = settle(counter, href)
    deadly = Deadly(counter.customs.gateway)
    with pytest.raises(Killed):
        send(counter, key, deadly)
    assert message(counter, key).state == "QUEUED"
    with counter.database.transaction(jobs.WORKER) as session:
        sending.send_overdue(session, now=utcnow() + timedelta(minutes=5))
    send(counter, key, deadly, later=300)
    assert (deadly.sent, deadly.asked) == (1, 1)
    counter.read()
    row = counter.row(href)
    assert (row.state, row.tax_posted) == ("CLEARED", row.official_vat)


def test_a_gateway_that_is_down_hears_of_the_payment_later(
    counter: Counter, operator: Person, program: Program
) -> None:
    href = released(counter, operator, program, "PD")
    key = settle(counter, href)
    counter.customs.office.change({"down": True})
    send(counter, key)
    assert (message(counter, key).state, message(counter, key).error) == ("QUEUED", "http-503")
    assert counter.row(href).state == "RELEASED"
    counter.customs.office.change({"down": False})
    send(counter, key, later=600)
    counter.read()
    assert counter.row(href).state == "CLEARED"


def test_a_payment_that_customs_does_not_enter_leaves_the_list_and_is_told(
    counter: Counter, operator: Person, program: Program
) -> None:
    href = released(counter, operator, program, "PF")
    key = settle(counter, href)
    send(counter, key, Refusing())
    row = counter.row(href)
    assert (message(counter, key).state, row.state, row.tax_posted) == ("FAILED", "RELEASED", None)
    query = text(
        "select payload->>'outcome' from outbox_event where name = 'parcels.list.answered'"
        " and payload->>'code' = :code order by id desc limit 1"
    )
    with counter.database.session(SessionContext(DbRole.WORKER)) as session:
        assert session.scalar(query, {"code": row.code}) == "PAYMENT_FAILED"
        assert lists.dispatch_of(session, row.id).state == "ACKNOWLEDGED"


def test_a_payment_before_the_release_clears_with_it(
    counter: Counter, operator: Person, program: Program
) -> None:
    counter.customs.office.change({"late_s": 10})
    whole(program, "PB-1", flight="PB 1")
    href = close(operator, "PB 1")
    hand_over(operator, href)
    counter.send(href)
    counter.customs.clock.now += 11
    counter.read()
    assert counter.row(href).state == "REGISTERED"
    key = settle(counter, href)
    counter.customs.office.change({"late_s": 0})
    send(counter, key)
    counter.read()
    row = counter.row(href)
    assert (row.state, row.tax_posted) == ("REGISTERED", row.official_vat)
    counter.customs.clock.now += 11
    counter.read()
    assert counter.row(href).state == "CLEARED"


def test_one_payment_of_a_notice_stands_once_in_the_table(
    counter: Counter, operator: Person, program: Program
) -> None:
    href = released(counter, operator, program, "PT")
    settle(counter, href)
    with counter.database.session(OFFICER) as session:
        kinds = session.scalars(select(ListDispatch.kind).where(ListDispatch.list_id == key_of(href))).all()
    assert sorted(kinds) == ["DECLARE", "PAYMENT"]
