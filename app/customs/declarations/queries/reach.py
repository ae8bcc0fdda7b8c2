"""Who reaches a declaration: its firm, whoever acts for it, and officers who read declarations once it is handed in."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.errors import Forbidden, NotFound
from app.core.kit.actor import Actor
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.models import Declaration, Line, Revision
from app.customs.declarations.permissions import FILE, READ
from app.registry.facade import enterprise_card

# What a firm has not handed in is its own.
UNSEEN = frozenset({State.DRAFT})


@dataclass(frozen=True, slots=True)
class Reached:
    """A declaration with the content that counts, as a reader may see it."""

    declaration: Declaration
    revision: Revision
    lines: tuple[Line, ...]
    firm: str


def require_reader(actor: Actor) -> None:
    """
    Refuse an officer who may not read declarations: the database shows officers every row.

    :raises Forbidden: naming the permission.
    """
    if actor.is_officer and not actor.may(READ):
        raise Forbidden(permission=READ)


def acts_for(actor: Actor, party_id: UUID) -> bool:
    """Tell whether the actor prepares declarations of a firm."""
    return not actor.is_officer and actor.may(FILE, party_id)


def reach(session: Session, declaration_id: UUID, actor: Actor) -> Reached:
    """
    Read a declaration for an actor.

    :raises NotFound: no such declaration, another firm's, or a draft that an officer is not to see.
    :raises Forbidden: an officer who may not read declarations.
    """
    require_reader(actor)
    row = session.execute(
        select(Declaration, Party.name)
        .join(Party, Party.id == Declaration.party_id)
        .where(Declaration.id == declaration_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    declaration = row.Declaration
    if actor.is_officer:
        if declaration.state in UNSEEN:
            raise NotFound
    elif not acts_for(actor, declaration.party_id):
        raise NotFound
    revision = head_of(session, declaration)
    return Reached(declaration, revision, lines_of(session, revision), row.name)


def head_of(session: Session, declaration: Declaration) -> Revision:
    """Return the revision that counts."""
    return session.scalars(
        select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == declaration.head)
    ).one()


def lines_of(session: Session, revision: Revision) -> tuple[Line, ...]:
    """Return the goods lines of a revision in their order."""
    query = select(Line).where(Line.revision_id == revision.id).order_by(Line.number)
    return tuple(session.scalars(query))


def tax_code_of(session: Session, party_id: UUID) -> str:
    """Return the tax code of a firm; empty where it has none here."""
    card = enterprise_card(session, party_id)
    return (card.tax_code or "") if card is not None else ""
