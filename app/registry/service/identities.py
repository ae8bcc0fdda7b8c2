"""Identity documents of representatives: sealed for each person, found by their exact number, erased in time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.core import law
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.privacy import DataKey, Holder, Sealer, erase_holders
from app.registry.domain import ID_NUMBER, PERSON_HOLDER, clean_number
from app.registry.models import Representative

TERM = "privacy.retention.representative"


@dataclass(frozen=True, slots=True)
class IdentityDue:
    """A representation that ended so long ago that the identity document is to be erased."""

    representative_id: UUID
    party_id: UUID
    since: date
    term: str


def seal_identity(session: Session, entry: Representative, *, kind: str, number: str, now: datetime) -> None:
    """Put an identity document to a representative, its number sealed."""
    sealer = Sealer(session, Holder(PERSON_HOLDER, entry.id), party_id=entry.party_id, now=now)
    entry.identity = {"kind": kind, "number": sealer.seal(ID_NUMBER, clean_number(number))}
    sealer.finish()


def identities_due(session: Session, *, now: datetime, zone: ZoneInfo) -> list[IdentityDue]:
    """
    Return whose identity documents are to be erased, the oldest first. Nothing is changed.

    :raises NotInForce: the law data name no term for today.
    """
    today = local_day(now, zone)
    term = law.at(session, today).get(TERM)
    has_key = exists().where(
        DataKey.holder_kind == PERSON_HOLDER,
        DataKey.holder_id == Representative.id,
        DataKey.wrapped.is_not(None),
    )
    ended = func.upper(Representative.valid)
    rows = session.execute(
        select(Representative.id, Representative.party_id, ended.label("since"))
        .where(ended < today - timedelta(days=term.days()), has_key)
        .order_by(ended, Representative.id)
    )
    return [IdentityDue(row.id, row.party_id, row.since, term.content_hash) for row in rows]


def erase_identities(session: Session, found: Collection[IdentityDue], *, actor: Actor, now: datetime) -> int:
    """Erase identity documents and record each; return how many data keys were destroyed. Runs as an officer."""
    erased = erase_holders(
        session, kind=PERSON_HOLDER, ids=[each.representative_id for each in found], now=now
    )
    for each in found:
        record(
            session, "personal-data:representative:erase", subject=Subject(PERSON_HOLDER, each.representative_id),
            actor=actor, at=now, party_id=each.party_id, facts={"law": [each.term]},
        )  # fmt: skip
    return erased
