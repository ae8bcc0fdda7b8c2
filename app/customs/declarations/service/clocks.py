"""Statutory clocks: started and met by notices at their official instants, never by hand; overdue ones are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day
from app.core.outbox import publish
from app.core.telemetry import get_logger
from app.core.workflow.timekeeping import calendar_of
from app.customs.declarations.domain import content
from app.customs.declarations.domain.timelimits import (
    EXPRESS,
    EXTENSION,
    FREE_AMENDMENT,
    LIMITS,
    MEETS,
    STARTS,
    STOPS,
    ClockKind,
)
from app.customs.declarations.events import ClockRanOut
from app.customs.declarations.models import Clock, Declaration, Dispatch, Notice, Revision
from app.customs.declarations.wire import NoticeKind

Zone = ZoneInfo
_log = get_logger(__name__)
_MOST = 200
_ARRIVAL, _GOODS_CLASS, _BY_EXPRESS, _HOUR = "ARR", "CCC", "F", "hour of departure"


def hear(session: Session, declaration: Declaration, notice: Notice, *, zone: Zone, now: datetime) -> None:
    """Start and meet what a notice starts and meets."""
    word = _word(session, notice)
    met = MEETS.get(word, frozenset())
    for clock in _running(session, declaration.id):
        if clock.kind in met:
            clock.met_at = notice.official_at
        elif word in STOPS:
            clock.cancelled_at = notice.official_at
    session.flush()  # a clock of the same kind may start anew
    if word == NoticeKind.GOODS_CHECK_EXTENDED:
        _extend(session, declaration, notice, zone)
    kind = STARTS.get(word)
    if kind is not None:
        if kind is ClockKind.AMENDMENT_ANSWER and _answered_slowly(session, declaration, notice, zone):
            kind = ClockKind.AMENDMENT_ANSWER_LONG
        _start(session, declaration, kind, at=notice.official_at, zone=zone)
    if word == NoticeKind.REGISTERED:
        _look_at_arrival(session, declaration, notice, zone)
        _look_at_departure(session, declaration, notice, zone)


def overdue(session: Session, *, now: datetime) -> list[UUID]:
    """Return the clocks that have run out and of which nobody has been told."""
    found = select(Clock.id).where(
        Clock.met_at.is_(None), Clock.cancelled_at.is_(None), Clock.told_at.is_(None), Clock.due_at < now
    )
    return list(session.scalars(found.order_by(Clock.due_at).limit(_MOST)))


def tell_overdue(session: Session, *, clock_id: UUID, zone: Zone, now: datetime) -> None:
    """Note that a clock has run out, and tell of it once; the end of a validity starts the authority's own clock."""
    clock = session.get(Clock, clock_id, with_for_update=True, populate_existing=True)
    if clock is None or clock.told_at or clock.met_at or clock.cancelled_at:
        return
    clock.told_at = now
    event = ClockRanOut(clock.id, clock.declaration_id, clock.kind, clock.whose)
    publish(session, event, actor=SYSTEM, at=now, party_id=clock.party_id)
    if clock.kind == ClockKind.VALIDITY and clock.due_at is not None:
        declaration = session.get_one(Declaration, clock.declaration_id)
        _start(session, declaration, ClockKind.EXPIRY_CHECK, at=clock.due_at, zone=zone)


def _start(
    session: Session, declaration: Declaration, kind: ClockKind, *, at: datetime, zone: Zone
) -> Clock | None:
    if any(each.kind == kind for each in _running(session, declaration.id)):
        return None
    limit, day = LIMITS[kind], local_day(at, zone)
    try:
        value = law.at(session, day).get(limit.key)
        used, due = value.as_used(), calendar_of(session, day, zone).due_for_limit(at, value.limit())
    except law.LawValueMissing as missing:
        # The clock stands without an end, and its page says what is missing: a limit is never guessed.
        _log.warning("customs.clock_without_end", kind=kind, missing=str(missing.params))
        used, due = (
            {"key": limit.key, "missing": {name: str(text) for name, text in missing.params.items()}},
            None,
        )
    clock = Clock(
        id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, kind=kind.value,
        whose=limit.whose.value, law=used, started_at=at, due_at=due, met_at=None, cancelled_at=None,
        # Nobody owes anything at the end of a window, so nobody is told of it.
        told_at=at if limit.window else None,
    )  # fmt: skip
    session.add(clock)
    session.flush()  # the next rule looks at what is running
    return clock


def _extend(session: Session, declaration: Declaration, notice: Notice, zone: Zone) -> None:
    """Let the check of the goods last longer, once, by what the law says on the day of the notice."""
    running = [each for each in _running(session, declaration.id) if each.kind == ClockKind.GOODS_CHECK]
    for clock in running:
        if clock.due_at is None or "extension" in clock.law:
            continue
        day = local_day(notice.official_at, zone)
        try:
            value = law.at(session, day).get(EXTENSION)
            due = calendar_of(session, day, zone).due_for_limit(clock.due_at, value.limit())
        except law.LawValueMissing as missing:
            _log.warning("customs.clock_not_extended", missing=str(missing.params))
            continue
        clock.due_at, clock.law = due, {**clock.law, "extension": value.as_used()}
        clock.told_at = None


def _look_at_departure(session: Session, declaration: Declaration, notice: Notice, zone: Zone) -> None:
    """
    Count the hours from registration to departure, where goods go abroad and the day of departure is declared.

    Only the day is known. Early enough for its first minute is in time, too late for its last one is late; in between
    the hour decides, which nobody declared: the clock then stands without an end.
    """
    if declaration.direction != "EXPORT" or declaration.movement != "ZONE_TO_ABROAD":
        return
    header = _header(session, declaration)
    departure = content.day(str(header.get(_ARRIVAL, "")))
    if departure is None:
        return
    first = datetime.combine(departure, time.min, tzinfo=zone)
    key = EXPRESS if header.get(_GOODS_CLASS) == _BY_EXPRESS else LIMITS[ClockKind.DECLARE_EXPORT].key
    at, day = notice.official_at, local_day(notice.official_at, zone)
    try:
        value = law.at(session, day).get(key)
    except law.LawValueMissing:
        return
    before = timedelta(hours=int(value.decimal()))
    earliest, latest = first - before, first + timedelta(days=1) - before
    due = earliest if at <= earliest else latest if at > latest else None
    used = value.as_used() if due is not None else {**value.as_used(), "missing": {"value": _HOUR}}
    clock = Clock(
        id=uuid7(), party_id=declaration.party_id, declaration_id=declaration.id, kind=ClockKind.DECLARE_EXPORT.value,
        whose=LIMITS[ClockKind.DECLARE_EXPORT].whose.value, law=used, started_at=min(at, declaration.created_at),
        due_at=due, met_at=at, cancelled_at=None, told_at=None,
    )  # fmt: skip
    session.add(clock)


def _header(session: Session, declaration: Declaration) -> Mapping[str, Any]:
    header = session.scalar(
        select(Revision.header).where(
            Revision.declaration_id == declaration.id, Revision.number == declaration.head
        )
    )
    return header or {}


def _look_at_arrival(session: Session, declaration: Declaration, notice: Notice, zone: Zone) -> None:
    """Count the time from arrival to registration, where goods came from abroad and the day of arrival is declared."""
    if declaration.direction != "IMPORT" or declaration.movement != "ABROAD_TO_ZONE":
        return
    arrived = content.day(str(_header(session, declaration).get(_ARRIVAL, "")))
    if arrived is None:
        return
    at = datetime.combine(arrived, time.min, tzinfo=zone)
    if at > notice.official_at:
        return  # declared before arrival, which the law allows
    clock = _start(session, declaration, ClockKind.DECLARE_IMPORT, at=at, zone=zone)
    if clock is not None:
        clock.met_at = notice.official_at


def _word(session: Session, notice: Notice) -> str:
    if notice.kind != NoticeKind.RECEIVED or notice.dispatch_id is None:
        return notice.kind
    kind = session.scalar(select(Dispatch.kind).where(Dispatch.id == notice.dispatch_id))
    return f"{kind}:{notice.kind}"


@dataclass(frozen=True, slots=True)
class FreeAmendment:
    """Until when an amendment after clearance bears no penalty (Law on Customs, article 29.4)."""

    until: date
    value: law.LawValue


def free_amendment(session: Session, *, cleared_at: datetime, zone: Zone) -> FreeAmendment | None:
    """Return the last local day of the time without penalty; None where the law data lack the value."""
    day = local_day(cleared_at, zone)
    value = law.at(session, day).find(FREE_AMENDMENT)
    return None if value is None else FreeAmendment(day + timedelta(days=value.days()), value)


def _answered_slowly(session: Session, declaration: Declaration, notice: Notice, zone: Zone) -> bool:
    """Tell whether the longer limit applies: after a check before clearance, or long after clearance."""
    if declaration.cleared_at is not None:
        free = free_amendment(session, cleared_at=declaration.cleared_at, zone=zone)
        return free is not None and local_day(notice.official_at, zone) > free.until
    checked = select(Notice.id).where(
        Notice.declaration_id == declaration.id,
        Notice.outcome == "APPLIED",
        Notice.kind.in_([NoticeKind.PAPERS_CHECKED.value, NoticeKind.GOODS_CHECKED.value]),
    )
    return session.scalar(checked.limit(1)) is not None


def _running(session: Session, declaration_id: UUID) -> list[Clock]:
    return list(
        session.scalars(
            select(Clock).where(
                Clock.declaration_id == declaration_id, Clock.met_at.is_(None), Clock.cancelled_at.is_(None)
            )
        )
    )
