"""Reading claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.core.auth.membership import Member, administrators_of, members_of
from app.core.auth.models import User
from app.core.documents.models import Document, DocumentState
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.registry.claims.domain import SUBJECT, ClaimKind, ClaimState, ReferralState
from app.registry.claims.models import Claim, ClaimReferral
from app.registry.queries import EnterpriseCard, enterprise_by_tax_code, enterprise_card

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class DeskClaim:
    """A claim as the desk sees it, with what the zone knows already."""

    claim: Claim
    claimant: str
    login: str
    papers: Sequence[Document]
    card: EnterpriseCard | None
    administrators: Sequence[Member]
    people: int
    referral: ClaimReferral | None


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A claim as a row of the desk's list."""

    id: UUID
    claimant: str
    name: str
    kind: str
    state: str
    takeover: bool
    submitted_at: datetime


def own_claim(session: Session, claim_id: UUID, actor: Actor, *, lock: bool = False) -> Claim:
    """
    Return a claim of the actor.

    :raises NotFound: there is none that is the actor's.
    """
    claim = session.get(Claim, claim_id, with_for_update=lock or None, populate_existing=lock)
    if claim is None or claim.user_id != actor.user_id:
        raise NotFound
    return claim


def papers_of(session: Session, claim_id: UUID) -> list[Document]:
    """Return the papers of a claim that count, the oldest first."""
    return list(
        session.scalars(
            select(Document)
            .where(
                Document.subject_kind == SUBJECT,
                Document.subject_id == claim_id,
                Document.state == DocumentState.CURRENT,
            )
            .order_by(Document.id)
        )
    )


def claims_of(session: Session, actor: Actor) -> list[Claim]:
    """Return the actor's claims, the newest first."""
    return list(
        session.scalars(
            select(Claim)
            .where(Claim.party_id.in_(actor.party_ids), Claim.user_id == actor.user_id)
            .order_by(Claim.id.desc())
            .limit(PAGE_SIZE)
        )
    )


def referrals_of(session: Session, party_ids: Sequence[UUID]) -> list[ClaimReferral]:
    """Return what administrators of enterprises are asked, what is open first."""
    rows = session.scalars(
        select(ClaimReferral)
        .where(ClaimReferral.party_id.in_(party_ids), ClaimReferral.state != ReferralState.CLOSED.value)
        .order_by(ClaimReferral.state != ReferralState.OPEN.value, ClaimReferral.id.desc())
        .limit(PAGE_SIZE)
    )
    return list(rows)


def desk_claims(
    session: Session, *, waiting: bool, after: tuple[datetime, UUID] | None = None
) -> list[DeskLine]:
    """Return claims for the desk: those that wait, the oldest first; else what was answered, the newest first."""
    query = select(Claim, User.full_name).join(User, User.id == Claim.user_id)
    position = tuple_(Claim.submitted_at, Claim.id)
    if waiting:
        query = query.where(Claim.state == ClaimState.SUBMITTED.value).order_by(Claim.submitted_at, Claim.id)
        query = query.where(position > after) if after else query
    else:
        query = query.where(Claim.submitted_at.is_not(None), Claim.state != ClaimState.SUBMITTED.value)
        query = query.order_by(Claim.submitted_at.desc(), Claim.id.desc())
        query = query.where(position < after) if after else query
    return [
        DeskLine(
            claim.id,
            name,
            claim.name,
            claim.kind,
            claim.state,
            claim.takeover,
            claim.submitted_at or claim.created_at,
        )
        for claim, name in session.execute(query.limit(PAGE_SIZE + 1))
    ]


def desk_claim(session: Session, claim_id: UUID, *, now: datetime) -> DeskClaim:
    """
    Return a claim that was sent, with what the zone knows of the enterprise (role ftz_officer).

    :raises NotFound: there is none, or it has never been sent.
    """
    row = session.execute(
        select(Claim, User.full_name, User.login)
        .join(User, User.id == Claim.user_id)
        .where(Claim.id == claim_id, Claim.submitted_at.is_not(None))
    ).one_or_none()
    if row is None:
        raise NotFound
    claim, name, login = row
    card = known_enterprise(session, claim)
    referral = session.scalar(
        select(ClaimReferral)
        .where(ClaimReferral.claim_id == claim_id)
        .order_by(ClaimReferral.id.desc())
        .limit(1)
    )
    administrators = administrators_of(session, card.party_id, at=now) if card else []
    people = len(members_of(session, card.party_id, at=now)) if card else 0
    return DeskClaim(claim, name, login, papers_of(session, claim_id), card, administrators, people, referral)


def known_enterprise(session: Session, claim: Claim) -> EnterpriseCard | None:
    """Return the enterprise of the zone that a claim means, if it is known (role ftz_officer)."""
    if claim.enterprise_party_id is not None:
        return enterprise_card(session, claim.enterprise_party_id)
    if claim.kind == ClaimKind.FOUNDED and claim.for_party_id is not None:
        return enterprise_card(session, claim.for_party_id)
    return enterprise_by_tax_code(session, claim.tax_code) if claim.tax_code else None
