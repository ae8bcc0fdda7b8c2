"""The board of a day: how many parcels stand where, why some are not matched, and what came last."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.i18n import N_, Translator
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import local_day, utcnow
from app.customs.parcels.api import parties_of
from app.customs.parcels.domain.facts import Message, ParcelState, Source
from app.customs.parcels.domain.reasons import Miss
from app.customs.parcels.pages import words
from app.customs.parcels.permissions import LIST, READ, SEND
from app.customs.parcels.queries import board
from app.customs.parcels.queries.board import EXPORT_MOST, OPEN, PAGE_SIZE, Parties
from app.web.exports import csv_response, xlsx_response
from app.web.need import Holder
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

board_pages = router()

HERE = "/customs/parcels"
Reader = Annotated[Actor, Depends(Holder(READ))]


@board_pages.get(HERE, name="parcels", include_in_schema=False)
def board_page(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    day: str = "",
    state: str = "",
    order: str = "",
    reason: str = "",
    after: str = "",
) -> Response:
    """Show a day: counts, reasons and parcels; a number of an order or waybill leads to its parcel whatever the day."""
    translator, parties = request_translator(request), parties_of(actor)
    today = local_day(utcnow(), zone.tz)
    chosen = words.day_of(day, today)
    counts = board.counts(session, parties, chosen)
    if not state:  # what needs somebody comes first
        state = "OPEN" if any(counts[each] for each in OPEN) else "ALL"
    states, miss = _states(state), _miss(reason)
    order = order.replace("\0", "").strip()[:64]
    found = (
        board.of_number(session, parties, order)
        if order
        else board.parcels(
            session, parties, chosen, states=states, reason=miss, after=position(after, str, UUID)
        )
    )
    link = _link(chosen, state if states else "ALL", miss)
    view = {
        "title": translator.gettext("Low-value parcels"),
        **_day_view(session, parties, chosen, today, counts),
        **_rows_view(found, link, translator, paged=not order),
        "order": order,
        "reason": words.MISSES[miss] if miss is not None else "",
        "first": f"{HERE}?{urlencode(link)}" if after else "",
        "batches": [_batch(each) for each in board.batches(session, parties or ())],
        "officer": actor.is_officer,
        "may_send": not actor.is_officer and actor.may(SEND),
        "may_list": not actor.is_officer and actor.may(LIST),
    }
    return render(request, "parcels/board.html", view)


def _link(day: date, state: str, miss: Miss | None) -> dict[str, str]:
    return {"day": day.isoformat(), "state": state, **({"reason": miss.value} if miss is not None else {})}


def _rows_view(
    found: list[board.ParcelLine], link: dict[str, str], translator: Translator, *, paged: bool
) -> dict[str, Any]:
    """Return the rows of a page, and where the rest, the other reasons and the file are."""
    page = found[:PAGE_SIZE]
    without_reason = {name: value for name, value in link.items() if name != "reason"}
    return {
        "state": link["state"],
        "all_reasons": f"{HERE}?{urlencode(without_reason)}",
        "rows": [words.line_view(each, translator) for each in page],
        "next": _next(page, link) if paged and len(found) > PAGE_SIZE else "",
        "export": urlencode({name: value for name, value in link.items() if name != "state"}),
    }


@board_pages.get(f"{HERE}/misses.csv", name="parcels-csv", include_in_schema=False)
def misses_csv(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, day: str = "", reason: str = ""
) -> Response:  # fmt: skip
    """Send what is not matched as CSV, a line for each reason."""
    header, rows = _misses(session, request_translator(request), actor, _day(day, zone.tz), _miss(reason))
    return csv_response("parcels.csv", header, rows)


@board_pages.get(f"{HERE}/misses.xlsx", name="parcels-xlsx", include_in_schema=False)
def misses_xlsx(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, day: str = "", reason: str = ""
) -> Response:  # fmt: skip
    """Send what is not matched as a spreadsheet, a line for each reason."""
    header, rows = _misses(session, request_translator(request), actor, _day(day, zone.tz), _miss(reason))
    return xlsx_response("parcels.xlsx", header, rows)


def _day_view(
    session: Session, parties: Parties, day: date, today: date, counts: dict[ParcelState, int]
) -> dict[str, Any]:
    last = board.latest_day(session, parties)
    return {
        "day": day,
        "today": today,
        "before": (day - timedelta(days=1)).isoformat() if day > date.min else "",
        "later": (day + timedelta(days=1)).isoformat() if day < date.max else "",
        "counts": [{**words.state_view(each), "number": counts[each]} for each in words.STATES],
        "total": sum(counts.values()),
        "last": last,
        "misses": [
            {
                "word": words.MISSES[miss],
                "number": number,
                "href": f"{HERE}?{urlencode({'day': day.isoformat(), 'state': 'OPEN', 'reason': miss.value})}",
            }
            for miss, number in board.misses(session, parties, day).items()
        ],
    }


def _misses(
    session: Session, translator: Translator, actor: Actor, day: date, reason: Miss | None
) -> tuple[list[str], Iterator[list[str]]]:
    titles = (
        N_("Order"),
        N_("State"),
        N_("Waybill"),
        N_("Flight or vehicle"),
        N_("Reason"),
        N_("What to do"),
    )
    found = board.parcels(session, parties_of(actor), day, states=OPEN, reason=reason, size=EXPORT_MOST)

    def rows() -> Iterator[list[str]]:
        for line in found:
            for each in line.reasons:
                said = words.reason_view(each, translator)
                yield [
                    line.order_no,
                    translator.gettext(words.STATES[line.state][1]),
                    line.waybill_no or "",
                    line.flight or "",
                    said["title"],
                    said["remedy"],
                ]

    return [translator.gettext(each) for each in titles], rows()


def _states(given: str) -> list[ParcelState]:
    if given == "OPEN":
        return list(OPEN)
    return [ParcelState(given)] if given in set(ParcelState) else []


def _miss(given: str) -> Miss | None:
    return Miss(given) if given in set(Miss) else None


def _day(given: str, zone: Any) -> date:
    return words.day_of(given, local_day(utcnow(), zone))


def _next(page: list[board.ParcelLine], link: dict[str, str]) -> str:
    last = encode_cursor((page[-1].state.value, page[-1].id))
    return f"{HERE}?{urlencode({**link, 'after': last})}"


def _batch(each: Any) -> dict[str, Any]:
    return {
        "href": f"{HERE}/batches/{each.id}",
        "message": words.MESSAGES[Message(each.message)],
        "source": words.SOURCES[Source(each.source)],
        "at": each.at,
        "taken": each.taken,
        "known": each.known,
        "refused": each.changed + each.faulty,
    }
