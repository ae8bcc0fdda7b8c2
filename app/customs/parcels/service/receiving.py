"""
Answers of customs to lists: kept as they come, applied in the order of their sequence, twice is once.

The authority's answers are asked for by the code of the list. Nothing here makes up a number or a release.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.evidence.canonical import Canonical
from app.core.kit.actor import SYSTEM
from app.core.kit.ids import key_of, uuid7
from app.core.outbox import publish
from app.customs.declarations.facade import Notice, NoticeKind, body_of
from app.customs.parcels.events import ListAnswered, ListTaxed
from app.customs.parcels.models import ListDispatch, ListLine, ListNotice, ParcelList
from app.customs.parcels.service import sending
from app.customs.parcels.service.freeing import free

_MOST = 200
# A payment that was entered is followed by the clearance; after this time nobody waits for it any more.
_CLEARED_WITHIN = timedelta(days=30)
_OPEN = ("NONE", "ACCEPTED", "HELD")
_TOLD = frozenset(
    {
        NoticeKind.REFUSED,
        NoticeKind.GOODS_CHECK,
        NoticeKind.RELEASED,
        NoticeKind.CLEARED,
        NoticeKind.AMENDMENT_REFUSED,
    }
)


def waiting(session: Session, *, now: datetime) -> Sequence[tuple[UUID, str, int]]:
    """Return the lists that wait for an answer, with code and the last sequence that is known without a gap."""
    first = func.coalesce(ParcelList.corrects_id, ParcelList.id)
    unposted = exists().where(
        ListDispatch.list_id == ParcelList.id, ListDispatch.kind == "PAYMENT",
        ListDispatch.state.in_(("QUEUED", "SENT", "ACKNOWLEDGED")),
    )  # fmt: skip
    open_ones = (
        select(first)
        .where(
            or_(
                ParcelList.state == "SENT",
                (ParcelList.state == "REGISTERED") & ParcelList.corrects_id.is_(None),
                (ParcelList.state == "RELEASED") & (ParcelList.tax_posted_at > now - _CLEARED_WITHIN),
                unposted,
            )
        )
        .distinct()
        .limit(_MOST)
    )
    last = (
        select(func.coalesce(func.max(ListNotice.sequence), 0))
        .where(ListNotice.list_id == ParcelList.id, ListNotice.applied_at.is_not(None))
        .scalar_subquery()
    )
    rows = session.execute(
        select(ParcelList.id, ParcelList.code, last)
        .where(ParcelList.id.in_(open_ones))
        .order_by(ParcelList.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def take(session: Session, *, list_id: UUID, notices: Sequence[Notice], now: datetime) -> None:
    """Keep the notices of a list and apply those that are next."""
    row = session.get(ParcelList, list_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    for notice in notices:
        if notice.reference != row.code:
            continue
        session.execute(
            insert(ListNotice)
            .values(
                id=uuid7(), gateway_id=notice.id, party_id=row.party_id, list_id=row.id, sequence=notice.sequence,
                kind=notice.kind.value, reply_to=notice.reply_to, official_at=notice.official_at, received_at=now,
                body=body_of(notice),
            )
            .on_conflict_do_nothing()
        )  # fmt: skip
    kept = session.scalars(
        select(ListNotice)
        .where(ListNotice.list_id == row.id, ListNotice.applied_at.is_(None))
        .order_by(ListNotice.sequence)
    ).all()
    last = session.scalar(
        select(func.coalesce(func.max(ListNotice.sequence), 0)).where(
            ListNotice.list_id == row.id, ListNotice.applied_at.is_not(None)
        )
    )
    for each in kept:
        if each.sequence != (last or 0) + 1:
            return
        last = each.sequence
        each.applied_at = now
        _apply(session, row, each, now=now)
        session.flush()  # the next notice looks at what this one did


def _apply(session: Session, row: ParcelList, notice: ListNotice, *, now: datetime) -> None:
    dispatch = _answered(session, notice, row)
    about = row if dispatch is None else session.get_one(ParcelList, dispatch.list_id)
    kind, refused = NoticeKind(notice.kind), 0
    match kind:
        case NoticeKind.REGISTERED:
            refused = _registered(session, row, notice, now=now)
        case NoticeKind.REFUSED:
            refused = _refused(session, row, notice, now=now)
        case NoticeKind.GOODS_CHECK:
            _mark(session, row, "HELD", _numbers(notice.body), note=str(notice.body.get("text", "")))
        case NoticeKind.TAX:
            row.official_vat = Decimal(notice.body["total"]) if "total" in notice.body else None
            row.tax_reference = notice.body.get("payment_reference")
            taxed = ListTaxed(row.id, notice.id)
            publish(session, taxed, actor=SYSTEM, at=now, party_id=row.party_id)
        case NoticeKind.PAYMENT_POSTED:
            _posted(session, row, notice, dispatch)
        case NoticeKind.QUESTION if dispatch is not None and dispatch.payment is not None:
            sending.payment_unheard(session, dispatch, error="question", now=now)
        case NoticeKind.RELEASED:
            _released(session, row, notice)
        case NoticeKind.CLEARED:
            _mark(session, row, "RELEASED", _numbers(notice.body))
            row.state, row.cleared_at = "CLEARED", notice.official_at
            row.released_at = row.released_at or notice.official_at
        case NoticeKind.AMENDED if about.corrects_id is not None:
            about.state, about.answered_at = "REGISTERED", notice.official_at
            about.official_number = notice.body.get("official_number")
            _mark(session, about, "ACCEPTED", [])
        case NoticeKind.AMENDMENT_REFUSED if about.corrects_id is not None:
            about.state, about.answered_at = "REFUSED", notice.official_at
            _mark(session, about, "REFUSED", [], note=_said(notice.body))
        case _:
            pass
    facts: dict[str, Canonical] = {
        "notice": notice.gateway_id,
        "kind": notice.kind,
        "sequence": notice.sequence,
        "refused": refused,
    }
    record(
        session, "parcels:notice:apply", subject=Subject("parcels_list", about.id), actor=SYSTEM, at=now,
        party_id=row.party_id, facts=facts,
    )  # fmt: skip
    outcome = "LINES_REFUSED" if kind is NoticeKind.REGISTERED and refused else kind.value
    if kind in _TOLD or outcome == "LINES_REFUSED":
        told = ListAnswered(about.id, about.code, outcome, refused)
        publish(session, told, actor=SYSTEM, at=now, party_id=row.party_id)


def _registered(session: Session, row: ParcelList, notice: ListNotice, *, now: datetime) -> int:
    row.state, row.answered_at = "REGISTERED", notice.official_at
    row.official_number = notice.body.get("official_number")
    _mark(session, row, "ACCEPTED", [])
    return _refuse_lines(session, row, notice.body, now=now)


def _refused(session: Session, row: ParcelList, notice: ListNotice, *, now: datetime) -> int:
    row.state, row.answered_at = "REFUSED", notice.official_at
    _mark(session, row, "REFUSED", [], note=_said(notice.body))
    for fault in notice.body.get("faults", ()):
        if fault.get("line"):
            _mark(session, row, "REFUSED", [fault["line"]], note=_fault(fault))
    return free(session, row, None, now=now)


def _refuse_lines(session: Session, row: ParcelList, body: dict[str, Any], *, now: datetime) -> int:
    """Refuse the lines that a registration names: the others are accepted without them."""
    numbers = []
    for fault in body.get("faults", ()):
        if fault.get("line"):
            numbers.append(int(fault["line"]))
            _mark(session, row, "REFUSED", [int(fault["line"])], note=_fault(fault))
    return free(session, row, numbers, now=now) if numbers else 0


def _released(session: Session, row: ParcelList, notice: ListNotice) -> None:
    _mark(session, row, "RELEASED", _numbers(notice.body))
    left = session.scalar(
        select(func.count())
        .select_from(ListLine)
        .where(ListLine.list_id == row.id, ListLine.answer.in_(_OPEN))
    )
    if not left:
        row.state, row.released_at = "RELEASED", notice.official_at


def _posted(session: Session, row: ParcelList, notice: ListNotice, dispatch: ListDispatch | None) -> None:
    """Note what customs entered as paid, and that our message of it did its work."""
    posted = notice.body.get("posted", {})
    row.tax_posted = (row.tax_posted or Decimal(0)) + Decimal(posted.get("amount", "0"))
    row.tax_posted_at = notice.official_at
    if dispatch is not None and dispatch.payment is not None:
        dispatch.state, dispatch.error = "POSTED", ""
        return
    # It may have learned of the payment from the treasury and answer no message of ours.
    for each in session.scalars(
        select(ListDispatch).where(ListDispatch.list_id == row.id, ListDispatch.kind == "PAYMENT")
    ):
        if each.payment is not None and each.payment["reference"] == posted.get("reference"):
            each.state, each.error = "POSTED", ""


def _mark(session: Session, row: ParcelList, answer: str, numbers: Sequence[int], *, note: str = "") -> None:
    """Write the answer to lines; to all that are still open where none is named."""
    wanted = ListLine.number.in_(numbers) if numbers else ListLine.answer.in_(_OPEN)
    session.execute(
        update(ListLine)
        .where(ListLine.list_id == row.id, wanted)
        .values(answer=answer, answer_note=note[:1000])
        .execution_options(synchronize_session=False)
    )


def _answered(session: Session, notice: ListNotice, row: ParcelList) -> ListDispatch | None:
    """Return our message that a notice answers; the answer proves that it arrived."""
    key = key_of(notice.reply_to)
    if key is None:
        return None
    found = session.get(ListDispatch, key, with_for_update=True, populate_existing=True)
    if found is None or found.party_id != row.party_id:
        return None
    if found.state in {"QUEUED", "SENT"}:
        found.state, found.sent_at, found.error = "ACKNOWLEDGED", found.sent_at or notice.official_at, ""
        about = session.get_one(ParcelList, found.list_id)
        if about.state == "CLOSED":
            about.state, about.sent_at = "SENT", found.sent_at
    return found


def _numbers(body: dict[str, Any]) -> list[int]:
    return [int(each["number"]) for each in body.get("lines", ()) if int(each["number"]) > 0]


def _said(body: dict[str, Any]) -> str:
    said = [_fault(each) for each in body.get("faults", ()) if not each.get("line")]
    return " ".join(said) or str(body.get("text", ""))


def _fault(fault: dict[str, Any]) -> str:
    parts = (fault.get("rule"), fault.get("text"), fault.get("article"), fault.get("fix"))
    return " · ".join(str(each) for each in parts if each)
