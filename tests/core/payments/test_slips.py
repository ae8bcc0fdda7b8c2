"""Slips: opened once, cancelled once, seen by their payer only."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.core import outbox
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import NotFound
from app.core.kit.actor import SYSTEM
from app.core.kit.codes import parse_code
from app.core.kit.ids import uuid7
from app.core.kit.money import InvalidMoney
from app.core.payments import (
    DebtStopsRegistration,
    LineKind,
    SlipDiffers,
    SlipState,
    SlipSubject,
    blocking_debts,
    cancel_slip,
    find_slip,
    open_slip,
    slips_of,
    stop_for_debts,
)
from app.core.payments.models import Slip, SlipLine
from app.modules import Platform
from tests.conftest import NOW
from tests.core.payments.conftest import DUTY, VAT, Till, new_party

DAY = date(2026, 11, 20)


class TestOpen:
    def test_a_slip_says_what_is_owed(self, till: Till) -> None:
        slip = till.slip(due_on=DAY)
        seen = find_slip(till.session, slip.id)
        assert parse_code(seen.reference).prefix == "NT"
        assert (seen.total, seen.paid, seen.outstanding, seen.state) == (
            Decimal(1_000_000), 0, Decimal(1_000_000), SlipState.OPEN,
        )  # fmt: skip
        assert [(line.purpose, line.amount, line.sub_item) for line in seen.lines] == [
            ("IMPORT", 600_000, "1901"), ("VAT", 400_000, "1702"),
        ]  # fmt: skip
        assert [each.event.name for each in outbox.pending(till.session)] == ["payments.slip.opened"]

    def test_the_law_orders_what_nobody_ordered(self, till: Till) -> None:
        fine = replace(VAT, purpose="FINE", kind=LineKind.FINE)
        slip = till.slip(fine, replace(DUTY, priority=9), VAT)
        assert [line.priority for line in find_slip(till.session, slip.id).lines] == [3, 9, 1]

    def test_the_same_notice_is_the_same_slip(self, till: Till) -> None:
        subject = uuid7()
        first, second = till.slip(subject_id=subject), till.slip(subject_id=subject)
        other = till.slip(subject_id=subject, notice="T2")
        assert first.id == second.id != other.id
        assert len(slips_of(till.session, subject_kind="declaration", subject_id=subject)) == 2

    def test_a_cancelled_slip_does_not_come_back(self, till: Till) -> None:
        subject = uuid7()
        slip = till.slip(subject_id=subject)
        cancel_slip(till.session, slip_id=slip.id, reason="Thay bằng thông báo khác", actor=SYSTEM, now=NOW)
        assert till.slip(subject_id=subject).state == SlipState.CANCELLED

    def test_the_same_notice_with_other_amounts_is_refused(self, till: Till) -> None:
        subject = uuid7()
        till.slip(subject_id=subject)
        with pytest.raises(SlipDiffers):
            till.slip(DUTY, subject_id=subject)
        with pytest.raises(SlipDiffers):
            till.slip(subject_id=subject, due_on=DAY)

    @pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1)])
    def test_an_amount_is_above_zero(self, till: Till, amount: Decimal) -> None:
        with pytest.raises(ValueError, match="above zero"):
            till.slip(replace(DUTY, amount=amount))

    def test_there_is_no_half_dong(self, till: Till) -> None:
        with pytest.raises(InvalidMoney):
            till.slip(replace(DUTY, amount=Decimal("10.5")))


class TestCancel:
    def test_nothing_is_owed_any_more(self, till: Till) -> None:
        slip = till.slip(due_on=DAY - timedelta(days=200))
        for _ in range(2):
            cancel_slip(till.session, slip_id=slip.id, reason="Sai", actor=SYSTEM, now=NOW)
        seen = find_slip(till.session, slip.id)
        assert (seen.state, seen.outstanding, seen.cancel_reason) == (SlipState.CANCELLED, 0, "Sai")
        names = [each.event.name for each in outbox.pending(till.session)]
        assert names == ["payments.slip.opened", "payments.slip.cancelled"]

    def test_what_does_not_exist_cannot_be_cancelled(self, till: Till) -> None:
        with pytest.raises(NotFound):
            cancel_slip(till.session, slip_id=uuid7(), reason="", actor=SYSTEM, now=NOW)


class TestDebts:
    @pytest.mark.parametrize(
        ("days", "stops_registration", "stops_clearance"),
        [(-1, None, None), (0, None, None), (1, False, True), (90, False, True), (91, True, True)],
    )
    def test_what_a_debt_stops(
        self, till: Till, days: int, stops_registration: bool | None, stops_clearance: bool | None
    ) -> None:
        till.slip(due_on=DAY - timedelta(days=days))
        found = blocking_debts(till.session, party_id=till.party_id, now=NOW, zone=till.platform.zone.tz)
        debt = next(iter(found.debts), None)
        told = (debt.stops_registration, debt.stops_clearance) if debt else (None, None)
        assert told == (stops_registration, stops_clearance)
        assert bool(found.stop_registration) == bool(stops_registration)
        assert {value.key: value.status.value for value in found.law} == {
            "payments.debt.registration_after": "CITED",
            "payments.debt.clearance_blocked": "CITED",
        }

    def test_a_fee_of_a_procedure_is_no_debt_to_customs(self, till: Till) -> None:
        fee = replace(VAT, purpose="FEE", kind=LineKind.FEE)
        till.slip(fee, due_on=DAY - timedelta(days=400), notice="FEE")
        slip = till.slip(fee, DUTY, due_on=DAY - timedelta(days=91), notice="BOTH")
        found = blocking_debts(till.session, party_id=till.party_id, now=NOW, zone=till.platform.zone.tz)
        assert [(each.reference, each.outstanding) for each in found.debts] == [(slip.reference, DUTY.amount)]
        with pytest.raises(DebtStopsRegistration) as stopped:
            stop_for_debts(till.session, party_id=till.party_id, now=NOW, zone=till.platform.zone.tz)
        assert stopped.value.debts.stop_registration == found.debts

    def test_a_slip_without_a_day_is_never_overdue(self, till: Till) -> None:
        till.slip()
        found = blocking_debts(till.session, party_id=till.party_id, now=NOW, zone=till.platform.zone.tz)
        assert found.debts == ()


class TestTenants:
    def test_a_tenant_opens_an_own_slip_and_sees_no_other(self, paying: Database, platform: Platform) -> None:
        with paying.transaction(SessionContext(DbRole.OFFICER)) as session:
            own, other = new_party(session), new_party(session)
            foreign = Till(session, platform, other).slip().id
        with paying.session(SessionContext(DbRole.TENANT, (own,))) as session:
            slip = Till(session, platform, own).slip()
            session.flush()
            assert session.scalars(select(SlipLine.slip_id).distinct()).all() == [slip.id]
            assert session.get(Slip, foreign) is None
            session.rollback()

    def test_a_tenant_cannot_say_that_it_paid(self, paying: Database, platform: Platform) -> None:
        with paying.transaction(SessionContext(DbRole.OFFICER)) as session:
            own = new_party(session)
            slip_id = Till(session, platform, own).slip().id
        with paying.session(SessionContext(DbRole.TENANT, (own,))) as session:
            session.get_one(Slip, slip_id).state = "PAID"
            with pytest.raises(DBAPIError):
                session.flush()
            session.rollback()
            with pytest.raises(DBAPIError):
                cancel_slip(session, slip_id=slip_id, reason="", actor=SYSTEM, now=NOW)
            session.rollback()

    def test_a_tenant_cannot_open_for_another(self, paying: Database, platform: Platform) -> None:
        with paying.transaction(SessionContext(DbRole.OFFICER)) as session:
            own, other = new_party(session), new_party(session)
        with paying.session(SessionContext(DbRole.TENANT, (own,))) as session:
            subject = SlipSubject("case", uuid7(), {"vi": "x", "en": "x"}, "/x")
            with pytest.raises(DBAPIError):
                open_slip(
                    session, party_id=other, subject=subject, notice="1", lines=[VAT], due_on=None,
                    zone=platform.zone.tz, actor=SYSTEM, now=NOW,
                )  # fmt: skip
            session.rollback()
