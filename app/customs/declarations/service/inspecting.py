"""Inspection notes: signed by their officer, never changed, seen by the firm, which may say something to them."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.documents.intake import MediaType, inspect
from app.core.documents.intake.photos import cleaned
from app.core.documents.refusals import FileTypeUnknown
from app.core.documents.store import FileStore, Readable
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.evidence.canonical import canonical_json
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.text import nfc
from app.core.outbox import publish
from app.core.workflow.papers.intake import LIMITS, KeptFile, keep_file
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.events import InspectionCommented, InspectionNoted
from app.customs.declarations.models import Declaration, InspectionComment, InspectionNote, InspectionPhoto
from app.customs.declarations.permissions import FILE, INSPECT

NOTE = "customs-inspection"
PHOTO_KIND = "CUSTOMS_INSPECTION_PHOTO"
MAX_TEXT = 4000
MAX_PLACE = 200
MAX_PHOTOS = 12


class NoteKind(StrEnum):
    """What was looked at."""

    GOODS = "GOODS"
    SITE = "SITE"
    GATE = "GATE"
    RECORDS = "RECORDS"


class Result(StrEnum):
    """What came of it."""

    AS_DECLARED = "AS_DECLARED"
    DIFFERS = "DIFFERS"
    OPEN = "OPEN"


class NoteCorrected(Conflict):
    """The newest note counts."""

    code = "declarations.note-corrected"
    title = "This note has been corrected already."
    detail = "A newer note takes its place; a note itself is never changed."
    hint = "Open the newest note and correct that one."


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo in the store, freed of what the camera wrote; ``latitude`` and ``longitude`` are what it had written."""

    kept: KeptFile
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer writes down."""

    kind: str
    place: str
    found: str
    result: str
    happened_at: datetime | None


def keep_photo(store: FileStore, *, stream: Readable, filename: str) -> KeptPhoto:
    """
    Receive a photo: inspect it, free it of what the camera wrote, and keep the rest.

    :raises FileRefused: one of its subclasses says why; nothing that counts is kept.
    """
    with store.receive(
        stream, limit_bytes=LIMITS.max_bytes
    ) as incoming:  # what the camera wrote is never kept
        found = inspect(incoming.path, filename=filename, limits=LIMITS)
        raw = incoming.path.read_bytes()
    if found not in (MediaType.JPEG, MediaType.PNG):
        raise FileTypeUnknown(found=found.value)
    photo = cleaned(raw)
    kept = keep_file(store, stream=io.BytesIO(photo.data), filename=filename)
    return KeptPhoto(kept, photo.latitude, photo.longitude)


def write_note(
    session: Session, *, party_id: UUID, draft: Draft, photos: Sequence[KeptPhoto], keep_place: bool, actor: Actor,
    now: datetime, declaration_id: UUID | None = None, corrects_id: UUID | None = None, note_id: UUID | None = None,
) -> InspectionNote:  # fmt: skip
    """
    Sign a note; the caller has made sure that it is the officer who signs.

    :param keep_place: whether the place that the camera wrote is kept; otherwise nothing of it stays.
    :param corrects_id: the note that this one corrects.
    :param note_id: key given by the form: sent twice it is one note.
    :raises Forbidden: the actor does not inspect firms.
    :raises NotFound: the declaration, or the note to correct, is not this firm's.
    :raises NoteCorrected: a newer note stands there already.
    :raises Invalid: with every field that is wanting.
    """
    require(actor, INSPECT)
    assert actor.user_id is not None, "only an officer signs"
    known = session.get(InspectionNote, note_id) if note_id is not None else None
    if known is not None and known.written_by == actor.user_id:
        return known
    kind, place, found, result, happened_at = _checked(draft, photos, now)
    _require_own(session, party_id, declaration_id, corrects_id)
    row = InspectionNote(
        id=note_id or uuid7(), party_id=party_id, declaration_id=declaration_id, corrects_id=corrects_id, kind=kind,
        place=place, found=found, result=result, happened_at=happened_at, written_at=now, written_by=actor.user_id,
        officer=actor.name, digest="",
    )  # fmt: skip
    row.digest = digest_of(row, [each.kept.file.sha256 for each in photos])
    session.add(row)
    session.flush()  # the photos refer to the note's row
    for position, each in enumerate(photos, 1):
        _add_photo(session, row, each, position, keep_place=keep_place, actor=actor, now=now)
    record(
        session, "customs:inspection:sign", subject=Subject(NOTE, row.id), actor=actor, at=now, party_id=party_id,
        facts={"kind": kind, "result": result, "photos": len(photos), "sha256": row.digest},
    )  # fmt: skip
    publish(session, InspectionNoted(note_id=row.id), actor=actor, at=now, party_id=party_id)
    return row


def digest_of(note: InspectionNote, photos: Sequence[str]) -> str:
    """Return the hash of a note: of its content in canonical JSON, with the hashes of its photos in order."""
    content = {
        "id": str(note.id),
        "party": str(note.party_id),
        "declaration": str(note.declaration_id or ""),
        "corrects": str(note.corrects_id or ""),
        "kind": note.kind,
        "place": note.place,
        "found": note.found,
        "result": note.result,
        "happened_at": note.happened_at.astimezone(UTC).isoformat(),
        "written_at": note.written_at.astimezone(UTC).isoformat(),
        "officer": str(note.written_by),
        "photos": list(photos),
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def comment(session: Session, *, note_id: UUID, text: str, actor: Actor, now: datetime) -> InspectionComment:
    """
    Say something to a note for the firm.

    :raises NotFound: no such note of a firm that the actor acts for.
    :raises Forbidden: an officer writes notes, not comments.
    :raises Invalid: nothing is said, or too much.
    """
    note = session.get(InspectionNote, note_id)
    if note is None:
        raise NotFound
    if actor.is_officer:
        raise Forbidden(permission=FILE)
    if not actor.may(FILE, note.party_id):
        raise NotFound
    words = nfc(text).strip()
    if not words or len(words) > MAX_TEXT:
        reason = N_("Write what the firm says to the note, at most %(limit)s characters.")
        raise Invalid(errors=[FieldProblem("text", "missing", reason, {"limit": MAX_TEXT})])
    assert actor.user_id is not None, "only who is signed in says something"
    row = InspectionComment(
        id=uuid7(), party_id=note.party_id, note_id=note_id, text=words, at=now, by=actor.user_id
    )
    session.add(row)
    record(
        session, "customs:inspection:comment", subject=Subject(NOTE, note_id), actor=actor, at=now,
        party_id=note.party_id, digests={"text": words},
    )  # fmt: skip
    publish(session, InspectionCommented(note_id=note_id), actor=actor, at=now, party_id=note.party_id)
    return row


def _add_photo(
    session: Session, note: InspectionNote, each: KeptPhoto, position: int, *, keep_place: bool, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    document = documents.add_document(
        session, file=each.kept.file, media_type=each.kept.media_type, title=each.kept.name, kind=PHOTO_KIND,
        party_id=note.party_id, subject=Subject(NOTE, note.id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the photo refers to the document's row
    session.add(
        InspectionPhoto(
            id=uuid7(), party_id=note.party_id, note_id=note.id, document_id=document.id, position=position,
            latitude=each.latitude if keep_place else None, longitude=each.longitude if keep_place else None,
        )
    )  # fmt: skip


def _checked(draft: Draft, photos: Sequence[KeptPhoto], now: datetime) -> tuple[str, str, str, str, datetime]:
    place, found = " ".join(nfc(draft.place).split()), nfc(draft.found).strip()
    problems = []
    if draft.kind not in set(NoteKind):
        problems.append(FieldProblem("kind", "missing", N_("Say what was looked at.")))
    if draft.result not in set(Result):
        problems.append(FieldProblem("result", "missing", N_("Say what came of it.")))
    if not place or len(place) > MAX_PLACE:
        reason = N_("Name the place, at most %(limit)s characters.")
        problems.append(FieldProblem("place", "missing", reason, {"limit": MAX_PLACE}))
    if not found or len(found) > MAX_TEXT:
        reason = N_("Write what was found, at most %(limit)s characters.")
        problems.append(FieldProblem("found", "missing", reason, {"limit": MAX_TEXT}))
    if draft.happened_at is None:
        reason = N_("Type the day and time of the inspection, for example 27/03/2026 14:30.")
        problems.append(FieldProblem("happened_at", "missing", reason))
    elif draft.happened_at > now:
        reason = N_("This time is still to come.")
        problems.append(FieldProblem("happened_at", "future", reason))
    if len(photos) > MAX_PHOTOS:
        reason = N_("Attach at most %(limit)s photos.")
        problems.append(FieldProblem("photos", "too-many", reason, {"limit": MAX_PHOTOS}))
    if problems or draft.happened_at is None:
        raise Invalid(errors=problems)
    return draft.kind, place, found, draft.result, draft.happened_at


def _require_own(
    session: Session, party_id: UUID, declaration_id: UUID | None, corrects_id: UUID | None
) -> None:
    if declaration_id is not None:
        row = session.get(Declaration, declaration_id)
        if row is None or row.party_id != party_id or row.state == State.DRAFT:
            raise NotFound
    if corrects_id is not None:
        old = session.get(InspectionNote, corrects_id)
        if old is None or old.party_id != party_id:
            raise NotFound
        if session.scalar(select(InspectionNote.id).where(InspectionNote.corrects_id == corrects_id)):
            raise NoteCorrected
