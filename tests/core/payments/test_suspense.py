"""Money in suspense: a slip or the way back, proposed by one, approved by another, and nothing moves before."""

from uuid import UUID

import pytest

from app.core.errors import Forbidden, Invalid
from app.core.kit.actor import Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.payments import cancel_slip
from app.core.payments.bank import RefundAnswer, RefundResult, ReturnOrder
from app.core.payments.intake import take_booking
from app.core.payments.models import BankEntry, Clearing
from app.core.payments.permissions import KEEP, REFUND
from app.core.payments.suspense import (
    ClearingDecided,
    EntryAssigned,
    EntryForeign,
    OwnClearing,
    approve_clearing,
    note_unanswered,
    propose_assignment,
    propose_return,
    refuse_clearing,
    return_order,
    take_return,
)
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking, standing


def officer(*permissions: str) -> Actor:
    return Actor(
        ActorKind.OFFICER, user_id=uuid7(), name="Cán bộ Thử",
        grants=(Grant(uuid7(), frozenset({"TREASURER"}), frozenset(permissions)),),
    )  # fmt: skip


TREASURER, HEAD = officer(KEEP), officer(KEEP, REFUND)


def unclear(till: Till, **changed: str) -> BankEntry:
    return take_booking(till.session, booking("tien thue", **changed), source="CALLBACK", now=NOW)  # type: ignore[arg-type]


def assigned(till: Till, entry: BankEntry, reference: str, reason: str = "Người nộp xác nhận") -> UUID:
    return propose_assignment(
        till.session, entry_id=entry.id, reference=reference, reason=reason, actor=TREASURER, now=NOW
    )


def sent_back(till: Till, entry: BankEntry) -> UUID:
    key = propose_return(till.session, entry_id=entry.id, reason="Chuyển nhầm", actor=TREASURER, now=NOW)
    approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
    return key


class TestAssignment:
    def test_a_second_officer_lets_it_settle_the_slip(self, till: Till) -> None:
        slip, entry = till.slip(), unclear(till)
        key = assigned(till, entry, slip.reference.lower())
        assert standing(till.session, slip)[0] == "OPEN"
        approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
        assert standing(till.session, slip)[0] == "PAID"
        assert (entry.state, entry.assigned_by, entry.problem) == ("APPLIED", TREASURER.user_id, "")
        with pytest.raises(EntryAssigned):
            assigned(till, entry, slip.reference)

    def test_who_proposed_does_not_approve(self, till: Till) -> None:
        slip, entry = till.slip(), unclear(till)
        key = propose_assignment(
            till.session, entry_id=entry.id, reference=slip.reference, reason="x", actor=HEAD, now=NOW
        )
        with pytest.raises(OwnClearing):
            approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
        assert standing(till.session, slip)[0] == "OPEN"

    def test_a_treasurer_approves_nothing(self, till: Till) -> None:
        key = assigned(till, unclear(till), till.slip().reference)
        with pytest.raises(Forbidden):
            approve_clearing(till.session, clearing_id=key, actor=officer(KEEP), now=NOW)

    def test_one_proposal_at_a_time(self, till: Till) -> None:
        slip, entry = till.slip(), unclear(till)
        assigned(till, entry, slip.reference)
        with pytest.raises(EntryAssigned):
            propose_return(till.session, entry_id=entry.id, reason="x", actor=TREASURER, now=NOW)

    def test_money_for_a_slip_cancelled_meanwhile_is_its_payers_surplus(self, till: Till) -> None:
        slip, entry = till.slip(), unclear(till)
        key = assigned(till, entry, slip.reference)
        cancel_slip(till.session, slip_id=slip.id, reason="x", actor=HEAD, now=NOW)
        approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
        assert standing(till.session, slip)[:3] == ("CANCELLED", 0, 1_000_000)

    @pytest.mark.parametrize(
        ("reference", "reason", "faults"),
        [
            ("", "", {("reference", "missing"), ("reason", "missing")}),
            ("NT-2026-000001-0", "vì", {("reference", "check")}),
            ("NT-2099-999999-2", "x" * 1001, {("reference", "unknown"), ("reason", "too-long")}),
        ],
    )
    def test_what_is_missing_is_told_at_once(
        self, till: Till, reference: str, reason: str, faults: set[tuple[str, str]]
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            assigned(till, unclear(till), reference, reason)
        assert {(each.name, each.code) for each in refusal.value.errors} == faults

    def test_dollars_settle_no_slip(self, till: Till) -> None:
        slip = till.slip()
        entry = unclear(till, currency="USD")
        with pytest.raises(EntryForeign):
            assigned(till, entry, slip.reference)


class TestReturn:
    def test_the_bank_is_told_once_approved_and_what_it_says_is_kept(self, till: Till) -> None:
        entry = unclear(till, currency="USD")
        key = propose_return(till.session, entry_id=entry.id, reason="Ngoại tệ", actor=TREASURER, now=NOW)
        assert return_order(till.session, clearing_id=key) is None, "nobody has approved it"
        approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
        order = return_order(till.session, clearing_id=key)
        assert order is not None
        assert (order.transaction_id, order.amount, order.currency) == ("T1", 1_000_000, "USD")
        paid = RefundResult(RefundAnswer.PAID, "RET1")
        for _ in range(2):
            take_return(till.session, clearing_id=key, result=paid, now=NOW)
        assert entry.state == "RETURNED"
        assert till.session.get_one(Clearing, key).transaction_id == "RET1"
        assert return_order(till.session, clearing_id=key) is None, "paid once"

    def test_a_bank_that_is_silent_is_asked_again(self, till: Till) -> None:
        key = sent_back(till, unclear(till))
        note_unanswered(till.session, clearing_id=key, error="http-503", now=NOW)
        take_return(till.session, clearing_id=key, result=RefundResult(RefundAnswer.PENDING), now=NOW)
        clearing = till.session.get_one(Clearing, key)
        assert (clearing.state, clearing.attempts) == ("APPROVED", 2)
        assert clearing.next_at is not None
        assert clearing.next_at > NOW
        assert return_order(till.session, clearing_id=key) is not None

    def test_what_the_bank_refuses_is_in_suspense_again(self, till: Till) -> None:
        slip, entry = till.slip(), unclear(till)
        key = sent_back(till, entry)
        refused = RefundResult(RefundAnswer.REFUSED, reason="Tài khoản đã đóng")
        take_return(till.session, clearing_id=key, result=refused, now=NOW)
        assert (entry.state, till.session.get_one(Clearing, key).decision) == (
            "SUSPENSE",
            "Tài khoản đã đóng",
        )
        approve_clearing(till.session, clearing_id=assigned(till, entry, slip.reference), actor=HEAD, now=NOW)
        assert standing(till.session, slip)[0] == "PAID"

    def test_a_refused_proposal_frees_the_money(self, till: Till) -> None:
        entry = unclear(till)
        key = propose_return(till.session, entry_id=entry.id, reason="x", actor=TREASURER, now=NOW)
        refuse_clearing(till.session, clearing_id=key, reason="Chờ người nộp", actor=HEAD, now=NOW)
        with pytest.raises(ClearingDecided):
            approve_clearing(till.session, clearing_id=key, actor=HEAD, now=NOW)
        propose_return(till.session, entry_id=entry.id, reason="y", actor=TREASURER, now=NOW)

    def test_who_proposed_takes_it_back(self, till: Till) -> None:
        key = propose_return(till.session, entry_id=unclear(till).id, reason="x", actor=TREASURER, now=NOW)
        with pytest.raises(Forbidden):
            refuse_clearing(till.session, clearing_id=key, reason="y", actor=officer(KEEP), now=NOW)
        assert (
            refuse_clearing(till.session, clearing_id=key, reason="y", actor=TREASURER, now=NOW).state
            == "REFUSED"
        )


class TestKilled:
    def test_a_worker_killed_between_bank_and_answer_sends_nothing_twice(self, till: Till) -> None:
        """The bank has carried the order out, nobody noted it: the job runs again with the same key."""
        key = sent_back(till, unclear(till))
        told: dict[UUID, RefundResult] = {}

        def bank(order: ReturnOrder) -> RefundResult:
            return told.setdefault(order.id, RefundResult(RefundAnswer.PAID, f"RET{len(told)}"))

        first = return_order(till.session, clearing_id=key)
        assert first is not None
        bank(first)  # and here the worker dies
        again = return_order(till.session, clearing_id=key)
        assert again == first
        take_return(till.session, clearing_id=key, result=bank(again), now=NOW)
        assert till.session.get_one(Clearing, key).transaction_id == "RET0"
        assert len(told) == 1
