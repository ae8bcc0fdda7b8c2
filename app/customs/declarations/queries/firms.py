"""For which firms somebody may declare, and what their record says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Membership, Party, PartyKind
from app.core.kit.actor import Actor
from app.customs.declarations.permissions import FILE
from app.registry.facade import enterprise_card, enterprise_tax_code, head_office


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm for which the actor may declare; ``own`` is false where a delegation alone lets him."""

    id: UUID
    name: str
    own: bool


def firms_of(session: Session, actor: Actor) -> Sequence[Firm]:
    """Return the firms for which an actor may prepare declarations, by name."""
    ids = [grant.party_id for grant in actor.grants if FILE in grant.permissions]
    own = set(
        session.scalars(
            select(Membership.party_id).where(
                Membership.party_id.in_(ids), Membership.user_id == actor.user_id
            )
        )
    )
    rows = session.execute(
        select(Party.id, Party.name)
        .where(Party.id.in_(ids), Party.kind == PartyKind.ENTERPRISE)
        .order_by(Party.name, Party.id)
    )
    return [Firm(row.id, row.name, row.id in own) for row in rows]


def tax_code_of(session: Session, party_id: UUID) -> str:
    """Return the tax code of a firm's record, empty where none is known."""
    return enterprise_tax_code(session, party_id)


def header_of(session: Session, party_id: UUID, *, day: date) -> dict[str, str]:
    """Return what the firm's record gives to a new header."""
    card = enterprise_card(session, party_id)
    if card is None:
        return {}
    given = {
        "IMC": card.tax_code, "IMN": card.name_vi, "IMT": card.phone, "IMA": head_office(session, party_id, day),
    }  # fmt: skip
    return {code: value for code, value in given.items() if value}
