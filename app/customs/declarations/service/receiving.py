"""
Notices of customs: kept as they come, applied in the order of their sequence.

The same notice twice changes nothing. One that comes early waits for those before it; ``apply`` says from where the
gateway must be asked. What the table of steps does not allow is kept and shown, and moves nothing. What cannot be read,
is of nobody here or contradicts what is known is kept apart (``service/unread.py``) and stops nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import key_of, uuid7
from app.core.outbox import publish
from app.customs.declarations.domain import lifecycle
from app.customs.declarations.domain.patience import GAPS, Patience
from app.customs.declarations.events import NoticeApplied
from app.customs.declarations.models import Declaration, Dispatch, Feed, Notice, Unread
from app.customs.declarations.service import applying, clocks, moving, telling, unread
from app.customs.declarations.service.clocks import Zone
from app.customs.declarations.wire import Batch, WireFault, read_response
from app.customs.declarations.wire import Notice as WireNotice

_FEED = 1
_BEGINNING = "0"
_MOST = 500
_PATIENCE = Patience()


def cursor(session: Session) -> str:
    """Return where the gateway's queue is read on."""
    return session.scalar(select(Feed.cursor).where(Feed.id == _FEED)) or _BEGINNING


def note_read(session: Session, *, cursor: str, simulated: bool = False, now: datetime) -> None:
    """Note that the gateway answered, and where the queue is read on."""
    new = {
        "cursor": cursor,
        "read_at": now,
        "failed_at": None,
        "error": "",
        "simulated": simulated,
        "failures": 0,
        "next_at": None,
    }
    session.execute(
        insert(Feed).values(id=_FEED, **new).on_conflict_do_update(index_elements=[Feed.id], set_=new)
    )


def note_silence(session: Session, *, error: str, patience: Patience = _PATIENCE, now: datetime) -> None:
    """Note that the gateway does not answer, since when, and when it is asked again."""
    session.execute(
        insert(Feed).values(id=_FEED, cursor=_BEGINNING, error="", failures=0).on_conflict_do_nothing()
    )
    feed = session.get_one(Feed, _FEED, with_for_update=True, populate_existing=True)
    feed.failed_at, feed.error, feed.failures = feed.failed_at or now, error, feed.failures + 1
    feed.next_at = now + patience.wait(feed.failures)


def is_resting(session: Session, *, now: datetime) -> bool:
    """Tell whether a gateway that is silent is not to be asked again yet."""
    next_at = session.scalar(select(Feed.next_at).where(Feed.id == _FEED))
    return next_at is not None and next_at > now


def store_all(session: Session, batch: Batch, *, now: datetime) -> None:
    """Keep all that a batch holds: each notice, and each piece that is none."""
    for notice in batch.notices:
        store(session, notice, now=now)
    for piece in batch.unread:
        unread.keep(session, piece, now=now)


def try_again(session: Session, *, unread_id: UUID, now: datetime) -> UUID | None:
    """Try to take a piece that could not be taken; return the declaration whose notice it turned out to be."""
    row = session.get(Unread, unread_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != unread.OPEN:
        return None
    try:
        notice = read_response(row.raw)
    except WireFault as fault:
        unread.note_try(session, row.id, code=fault.code, message=fault.message[:300], now=now)
        return None
    code, declaration_id = _take(session, notice, now=now)
    unread.note_try(session, row.id, code=code, message="", now=now)
    return None if code else declaration_id


def store(session: Session, notice: WireNotice, *, now: datetime) -> UUID | None:
    """Keep a notice and return whose it is; one of nobody here, or against what is known, is kept apart."""
    code, declaration_id = _take(session, notice, now=now)
    if code:
        unread.keep_notice(session, notice, code, now=now)
    return declaration_id


def _take(session: Session, notice: WireNotice, *, now: datetime) -> tuple[str, UUID | None]:
    """Keep a notice with its declaration, or return the code of why it has no place there."""
    declaration = session.scalar(select(Declaration).where(Declaration.code == notice.reference))
    if declaration is None or declaration.origin != "OURS":
        return unread.STRAY, None
    if notice.sequence < 1:
        return unread.NO_SEQUENCE, declaration.id
    made = session.scalar(
        insert(Notice)
        .values(
            id=uuid7(), gateway_id=notice.id, party_id=declaration.party_id, declaration_id=declaration.id,
            dispatch_id=_answered(session, notice, declaration.id), sequence=notice.sequence, kind=notice.kind.value,
            official_at=notice.official_at, received_at=now, outcome="", body=telling.body_of(notice), asks=0,
        )
        .on_conflict_do_nothing()
        .returning(Notice.id)
    )  # fmt: skip
    if made is None and _contradicts(session, declaration, notice, now=now):
        return unread.CONTRADICTS, declaration.id
    unread.settle(session, notice, now=now)
    return "", declaration.id


def apply(session: Session, *, declaration_id: UUID, zone: Zone, now: datetime) -> int | None:
    """
    Apply the notices of a declaration that are next in order.

    :returns: the last sequence before a gap, behind which the gateway is to be asked; None when nothing is missing.
    """
    declaration = moving.lock(session, declaration_id)
    if declaration is None:
        return None
    last = _last_applied(session, declaration_id)
    for notice in _waiting(session, declaration_id):
        if notice.sequence != last + 1:
            return last
        _apply(session, declaration, notice, zone=zone, now=now)
        last = notice.sequence
    return None


def waiting(session: Session) -> Sequence[UUID]:
    """Return the declarations that have notices which are not applied, those that heard something last first."""
    found = select(Notice.declaration_id).where(Notice.applied_at.is_(None)).group_by(Notice.declaration_id)
    newest = func.max(Notice.received_at).desc()
    return session.scalars(found.order_by(newest, Notice.declaration_id).limit(_MOST)).all()


def ask_for_missing(session: Session, *, declaration_id: UUID, now: datetime, forced: bool = False) -> str:
    """
    Note that the notices before those that wait are asked for, and return the code by which the gateway knows them.

    :param forced: a person asks; otherwise a gap is asked for at once, then ever more rarely.
    :returns: empty while it is too early to ask again.
    """
    first = session.scalars(
        select(Notice)
        .where(Notice.declaration_id == declaration_id, Notice.applied_at.is_(None))
        .order_by(Notice.sequence)
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if first is None:
        return ""
    if not forced and first.asked_at is not None and now < first.asked_at + GAPS.wait(first.asks):
        return ""
    first.asks, first.asked_at = first.asks + 1, now
    return session.scalars(select(Declaration.code).where(Declaration.id == declaration_id)).one()


def _apply(session: Session, declaration: Declaration, notice: Notice, *, zone: Zone, now: datetime) -> None:
    step = applying.step_of(notice)
    possible = step is None or lifecycle.find(moving.state_of(declaration), step) is not None
    notice.applied_at, notice.outcome = now, "APPLIED" if possible else "IMPOSSIBLE"
    record(
        session, "customs:notice:apply", subject=Subject("declaration", declaration.id), actor=SYSTEM, at=now,
        party_id=declaration.party_id,
        facts={"notice": notice.gateway_id, "kind": notice.kind, "sequence": notice.sequence,
               "outcome": notice.outcome},
    )  # fmt: skip
    _acknowledge(session, notice)
    if possible:
        applying.take_effect(session, declaration, notice, now=now)
        if step is not None:
            moving.move(session, declaration, step, now=now)
        clocks.hear(session, declaration, notice, zone=zone, now=now)
    session.flush()  # the next notice looks at what this one did
    told = NoticeApplied(notice.id, declaration.id, declaration.code, notice.kind, notice.outcome)
    publish(session, told, actor=SYSTEM, at=now, party_id=declaration.party_id)


def _acknowledge(session: Session, notice: Notice) -> None:
    dispatch = None
    if notice.dispatch_id is not None:
        dispatch = session.get(Dispatch, notice.dispatch_id, with_for_update=True, populate_existing=True)
    if dispatch is None or dispatch.state == "ACKNOWLEDGED":
        return
    # An answer proves that the message arrived, also where nobody stored that it was sent.
    dispatch.state, dispatch.sent_at = "ACKNOWLEDGED", dispatch.sent_at or notice.official_at
    dispatch.error = ""


def _answered(session: Session, notice: WireNotice, declaration_id: UUID) -> UUID | None:
    key = key_of(notice.reply_to)
    if key is None:
        return None
    return session.scalar(
        select(Dispatch.id).where(Dispatch.id == key, Dispatch.declaration_id == declaration_id)
    )


def _contradicts(session: Session, declaration: Declaration, notice: WireNotice, *, now: datetime) -> bool:
    """Tell whether the authority contradicts itself: another text under a known id or sequence; it is evidence."""
    known = session.scalars(
        select(Notice).where(
            (Notice.gateway_id == notice.id)
            | ((Notice.declaration_id == declaration.id) & (Notice.sequence == notice.sequence))
        )
    ).all()
    body = telling.body_of(notice)
    if any(_says_the_same(each, declaration, notice, body) for each in known):
        return False
    record(
        session, "customs:notice:contradict", subject=Subject("declaration", declaration.id), actor=SYSTEM, at=now,
        party_id=declaration.party_id,
        facts={"notice": notice.id, "kind": notice.kind.value, "sequence": notice.sequence},
    )  # fmt: skip
    return True


def _says_the_same(
    known: Notice, declaration: Declaration, notice: WireNotice, body: Mapping[str, Any]
) -> bool:
    told = telling.said_in(body)
    said = (declaration.id, notice.id, notice.sequence, notice.kind, notice.official_at, told)
    return said == (
        known.declaration_id,
        known.gateway_id,
        known.sequence,
        known.kind,
        known.official_at,
        telling.said_in(known.body),
    )


def _last_applied(session: Session, declaration_id: UUID) -> int:
    newest = select(func.max(Notice.sequence)).where(
        Notice.declaration_id == declaration_id, Notice.applied_at.is_not(None)
    )
    return session.scalar(newest) or 0


def _waiting(session: Session, declaration_id: UUID) -> Sequence[Notice]:
    return session.scalars(
        select(Notice)
        .where(Notice.declaration_id == declaration_id, Notice.applied_at.is_(None))
        .order_by(Notice.sequence)
    ).all()
