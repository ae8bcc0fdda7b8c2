"""
Officers who take papers of a declaration along: each reading is recorded before anything is sent.

For whoever inspects firms the purpose is the handling; anybody else who reads declarations states one first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Invalid
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Read, ReadingKind, recent_reading, record_reading
from app.customs.declarations.permissions import INSPECT, READ
from app.customs.declarations.queries.notes import NoteLine, note
from app.customs.declarations.queries.questions import question
from app.customs.declarations.queries.reach import reach
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.pages.personal import chosen, purposes_of
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

KIND = "declaration"
INSPECTION = "inspection"
PLACES = {KIND: "/declarations", "question": "/customs/questions", INSPECTION: "/customs/inspections"}

reading_pages = router()
Reader = Annotated[Actor, Depends(Holder(READ))]


@dataclass(frozen=True, slots=True)
class PaperReading:
    """What an officer takes along: a paper of a declaration or a question, and what its reading is recorded as."""

    kind: str
    id: UUID
    code: str
    party_id: UUID
    field: str


def take_along(request: Request, session: Session, what: PaperReading, actor: Actor) -> Response | None:
    """Record and commit the reading of a paper; return where to state a purpose when none is known."""
    now = utcnow()
    purpose, note = Purpose.HANDLING, ""
    if not actor.may(INSPECT):
        recent = recent_reading(session, actor=actor, object_id=what.id, now=now)
        if recent is None:
            return RedirectResponse(f"{PLACES[what.kind]}/{what.id}/purpose", 303)
        purpose, note = Purpose(recent.purpose), recent.note
    record_reading(
        session, what=_read(what), purpose=purpose, note=note,
        actor=actor, now=now, how=ReadingKind.EXPORTED,
    )  # fmt: skip
    session.commit()  # before anything is sent: the reading stands even if the connection breaks
    return None


def open_photos(session: Session, found: NoteLine, actor: Actor) -> bool:
    """
    Record and commit that an officer looks at the photos of a note, once in a sitting; tell whether they open.

    Whoever inspects firms reads them as a duty; anybody else has stated a purpose on a page of its own.
    """
    now = utcnow()
    if recent_reading(session, actor=actor, object_id=found.id, now=now) is not None:
        return True
    if not actor.may(INSPECT):
        return False
    record_reading(session, what=_read(photos_of(found)), purpose=Purpose.HANDLING, actor=actor, now=now)
    session.commit()  # before anything is sent: the reading stands even if the connection breaks
    return True


def photos_of(found: NoteLine) -> PaperReading:
    """Return the photos of a note as their reading is recorded; a note without a declaration goes by its place."""
    return PaperReading(INSPECTION, found.id, found.code or found.place, found.party_id, "inspection_photo")


@reading_pages.get(
    "/customs/inspections/{note_id}/purpose", name="inspection-purpose", include_in_schema=False
)
def note_purpose_page(request: Request, session: DbSession, actor: Reader, note_id: UUID) -> Response:
    """Ask for the purpose of looking at the photos of an inspection."""
    return _ask(request, photos_of(note(session, note_id, actor)))


@reading_pages.post("/customs/inspections/{note_id}/purpose", include_in_schema=False)
def state_note_purpose(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, note_id: UUID
) -> Response:
    """Record the purpose, and go on to the note, whose photos open for a while."""
    return _state(request, session, actor, posted, photos_of(note(session, note_id, actor)))


@reading_pages.get(
    "/declarations/{declaration_id}/purpose", name="declaration-purpose", include_in_schema=False
)
def purpose_page(request: Request, session: DbSession, actor: Reader, declaration_id: UUID) -> Response:
    """Ask for the purpose on a page of its own."""
    return _ask(request, _of_declaration(session, declaration_id, actor))


@reading_pages.post("/declarations/{declaration_id}/purpose", include_in_schema=False)
def state_purpose(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Record the purpose, and go on to the papers, which open for a while."""
    return _state(request, session, actor, posted, _of_declaration(session, declaration_id, actor))


@reading_pages.get(
    "/customs/questions/{question_id}/purpose", name="question-purpose", include_in_schema=False
)
def question_purpose_page(request: Request, session: DbSession, actor: Reader, question_id: UUID) -> Response:
    """Ask for the purpose of reading the papers of an answer."""
    return _ask(request, _of_question(session, question_id, actor))


@reading_pages.post("/customs/questions/{question_id}/purpose", include_in_schema=False)
def state_question_purpose(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, question_id: UUID
) -> Response:
    """Record the purpose, and go on to the question."""
    return _state(request, session, actor, posted, _of_question(session, question_id, actor))


def _read(what: PaperReading) -> Read:
    return Read(what.kind, what.id, what.code, what.party_id, [what.field])


def _of_declaration(session: Session, declaration_id: UUID, actor: Actor) -> PaperReading:
    row = reach(session, declaration_id, actor).declaration
    return PaperReading(KIND, row.id, row.code, row.party_id, "customs_paper")


def _of_question(session: Session, question_id: UUID, actor: Actor) -> PaperReading:
    found, _ = question(session, question_id, actor)
    return PaperReading("question", found.id, found.code, found.party_id, "question_paper")


def _state(
    request: Request, session: Session, actor: Actor, posted: PostedForm, what: PaperReading
) -> Response:
    given, note = text(posted, "purpose"), text(posted, "note")
    try:
        record_reading(
            session, what=_read(what), purpose=chosen(given),
            note=note, actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        return _ask(request, what, given=given, note=note, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(_back(what), 303)


def _ask(
    request: Request, what: PaperReading, *, given: str = "", note: str = "", problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:  # fmt: skip
    gettext, photos = request_translator(request).gettext, what.kind == INSPECTION
    view = {
        "title": gettext("Look at the photos of an inspection")
        if photos
        else gettext("Read the papers of a firm"),
        "lead": gettext("They may show people and what is a firm's own.")
        if photos
        else gettext("The papers of a declaration are its firm's."),
        "action": f"{PLACES[what.kind]}/{what.id}/purpose",
        "back": _back(what),
        "back_label": gettext("Back to the note") if photos else gettext("Back to the papers"),
        "purposes": purposes_of(request),
        "given": given,
        "note": note,
        "problems": problems,
        "crumbs": [Crumb(what.code, _back(what))] if what.code else [],
    }
    return render(request, "personal/purpose.html", view, status=status)


def _back(what: PaperReading) -> str:
    return f"{PLACES[what.kind]}/{what.id}" + ("/papers" if what.kind == KIND else "")
