"""Accounts given for refunds: sealed with the request, opened for the bank, erased in time."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.kit.actor import SYSTEM, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7
from app.core.kit.personal import Cover, personal_values
from app.core.payments import accounts
from app.core.payments.bank import RefundAnswer, RefundResult
from app.core.payments.intake import take_booking
from app.core.payments.models import Refund
from app.core.payments.permissions import KEEP, PAY, REFUND
from app.core.payments.refunds import WhereTo, approve_refund, ask_refund, check_refund, order_of, take_result
from app.core.privacy import NotOpened
from tests.conftest import NOW
from tests.core.payments.conftest import Till
from tests.core.payments.test_intake import booking
from tests.core.payments.test_suspense import officer

LATER = NOW + timedelta(days=6 * 365)


def asked(till: Till) -> UUID:
    slip = till.slip()
    told = booking(slip.reference, amount=1_200_000, transaction=f"T{slip.reference}")
    take_booking(till.session, told, source="CALLBACK", now=NOW)
    payer = Actor(
        ActorKind.CUSTOMER, user_id=uuid7(), grants=(Grant(till.party_id, frozenset(), frozenset({PAY})),)
    )
    where = WhereTo("Ngân hàng A", "0123 456 789", "CONG TY MAT", "Nộp thừa")
    return ask_refund(till.session, slip_id=slip.id, where=where, actor=payer, now=NOW)


def paid(till: Till) -> UUID:
    key = asked(till)
    check_refund(till.session, refund_id=key, actor=officer(KEEP), now=NOW)
    approve_refund(till.session, refund_id=key, actor=officer(REFUND), now=NOW)
    take_result(till.session, refund_id=key, result=RefundResult(RefundAnswer.PAID, "REF9"), now=NOW)
    till.session.flush()
    return key


def stored(till: Till, key: UUID) -> str:
    return str(
        till.session.scalar(text("select destination::text from payments_refund where id = :id"), {"id": key})
    )


def test_the_row_holds_no_clear_account_and_the_bank_is_told_it(till: Till) -> None:
    key = asked(till)
    assert "$sealed" in stored(till, key)
    assert not any(clear in stored(till, key) for clear in ("0123456789", "CONG TY", "hàng A"))
    check_refund(till.session, refund_id=key, actor=officer(KEEP), now=NOW)
    approve_refund(till.session, refund_id=key, actor=officer(REFUND), now=NOW)
    till.session.flush()
    till.session.expire_all()
    order = order_of(till.session, refund_id=key)
    assert order is not None
    assert (order.bank, order.account, order.holder) == ("Ngân hàng A", "0123456789", "CONG TY MAT")


def test_an_ended_refund_loses_its_account_in_time_and_an_open_one_keeps_it(till: Till) -> None:
    waiting, ended, zone = asked(till), paid(till), till.platform.zone.tz
    mine = {waiting, ended}
    assert not mine & {each.id for each in accounts.due(till.session, NOW, zone)}
    found = [each for each in accounts.due(till.session, LATER, zone) if each.id in mine]
    assert [each.id for each in found] == [ended]
    accounts.erase(till.session, found, SYSTEM, LATER)
    till.session.flush()
    till.session.expire_all()
    refund = till.session.get_one(Refund, ended)
    assert [each.cover for each in personal_values(refund.destination)] == [Cover.ERASED] * 3
    assert (refund.amount, refund.transaction_id) == (200_000, "REF9")
    with pytest.raises(NotOpened):
        accounts.account_of(refund)
    assert not mine & {each.id for each in accounts.due(till.session, LATER, zone)}


def test_what_an_earlier_version_kept_in_plain_is_sealed_once(till: Till) -> None:
    key = asked(till)
    till.session.execute(
        text(
            "update payments_refund set destination = jsonb_build_object('bank', 'B', 'account', '77', 'holder', 'H')"
            " where id = :id"
        ),
        {"id": key},
    )
    till.session.expire_all()
    assert accounts.seal_accounts(till.session, now=NOW) == 1
    till.session.flush()
    till.session.expire_all()
    assert "$sealed" in stored(till, key)
    assert accounts.account_of(till.session.get_one(Refund, key)) == accounts.Account("B", "77", "H")
    assert accounts.seal_accounts(till.session, now=NOW) == 0
