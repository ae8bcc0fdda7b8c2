"""Who is told about commitments: officers of evidence, the enterprise of answers, of days that come near and pass."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.jobs import JobRegistry
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.time import local_day
from app.core.live import Poke
from app.core.notifications import Audience, Channel, Kind, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.core.workflow.models import Case
from app.core.workflow.permissions import FILE
from app.core.workflow.permissions import PERMISSIONS as WORKFLOW_PERMISSIONS
from app.investment.commitments.domain import CommitmentState, is_near, state_of
from app.investment.commitments.events import CommitmentJudged, CommitmentShown
from app.investment.commitments.models import Commitment
from app.investment.commitments.permissions import CHECK, PERMISSIONS
from app.investment.commitments.queries import due_by, evidence_of, shown

SCAN = "investment.commitments"
HANDED_IN, CONFIRMED, RETURNED, NEAR, PASSED = (
    f"investment.commitment_{each}" for each in ("handed_in", "confirmed", "returned", "near", "passed")
)
_PATH = "/commitments/{subject_id}"
_BY_MAIL = frozenset({Channel.EMAIL})


def _kind(code: str, audience: Audience, title: str, subject: str, text: str) -> Kind:
    channels = _BY_MAIL if audience is Audience.CUSTOMER else frozenset()
    return Kind(code, audience, title, subject, text, _PATH, channels)


KINDS = (
    _kind(
        HANDED_IN,
        Audience.OFFICER,
        N_("Evidence of a commitment was handed in"),
        N_("Evidence of a commitment of dossier %(code)s was handed in"),
        N_("“%(text)s”, to be met by %(day)s. Confirm the evidence or return it with the reason."),
    ),
    _kind(
        CONFIRMED,
        Audience.CUSTOMER,
        N_("A commitment is fulfilled"),
        N_("A commitment of dossier %(code)s is fulfilled"),
        N_("The evidence was confirmed: “%(text)s”."),
    ),
    _kind(
        RETURNED,
        Audience.CUSTOMER,
        N_("Evidence of a commitment was returned"),
        N_("Evidence of a commitment of dossier %(code)s was returned"),
        N_("“%(text)s”, to be met by %(day)s. The reason stands on its page; hand in the evidence again."),
    ),
    _kind(
        NEAR,
        Audience.CUSTOMER,
        N_("The day of a commitment comes near"),
        N_("A commitment of dossier %(code)s is to be met by %(day)s"),
        N_("“%(text)s”. Hand in the evidence on its page."),
    ),
    _kind(
        PASSED,
        Audience.CUSTOMER,
        N_("The day of a commitment has passed"),
        N_("A commitment of dossier %(code)s is overdue since %(day)s"),
        N_("“%(text)s”. Hand in the evidence on its page without delay."),
    ),
)


def register(handlers: HandlerRegistry, jobs: JobRegistry, zone: ZoneInfo) -> None:
    """Add the reactions, and the scan that reminds."""

    @handlers.handles(CommitmentShown, name="investment.tell_of_evidence", runs_as="system")
    def tell_officers(session: Session, event: CommitmentShown, *, actor: Actor, now: datetime) -> None:
        row = session.get(Commitment, event.commitment_id)
        if row is not None:
            case = session.get_one(Case, row.case_id)
            roles = next(each.roles for each in PERMISSIONS if each.code == CHECK)
            _tell(session, HANDED_IN, Officers(case.office, roles), case, row, actor=actor, now=now)

    @handlers.handles(CommitmentJudged, name="investment.tell_of_judgement", runs_as="system")
    def tell_enterprise(session: Session, event: CommitmentJudged, *, actor: Actor, now: datetime) -> None:
        row = session.get(Commitment, event.commitment_id)
        if row is not None:
            kind = CONFIRMED if event.confirmed else RETURNED
            _tell(session, kind, _members(row), session.get_one(Case, row.case_id), row, actor=actor, now=now)

    @jobs.every_minute(SCAN)
    def scan(session: Session, *, now: datetime) -> None:
        remind(session, now=now, zone=zone)


def remind(session: Session, *, now: datetime, zone: ZoneInfo) -> int:
    """
    Remind enterprises of commitments whose day comes near, and tell them once when it has passed.

    :returns: how many notices were due; the same scan again finds none.
    """
    today = local_day(now, zone)
    rows = due_by(session, today)
    evidence = evidence_of(session, [row.id for row in rows])
    told = 0
    for row in rows:
        state = state_of(row.due_on, shown(evidence.get(row.id, ()), zone), today=today)
        kind = ""
        if state is CommitmentState.OVERDUE and row.overdue_at is None:
            row.overdue_at, kind = now, PASSED
        elif state is CommitmentState.OPEN and row.warned_at is None and is_near(row.due_on, today=today):
            row.warned_at, kind = now, NEAR
        if kind:
            told += 1
            case = session.scalars(select(Case).where(Case.id == row.case_id)).one()
            _tell(session, kind, _members(row), case, row, actor=SYSTEM, now=now)
    return told


def pokes_of(payload: Mapping[str, Any], party_id: UUID | None) -> list[Poke]:
    """Return the topics of a step of a commitment: the pages of its party."""
    return [Poke(f"party:{party_id}", party_id)] if party_id else []


def _members(row: Commitment) -> Members:
    roles = next(each.roles for each in WORKFLOW_PERMISSIONS if each.code == FILE)
    return Members(row.party_id, roles, FILE.partition(".")[0])


def _tell(
    session: Session, kind: str, recipient: Members | Officers, case: Case, row: Commitment, *, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    params = {"code": case.code or "", "text": row.text, "day": row.due_on.strftime("%d/%m/%Y")}
    notify(
        session, recipients=[recipient], kind=kind, subject=("commitment", row.id), party_id=row.party_id,
        params=params, actor=actor, now=now,
    )  # fmt: skip
