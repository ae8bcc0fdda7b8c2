"""
Who read personal data, when, in which office and for which purpose: one row for its owner, one entry in the log.

The values never enter either. A reading by a colleague of the owner is no reading: the data are theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, Invalid
from app.core.evidence import Subject, record_read
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.privacy.models import Reading

# Within this time the same person looks at the same object for the purpose already recorded.
SAME_SITTING = timedelta(minutes=30)
MAX_NOTE = 300
PAGE_SIZE = 50


class ReadingKind(StrEnum):
    """What was done with the data."""

    SHOWN = "SHOWN"
    EXPORTED = "EXPORTED"
    SEARCHED = "SEARCHED"


class Purpose(StrEnum):
    """For what an officer may read personal data; the duties at hand need no words of the reader's own."""

    HANDLING = "HANDLING"
    CLAIM = "CLAIM"
    OWNER = "OWNER"
    COMPLAINT = "COMPLAINT"
    INSPECTION = "INSPECTION"
    AUTHORITY = "AUTHORITY"


PURPOSES: dict[Purpose, str] = {
    Purpose.HANDLING: N_("Handling of the dossier"),
    Purpose.CLAIM: N_("Check of a request to act for an enterprise"),
    Purpose.OWNER: N_("Request of the person or enterprise concerned"),
    Purpose.COMPLAINT: N_("Complaint or denunciation"),
    Purpose.INSPECTION: N_("Inspection or audit"),
    Purpose.AUTHORITY: N_("Written request of a competent authority"),
}
DUTIES = frozenset({Purpose.HANDLING, Purpose.CLAIM})
CHOSEN = tuple(purpose for purpose in Purpose if purpose not in DUTIES)


class PurposeMissing(Invalid):
    """Personal data were asked for without saying what for."""

    code = "privacy.purpose-missing"
    title = "Say for which purpose the data are read."
    detail = "Personal data are shown for a stated purpose only; the owner of the data sees it."
    hint = "Choose the purpose and name the paper or request that it rests on."


@dataclass(frozen=True, slots=True)
class Read:
    """What is read: an object with its public code, whose it is, and the names of its fields."""

    kind: str
    id: UUID
    code: str
    party_id: UUID
    fields: Sequence[str] = ()


def record_reading(
    session: Session,
    *,
    what: Read,
    purpose: Purpose,
    actor: Actor,
    now: datetime,
    note: str = "",
    how: ReadingKind = ReadingKind.SHOWN,
) -> Reading:
    """
    Write down a reading before its values are shown; the caller at the edge commits before it shows them.

    :param note: the paper or request that a chosen purpose rests on; the owner does not see it.
    :raises PurposeMissing: a chosen purpose without words.
    """
    note = note.strip()
    if purpose not in DUTIES and actor.is_officer and not note:
        reason = N_("Name the paper or request, for example its number and date.")
        raise PurposeMissing(errors=[FieldProblem("note", "missing", reason)])
    if len(note) > MAX_NOTE:
        reason = N_("Use at most %(limit)s characters; these are %(given)s.")
        params = {"limit": MAX_NOTE, "given": len(note)}
        raise PurposeMissing(errors=[FieldProblem("note", "too-long", reason, params)])
    assert actor.user_id is not None, "only who is signed in reads personal data"
    fields = sorted(set(what.fields))
    entry_id = record_read(
        session, purpose=purpose.value, subject=Subject(what.kind, what.id), actor=actor, at=now,
        party_id=what.party_id, fields=fields, verb=_VERBS[how], digests={"note": note} if note else None,
    )  # fmt: skip
    office = actor.grants[0].party_id if actor.is_officer and actor.grants else None
    reading = Reading(
        id=uuid7(), party_id=what.party_id, at=now, kind=how.value, reader_id=actor.user_id, office_id=office,
        roles=sorted({role for grant in actor.grants for role in grant.roles}), purpose=purpose.value, note=note,
        object_kind=what.kind, object_id=what.id, object_code=what.code, fields=fields, entry_id=entry_id,
    )  # fmt: skip
    session.add(reading)
    return reading


def recent_reading(session: Session, *, actor: Actor, object_id: UUID, now: datetime) -> Reading | None:
    """Return the actor's reading of this object in the same sitting, which need not be recorded again."""
    return session.scalar(
        select(Reading)
        .where(
            Reading.reader_id == actor.user_id,
            Reading.object_id == object_id,
            Reading.kind == ReadingKind.SHOWN,
            Reading.at > now - SAME_SITTING,
        )
        .order_by(Reading.at.desc())
        .limit(1)
    )


def readings_of(
    session: Session, *, party_ids: Sequence[UUID], before: datetime | None = None
) -> list[Reading]:
    """Return who read the data of parties, the newest first; one more than a page when there are more."""
    query = select(Reading).where(Reading.party_id.in_(party_ids))
    if before is not None:
        query = query.where(Reading.at < before)
    return list(session.scalars(query.order_by(Reading.at.desc(), Reading.id.desc()).limit(PAGE_SIZE + 1)))


_VERBS = {ReadingKind.SHOWN: "read", ReadingKind.EXPORTED: "export", ReadingKind.SEARCHED: "search"}
