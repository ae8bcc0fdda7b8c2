"""The end of buyers' data: the key of a month is destroyed when its term has passed, and with it all that it sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core import law
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.privacy import erase_holders
from app.customs.parcels.models import Vault
from app.customs.parcels.service.writing import HOLDER

TERM = "customs.parcels.retention"
_LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class DueVault:
    """A month of an operator whose buyers' data have to go."""

    id: UUID
    party_id: UUID
    month: date


def due(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[DueVault]:
    """Return the months whose term has passed, the oldest first; runs as officer."""
    today = local_day(now, zone)
    last = today - timedelta(days=law.at(session, today).days(TERM))
    rows = session.execute(
        select(Vault.id, Vault.party_id, Vault.month)
        .where(Vault.month <= last - _LONGEST_MONTH, Vault.erased_at.is_(None))
        .order_by(Vault.month, Vault.id)
    )
    return [DueVault(*row) for row in rows]


def erase(session: Session, found: Sequence[DueVault], actor: Actor, now: datetime) -> None:
    """Destroy the keys of months; buyers and consignees of that time can be opened by nobody any more."""
    erase_holders(session, kind=HOLDER, ids=[each.id for each in found], now=now)
    session.execute(
        update(Vault)
        .where(Vault.id.in_([each.id for each in found]))
        .values(erased_at=now)
        .execution_options(synchronize_session=False)
    )
    for each in found:
        record(
            session, "personal-data:parcels:erase", subject=Subject(HOLDER, each.id), actor=actor, at=now,
            party_id=each.party_id, facts={"month": each.month.isoformat(), "law": [TERM]},
        )  # fmt: skip
