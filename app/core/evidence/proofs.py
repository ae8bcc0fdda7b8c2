"""Proofs for others: that an entry is in the log, and that a newer head continues an older one."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.evidence import merkle
from app.core.evidence.models import EvidenceEntry, EvidenceHead

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """All that a verifier needs besides a head that it trusts; ``body`` is the leaf's content."""

    body: str
    index: int
    size: int
    root: bytes
    path: tuple[bytes, ...]


def prove_inclusion(session: Session, entry_id: UUID, *, size: int | None = None) -> InclusionProof:
    """
    Prove that an entry is under a head.

    Reads the leaf hashes once as a stream; the cost grows with the log, the memory does not.

    :param size: size of the head to prove against; the newest when None.
    :raises NotFound: no such entry, not sealed yet, or no head of that size over it.
    """
    entry = session.execute(
        select(EvidenceEntry.body, EvidenceEntry.seq).where(EvidenceEntry.id == entry_id)
    ).one_or_none()
    head = _head(session, size)
    if entry is None or entry.seq is None or entry.seq >= head.size:
        raise NotFound()
    ranges = merkle.inclusion_ranges(entry.seq, head.size)
    with closing(_leaves(session, head.size)) as leaves:
        path = merkle.range_heads(ranges, leaves)
    return InclusionProof(entry.body, entry.seq, head.size, head.root, tuple(path))


def prove_consistency(session: Session, *, old: int, size: int | None = None) -> tuple[bytes, ...]:
    """
    Prove that the head over ``size`` entries (the newest when None) only appended to the head over ``old``.

    :raises NotFound: there is no head of that size.
    :raises ValueError: not 0 < old <= size.
    """
    head = _head(session, size)
    ranges = merkle.consistency_ranges(old, head.size)
    with closing(_leaves(session, head.size)) as leaves:
        return tuple(merkle.range_heads(ranges, leaves))


def _head(session: Session, size: int | None) -> EvidenceHead:
    query = select(EvidenceHead).order_by(EvidenceHead.size.desc()).limit(1)
    head = session.scalar(query if size is None else query.where(EvidenceHead.size == size))
    if head is None:
        raise NotFound()
    return head


def _leaves(session: Session, size: int) -> Generator[bytes, None, None]:
    query = select(EvidenceEntry.leaf_hash).where(EvidenceEntry.seq < size).order_by(EvidenceEntry.seq)
    with session.scalars(query.execution_options(yield_per=_CHUNK)) as result:
        yield from result
