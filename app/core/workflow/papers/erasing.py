"""The papers of dossiers whose data are erased: files that no other dossier needs go with them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, union, update
from sqlalchemy.orm import Session

from app.core.documents.erasing import NO_TITLE, erase_documents
from app.core.documents.models import Document, DocumentState
from app.core.documents.uses import in_use
from app.core.kit.actor import Actor
from app.core.workflow.models import Case
from app.core.workflow.papers.models import CaseComponent, CaseForm


def erase_papers(session: Session, *, case_ids: Collection[UUID], actor: Actor, now: datetime) -> int:
    """
    Erase the files of dossiers, their forms included, and the names that their senders gave them; return how many.

    A paper of the vault that a dossier outside of these uses, or used before its data were erased, stays, and so does
    one that another object uses. Letters and results are the authority's and stay too. Runs as an officer.
    """
    own = select(CaseComponent.document_id).where(CaseComponent.case_id.in_(case_ids))
    forms = select(CaseForm.document_id).where(CaseForm.case_id.in_(case_ids))
    needed = (
        select(CaseComponent.document_id)
        .join(Case, Case.id == CaseComponent.case_id)
        .where(CaseComponent.case_id.not_in(case_ids), Case.erased_at.is_(None))
    )
    held = session.scalars(
        select(Document.id)
        .where(Document.id.in_(union(own, forms).scalar_subquery()), Document.state != DocumentState.ERASED)
        .order_by(Document.id)
        .with_for_update()
    ).all()
    # After the locks: who took a paper from the vault meanwhile has committed, and from here on nobody can.
    unneeded = select(Document.id).where(Document.id.in_(held), Document.id.not_in(needed), ~in_use())
    ids = session.scalars(unneeded).all()
    session.execute(
        update(CaseComponent)
        .where(CaseComponent.case_id.in_(case_ids))
        .values(file_name=NO_TITLE)
        .execution_options(synchronize_session=False)
    )
    return erase_documents(session, ids=ids, actor=actor, now=now)
