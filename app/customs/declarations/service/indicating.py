"""When indications of risk are computed: something happened to a declaration, or to what is known of its firm."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.outbox import HandlerRegistry
from app.customs.declarations.events import (
    DeclarationHandedIn,
    DossierChanged,
    InspectionNoted,
    NoticeApplied,
    QuestionAnswered,
    QuestionAsked,
)
from app.customs.declarations.models import InspectionNote, Question
from app.customs.declarations.service.risk import refresh


def register(handlers: HandlerRegistry, zone: ZoneInfo) -> None:
    """Add the reactions."""

    def of_question(session: Session, event: QuestionAsked | QuestionAnswered, now: datetime) -> None:
        row = session.get(Question, event.question_id)
        if row is not None:
            refresh(session, party_id=row.party_id, now=now, zone=zone)

    @handlers.handles(DeclarationHandedIn, name="customs.indicate_handed_in", runs_as="system")
    def handed_in(session: Session, event: DeclarationHandedIn, *, actor: Actor, now: datetime) -> None:
        refresh(session, declaration_ids=[event.declaration_id], now=now, zone=zone)

    @handlers.handles(NoticeApplied, name="customs.indicate_notice", runs_as="system")
    def applied(session: Session, event: NoticeApplied, *, actor: Actor, now: datetime) -> None:
        refresh(session, declaration_ids=[event.declaration_id], now=now, zone=zone)

    @handlers.handles(DossierChanged, name="customs.indicate_dossier", runs_as="system")
    def changed(session: Session, event: DossierChanged, *, actor: Actor, now: datetime) -> None:
        refresh(session, declaration_ids=[event.declaration_id], now=now, zone=zone)

    @handlers.handles(QuestionAsked, name="customs.indicate_question", runs_as="system")
    def asked(session: Session, event: QuestionAsked, *, actor: Actor, now: datetime) -> None:
        of_question(session, event, now)

    @handlers.handles(QuestionAnswered, name="customs.indicate_answer", runs_as="system")
    def answered(session: Session, event: QuestionAnswered, *, actor: Actor, now: datetime) -> None:
        of_question(session, event, now)

    @handlers.handles(InspectionNoted, name="customs.indicate_note", runs_as="system")
    def noted(session: Session, event: InspectionNoted, *, actor: Actor, now: datetime) -> None:
        row = session.get(InspectionNote, event.note_id)
        if row is not None:
            refresh(session, party_id=row.party_id, now=now, zone=zone)
