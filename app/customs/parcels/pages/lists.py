"""Low-value lists: prepared from a flight, closed, taken along as a file, sent to customs, answered, corrected."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.documents.typeset import typeset
from app.core.errors import NotFound
from app.core.i18n import Translator
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.payments import DebtStopsRegistration
from app.core.settings.zone import ZoneConfig
from app.customs.declarations.facade import free_amendment, simulated
from app.customs.parcels.api import parties_of
from app.customs.parcels.domain.lowvalue import Exemption
from app.customs.parcels.pages import words
from app.customs.parcels.pages.board import HERE, Reader
from app.customs.parcels.pages.list_paper import PAPER, paper, table
from app.customs.parcels.permissions import LIST
from app.customs.parcels.queries import lists
from app.customs.parcels.queries.expected import drafted
from app.customs.parcels.queries.lists import LineAfter, ListHead
from app.customs.parcels.service import billing, listing, sending
from app.customs.parcels.service.listing import Prepared, prepare
from app.web.debts_view import debts_view
from app.web.exports import xlsx_response
from app.web.forms import PostedForm, needed_key, text
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.slips_panel import slips_panel
from app.web.unit import DbSession, router

list_pages = router()

LISTS = f"{HERE}/lists"
ROWS_SHOWN = 20
Lister = Annotated[Actor, Depends(Holder(LIST))]


@list_pages.get(LISTS, name="parcel-lists", include_in_schema=False)
def lists_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, day: str = "", state: str = "",
    find: str = "",
) -> Response:  # fmt: skip
    """Show the lists, and the flights of a day whose parcels wait for one."""
    translator, today = request_translator(request), local_day(utcnow(), zone.tz)
    chosen, parties = words.day_of(day, today), parties_of(actor)
    find, state = find.replace("\0", "").strip()[:64], state if state in words.LIST_STATES else ""
    own = [] if actor.is_officer else [party for party in actor.party_ids if actor.may(LIST, party)]
    view = {
        "title": translator.gettext("Low-value lists"),
        "day": chosen,
        "flights": [
            {
                "flight": each.flight,
                "parcels": each.parcels,
                "operator": each.operator,
                "href": f"{LISTS}/new?"
                + urlencode({"day": chosen.isoformat(), "flight": each.flight, "party": str(each.party_id)}),
            }
            for each in (lists.flights(session, own, chosen) if own else ())
        ],
        "may_list": bool(own),
        "officer": actor.is_officer,
        "rows": [_head_view(each) for each in lists.lists(session, parties, state=state, words=find)],
        "state": state,
        "find": find,
        "states": [(code, words.LIST_STATES[code][1]) for code in words.LIST_STATES if code != "QUEUED"],
        "expected": _expected(translator.lang, today),
        "year": today.year,
        "buyers": lists.buyers(session, parties, today.year),
        "crumbs": [_crumb(translator)],
    }
    return render(request, "parcels/lists.html", view)


@list_pages.get(f"{LISTS}/new", name="parcel-list-new", include_in_schema=False)
def prepare_page(
    request: Request, session: DbSession, actor: Lister, zone: CurrentZone, day: str = "", flight: str = "",
    party: str = "",
) -> Response:  # fmt: skip
    """Show what a list of a flight would hold, and what stays outside and why."""
    return _prepared(request, session, actor, zone, day=day, flight=flight, party=party)


@list_pages.post(LISTS, include_in_schema=False)
def close(
    request: Request, session: DbSession, actor: Lister, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Close the list of a flight."""
    day, flight, party = (text(posted, name) for name in ("day", "flight", "party"))
    try:
        row = listing.close_list(
            session, list_id=needed_key(text(posted, "list_id")), party_id=_party(actor, party), actor=actor,
            now=utcnow(), day=words.day_of(day, local_day(utcnow(), zone.tz)), flight=flight, zone=zone.tz,
        )  # fmt: skip
    except listing.NothingToList:
        session.rollback()
        return _prepared(request, session, actor, zone, day=day, flight=flight, party=party, status=409)
    return RedirectResponse(f"{LISTS}/{row.id}", 303)


@list_pages.get(f"{LISTS}/{{parcel_list_id}}", name="parcel-list", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, parcel_list_id: UUID, after: int = 0
) -> Response:  # fmt: skip
    """Show a closed list with its lines, totals, what customs said of it and what came back since."""
    return _page(request, session, actor, _head(session, actor, parcel_list_id), zone, after=after)


@list_pages.get(f"{LISTS}/{{parcel_list_id}}/list.xlsx", name="parcel-list-xlsx", include_in_schema=False)
def list_xlsx(request: Request, session: DbSession, actor: Reader, parcel_list_id: UUID) -> Response:
    """Send the list with its VAT columns as a spreadsheet, amounts as plain numbers."""
    head = _head(session, actor, parcel_list_id)
    header, rows = table(lists.lines(session, head.row.id, size=None), request_translator(request))
    return xlsx_response(f"{head.row.code}.xlsx", header, rows)


@list_pages.get(f"{LISTS}/{{parcel_list_id}}/list.pdf", name="parcel-list-pdf", include_in_schema=False)
def list_pdf(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, parcel_list_id: UUID
) -> Response:
    """Print the list."""
    head, translator = _head(session, actor, parcel_list_id), request_translator(request)
    found = lists.lines(session, head.row.id, size=None)
    content = typeset(PAPER, paper(head, found, translator, zone), at=head.row.closed_at, tagged=False)
    headers = {
        "Content-Disposition": f'attachment; filename="{head.row.code}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="application/pdf", headers=headers)


@list_pages.post(f"{LISTS}/{{parcel_list_id}}/send", include_in_schema=False)
def send(
    request: Request, session: DbSession, actor: Lister, zone: CurrentZone, posted: PostedForm, parcel_list_id: UUID
) -> Response:  # fmt: skip
    """Hand the list over to customs; twice means once."""
    try:
        sending.send_list(session, list_id=parcel_list_id, actor=actor, now=utcnow(), zone=zone.tz)
    except DebtStopsRegistration:
        session.rollback()
        return _page(request, session, actor, _head(session, actor, parcel_list_id), zone, status=409)
    return RedirectResponse(f"{LISTS}/{parcel_list_id}", 303)


@list_pages.post(f"{LISTS}/{{parcel_list_id}}/corrections", include_in_schema=False)
def correct(
    session: DbSession, actor: Lister, zone: CurrentZone, posted: PostedForm, parcel_list_id: UUID
) -> Response:
    """Close a correction for what went back."""
    row = listing.correct_list(
        session, list_id=needed_key(text(posted, "list_id")), first_id=parcel_list_id, actor=actor, now=utcnow(),
        zone=zone.tz,
    )  # fmt: skip
    return RedirectResponse(f"{LISTS}/{row.id}", 303)


def _prepared(
    request: Request, session: Session, actor: Actor, zone: ZoneConfig, *, day: str, flight: str, party: str,
    status: int = 200,
) -> Response:  # fmt: skip
    translator, now = request_translator(request), utcnow()
    chosen = words.day_of(day, local_day(now, zone.tz))
    flight = flight.replace("\0", "")[:40]
    party_id = _party(actor, party)
    made = prepare(session, party_id=party_id, day=chosen, flight=flight, now=now, zone=zone.tz)
    view = {
        "title": translator.gettext("Prepare a low-value list"),
        "day": chosen,
        "flight": flight,
        "party": str(party_id),
        "list_id": str(uuid7()),
        "most": listing.MOST,
        **_sums(made),
        "rows": [_prepared_row(*each) for each in made.rows[:ROWS_SHOWN]],
        "left_out": [
            {"order_no": number, "why": words.left_out_view(reason, params, translator)}
            for number, reason, params in made.left_out[:ROWS_SHOWN]
        ],
        "left_out_all": len(made.left_out),
        "law": made.pricing.law,
        "refused": status != 200,  # noqa: PLR2004  HTTP's own number
        "crumbs": [_crumb(translator), Crumb(translator.gettext("Low-value lists"), LISTS)],
    }
    return render(request, "parcels/list_new.html", view, status=status)


def _sums(made: Prepared) -> dict[str, Any]:
    return {
        "parcels": len(made.rows),
        "customs_value": made.sum("customs_value"),
        "duty": made.sum("duty"),
        "vat": made.sum("vat"),
        "exemptions": [(words.EXEMPTIONS[each], number) for each, number in made.exemptions.items()],
    }


def _prepared_row(row: Any, priced: Any) -> dict[str, Any]:
    return {
        "order_no": row.order_no,
        "waybill_no": row.waybill_no,
        "total": row.total,
        "currency": row.currency,
        "exchange": priced.exchange,
        "customs_value": priced.tax.customs_value,
        "exemption": words.EXEMPTIONS[priced.tax.exemption],
        "vat_rates": priced.vat_rates,
        "vat": priced.tax.vat,
        "goods": priced.goods,
    }


def _page(
    request: Request, session: Session, actor: Actor, head: ListHead, zone: ZoneConfig, *, after: int = 0,
    status: int = 200,
) -> Response:  # fmt: skip
    translator, row = request_translator(request), head.row
    found = lists.lines(session, row.id, after=max(0, min(after, listing.MOST)))
    page, more = found[: lists.PAGE_SIZE], len(found) > lists.PAGE_SIZE
    moved = lists.returned(session, row.id) if row.corrects_id is None else []
    may = actor.may(LIST, row.party_id) and not actor.is_officer
    dispatch, counted = lists.dispatch_of(session, row.id), lists.answers(session, row.id)
    notices = lists.notices_of(session, row.id)
    before = dispatch is None and row.corrects_id is None
    debts = debts_view(session, row.party_id, actor=actor, zone=zone, now=utcnow()) if before else None
    view = {
        "title": translator.gettext("List %(code)s", code=row.code),
        "head": _head_view(head, dispatch),
        "law_day": row.law_day,
        "law": row.law,
        "told": _told(session, row.id, translator),
        "rows": [_line_view(each) for each in page],
        "next": f"{LISTS}/{row.id}?after={page[-1].row.number}" if more else "",
        "first": f"{LISTS}/{row.id}" if after else "",
        "moved": [_line_view(each) for each in moved],
        "vat_less": sum((each.row.vat - each.vat for each in moved), start=row.vat - row.vat),
        "corrects": str(row.corrects_id) if row.corrects_id else "",
        "corrections": [_head_view(each) for each in lists.corrections(session, row.id)],
        "may_correct": may
        and bool(moved)
        and not lists.has_open_correction(session, row.id)
        and row.state != "REFUSED",
        "correction_id": str(uuid7()),
        "may_send": may and dispatch is None,
        "debts": debts,
        "slips": slips_panel(session, actor, subject_kind=billing.SUBJECT, subject_id=row.id),
        "stopped": bool(debts and debts["stops_registration"]),
        "too_early": row.corrects_id is not None
        and not lists.one(session, row.corrects_id).row.official_number,
        "dispatch": dispatch,
        "simulated": simulated(session, (each.body for each in notices)),
        "answers": [_answer_view(answer, number) for answer, number in counted.items()],
        "notices": [_notice_view(each, translator) for each in notices],
        "free_until": _free_until(session, row, zone),
        "crumbs": [_crumb(translator), Crumb(translator.gettext("Low-value lists"), LISTS)],
    }
    return render(request, "parcels/list.html", view, status=status)


def _expected(lang: str, today: date) -> list[dict[str, str]]:
    """Return the rules that are only drafted: shown, and never applied."""
    return [
        {
            "title": each.title.get(lang, each.key),
            "value": law.say(each.value.unit, each.value.value, lang),
            "note": (each.value.note or {}).get(lang, ""),
        }
        for each in drafted(today)
    ]


def _free_until(session: Session, row: Any, zone: ZoneConfig) -> date | None:
    """Return the last day on which a correction after release bears no penalty, as far as the law data say."""
    if row.released_at is None:
        return None
    free = free_amendment(session, cleared_at=row.cleared_at or row.released_at, zone=zone.tz)
    return None if free is None else free.until


def _told(session: Session, list_id: UUID, translator: Translator) -> str:
    """Say how far customs knows that the tax of a list was paid; empty where nothing was."""
    paid = lists.payment_of(session, list_id)
    return translator.gettext(words.TOLD[paid.state]) if paid is not None else ""


def _answer_view(answer: str, number: int) -> dict[str, Any]:
    tone, word, symbol = words.ANSWERS[answer]
    return {"tone": tone, "word": word, "symbol": symbol, "number": number}


def _notice_view(each: Any, translator: Translator) -> dict[str, Any]:
    body = each.body
    faults = [
        {
            "line": one.get("line"),
            "said": " · ".join(
                str(one[name]) for name in ("rule", "text", "article", "fix") if one.get(name)
            ),
        }
        for one in body.get("faults", ())
    ]
    return {
        "at": each.official_at,
        "word": translator.gettext(words.NOTICES.get(each.kind, words.FURTHER)),
        "text": body.get("text", ""),
        "faults": faults[:ROWS_SHOWN],
        "more": max(0, len(faults) - ROWS_SHOWN),
    }


def _head_view(head: ListHead, dispatch: Any = None) -> dict[str, Any]:
    row = head.row
    queued = row.state == "CLOSED" and (dispatch is not None or head.queued)
    tone, word, symbol = words.LIST_STATES["QUEUED" if queued else row.state]
    names = (
        "code", "day", "flight", "parcels", "weight_kg", "customs_value", "duty", "vat", "closed_at", "sent_at",
        "official_number", "answered_at", "released_at", "official_vat", "tax_reference",
        "tax_posted", "tax_posted_at", "cleared_at",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "id": str(row.id),
        "href": f"{LISTS}/{row.id}",
        "operator": head.operator,
        "correction": row.corrects_id is not None,
        "state": {"tone": tone, "word": word, "symbol": symbol},
    }


def _line_view(each: LineAfter) -> dict[str, Any]:
    row = each.row
    tone, word, symbol = words.ANSWERS[row.answer]
    names = (
        "number", "order_no", "waybill_no", "description", "hs", "weight_kg", "currency", "total", "exchange",
        "customs_value", "duty", "vat_rates", "vat", "goods", "answer_note",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "href": f"{HERE}/{row.parcel_id}",
        "exemption": words.EXEMPTIONS[Exemption(row.exemption)],
        "changed": each.changed,
        "value_after": each.customs_value,
        "vat_after": each.vat,
        "answer": {"tone": tone, "word": word, "symbol": symbol},
    }


def _head(session: Session, actor: Actor, list_id: UUID) -> ListHead:
    head, parties = lists.one(session, list_id), parties_of(actor)
    if parties is not None and head.row.party_id not in parties:
        raise NotFound
    return head


def _party(actor: Actor, wanted: str) -> UUID:
    """Return the operator named, or the actor's only one."""
    found = [party for party in actor.party_ids if actor.may(LIST, party)]
    chosen = [party for party in found if str(party) == wanted] or (found if len(found) == 1 else [])
    if actor.is_officer or not chosen:
        raise NotFound
    return chosen[0]


def _crumb(translator: Translator) -> Crumb:
    return Crumb(translator.gettext("Low-value parcels"), HERE)
