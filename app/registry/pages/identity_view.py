"""How the identity document of a representative is shown: covered until the reading is recorded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.i18n import Translator
from app.core.kit.actor import Actor
from app.core.kit.personal import Cover, Personal, covered, reveal
from app.core.kit.time import utcnow
from app.core.privacy import Read, recent_reading
from app.registry.domain import ID_NUMBER, PERSON_HOLDER
from app.registry.pages import words
from app.registry.permissions import PROPOSE
from app.registry.queries import EnterpriseCard
from app.registry.queries.records import RepresentativeLine
from app.web.personal_permissions import READ as READ_PERSONAL


def identity_views(
    session: Session,
    actor: Actor,
    lines: Sequence[RepresentativeLine],
    card: EnterpriseCard,
    translator: Translator,
) -> dict[UUID, dict[str, Any]]:
    """Return what the page says of each representative's document; nothing is recorded here."""
    own = not actor.is_officer and actor.may(PROPOSE, card.party_id)
    return {each.id: _view(session, actor, each, translator, own=own) for each in lines}


def read_of(line: RepresentativeLine, card: EnterpriseCard) -> Read:
    """Return what a reading of a representative's document is recorded as."""
    return Read(PERSON_HOLDER, line.id, card.tax_code or card.name_vi, card.party_id, [ID_NUMBER])


def _view(
    session: Session, actor: Actor, line: RepresentativeLine, translator: Translator, *, own: bool
) -> dict[str, Any]:
    number = line.identity.get("number")
    if number is None:
        return {"identity_kind": "", "identity_number": "", "may_open": False}
    erased = isinstance(number, Personal) and number.cover is Cover.ERASED
    shown = own or (
        actor.is_officer
        and actor.may(READ_PERSONAL)
        and recent_reading(session, actor=actor, object_id=line.id, now=utcnow()) is not None
    )
    return {
        "identity_kind": translator.gettext(words.IDENTITY_KINDS[line.identity["kind"]]),
        "identity_number": "" if erased else reveal(number) if shown else covered(number),
        "may_open": actor.is_officer and actor.may(READ_PERSONAL) and not shown and not erased,
    }
