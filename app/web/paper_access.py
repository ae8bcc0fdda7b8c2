"""
Who may have the file of a paper, and whether having it is a reading of personal data.

An enterprise has its own papers; the database sees to that. An officer has the papers of dossiers that officers see,
and each file that names a person is recorded when it leaves: what applicants handed in holds passports and accounts, a
result prints what was answered of persons, a letter of the counter says who came. For whoever has the dossier in hand
the purpose is its handling, for a result also for whoever took part in it; anybody else has stated one lately, or
states it first. A paper that nobody here knows the place of is not given out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy import exists, select, union
from sqlalchemy.orm import Session

from app.core.documents.models import Document, DocumentFile, Letter
from app.core.documents.service import file_of
from app.core.errors import DomainError, NotFound
from app.core.kit.actor import Actor
from app.core.kit.personal import personal_values
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Read, ReadingKind, recent_reading, record_reading
from app.core.workflow.definition import Side
from app.core.workflow.papers import LetterKind
from app.core.workflow.papers.models import CaseComponent, CaseForm
from app.core.workflow.papers.scans import SUBJECT as SCAN
from app.core.workflow.papers.signed_on_paper import PRINT_SUBJECT
from app.web import dossier_view
from app.web.dossier_view import Dossier, require_reader
from app.web.personal import KIND, in_hand

RESULT, LETTER, HANDED_IN, SIGNED_FORM = "result", "letter", "paper", "signed_form"


@dataclass(frozen=True, slots=True)
class PaperHome:
    """
    Where papers of a module's own objects belong, by the kind of their subject.

    ``dossier`` leads from such an object to its dossier; whoever holds ``permission`` reads its papers as a duty.
    """

    dossier: Callable[[Session, UUID], UUID | None]
    permission: str


class PurposeFirst(DomainError):
    """An officer asks for a paper of a dossier that is not in hand, and has stated no purpose."""

    code = "privacy.purpose-first"
    status = 403
    title = "Say for which purpose the paper is read."
    detail = "The dossier is not in your hands, and its papers hold personal data."
    hint = "State the purpose at the dossier first; its papers then open for 30 minutes."

    def __init__(self, case_id: UUID) -> None:
        super().__init__()
        self.case_id = case_id


def paper_for(
    request: Request, session: Session, document_id: UUID, actor: Actor
) -> tuple[Document, DocumentFile]:
    """
    Return a paper for an actor who takes its file along; for an officer the reading is recorded and committed.

    :raises Forbidden: an officer who may not read dossiers.
    :raises NotFound: none that the actor may see.
    :raises PurposeFirst: an officer without the dossier in hand and without a purpose.
    """
    require_reader(actor)
    document, file = file_of(session, document_id=document_id)
    if actor.is_officer:
        homes: Mapping[str, PaperHome] = request.app.state.paper_homes
        home = homes.get(document.subject_kind)
        dossiers = _visible(session, _homes(session, document, home), actor)
        field = _field(session, document, dossiers[0])
        if field is not None:
            duty = home is not None and actor.may(home.permission)
            _record(session, document, dossiers, field, actor, duty=duty)
    elif document.subject_kind == PRINT_SUBJECT:
        raise NotFound  # the desk's own until the paper is in force
    return document, file


def _homes(session: Session, document: Document, home: PaperHome | None) -> Sequence[UUID]:
    """Return the dossiers that a document is a paper of; none for what has a desk and a right of its own."""
    handed_in = union(
        select(CaseComponent.case_id).where(CaseComponent.document_id == document.id),
        select(CaseForm.case_id).where(CaseForm.document_id == document.id),
    )
    found = list(session.scalars(handed_in))
    if not found and document.subject_kind in {KIND, SCAN, PRINT_SUBJECT}:
        found = [document.subject_id]
    if not found and home is not None:
        found = [each for each in [home.dossier(session, document.subject_id)] if each is not None]
    return found


def _visible(session: Session, case_ids: Sequence[UUID], actor: Actor) -> list[Dossier]:
    """Return those dossiers that officers see, the one in hand first."""
    found = []
    for case_id in case_ids:
        try:
            found.append(dossier_view.load(session, case_id, actor))
        except NotFound:
            continue
    if not found:
        raise NotFound
    return sorted(found, key=lambda each: not in_hand(each, actor))


def _field(session: Session, document: Document, dossier: Dossier) -> str | None:
    """Return what a reading of the paper is recorded as; None where it names no person."""
    if document.subject_kind == "form" or _is_form(session, document):
        return SIGNED_FORM
    if document.subject_kind not in {KIND, PRINT_SUBJECT}:
        return HANDED_IN
    letter = exists().where(Letter.document_id == document.id, Letter.kind.in_(list(LetterKind)))
    if session.scalar(select(letter)):
        return LETTER if dossier.case.desk_id is not None else None
    return RESULT if any(personal_values(dossier.case.answers)) else None


def _is_form(session: Session, document: Document) -> bool:
    return bool(session.scalar(select(exists().where(CaseForm.document_id == document.id))))


def _took_part(dossier: Dossier, actor: Actor) -> bool:
    return any(each.side == Side.OFFICER and each.actor_id == actor.user_id for each in dossier.history)


def _record(
    session: Session, document: Document, dossiers: Sequence[Dossier], field: str, actor: Actor, *, duty: bool
) -> None:
    now, purpose, note, chosen = utcnow(), None, "", dossiers[0]
    own = field in {RESULT, LETTER} and _took_part(chosen, actor)
    if duty or own or in_hand(chosen, actor):
        purpose = Purpose.HANDLING
    else:
        for each in dossiers:
            recent = recent_reading(session, actor=actor, object_id=each.case.id, now=now)
            if recent is not None:
                purpose, note, chosen = Purpose(recent.purpose), recent.note, each
                break
    if purpose is None:
        raise PurposeFirst(chosen.case.id)
    what = Read(KIND, chosen.case.id, chosen.case.code or "", document.party_id, [field])
    record_reading(
        session, what=what, purpose=purpose, note=note, actor=actor, now=now, how=ReadingKind.EXPORTED
    )
    session.commit()  # before anything is sent: the reading stands even if the connection breaks
