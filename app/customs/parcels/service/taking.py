"""
Taking batches of messages: each row is read by itself, written in one statement with the others, and answered.

A row that came before is known; the same number and revision with another content is refused, since two answers to one
question cannot both hold. What was taken is matched in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.auth.permissions import require
from app.core.errors import DomainError, FieldProblem
from app.core.evidence import Subject, record
from app.core.evidence.canonical import Canonical
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.outbox import publish
from app.customs.parcels.domain.facts import Message, Outcome, Source
from app.customs.parcels.events import BatchTaken
from app.customs.parcels.models import Batch
from app.customs.parcels.permissions import SEND
from app.customs.parcels.schemas import KEYS, Row, read_row
from app.customs.parcels.service.matching import match
from app.customs.parcels.service.writing import Writer

FAULTS_KEPT = 1_000
"""Rows of a batch whose faults are kept for its page and its file: all that a batch may have."""

_CHANGED = FieldProblem(
    "revision",
    "content-changed",
    N_("The number came before with another content. A correction needs the next revision."),
)


class NoOperator(DomainError):
    """A person acts for several enterprises and did not say for which."""

    code = "parcels.no-operator"
    status = 422
    title = "Say for which enterprise."
    detail = "You act for several enterprises, or for none that may send parcel data."
    hint = "Name the enterprise in party_id."


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row; ``number`` where it could be read."""

    index: int
    number: str | None
    outcome: Outcome
    errors: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to a batch."""

    batch_id: UUID
    rows: tuple[RowAnswer, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many rows came out so."""
        return sum(each.outcome is outcome for each in self.rows)


def operator_of(actor: Actor, wanted: UUID | None) -> UUID:
    """
    Return the party for which an actor sends.

    :raises NoOperator: it is not clear, or not the actor's.
    """
    may = [party for party in actor.party_ids if actor.may(SEND, party)]
    if wanted is None and len(may) == 1:
        return may[0]
    if wanted is None or wanted not in may:
        raise NoOperator
    return wanted


def take(
    session: Session,
    *,
    message: Message,
    rows: Sequence[Any],
    party_id: UUID,
    source: Source,
    actor: Actor,
    now: datetime,
    zone: ZoneInfo,
    places: Sequence[int] = (),
) -> Taken:
    """
    Take a batch of messages of one kind and match the orders that they speak of.

    :param places: where each row stands in its file, from 1; left out where they come one after another.
    :raises Forbidden: the actor may not send for the party.
    """
    require(actor, SEND, party_id=party_id)
    batch_id = uuid7()
    answers, good = _read(message, rows)
    writer = Writer(session, party_id=party_id, batch_id=batch_id, message=message, now=now, zone=zone)
    outcomes = writer.take(list(good.values()))
    for index, outcome in zip(good, outcomes, strict=True):
        errors = (_CHANGED,) if outcome is Outcome.CHANGED else ()
        answers[index] = RowAnswer(index, getattr(good[index], KEYS[message]), outcome, errors)
    taken = Taken(batch_id, tuple(answers[index] for index in sorted(answers)))
    fresh = [good[each.index] for each in taken.rows if each.outcome is Outcome.TAKEN]
    match(session, party_id=party_id, orders=writer.orders_of(fresh), now=now, zone=zone)
    if places:
        taken = Taken(batch_id, tuple(replace(each, index=places[each.index] - 1) for each in taken.rows))
    batch = _batch(taken, message, source, party_id, actor, now)
    session.add(batch)
    _tell(session, batch, actor=actor, now=now)
    return taken


def _read(message: Message, rows: Sequence[Any]) -> tuple[dict[int, RowAnswer], dict[int, Row]]:
    """Return the answers to rows that cannot be read, and the others, both by place."""
    answers: dict[int, RowAnswer] = {}
    good: dict[int, Row] = {}
    for index, raw in enumerate(rows):
        row, faults = read_row(message, raw)
        if row is not None:
            good[index] = row
            continue
        number = None
        if not any(each.name == KEYS[message] for each in faults) and isinstance(raw, dict):
            found = raw.get(KEYS[message])
            number = found if isinstance(found, str) else None
        answers[index] = RowAnswer(index, number, Outcome.FAULTY, tuple(faults))
    return answers, good


def _batch(
    taken: Taken, message: Message, source: Source, party_id: UUID, actor: Actor, now: datetime
) -> Batch:
    bad = [each for each in taken.rows if each.outcome in {Outcome.CHANGED, Outcome.FAULTY}]
    faults = [
        {
            "index": each.index,
            "number": each.number,
            "outcome": each.outcome.value,
            "errors": [{"name": one.name, "code": one.code, "reason": one.reason} for one in each.errors],
        }
        for each in bad[:FAULTS_KEPT]
    ]
    return Batch(
        id=taken.batch_id, party_id=party_id, message=message, source=source, at=now, by=actor.user_id,
        taken=taken.count(Outcome.TAKEN), known=taken.count(Outcome.KNOWN), changed=taken.count(Outcome.CHANGED),
        faulty=taken.count(Outcome.FAULTY), faults=faults,
    )  # fmt: skip


def _tell(session: Session, batch: Batch, *, actor: Actor, now: datetime) -> None:
    facts: dict[str, Canonical] = {
        "message": batch.message,
        "taken": batch.taken,
        "known": batch.known,
        "changed": batch.changed,
    }
    record(
        session, "parcels:batch:take", subject=Subject("parcels_batch", batch.id), actor=actor, at=now,
        party_id=batch.party_id, facts={**facts, "faulty": batch.faulty},
    )  # fmt: skip
    if batch.taken:
        event = BatchTaken(batch_id=batch.id, message=batch.message, taken=batch.taken)
        publish(session, event, actor=actor, at=now, party_id=batch.party_id)
