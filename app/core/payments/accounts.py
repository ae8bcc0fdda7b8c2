"""
Accounts that payers give for refunds: sealed under a key of each request, erased once its term has passed.

The key belongs to the payer, so that the payer's own people read what they gave; an officer reads it for a recorded
purpose, and the bank is told it when the refund is carried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.core import law
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.personal import Cover, Personal, personal_values, reveal
from app.core.kit.time import local_day
from app.core.payments.models import Refund
from app.core.payments.persons import TERM
from app.core.payments.states import RefundState
from app.core.privacy import DataKey, Holder, NotOpened, Sealer, erase_holders, opens_on_load

HOLDER = "refund"
FIELDS = ("bank", "account", "holder")
_ENDED = (RefundState.PAID, RefundState.REFUSED)

opens_on_load(Refund, "destination")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a refund goes, in plain: for the bank, and for whoever may read it."""

    bank: str
    account: str
    holder: str


@dataclass(frozen=True, slots=True)
class DueAccount:
    """A refund whose account has to go."""

    id: UUID
    party_id: UUID


def sealed(
    session: Session, *, refund_id: UUID, party_id: UUID, account: Account, now: datetime
) -> dict[str, Personal]:
    """Return an account as the personal values of a refund; no blind index: nobody is searched for by it."""
    sealer = Sealer(session, Holder(HOLDER, refund_id), party_id=party_id, now=now)
    return {name: sealer.seal(name, getattr(account, name)) for name in FIELDS}


def account_of(refund: Refund) -> Account:
    """
    Return the account in plain; the caller tells the bank, or has recorded the reading.

    :raises NotOpened: it was erased, or its key is not at hand: nothing may be paid to an account that is not known.
    """
    if any(each.cover is not Cover.OPEN for each in personal_values(refund.destination)):
        raise NotOpened("The account of a refund cannot be opened.")
    return Account(**reveal({name: refund.destination[name] for name in FIELDS}))


def proof_of(refund: Refund) -> str:
    """Return what stands for the account in the log: its sealed form, which tells nothing and shows any change."""
    return ".".join(each.token["c"] for each in personal_values(refund.destination))


def due(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[DueAccount]:
    """Return the refunds that ended so long ago that their accounts have to go, the oldest first; runs as officer."""
    today = local_day(now, zone)
    before = now - timedelta(days=law.at(session, today).days(TERM))
    ended = func.coalesce(Refund.paid_at, Refund.decided_at)
    rows = session.execute(
        select(Refund.id, Refund.party_id)
        .join(DataKey, (DataKey.holder_id == Refund.id) & (DataKey.holder_kind == HOLDER))
        .where(Refund.state.in_(_ENDED), ended < before, DataKey.wrapped.is_not(None))
        .order_by(ended, Refund.id)
    )
    return [DueAccount(*row) for row in rows]


def erase(session: Session, found: Sequence[DueAccount], actor: Actor, now: datetime) -> None:
    """Destroy the keys of accounts; amounts, states and the bank's transactions stay."""
    erase_holders(session, kind=HOLDER, ids=[each.id for each in found], now=now)
    for each in found:
        record(
            session, "personal-data:refund:erase", subject=Subject(HOLDER, each.id), actor=actor, at=now,
            party_id=each.party_id, facts={"law": [TERM]},
        )  # fmt: skip


def seal_accounts(session: Session, *, now: datetime) -> int:
    """Seal the accounts that an earlier version kept in plain; return how many. Runs as an officer."""
    rows = session.scalars(
        select(Refund).where(func.jsonb_typeof(Refund.destination["account"]) == "string")
    ).all()
    for refund in rows:
        plain = Account(**{name: str(refund.destination[name]) for name in FIELDS})
        refund.destination = sealed(
            session, refund_id=refund.id, party_id=refund.party_id, account=plain, now=now
        )
        flag_modified(refund, "destination")  # a sealed text equals its plain one
    return len(rows)
