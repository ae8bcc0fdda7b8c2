"""What a firm says to customs beside the declaration itself: papers, answers, a wish to cancel, a payment."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.lifecycle import Step
from app.customs.declarations.models import Declaration, Notice, Revision
from app.customs.declarations.permissions import FILE, SEND
from app.customs.declarations.service import moving, sending
from app.customs.declarations.wire import MessageKind, NoticeKind, Paper

REQUIRED = N_("Write a text; customs reads it.")


def send_revision(
    session: Session, *, declaration: Declaration, revision: Revision, actor: Actor, now: datetime
) -> UUID:
    """Queue what was handed in: the declaration itself, or an amendment of it. Twice means once."""
    kind = MessageKind.AMEND if revision.kind == "AMENDMENT" else MessageKind.DECLARE
    number = (declaration.official_number or "") if kind is MessageKind.AMEND else ""
    return sending.queue(
        session, declaration=declaration, kind=kind, subject=str(revision.id), revision_id=revision.id,
        content={"official_number": number} if number else {}, actor=actor, now=now,
    )  # fmt: skip


def ask_cancellation(
    session: Session, *, declaration_id: UUID, reason: str, actor: Actor, now: datetime
) -> UUID:
    """
    Ask customs to cancel the declaration; while it has not answered, asking again is the same question.

    :raises NotFound: no such declaration for this actor.
    :raises Forbidden: the actor may not send for the firm.
    :raises StepImpossible: not in this state.
    :raises Invalid: no reason.
    """
    declaration = _own(session, declaration_id, SEND, Step.CANCEL, actor)
    refused = session.scalar(
        select(func.count()).where(
            Notice.declaration_id == declaration_id, Notice.kind == NoticeKind.CANCEL_REFUSED.value
        )
    )
    return sending.queue(
        session, declaration=declaration, kind=MessageKind.CANCEL, subject=f"cancel-{refused}",
        content=_content(declaration, text=_text(reason, "reason")), actor=actor, now=now,
    )  # fmt: skip


def answer_question(
    session: Session, *, declaration_id: UUID, notice_id: UUID, text: str, papers: Sequence[Paper] = (),
    actor: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """
    Answer a question of customs. The same answer twice is one answer; another text is another one.

    :param notice_id: the question.
    :raises NotFound: no such declaration or question for this actor.
    :raises Invalid: no text.
    """
    declaration = _own(session, declaration_id, FILE, Step.ANSWER, actor)
    question = session.get(Notice, notice_id)
    if question is None or question.declaration_id != declaration_id:
        raise NotFound
    said = _text(text, "text")
    return sending.queue(
        session, declaration=declaration, kind=MessageKind.ANSWER, subject=f"{notice_id}-{_digest(said, papers)}",
        content=_content(declaration, text=said, answers=question.gateway_id, papers=papers), actor=actor, now=now,
    )  # fmt: skip


def show_papers(
    session: Session,
    *,
    declaration_id: UUID,
    papers: Sequence[Paper],
    text: str = "",
    actor: Actor,
    now: datetime,
) -> UUID:
    """
    Show papers of the dossier to customs, by type, name and SHA-256. The same papers twice are one message.

    :raises NotFound: no such declaration for this actor.
    :raises Invalid: no papers.
    """
    declaration = _own(session, declaration_id, FILE, Step.SHOW_PAPERS, actor)
    if not papers:
        raise Invalid(errors=[FieldProblem("papers", "required", N_("Choose at least one paper."))])
    return sending.queue(
        session, declaration=declaration, kind=MessageKind.DOCUMENTS, subject=_digest(text, papers),
        content=_content(declaration, text=text.strip(), papers=papers), actor=actor, now=now,
    )  # fmt: skip


def tell_payment(
    session: Session, *, declaration: Declaration, reference: str, amount: Decimal, paid_on: date, transaction: str,
    actor: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """
    Tell customs that the bank confirmed a payment; it alone posts it.

    :param reference: of the tax notice.
    :param transaction: number of the bank, which keeps two payments of one notice apart.
    """
    payment = {
        "reference": reference, "amount": f"{amount:f}", "paid_on": paid_on.isoformat(), "transaction": transaction,
    }  # fmt: skip
    return sending.queue(
        session, declaration=declaration, kind=MessageKind.PAYMENT, subject=f"{reference}-{transaction}",
        content=_content(declaration) | {"payment": payment}, actor=actor, now=now,
    )  # fmt: skip


def _own(session: Session, declaration_id: UUID, permission: str, step: Step, actor: Actor) -> Declaration:
    declaration = session.get(Declaration, declaration_id)
    if declaration is None:
        raise NotFound
    require(actor, permission, party_id=declaration.party_id)
    lifecycle.take(moving.state_of(declaration), step)
    return declaration


def _content(
    declaration: Declaration, *, text: str = "", answers: str = "", papers: Sequence[Paper] = ()
) -> dict[str, object]:
    said = {
        "official_number": declaration.official_number or "",
        "text": text,
        "answers": answers,
        "papers": [
            {"type_code": each.type_code, "name": each.name, "sha256": each.sha256, "size": each.size}
            for each in papers
        ],
    }
    return {name: value for name, value in said.items() if value}


def _text(text: str, field: str) -> str:
    if not text.strip():
        raise Invalid(errors=[FieldProblem(field, "required", REQUIRED)])
    return text.strip()


def _digest(text: str, papers: Sequence[Paper]) -> str:
    parts = [text.strip(), *(f"{each.type_code}|{each.name}|{each.sha256}" for each in papers)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
