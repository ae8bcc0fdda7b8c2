"""The slips of a declaration's tax notices, on its page."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.customs.declarations.queries.naming import SUBJECT
from app.customs.declarations.queries.reach import reach
from app.web.slips_panel import slips_panel


def payments_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the slips that this reader may open."""
    reach(session, declaration_id, actor)
    return slips_panel(session, actor, subject_kind=SUBJECT, subject_id=declaration_id)
