"""Explaining why the taxes of customs differ from the pre-calculation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.outbox import publish
from app.customs.declarations.events import DossierChanged
from app.customs.declarations.models import Difference
from app.customs.declarations.permissions import FILE, INSPECT

LONGEST = 2_000
MOST = 200
REQUIRED = N_("Write why the amounts differ; it stays with the declaration.")
TOO_LONG = N_("Write at most %(count)s characters.")
NONE_CHOSEN = N_("Choose the differences that this explains.")
TOO_MANY = N_("Choose at most %(count)s differences at once.")


def explain(
    session: Session, *, declaration_id: UUID, difference_id: UUID, text: str, actor: Actor, now: datetime
) -> None:
    """
    Keep the explanation of a difference; it may be written anew, and the evidence log keeps that it was.

    :raises NotFound: no such difference for this actor.
    :raises Forbidden: the actor neither declares for the firm nor inspects firms.
    :raises Invalid: no text, or too long.
    """
    row = session.get(Difference, difference_id, with_for_update=True, populate_existing=True)
    if row is None or row.declaration_id != declaration_id:
        raise NotFound
    _may_explain(actor, row)
    problems = _faults(text)
    if problems:
        raise Invalid(errors=problems)
    _write(session, row, text.strip(), actor, now)
    _tell(session, [row], actor, now)


def explain_all(
    session: Session, *, difference_ids: Sequence[UUID], text: str, actor: Actor, now: datetime
) -> int:
    """
    Keep one explanation for several differences, all of them or none; return how many.

    :raises NotFound: one of them is none of this actor's.
    :raises Forbidden: the actor neither declares for the firm nor inspects firms.
    :raises Invalid: nothing chosen, too many, no text, or too long.
    """
    keys = sorted(set(difference_ids))
    problems = _faults(text)
    if not keys:
        problems.insert(0, FieldProblem("chosen", "required", NONE_CHOSEN))
    if len(keys) > MOST:
        problems.insert(0, FieldProblem("chosen", "too-many", TOO_MANY, {"count": MOST}))
    if problems:
        raise Invalid(errors=problems)
    # In one order, so that two who choose the same rows wait for each other and do not block.
    rows = session.scalars(
        select(Difference)
        .where(Difference.id.in_(keys))
        .order_by(Difference.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if len(rows) != len(keys):
        raise NotFound
    for row in rows:
        _may_explain(actor, row)
        _write(session, row, text.strip(), actor, now)
    _tell(session, rows, actor, now)
    return len(rows)


def _faults(text: str) -> list[FieldProblem]:
    said = text.strip()
    if not said:
        return [FieldProblem("explanation", "required", REQUIRED)]
    if len(said) > LONGEST:
        return [FieldProblem("explanation", "too-long", TOO_LONG, {"count": LONGEST})]
    return []


def _may_explain(actor: Actor, row: Difference) -> None:
    if not actor.is_officer:
        require(actor, FILE, party_id=row.party_id)
    elif not actor.may(INSPECT):
        raise Forbidden(permission=INSPECT)


def _write(session: Session, row: Difference, said: str, actor: Actor, now: datetime) -> None:
    row.state, row.explanation = "EXPLAINED", said
    row.explained_at, row.explained_by = now, actor.user_id
    record(
        session, "customs:difference:explain", subject=Subject("declaration", row.declaration_id), actor=actor, at=now,
        party_id=row.party_id, facts={"line": row.line, "tax": row.tax}, digests={"text": said},
    )  # fmt: skip


def _tell(session: Session, rows: Sequence[Difference], actor: Actor, now: datetime) -> None:
    """Let the pages of each declaration follow, once."""
    for declaration_id, party_id in {row.declaration_id: row.party_id for row in rows}.items():
        publish(
            session, DossierChanged(declaration_id=declaration_id), actor=actor, at=now, party_id=party_id
        )
