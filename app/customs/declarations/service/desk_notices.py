"""Who is told about questions of the zone's officers, answers and inspection notes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.notifications import Audience, Channel, Kind, Members, Officers, notify
from app.core.outbox import HandlerRegistry
from app.customs.declarations.events import (
    InspectionCommented,
    InspectionNoted,
    NoticeApplied,
    QuestionAnswered,
    QuestionAsked,
)
from app.customs.declarations.models import Declaration, InspectionNote, Notice, Question
from app.customs.declarations.permissions import FILE, INSPECT, PERMISSIONS
from app.customs.declarations.service.questions import OFFICER, take_question
from app.customs.declarations.wire import NoticeKind

ASKED, ANSWERED, NOTED, COMMENTED = (
    f"customs.{each}"
    for each in ("question_asked", "question_answered", "inspection_noted", "inspection_commented")
)
TOPIC = FILE.partition(".")[0]
_MAIL = frozenset({Channel.EMAIL})
_QUESTION, _NOTE = "/customs/questions/{subject_id}", "/customs/inspections/{subject_id}"

KINDS = (
    Kind(
        ASKED, Audience.CUSTOMER, N_("Customs asks a question"), N_("Customs asks %(firm)s a question"),
        N_("Answer it on its page, with papers where they help."), _QUESTION, _MAIL,
    ),
    Kind(
        ANSWERED, Audience.OFFICER, N_("A firm answered a question"), N_("%(firm)s answered a question"),
        N_("Read the answer; ask further or close the question."), _QUESTION,
    ),
    Kind(
        NOTED, Audience.CUSTOMER, N_("An inspection note was written"),
        N_("An inspection note about %(firm)s was written"),
        N_("Read it and say what the firm has to say."), _NOTE, _MAIL,
    ),
    Kind(
        COMMENTED, Audience.OFFICER, N_("A firm commented on an inspection note"),
        N_("%(firm)s commented on an inspection note"), N_("What the firm says stands with the note."), _NOTE,
    ),
)  # fmt: skip


def register(handlers: HandlerRegistry) -> None:
    """Add the reactions."""

    @handlers.handles(NoticeApplied, name="customs.take_question", runs_as="system")
    def take(session: Session, event: NoticeApplied, *, actor: Actor, now: datetime) -> None:
        if event.kind == NoticeKind.QUESTION and event.outcome == "APPLIED":
            notice = session.get_one(Notice, event.notice_id)
            take_question(
                session, declaration=session.get_one(Declaration, event.declaration_id),
                text=str(notice.body.get("text", "")), notice_id=notice.id, asked_at=notice.official_at, actor=SYSTEM,
                now=now,
            )  # fmt: skip

    @handlers.handles(QuestionAsked, name="customs.tell_of_question", runs_as="system")
    def asked(session: Session, event: QuestionAsked, *, actor: Actor, now: datetime) -> None:
        row = session.get(Question, event.question_id)
        if row is not None and row.side == OFFICER:  # what the authority asks is told with its notice
            _tell_firm(session, ASKED, "question", row.id, row.party_id, actor, now)

    @handlers.handles(QuestionAnswered, name="customs.tell_of_answer", runs_as="system")
    def answered(session: Session, event: QuestionAnswered, *, actor: Actor, now: datetime) -> None:
        row = session.get(Question, event.question_id)
        if row is not None and row.side == OFFICER and row.asked_by is not None:
            _tell_officer(session, ANSWERED, "question", row.id, row.party_id, row.asked_by, actor, now)

    @handlers.handles(InspectionNoted, name="customs.tell_of_note", runs_as="system")
    def noted(session: Session, event: InspectionNoted, *, actor: Actor, now: datetime) -> None:
        row = session.get(InspectionNote, event.note_id)
        if row is not None:
            _tell_firm(session, NOTED, "inspection", row.id, row.party_id, actor, now)

    @handlers.handles(InspectionCommented, name="customs.tell_of_comment", runs_as="system")
    def commented(session: Session, event: InspectionCommented, *, actor: Actor, now: datetime) -> None:
        row = session.get(InspectionNote, event.note_id)
        if row is not None:
            _tell_officer(session, COMMENTED, "inspection", row.id, row.party_id, row.written_by, actor, now)


def _tell_firm(
    session: Session, kind: str, what: str, key: UUID, party_id: UUID, actor: Actor, now: datetime
) -> None:
    people = Members(party_id, _roles(FILE), TOPIC)
    _tell(session, kind, people, (what, key), party_id, actor, now)


def _tell_officer(
    session: Session,
    kind: str,
    what: str,
    key: UUID,
    party_id: UUID,
    officer: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Tell the officer concerned; a colleague who inspects hears it where that one is gone."""
    if not _tell(session, kind, officer, (what, key), party_id, actor, now):
        _tell(session, kind, Officers("", _roles(INSPECT)), (what, key), party_id, actor, now)


def _tell(
    session: Session, kind: str, recipient: UUID | Members | Officers, subject: tuple[str, UUID], party_id: UUID,
    actor: Actor, now: datetime,
) -> list[UUID]:  # fmt: skip
    firm = session.get(Party, party_id)
    return notify(
        session, recipients=[recipient], kind=kind, subject=subject, party_id=party_id,
        params={"firm": firm.name if firm else ""}, actor=actor, now=now,
    )  # fmt: skip


def _roles(permission: str) -> frozenset[str]:
    return next(each.roles for each in PERMISSIONS if each.code == permission)
