"""What the bank tells: each transaction once, in any order, and nothing that is signed is lost."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from app.core import outbox
from app.core.db.session import ContextSession
from app.core.kit.actor import SYSTEM
from app.core.kit.personal import Cover, personal_values, reveal
from app.core.payments import SlipState, cancel_slip, find_slip, persons
from app.core.payments.bank import Booking, Unreadable
from app.core.payments.intake import (
    EntryAhead,
    EntryDiffers,
    apply_message,
    apply_waiting,
    keep_message,
    take_booking,
)
from app.core.payments.models import Allocation, BankEntry, BankMessage, Payment, Slip
from app.core.payments.webhooks import Signed
from tests.conftest import NOW
from tests.core.payments.conftest import Till


def booking(
    reference: str, amount: int = 1_000_000, *, transaction: str = "T1", at: datetime = NOW, currency: str = "VND",
    remark: str = "",
) -> Booking:  # fmt: skip
    return Booking(transaction, Decimal(amount), currency, at, reference, remark, "CONG TY", "0001")


def told(number: str, amount: str = "1000000", **changed: Any) -> dict[str, Any]:
    return {
        "transaction_id": "T1", "amount": amount, "currency": "VND", "booked_at": NOW.isoformat(),
        "reference": number, "remark": "", "payer": {"name": "CONG TY", "account": "9990001"}, **changed,
    }  # fmt: skip


def message(content: Any) -> bytes:
    return json.dumps(content).encode()


def keep(session: ContextSession, body: bytes, webhook_id: str = "m1") -> UUID | None:
    return keep_message(session, signed=Signed(webhook_id, "demo", NOW), body=body, now=NOW)


def standing(session: ContextSession, slip: Slip) -> tuple[str, Decimal, Decimal, list[Decimal]]:
    seen = find_slip(session, slip.id)
    return seen.state.value, seen.paid, seen.excess, [line.paid for line in seen.lines]


def names(session: ContextSession) -> list[str]:
    return [each.event.name for each in outbox.pending(session)]


class TestSettling:
    def test_the_right_amount_settles(self, till: Till) -> None:
        slip = till.slip()
        take_booking(till.session, booking(slip.reference), source="CALLBACK", now=NOW)
        assert standing(till.session, slip) == ("PAID", 1_000_000, 0, [600_000, 400_000])
        assert slip.paid_at == NOW
        assert names(till.session) == ["payments.slip.opened", "payments.slip.paid"]

    def test_a_part_settles_the_first_lines_first(self, till: Till) -> None:
        slip = till.slip()
        take_booking(till.session, booking(slip.reference, 700_000), source="CALLBACK", now=NOW)
        assert standing(till.session, slip) == ("PART_PAID", 700_000, 0, [600_000, 100_000])
        rest = booking(slip.reference, 300_000, transaction="T2")
        take_booking(till.session, rest, source="CALLBACK", now=NOW)
        assert standing(till.session, slip) == ("PAID", 1_000_000, 0, [600_000, 400_000])
        assert names(till.session)[1:] == ["payments.slip.part_paid", "payments.slip.paid"]

    def test_what_is_too_much_stays_the_payers(self, till: Till) -> None:
        slip = till.slip()
        take_booking(till.session, booking(slip.reference, 1_250_000), source="CALLBACK", now=NOW)
        assert standing(till.session, slip) == ("PAID", 1_000_000, 250_000, [600_000, 400_000])
        assert names(till.session)[1:] == ["payments.slip.paid", "payments.slip.exceeded"]

    def test_a_cancelled_slip_keeps_nothing_of_it(self, till: Till) -> None:
        slip = till.slip()
        cancel_slip(till.session, slip_id=slip.id, reason="Thay thế", actor=SYSTEM, now=NOW)
        take_booking(till.session, booking(slip.reference), source="CALLBACK", now=NOW)
        assert standing(till.session, slip) == ("CANCELLED", 0, 1_000_000, [0, 0])
        assert "payments.slip.paid" not in names(till.session)

    def test_cancelling_gives_back_what_was_paid(self, till: Till) -> None:
        slip = till.slip()
        take_booking(till.session, booking(slip.reference, 700_000), source="CALLBACK", now=NOW)
        cancel_slip(till.session, slip_id=slip.id, reason="Thay thế", actor=SYSTEM, now=NOW)
        assert standing(till.session, slip) == ("CANCELLED", 0, 700_000, [0, 0])
        assert names(till.session)[-2:] == ["payments.slip.exceeded", "payments.slip.cancelled"]

    def test_the_same_transaction_counts_once(self, till: Till) -> None:
        slip = till.slip()
        for source in ("CALLBACK", "STATEMENT", "CALLBACK"):
            take_booking(till.session, booking(slip.reference, 600_000), source=source, now=NOW)
        assert standing(till.session, slip)[:3] == ("PART_PAID", 600_000, 0)
        with pytest.raises(EntryDiffers):
            take_booking(till.session, booking(slip.reference, 600_001), source="CALLBACK", now=NOW)

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_any_order_ends_the_same(self, till: Till, order: tuple[int, ...]) -> None:
        slip = till.slip()
        came = [
            booking(slip.reference, amount, transaction=f"T{n}", at=NOW + timedelta(hours=n))
            for n, amount in enumerate((300_000, 350_000, 350_000, 50_000))
        ]
        for index in (*order, order[0]):
            take_booking(till.session, came[index], source="CALLBACK", now=NOW + timedelta(days=1))
        assert standing(till.session, slip) == ("PAID", 1_000_000, 50_000, [600_000, 400_000])
        assert slip.paid_at == NOW + timedelta(hours=2)
        rows = till.session.execute(
            select(Payment.transaction_id, func.sum(Allocation.amount))
            .join(Allocation, Allocation.payment_id == Payment.id)
            .where(Allocation.slip_id == slip.id, Allocation.round == slip.round)
            .group_by(Payment.transaction_id)
            .order_by(Payment.transaction_id)
        )
        assert [tuple(row) for row in rows] == [("T0", 300_000), ("T1", 350_000), ("T2", 350_000)]


class TestSuspense:
    @pytest.mark.parametrize(
        ("reference", "currency", "problem"),
        [
            ("", "VND", "no-reference"),
            ("NT-2026-000001-0", "VND", "wrong-reference"),
            ("tien hang", "VND", "wrong-reference"),
            ("NT-2099-999999-2", "VND", "unknown-reference"),
            ("NT-2099-999999-2", "USD", "currency"),
        ],
    )
    def test_money_without_a_slip_waits_for_an_officer(
        self, till: Till, reference: str, currency: str, problem: str
    ) -> None:
        entry = take_booking(till.session, booking(reference, currency=currency), source="CALLBACK", now=NOW)
        assert (entry.state, entry.problem, entry.slip_id) == ("SUSPENSE", problem, None)
        assert names(till.session) == ["payments.entry.suspended"]

    def test_the_text_of_the_transfer_is_enough(self, till: Till) -> None:
        slip = till.slip()
        written = f"CTY ABC NOP THUE {slip.reference.replace('-', '')} TO KHAI"
        take_booking(till.session, booking("", remark=written), source="CALLBACK", now=NOW)
        assert slip.state == SlipState.PAID


class TestAhead:
    def test_money_of_tomorrow_is_none_today(self, till: Till) -> None:
        slip = till.slip()
        with pytest.raises(EntryAhead):
            take_booking(
                till.session, booking(slip.reference, at=NOW + timedelta(days=1)), source="CALLBACK", now=NOW
            )
        assert standing(till.session, slip)[:3] == ("OPEN", 0, 0)

    def test_the_message_stays_and_the_day_itself_brings_the_money(self, till: Till) -> None:
        slip, later = till.slip(), NOW + timedelta(days=1)
        ahead = told(slip.reference, booked_at=later.isoformat())
        key = keep(till.session, message({"type": "payment.booked", "data": ahead}))
        assert key is not None
        apply_message(till.session, message_id=key, now=NOW)
        kept = till.session.get_one(BankMessage, key)
        assert (kept.state, kept.problem) == ("REFUSED", "ahead")
        take_booking(till.session, booking(slip.reference, at=later), source="STATEMENT", now=later)
        assert standing(till.session, slip)[:3] == ("PAID", 1_000_000, 0)


class TestPersons:
    def test_who_paid_and_the_message_lie_sealed_in_the_tables(self, till: Till) -> None:
        key = keep(till.session, message({"type": "payment.booked", "data": told("")}))
        assert key is not None
        apply_message(till.session, message_id=key, now=NOW)
        entry = till.session.scalars(select(BankEntry)).one()
        rows = [
            till.session.scalar(text(f"select {column}::text from {table}"))  # noqa: S608  two fixed names
            for table, column in (("payments_entry", "payer"), ("payments_message", "body"))
        ]
        assert all("$sealed" in row and "CONG TY" not in row for row in rows)
        till.session.expire_all()
        assert reveal(dict(entry.payer)) == {"name": "CONG TY", "remark": ""}

    def test_names_are_erased_by_months_and_the_money_stays(self, till: Till) -> None:
        entry = take_booking(till.session, booking(""), source="CALLBACK", now=NOW)
        till.session.flush()
        zone = till.platform.zone.tz
        assert persons.due(till.session, NOW, zone) == []
        later = NOW + timedelta(days=6 * 365)
        found = persons.due(till.session, later, zone)
        assert [each.month for each in found] == [NOW.date().replace(day=1)]
        persons.erase(till.session, found, SYSTEM, later)
        till.session.flush()
        till.session.expire_all()
        assert [each.cover for each in personal_values(entry.payer)] == [Cover.ERASED] * 2
        assert (entry.amount, entry.transaction_id) == (1_000_000, "T1")
        assert persons.due(till.session, later, zone) == []


class TestMessages:
    def test_a_message_is_kept_and_applied_once(self, till: Till) -> None:
        slip = till.slip()
        body = message({"type": "payment.booked", "data": told(slip.reference)})
        key = keep(till.session, body)
        assert key is not None
        assert keep(till.session, body) is None
        for _ in range(2):
            apply_message(till.session, message_id=key, now=NOW)
        assert standing(till.session, slip)[:3] == ("PAID", 1_000_000, 0)
        assert till.session.get_one(BankMessage, key).state == "DONE"

    def test_the_same_booking_in_two_messages_counts_once(self, till: Till) -> None:
        slip = till.slip()
        body = message({"type": "payment.booked", "data": told(slip.reference)})
        keep(till.session, body, "m1")
        keep(till.session, body, "m2")
        apply_waiting(till.session, now=NOW)
        assert standing(till.session, slip)[:3] == ("PAID", 1_000_000, 0)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"\x00",
            b"[]",
            b'{"type": "payment.booked"}',
            b'{"type": "payment.booked", "data": []}',
            b'{"type": "account.closed", "data": {}}',
            b"[" * 30_000,
        ],
    )
    def test_what_cannot_be_understood_stays_for_an_officer(self, till: Till, body: bytes) -> None:
        key = keep(till.session, body)
        assert key is not None
        apply_message(till.session, message_id=key, now=NOW)
        kept = till.session.get_one(BankMessage, key)
        assert (kept.state, kept.problem) == ("REFUSED", "unreadable")

    def test_an_id_with_another_content_is_kept_and_not_applied(self, till: Till) -> None:
        slip = till.slip()
        keep(till.session, message({"type": "payment.booked", "data": told(slip.reference, "600000")}))
        other = keep(till.session, message({"type": "payment.booked", "data": told(slip.reference)}))
        apply_waiting(till.session, now=NOW)
        assert standing(till.session, slip)[:2] == ("PART_PAID", 600_000)
        assert till.session.get_one(BankMessage, other).problem == "id-used-twice"

    def test_a_transaction_told_otherwise_is_refused(self, till: Till) -> None:
        slip = till.slip()
        keep(till.session, message({"type": "payment.booked", "data": told(slip.reference)}), "m1")
        second = keep(
            till.session, message({"type": "payment.booked", "data": told(slip.reference, "5")}), "m2"
        )
        apply_waiting(till.session, now=NOW)
        assert till.session.get_one(BankMessage, second).problem == "differs"
        assert till.session.scalar(
            select(func.count()).select_from(BankEntry).where(BankEntry.slip_id == slip.id)
        ) == 1  # fmt: skip


class TestReading:
    @pytest.mark.parametrize(
        "changed",
        [
            {"transaction_id": ""},
            {"transaction_id": 7},
            {"amount": 1000000},
            {"amount": "0"},
            {"amount": "-5"},
            {"amount": "1e9"},
            {"amount": "1.5"},
            {"amount": "9" * 16},
            {"currency": "dong"},
            {"booked_at": "2026-11-20T09:00:00"},
            {"booked_at": None},
            {"reference": 5},
            {"payer": "CONG TY"},
        ],
    )
    def test_a_booking_that_is_none(self, changed: dict[str, Any]) -> None:
        with pytest.raises(Unreadable):
            Booking.read(told("NT-2026-000001-1", **changed))

    def test_of_an_account_only_the_end_is_kept(self) -> None:
        assert Booking.read(told("x")).payer_account == "0001"

    def test_lines_and_controls_become_spaces(self) -> None:
        assert Booking.read(told("x", remark="a\x00b\nc")).remark == "a b c"
