"""One declaration with its revisions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.customs.declarations.models import Assessment, Declaration, Revision

# Asked at each step of a declaration: made once, so that they are not put together and compared anew each time.
_HEAD = select(Revision).where(
    Revision.declaration_id == bindparam("declaration"), Revision.number == bindparam("number")
)
_LOCKED = (
    select(Declaration)
    .where(Declaration.id == bindparam("declaration"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def declaration(session: Session, declaration_id: UUID) -> Declaration:
    """
    Return a declaration that the session may see.

    :raises NotFound: there is none.
    """
    row = session.get(Declaration, declaration_id)
    if row is None:
        raise NotFound
    return row


def locked(session: Session, declaration_id: UUID) -> Declaration:
    """
    Return a declaration as it is now, and let nobody else change it in this transaction.

    :raises NotFound: there is none.
    """
    row = session.scalars(_LOCKED, {"declaration": declaration_id}).one_or_none()
    if row is None:
        raise NotFound
    return row


def revisions(session: Session, declaration_id: UUID) -> Sequence[Revision]:
    """Return the revisions of a declaration, the first one first."""
    return list(
        session.scalars(
            select(Revision).where(Revision.declaration_id == declaration_id).order_by(Revision.number)
        )
    )


def head(session: Session, row: Declaration) -> Revision:
    """Return the revision that counts."""
    return session.scalars(_HEAD, {"declaration": row.id, "number": row.head}).one()


def pending(session: Session, row: Declaration) -> Revision | None:
    """Return an amendment that is prepared or waits for its answer."""
    return session.scalars(
        select(Revision)
        .where(
            Revision.declaration_id == row.id,
            Revision.number > row.head,
            Revision.state.in_(("DRAFT", "SENT")),
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).one_or_none()


def assessment(session: Session, revision_id: UUID, kind: str) -> Assessment | None:
    """Return the latest assessment of a kind."""
    return session.scalars(
        select(Assessment)
        .where(Assessment.revision_id == revision_id, Assessment.kind == kind)
        .order_by(Assessment.computed_at.desc(), Assessment.id.desc())
        .limit(1)
    ).one_or_none()


def branches(session: Session, row: Declaration) -> Sequence[Declaration]:
    """Return the declarations of a shipment that was split, the first one first."""
    if row.branches == 1:
        return [row]
    first = row.previous_id if row.branch_number > 1 else row.id
    return list(
        session.scalars(
            select(Declaration)
            .where(
                (Declaration.id == first)
                | ((Declaration.previous_id == first) & (Declaration.previous_kind == "SPLIT"))
            )
            .order_by(Declaration.branch_number)
        )
    )
