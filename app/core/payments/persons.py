"""
Names that the bank tells: of payers, and what they wrote into transfers. Sealed for a month, erased with it.

A payment may come from anybody, also from people who are no party here. So the names of one month are sealed under one
key of the authority; when the term of the law has passed, that key is destroyed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import law
from app.core.auth.models import Office, PartyKind
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.personal import Personal
from app.core.kit.time import local_day
from app.core.payments.models import BankEntry, BankMessage, Vault
from app.core.privacy import Holder, Sealer, erase_holders, opens_on_load

HOLDER, TERM = "payer-month", "payments.payer.retention"
_LONGEST_MONTH = timedelta(days=31)

opens_on_load(BankEntry, "payer")
opens_on_load(BankMessage, "body")


@dataclass(frozen=True, slots=True)
class DueVault:
    """A month whose payers' names have to go."""

    id: UUID
    month: date


def sealed(session: Session, *, now: datetime, **texts: str) -> dict[str, Personal]:
    """Return texts as personal values of this month; an empty one stays empty and is sealed all the same."""
    sealer = Sealer(
        session, Holder(HOLDER, _vault(session, now)), party_id=authority_id(session), now=now
    )  # no blind index: nobody is searched for by what a bank told
    return {name: sealer.seal(name, text) for name, text in texts.items()}


def authority_id(session: Session) -> UUID:
    """Return the party of the authority, to which money without a slip is told."""
    return session.scalars(select(Office.party_id).where(Office.kind == PartyKind.AUTHORITY)).one()


def due(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[DueVault]:
    """Return the months whose term has passed, the oldest first; runs as officer."""
    today = local_day(now, zone)
    last = today - timedelta(days=law.at(session, today).days(TERM))
    rows = session.execute(
        select(Vault.id, Vault.month)
        .where(Vault.month <= last - _LONGEST_MONTH, Vault.erased_at.is_(None))
        .order_by(Vault.month)
    )
    return [DueVault(*row) for row in rows]


def erase(session: Session, found: Sequence[DueVault], actor: Actor, now: datetime) -> None:
    """Destroy the keys of months; amounts, references and transactions stay."""
    ids = [each.id for each in found]
    erase_holders(session, kind=HOLDER, ids=ids, now=now)
    session.execute(
        update(Vault)
        .where(Vault.id.in_(ids))
        .values(erased_at=now)
        .execution_options(synchronize_session=False)
    )
    owner = authority_id(session)
    for each in found:
        record(
            session, "personal-data:payers:erase", subject=Subject(HOLDER, each.id), actor=actor, at=now,
            party_id=owner, facts={"month": each.month.isoformat(), "law": [TERM]},
        )  # fmt: skip


def _vault(session: Session, now: datetime) -> UUID:
    month = now.astimezone(UTC).date().replace(day=1)
    found = session.scalar(select(Vault.id).where(Vault.month == month))
    if found is not None:
        return found
    session.execute(insert(Vault).values(id=uuid7(), month=month).on_conflict_do_nothing())
    return session.scalars(select(Vault.id).where(Vault.month == month)).one()
