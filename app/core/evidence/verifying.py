"""
Verification: recompute every leaf and every head, and name the first row that does not fit.

Whoever can write to the database can also rewrite the whole log consistently. Against that stands a head kept
elsewhere (a checkpoint, an anchor): pass it as ``trusted``.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.evidence.entries import Header, told_header
from app.core.evidence.merkle import Frontier, leaf_hash
from app.core.evidence.models import EvidenceEntry, EvidenceHead

_CHUNK = 1_000
_HEADER = tuple(Header.__annotations__)
_BEYOND = text(
    """
    select seq, id from evidence_entry
     where seq >= (select coalesce(max(size), 0) from evidence_head)
     order by seq limit 1
    """
)


class FaultKind(StrEnum):
    """In which way a row contradicts the log."""

    HASH = "HASH"
    COLUMNS = "COLUMNS"
    ORDER = "ORDER"
    MISSING = "MISSING"
    UNCOVERED = "UNCOVERED"
    HEAD = "HEAD"
    TRUSTED = "TRUSTED"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that does not fit: its number where it has one, its key where it is there, and why."""

    kind: FaultKind
    seq: int | None
    entry_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class TrustedHead:
    """A tree head known from outside the database."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification; ``fault`` is None when all fits."""

    size: int
    root: bytes
    heads: int
    unsealed: int
    fault: Fault | None

    @property
    def intact(self) -> bool:
        """Tell whether nothing contradicts."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class _Row:
    columns: Header
    body: str
    leaf_hash: bytes
    seq: int | None


class _Broken(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def verify(session: Session, *, trusted: TrustedHead | None = None) -> Report:
    """
    Check the log from the first entry on, reading it as a stream: memory does not grow with the log.

    Entries sealed while it runs are left to the next run. Runs as officer or worker role.

    :param trusted: a head from outside; the log must still contain it.
    """
    frontier = Frontier()
    heads = unsealed = 0
    fault: Fault | None = None
    try:
        heads = _check_sealed(session, frontier, trusted)
        unsealed = _check_unsealed(session)
    except _Broken as broken:
        fault = broken.fault
    return Report(frontier.size, frontier.root(), heads, unsealed, fault)


def _check_sealed(session: Session, frontier: Frontier, trusted: TrustedHead | None) -> int:
    # The last head is read first: everything below it is final, whatever a sealer does meanwhile.
    horizon = session.scalar(select(func.max(EvidenceHead.size))) or 0
    count = 0
    with (
        closing(_heads(session, horizon)) as heads,
        closing(_rows(session, EvidenceEntry.seq < horizon, EvidenceEntry.seq)) as rows,
    ):
        for size, root, packed in heads:
            first = frontier.size
            _append_batch(frontier, rows, size, trusted)
            if root != frontier.root() or packed != frontier.to_bytes():
                reason = (
                    f"Entries {first} to {size - 1} do not hash to the head over {size}:"
                    " one of them was exchanged together with its hash, or the head was changed."
                )
                raise _Broken(Fault(FaultKind.HEAD, first, None, reason))
            count += 1
    if trusted is not None and trusted.size > frontier.size:
        reason = f"The log ends at {frontier.size} entries; the trusted head covers {trusted.size}."
        raise _Broken(Fault(FaultKind.TRUSTED, frontier.size, None, reason))
    beyond = session.execute(_BEYOND).one_or_none()
    if beyond is not None:
        raise _Broken(Fault(FaultKind.UNCOVERED, beyond.seq, beyond.id, "Numbered, but no head covers it."))
    return count


def _append_batch(frontier: Frontier, rows: Iterator[_Row], size: int, trusted: TrustedHead | None) -> None:
    previous: UUID | None = None
    while frontier.size < size:
        due = frontier.size
        row = next(rows, None)
        if row is None or row.seq != due:
            raise _Broken(Fault(FaultKind.MISSING, due, None, f"There is no entry number {due}."))
        _check_row(row)
        key = row.columns["id"]
        if previous is not None and key <= previous:
            raise _Broken(
                Fault(FaultKind.ORDER, due, key, "Numbered out of the order of the keys of its batch.")
            )
        previous = key
        frontier.append(row.leaf_hash)
        if trusted is not None and frontier.size == trusted.size and frontier.root() != trusted.root:
            reason = f"The first {trusted.size} entries are not those of the trusted head."
            raise _Broken(Fault(FaultKind.TRUSTED, due, key, reason))


def _check_unsealed(session: Session) -> int:
    count = 0
    with closing(_rows(session, EvidenceEntry.seq.is_(None), EvidenceEntry.id)) as rows:
        for row in rows:
            _check_row(row)
            count += 1
    return count


def _check_row(row: _Row) -> None:
    key = row.columns["id"]
    body = row.body.encode()
    if leaf_hash(body) != row.leaf_hash:
        raise _Broken(Fault(FaultKind.HASH, row.seq, key, "The body does not have the stored hash."))
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _Broken(Fault(FaultKind.COLUMNS, row.seq, key, "The body is no JSON object."))
    differing = [name for name, value in told_header(row.columns).items() if told.get(name) != value]
    if differing:
        reason = f"Columns differ from the body: {', '.join(differing)}."
        raise _Broken(Fault(FaultKind.COLUMNS, row.seq, key, reason))


def _heads(session: Session, horizon: int) -> Generator[tuple[int, bytes, bytes], None, None]:
    query = select(EvidenceHead.size, EvidenceHead.root, EvidenceHead.frontier)
    query = query.where(EvidenceHead.size <= horizon).order_by(EvidenceHead.size)
    with session.execute(query.execution_options(yield_per=_CHUNK)) as result:
        for head in result:
            yield head.size, head.root, head.frontier


def _rows(
    session: Session, condition: ColumnElement[bool], order: InstrumentedAttribute[Any]
) -> Generator[_Row, None, None]:
    entry = EvidenceEntry
    query = select(
        entry.id,
        entry.tag,
        entry.at,
        entry.actor_kind,
        entry.actor_id,
        entry.subject_kind,
        entry.subject_id,
        entry.party_id,
        entry.salt,
        entry.body,
        entry.leaf_hash,
        entry.seq,
    )
    query = query.where(condition).order_by(order).execution_options(yield_per=_CHUNK)
    with session.execute(query) as result:
        for *header, body, leaf, seq in result:
            yield _Row(Header(**dict(zip(_HEADER, header, strict=True))), body, leaf, seq)  # type: ignore[typeddict-item]
