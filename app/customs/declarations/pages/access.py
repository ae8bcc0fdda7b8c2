"""Who may open a page of declarations: the firm's people and brokers, and officers who read them all."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.orm import Session

from app.core.errors import Forbidden
from app.core.i18n import formats
from app.core.kit.actor import Actor
from app.core.settings.zone import ZoneConfig
from app.customs.declarations.models import Declaration
from app.customs.declarations.permissions import FILE, READ
from app.customs.declarations.queries.reach import reach
from app.web.need import Holder, SignedInActor

Declarant = Annotated[Actor, Depends(Holder(FILE))]


async def _reader(actor: SignedInActor) -> Actor:
    if not actor.may(READ if actor.is_officer else FILE):
        raise Forbidden(permission=READ if actor.is_officer else FILE)
    return actor


Reader = Annotated[Actor, Depends(_reader)]


def visible(session: Session, actor: Actor, declaration_id: UUID) -> Declaration:
    """
    Return a declaration that the actor may see.

    :raises NotFound: there is none for him; a draft is the firm's own.
    :raises Forbidden: he holds no right about customs.
    """
    return reach(session, declaration_id, actor).declaration


def may_file(actor: Actor, row: Declaration) -> bool:
    """Tell whether the actor may prepare this declaration."""
    return not actor.is_officer and actor.may(FILE, row.party_id)


def midnight(typed: str, zone: ZoneConfig) -> datetime | None:
    """Return the beginning of a local day as people write it, None for anything else."""
    day = formats.typed_day(typed)
    return None if day is None else datetime.combine(day, time.min, tzinfo=zone.tz)
