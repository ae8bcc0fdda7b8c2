"""A batch from its file to its passes: begun, its columns chosen, checked, decided, imported, cancelled, undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import Conflict, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.jobs import defer
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.registry.domain import RowDecision, RowState, TakeOverKind, TakeOverState
from app.registry.models import TakeOver, TakeOverMapping, TakeOverRow
from app.registry.permissions import TAKE_OVER
from app.registry.service.takeover.columns import guess, mapping_problems, signature
from app.registry.service.takeover.sheets import open_table

CHECK, IMPORT, UNDO = "registry.takeover.check", "registry.takeover.import", "registry.takeover.undo"
SAMPLES = 3
PASSES = frozenset({TakeOverState.CHECKING, TakeOverState.IMPORTING, TakeOverState.UNDOING})
OVER = frozenset({TakeOverState.CANCELLED, TakeOverState.FAILED, TakeOverState.UNDONE})


class NotNow(Conflict):
    """The batch is in a state that does not allow the step."""

    code = "registry.takeover-not-now"
    title = "This is not possible now."
    detail = "The batch has moved on meanwhile, or a pass is still running."
    hint = "Look at its present state; wait for the pass or cancel it."


class ColumnsInvalid(Invalid):
    """The columns chosen do not suffice."""

    code = "registry.takeover-columns"


class Undecided(Conflict):
    """Rows that may double a record have not been decided on."""

    code = "registry.takeover-undecided"
    title = "Some rows may double records of the registry."
    detail = "%(rows)s rows wait for a decision."
    hint = "Decide for each of them, or for all at once, and start again."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file at hand: where it lies, its hash and name, and whether it is a workbook."""

    path: Path
    sha256: str
    name: str
    workbook: bool


def begin(session: Session, *, upload: Upload, kind: TakeOverKind, actor: Actor, now: datetime) -> TakeOver:
    """
    Begin a batch with a file, or return the one that this file began already.

    :raises Forbidden: the actor may not take over.
    :raises TableUnreadable: the file is no table.
    """
    require(actor, TAKE_OVER)
    known = session.scalar(
        select(TakeOver).where(
            TakeOver.kind == kind, TakeOver.sha256 == upload.sha256, TakeOver.state.not_in(OVER)
        )
    )
    if known is not None:
        return known
    with open_table(upload.path, workbook=upload.workbook) as table:
        samples = [row for _, row in islice(table.rows, SAMPLES)]
        sheet, header = table.sheet, list(table.header)
    batch = TakeOver(
        id=uuid7(), kind=kind, file_name=upload.name, sha256=upload.sha256, workbook=upload.workbook, sheet=sheet,
        header=header, samples=samples, mapping=_known_mapping(session, kind, header) or guess(kind, header),
        state=TakeOverState.UPLOADED, rows_done=0, rows_total=0, cancel_asked=False, fault={}, created_at=now,
        created_by=_person(actor),
    )  # fmt: skip
    session.add(batch)
    session.flush()  # a second request with the same file meets the index here, not at the commit
    _record(session, batch, "begin", actor=actor, now=now, facts={"file_sha256": upload.sha256})
    return batch


def choose_columns(
    session: Session, *, batch_id: UUID, mapping: Mapping[str, int], actor: Actor, now: datetime
) -> TakeOver:
    """
    Choose the columns, remember them for files of this shape, and start the dry run.

    :raises ColumnsInvalid: a required field has no column, or a column serves twice.
    :raises NotNow: the batch is imported already, or a pass runs.
    """
    batch = _locked(session, batch_id, actor, {TakeOverState.UPLOADED, TakeOverState.CHECKED})
    if problems := mapping_problems(batch.kind, mapping):
        raise ColumnsInvalid(errors=problems)
    batch.mapping = dict(mapping)
    saved = {
        "signature": signature(batch.kind, batch.header), "kind": batch.kind, "mapping": batch.mapping,
        "saved_at": now, "saved_by": _person(actor),
    }  # fmt: skip
    session.execute(
        insert(TakeOverMapping).values(saved).on_conflict_do_update(index_elements=["signature"], set_=saved)
    )
    _start(session, batch, TakeOverState.CHECKING, CHECK, actor)
    return batch


def decide(
    session: Session,
    *,
    batch_id: UUID,
    decisions: Mapping[int, RowDecision],
    rest: RowDecision | None,
    actor: Actor,
) -> None:
    """
    Say what to do with rows that may double a record.

    :param rest: for all rows that were not decided on yet; a row with the tax code of a record cannot be new.
    :raises NotNow: the dry run is not over, or the import has begun.
    """
    batch = _locked(session, batch_id, actor, {TakeOverState.CHECKED})
    doubles = update(TakeOverRow).where(
        TakeOverRow.takeover_id == batch.id, TakeOverRow.state == RowState.DOUBLE
    )
    for number, decision in decisions.items():
        change = doubles.where(TakeOverRow.number == number)
        session.execute(_fitting(change, decision).values(decision=decision))
    if rest is not None:
        change = doubles.where(TakeOverRow.decision.is_(None))
        session.execute(_fitting(change, rest).values(decision=rest))


def _fitting(change: Any, decision: RowDecision) -> Any:
    """Leave out rows that cannot be new: their code is a record's own."""
    return change.where(TakeOverRow.double_by == "NAME") if decision is RowDecision.NEW else change


def start_import(session: Session, *, batch_id: UUID, actor: Actor, now: datetime) -> TakeOver:
    """
    Start bringing the rows without faults into the registry.

    :raises Undecided: rows that may double a record wait for a decision.
    :raises NotNow: there was no dry run, or it is imported already.
    """
    batch = _locked(session, batch_id, actor, {TakeOverState.CHECKED})
    waiting = session.scalar(
        select(func.count()).where(
            TakeOverRow.takeover_id == batch.id,
            TakeOverRow.state == RowState.DOUBLE,
            TakeOverRow.decision.is_(None),
        )
    )
    if waiting:
        raise Undecided(rows=waiting)
    _start(session, batch, TakeOverState.IMPORTING, IMPORT, actor)
    _record(session, batch, "import", actor=actor, now=now)
    return batch


def start_undo(session: Session, *, batch_id: UUID, actor: Actor, now: datetime) -> TakeOver:
    """
    Start taking a batch out of the registry again; it goes whole or not at all.

    :raises NotNow: it is not imported, or a pass runs.
    """
    batch = _locked(session, batch_id, actor, {TakeOverState.DONE})
    _start(session, batch, TakeOverState.UNDOING, UNDO, actor)
    return batch


def cancel(session: Session, *, batch_id: UUID, actor: Actor, now: datetime) -> TakeOver:
    """Give a batch up before it is imported; a running pass stops at its next piece, what is imported stays."""
    require(actor, TAKE_OVER)
    batch = session.get(TakeOver, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound
    if batch.state in (TakeOverState.CHECKING, TakeOverState.IMPORTING):
        batch.cancel_asked = True
    elif batch.state in (TakeOverState.UPLOADED, TakeOverState.CHECKED):
        batch.state, batch.finished_at = TakeOverState.CANCELLED, now
    else:
        raise NotNow
    _record(session, batch, "cancel", actor=actor, now=now)
    return batch


def counts(session: Session, batch_id: UUID) -> dict[RowState, int]:
    """Return how many rows of a batch are in each state."""
    rows = session.execute(
        select(TakeOverRow.state, func.count())
        .where(TakeOverRow.takeover_id == batch_id)
        .group_by(TakeOverRow.state)
    )
    return {row[0]: row[1] for row in rows}


def rows_of(
    session: Session, batch_id: UUID, *, states: Sequence[RowState], after: int = 0, limit: int = 50
) -> list[TakeOverRow]:
    """Return rows of a batch in the order of the file, those after a row number."""
    query = select(TakeOverRow).where(
        TakeOverRow.takeover_id == batch_id, TakeOverRow.state.in_(states), TakeOverRow.number > after
    )
    return list(session.scalars(query.order_by(TakeOverRow.number).limit(limit)))


def _start(session: Session, batch: TakeOver, state: TakeOverState, job: str, actor: Actor) -> None:
    batch.state, batch.rows_done, batch.rows_total, batch.cancel_asked, batch.fault = state, 0, 0, False, {}
    session.flush()  # the job may begin the moment the transaction commits
    defer(session, job, args=[{"batch_id": str(batch.id)}], actor=actor)


def _locked(session: Session, batch_id: UUID, actor: Actor, states: set[TakeOverState]) -> TakeOver:
    require(actor, TAKE_OVER)
    batch = session.get(TakeOver, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound
    if batch.state not in states:
        raise NotNow
    return batch


def _known_mapping(session: Session, kind: TakeOverKind, header: Sequence[str]) -> dict[str, Any] | None:
    return session.scalar(
        select(TakeOverMapping.mapping).where(TakeOverMapping.signature == signature(kind, header))
    )


def _person(actor: Actor) -> UUID:
    assert actor.user_id is not None, "only a person takes records over"
    return actor.user_id


def _record(
    session: Session,
    batch: TakeOver,
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    record(
        session, f"registry:takeover:{verb}", subject=Subject("takeover", batch.id), actor=actor, at=now,
        facts={"kind": batch.kind.value, **(facts or {})},
    )  # fmt: skip
