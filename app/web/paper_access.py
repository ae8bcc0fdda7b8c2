"""
Who may have the file of a paper, and whether having it is a reading of personal data.

An enterprise has its own papers; the database sees to that. An officer has the papers of dossiers that officers see:
what applicants handed in holds passports and accounts, so each file that leaves is recorded. For whoever has the
dossier in hand the purpose is its handling; anybody else has stated one lately, or states it first.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from app.core.documents.models import Document, DocumentFile
from app.core.documents.service import file_of
from app.core.errors import DomainError, NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Read, ReadingKind, recent_reading, record_reading
from app.core.workflow.papers.models import CaseComponent, CaseForm
from app.web import dossier_view
from app.web.dossier_view import Dossier, require_reader
from app.web.personal import KIND, in_hand

# Papers of a person's request to act for an enterprise have a desk and a right of their own.
_ELSEWHERE = frozenset({"claim"})


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


def paper_for(session: Session, document_id: UUID, actor: Actor) -> tuple[Document, DocumentFile]:
    """
    Return a paper for an actor who takes its file along; for an officer the reading is recorded and committed.

    :raises Forbidden: an officer who may not read dossiers.
    :raises NotFound: none that the actor may see.
    :raises PurposeFirst: an officer without the dossier in hand and without a purpose.
    """
    require_reader(actor)
    document, file = file_of(session, document_id=document_id)
    if not actor.is_officer:
        return document, file
    if document.subject_kind in _ELSEWHERE:
        raise NotFound
    handed_in = _cases_with(session, document_id)
    if handed_in:
        _record(session, document, _visible(session, handed_in, actor), actor)
    elif document.subject_kind == KIND:
        dossier_view.load(session, document.subject_id, actor)  # a draft's papers are its applicant's
    elif document.subject_kind == "component":
        raise NotFound  # of a dossier that is no more
    return document, file


def _cases_with(session: Session, document_id: UUID) -> Sequence[UUID]:
    """Return the dossiers into which their applicant put a document; none for what the authority wrote."""
    found = union(
        select(CaseComponent.case_id).where(CaseComponent.document_id == document_id),
        select(CaseForm.case_id).where(CaseForm.document_id == document_id),
    )
    return list(session.scalars(found))


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


def _record(session: Session, document: Document, dossiers: Sequence[Dossier], actor: Actor) -> None:
    now, purpose, note, chosen = utcnow(), None, "", dossiers[0]
    if in_hand(chosen, actor):
        purpose = Purpose.HANDLING
    else:
        for each in dossiers:
            recent = recent_reading(session, actor=actor, object_id=each.case.id, now=now)
            if recent is not None:
                purpose, note, chosen = Purpose(recent.purpose), recent.note, each
                break
    if purpose is None:
        raise PurposeFirst(chosen.case.id)
    field = "paper" if document.subject_kind == "component" else "signed_form"
    what = Read(KIND, chosen.case.id, chosen.case.code or "", document.party_id, [field])
    record_reading(
        session, what=what, purpose=purpose, note=note, actor=actor, now=now, how=ReadingKind.EXPORTED
    )
    session.commit()  # before anything is sent: the reading stands even if the connection breaks
