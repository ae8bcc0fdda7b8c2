"""The bank's messages over HTTP: believed for their signature alone, kept before they are acknowledged."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.payments import cancel_slip, find_slip
from app.core.payments.intake import apply_message, apply_waiting
from app.core.payments.models import BankMessage, Slip
from app.core.payments.webhooks import read_keys, sign
from tests.conftest import clone
from tests.core.payments.conftest import Till, new_party
from tests.faults.people import House, house_on

OFFICER = SessionContext(DbRole.OFFICER)
KEYS = "demo=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FOREIGN = read_keys("x=whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")["x"]


@pytest.fixture(scope="module")
def house(
    cluster: PrivateCluster, ready_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    var: Path = tmp_path_factory.mktemp("var")
    with clone(cluster, ready_template) as target, house_on(target, var, bank_callback_keys=KEYS) as running:
        yield running


@pytest.fixture
def slip(house: House, platform: Any) -> Slip:
    with house.database.transaction(OFFICER) as session:
        return Till(session, platform, new_party(session), utcnow()).slip()


def body_of(slip: Slip, amount: str = "1000000", transaction: str = "") -> bytes:
    data = {
        "transaction_id": transaction or f"T{uuid7()}", "amount": amount, "currency": "VND",
        "booked_at": utcnow().isoformat(), "reference": slip.reference, "remark": "",
    }  # fmt: skip
    return json.dumps({"type": "payment.booked", "data": data}).encode()


def send(
    house: House, body: bytes, *, message_id: str | None = None, at: datetime | None = None,
    key: bytes | None = None, **headers: str,
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    key = key or read_keys(KEYS)["demo"]
    signed = dict(sign(key, message_id=message_id or f"m{uuid7()}", at=at or utcnow(), body=body))
    answer = house.first.post("/bank/callback", content=body, headers=signed | headers)
    return answer.status_code, answer.json()


def state(house: House, slip: Slip) -> tuple[str, int, int]:
    with house.database.transaction(OFFICER) as session:
        apply_waiting(session, now=utcnow())
    with house.database.session(OFFICER) as session:
        seen = find_slip(session, slip.id)
        return seen.state.value, int(seen.paid), int(seen.excess)


def kept(house: House) -> set[str]:
    with house.database.session(OFFICER) as session:
        return set(session.scalars(select(BankMessage.webhook_id)))


def test_a_signed_message_settles_the_slip(house: House, slip: Slip) -> None:
    assert send(house, body_of(slip)) == (202, {"status": "kept"})
    assert state(house, slip) == ("PAID", 1_000_000, 0)


def test_the_same_message_again_changes_nothing(house: House, slip: Slip) -> None:
    body, name = body_of(slip), f"m{uuid7()}"
    assert [send(house, body, message_id=name)[0] for _ in range(3)] == [202, 200, 200]
    assert state(house, slip) == ("PAID", 1_000_000, 0)


def test_two_messages_of_one_transaction_count_once(house: House, slip: Slip) -> None:
    body = body_of(slip, "400000", "SAME" + slip.reference)
    assert [send(house, body)[0] for _ in range(2)] == [202, 202]
    assert state(house, slip) == ("PART_PAID", 400_000, 0)


def test_a_forged_message_is_not_kept(house: House, slip: Slip) -> None:
    before = kept(house)
    status, problem = send(house, body_of(slip), key=FOREIGN)
    assert (status, problem["code"]) == (401, "payments.bad-signature")
    assert kept(house) == before
    assert state(house, slip) == ("OPEN", 0, 0)


def test_a_changed_message_is_not_kept(house: House, slip: Slip) -> None:
    signed = dict(sign(read_keys(KEYS)["demo"], message_id="m", at=utcnow(), body=body_of(slip, "1000")))
    answer = house.first.post("/bank/callback", content=body_of(slip), headers=signed)
    assert answer.status_code == 401
    assert state(house, slip) == ("OPEN", 0, 0)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_replayed_message_is_not_kept(house: House, slip: Slip, minutes: int) -> None:
    status, _ = send(house, body_of(slip), at=utcnow() + timedelta(minutes=minutes))
    assert status == 401
    assert state(house, slip) == ("OPEN", 0, 0)


def test_a_message_without_signature_is_not_kept(house: House) -> None:
    answer = house.first.post("/bank/callback", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (401, "payments.bad-signature")


def test_a_long_message_is_refused(house: House) -> None:
    status, problem = send(house, b"[" * 70_000)
    assert (status, problem["code"]) == (413, "payments.message-too-large")


def test_nonsense_of_the_bank_is_acknowledged_and_kept(house: House) -> None:
    name = f"m{uuid7()}"
    assert send(house, b"\x00\xff", message_id=name)[0] == 202
    assert name in kept(house)


def test_a_killed_answer_is_a_message_that_comes_again(house: House, slip: Slip) -> None:
    """Killed after the commit and before the answer, the bank sends anew: same id, later time, fresh signature."""
    body, name = body_of(slip), f"m{uuid7()}"
    send(house, body, message_id=name, at=utcnow() - timedelta(minutes=4))
    assert state(house, slip) == ("PAID", 1_000_000, 0)
    assert send(house, body, message_id=name) == (200, {"status": "known"})
    assert state(house, slip) == ("PAID", 1_000_000, 0)


def test_two_callbacks_at_the_same_moment_count_once_each(house: House, slip: Slip) -> None:
    """Two halves of the slip, each told by two messages at once: four requests, four jobs, real transactions."""
    halves = [body_of(slip, "500000", f"HALF{n}{slip.reference}") for n in range(2)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda body: send(house, body)[0], halves * 2))
    assert answers == [202] * 4
    with house.database.session(OFFICER) as session:
        waiting = session.scalars(select(BankMessage.id).where(BankMessage.state == "NEW")).all()

    def apply(key: UUID) -> None:
        with house.database.transaction(OFFICER) as session:
            apply_message(session, message_id=key, now=utcnow())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(apply, waiting * 2))
    assert state(house, slip) == ("PAID", 1_000_000, 0)


def test_the_same_message_twice_at_the_same_moment_is_kept_once(house: House, slip: Slip) -> None:
    body, name = body_of(slip), f"m{uuid7()}"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(house, body, message_id=name)[0], range(4)))
    assert sorted(answers) == [200, 200, 200, 202]
    assert state(house, slip) == ("PAID", 1_000_000, 0)


def test_a_replaced_key_serves_until_it_is_taken_out(house: House, slip: Slip) -> None:
    """Rotation: both keys are in force for a while, so no message is lost; afterwards the old one is nobody's."""
    old, new = read_keys(KEYS)["demo"], FOREIGN
    before = house.app.state.bank_keys
    try:
        house.app.state.bank_keys = {"demo": old, "next": new}
        half = [body_of(slip, "500000", f"KEY{n}{slip.reference}") for n in range(2)]
        assert send(house, half[0], key=old)[0] == 202
        assert send(house, half[1], key=new)[0] == 202
        house.app.state.bank_keys = {"next": new}
        assert send(house, body_of(slip), key=old)[0] == 401
    finally:
        house.app.state.bank_keys = before
    assert state(house, slip) == ("PAID", 1_000_000, 0)


@pytest.mark.parametrize(("amount", "problem"), [("1000000.50", "unreadable"), ("-5", "unreadable")])
def test_half_dong_and_less_than_nothing_are_no_money(
    house: House, slip: Slip, amount: str, problem: str
) -> None:
    name = f"m{uuid7()}"
    assert send(house, body_of(slip, amount), message_id=name)[0] == 202
    assert state(house, slip) == ("OPEN", 0, 0)
    with house.database.session(OFFICER) as session:
        kept = session.scalars(select(BankMessage).where(BankMessage.webhook_id == name)).one()
        assert (kept.state, kept.problem) == ("REFUSED", problem)


def test_money_for_a_cancelled_slip_is_its_payers(house: House, slip: Slip) -> None:
    with house.database.transaction(OFFICER) as session:
        cancel_slip(session, slip_id=slip.id, reason="Tờ khai bị hủy", actor=SYSTEM, now=utcnow())
    assert send(house, body_of(slip))[0] == 202
    assert state(house, slip) == ("CANCELLED", 0, 1_000_000)


def test_neither_the_key_nor_who_paid_enters_the_log(
    house: House, slip: Slip, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(body_of(slip))
    told["data"]["payer"] = {"name": "CONG TY BI MAT", "account": "0123456789"}
    with caplog.at_level("DEBUG"):
        assert send(house, json.dumps(told).encode())[0] == 202
        assert send(house, json.dumps(told).encode(), key=FOREIGN)[0] == 401
        state(house, slip)
    written = caplog.text + "".join(capsys.readouterr())
    assert not [each for each in ("BI MAT", "0123456789", KEYS.partition("_")[2]) if each in written]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_booking_without_a_real_time_keeps_no_other_waiting(house: House, slip: Slip, at: str) -> None:
    told = json.loads(body_of(slip))
    told["data"]["booked_at"] = at
    assert send(house, json.dumps(told).encode())[0] == 202
    assert send(house, body_of(slip))[0] == 202
    assert state(house, slip) == ("PAID", 1000000, 0)


@pytest.mark.parametrize("day", ["9999-12-31", "31/12/9999", "0001-01-01"])
def test_days_at_the_end_of_the_calendar_are_none(house: House, day: str) -> None:
    officer = house.person("ke.toan")
    for address in (
        f"/desk/payments?day={day}",
        f"/desk/payments/day.csv?day={day}",
        f"/payments?until={day}",
    ):
        assert officer.get(address).status_code == 200, address


@pytest.mark.parametrize("name", ["q", "kind"])
def test_what_no_column_holds_is_not_looked_for(house: House, name: str) -> None:
    assert house.person("ke.toan").get(f"/payments?{name}=a%00b").status_code == 200
