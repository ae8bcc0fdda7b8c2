"""The list of payment slips: what is to be paid, what was paid, filtered, summed up, and as a file."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.errors import Forbidden
from app.core.i18n import N_
from app.core.i18n.formats import typed_day
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from app.core.kit.time import local_day, utcnow
from app.core.payments.finding import SlipFilter, Standing, kinds_of, list_slips, payers_of, totals
from app.core.payments.permissions import READ
from app.core.payments.queries import PAGE_SIZE
from app.web.exports import csv_response, xlsx_response
from app.web.need import SignedInActor
from app.web.payments_view import KINDS, row_view
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

payment_list = router()

LIST = "/payments"
_MOST_EXPORTED = 5000
_STANDINGS = {
    Standing.UNPAID: N_("To be paid"),
    Standing.OVERDUE: N_("Overdue"),
    Standing.PART_PAID: N_("Paid in part"),
    Standing.PAID: N_("Paid in full"),
    Standing.SURPLUS: N_("Paid too much"),
    Standing.CLOSED: N_("Cancelled or refunded"),
    Standing.ALL: N_("All"),
}


def _asked(
    show: str = "", q: str = "", firm: str = "", kind: str = "", since: str = "", until: str = ""
) -> SlipFilter:
    """Return what the address asks for; what cannot be understood is left out."""
    standing = (
        show.upper()
        if show.upper() in {each.value for each in Standing}
        else Standing.ALL
        if q.strip()
        else Standing.UNPAID
    )
    words, what = q.replace("\0", "")[:100], kind.replace("\0", "")[:40]
    return SlipFilter(Standing(standing), words, key_of(firm), what, typed_day(since), typed_day(until))


Asked = Annotated[SlipFilter, Depends(_asked)]


@payment_list.get(LIST, name="payments", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, asked: Asked, after: str = ""
) -> Response:  # fmt: skip
    """List the slips that the actor pays, or as an officer sees, the newest first, with what they come to."""
    _require(actor)
    today = local_day(utcnow(), zone.tz)
    found = list_slips(session, asked, actor=actor, today=today, zone=zone.tz, after=_position(after))
    page, gettext = found[:PAGE_SIZE], request_translator(request).gettext
    payers = payers_of(session, actor=actor)
    kept = _address(asked)
    view = {
        "title": gettext("Payment slips"),
        "rows": [row_view(request, each, today) for each in page],
        "totals": totals(session, asked, actor=actor, today=today, zone=zone.tz),
        "whose": len(payers) > 1 or actor.is_officer,
        "asked": asked,
        "narrowed": asked != SlipFilter(),
        "standings": [(code.value, gettext(word)) for code, word in _STANDINGS.items()],
        "payers": [(str(key), name) for key, name in payers],
        "kinds": [(code, gettext(KINDS.get(code, code))) for code in kinds_of(session, actor=actor)],
        "export": f"{LIST}.{{}}?{kept}",
        "next": f"{LIST}?{kept}&after={encode_cursor((page[-1].id,))}" if len(found) > PAGE_SIZE else "",
        "first": f"{LIST}?{kept}" if after else "",
        "simulated": request.app.state.collecting.simulated,
    }
    return render(request, "payments/list.html", view)


@payment_list.get(LIST + ".csv", name="payments-csv", include_in_schema=False)
@payment_list.get(LIST + ".xlsx", name="payments-xlsx", include_in_schema=False)
def export(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, asked: Asked
) -> Response:
    """Send what the list shows, all pages of it, as CSV or XLSX."""
    _require(actor)
    ending = request.url.path.rpartition(".")[2]
    send = csv_response if ending == "csv" else xlsx_response
    header, rows = _table(request, session, actor, zone, asked)
    return send(f"payment-slips.{ending}", header, rows)


def _table(
    request: Request, session: Session, actor: Actor, zone: Any, asked: SlipFilter
) -> tuple[list[str], list[list[str]]]:
    today, gettext = local_day(utcnow(), zone.tz), request_translator(request).gettext
    header = [
        gettext(name)
        for name in (
            N_("Reference"), N_("What is paid for"), N_("Payer"), N_("Made on"), N_("Amount of money"), N_("Paid"),
            N_("Still owed"), N_("Paid too much"), N_("Due on"), N_("State"),
        )
    ]  # fmt: skip
    slips = list_slips(session, asked, actor=actor, today=today, zone=zone.tz, limit=_MOST_EXPORTED)
    rows = [
        [
            each.reference, row["title"], each.payer, local_day(each.created_at, zone.tz).isoformat(),
            f"{each.total:.0f}", f"{each.paid:.0f}", f"{each.outstanding:.0f}", f"{each.excess:.0f}",
            each.due_on.isoformat() if each.due_on else "", gettext(word),
        ]
        for each in slips
        for row in (row_view(request, each, today),)
        for word in (row["state"]["word"],)
    ]  # fmt: skip
    sums = totals(session, asked, actor=actor, today=today, zone=zone.tz)
    rows.append(
        [
            gettext("Together"), "", "", "", f"{sums.total:.0f}", f"{sums.paid:.0f}", f"{sums.outstanding:.0f}",
            f"{sums.excess:.0f}", "", str(sums.count),
        ]
    )  # fmt: skip
    return header, rows


def _address(asked: SlipFilter) -> str:
    """Return the query that asks for the same again."""
    parts = {
        "show": asked.standing.value.lower(), "q": asked.words, "firm": str(asked.payer or ""), "kind": asked.kind,
        "since": str(asked.since or ""), "until": str(asked.until or ""),
    }  # fmt: skip
    return urlencode({name: value for name, value in parts.items() if value})


def _require(actor: Actor) -> None:
    if actor.is_officer and not actor.may(READ):
        raise Forbidden(permission=READ)


def _position(cursor: str) -> UUID | None:
    try:
        values = decode_cursor(cursor) if cursor else (None,)
    except (InvalidCursor, ValueError):
        return None
    return values[0] if isinstance(values[0], UUID) else None
