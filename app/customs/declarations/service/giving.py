"""Giving official results out: what customs registered, wherever it was declared, in the documented form."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.kit.actor import Actor
from app.customs.declarations.models import Declaration
from app.customs.declarations.permissions import FILE
from app.customs.declarations.service.stating import result_of
from app.customs.declarations.wire import Result

MOST = 500


def give_out(session: Session, *, party_id: UUID, actor: Actor) -> tuple[Result, ...]:
    """
    Return the official results of a firm, the newest first, at most ``MOST``.

    :raises Forbidden: the actor does not declare for the firm.
    """
    require(actor, FILE, party_id=party_id)
    rows = session.scalars(
        select(Declaration)
        .where(Declaration.party_id == party_id, Declaration.official_number.is_not(None))
        .order_by(Declaration.updated_at.desc(), Declaration.id)
        .limit(MOST)
    )
    return tuple(result_of(session, row) for row in rows)
