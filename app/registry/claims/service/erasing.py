"""Papers of requests that led to nothing are erased in time: passports of people who act for nobody."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.core import law
from app.core.documents.erasing import documents_of, erase_documents
from app.core.documents.models import Document, DocumentState
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.workflow.retention import TERMS, Rule
from app.registry.claims.domain import SUBJECT, ClaimState
from app.registry.claims.models import Claim

_UNSENT = (ClaimState.DRAFT.value, ClaimState.RETURNED.value)
_ENDED = (ClaimState.REFUSED.value, ClaimState.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class ClaimDue:
    """A request whose papers have passed their time, and since when it rests."""

    claim_id: UUID
    party_id: UUID
    since: datetime


def claims_due(session: Session, *, now: datetime, zone: ZoneInfo) -> list[ClaimDue]:
    """
    Return the requests whose papers are to be erased, the oldest first. Nothing is changed.

    The terms are those of dossiers: never filed, and without a result. A confirmed request keeps its papers.

    :raises NotInForce: the law data name no term for today.
    """
    book = law.at(session, local_day(now, zone))
    since = func.coalesce(Claim.answered_at, Claim.submitted_at, Claim.created_at)
    past = [
        and_(Claim.state.in_(states), since < now - timedelta(days=book.get(TERMS[rule]).days()))
        for states, rule in ((_UNSENT, Rule.DRAFT), (_ENDED, Rule.UNSUCCESSFUL))
    ]
    has_papers = exists().where(
        Document.subject_kind == SUBJECT,
        Document.subject_id == Claim.id,
        Document.state != DocumentState.ERASED,
    )
    query = select(Claim.id, Claim.party_id, since.label("since")).where(or_(*past), has_papers)
    return [
        ClaimDue(row.id, row.party_id, row.since) for row in session.execute(query.order_by(since, Claim.id))
    ]


def erase_claims(session: Session, found: Collection[ClaimDue], *, actor: Actor, now: datetime) -> int:
    """Erase the papers of requests and record each; return how many papers. Runs as an officer."""
    papers = documents_of(session, kind=SUBJECT, ids=[each.claim_id for each in found])
    for each in found:
        record(
            session, "personal-data:claim:erase", subject=Subject(SUBJECT, each.claim_id), actor=actor, at=now,
            party_id=each.party_id,
        )  # fmt: skip
    return erase_documents(session, ids=papers, actor=actor, now=now)
