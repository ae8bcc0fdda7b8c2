"""One parcel with everything told of it, and one batch. Buyers are covered for officers until a purpose is stated."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import Invalid, NotFound
from app.core.i18n import N_, Translator
from app.core.kit.actor import Actor
from app.core.kit.personal import Cover, Personal, personal_values, reveal
from app.core.kit.time import local_day, utcnow
from app.core.privacy import Read, recent_reading, record_reading
from app.customs.parcels.api import parties_of
from app.customs.parcels.domain.facts import Message, Outcome, Source
from app.customs.parcels.pages import words
from app.customs.parcels.pages.board import HERE, Reader
from app.customs.parcels.permissions import BUYERS, SEND
from app.customs.parcels.queries import board, lists
from app.customs.parcels.queries.board import ParcelLine
from app.customs.parcels.queries.messages import Messages, messages, people
from app.web.exports import xlsx_response
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.pages.personal import chosen, purposes_of
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

parcel_pages = router()

KIND = "parcel"
FAULTS_SHOWN = 200
BuyerReader = Annotated[Actor, Depends(Holder(BUYERS))]


@parcel_pages.get(f"{HERE}/batches/{{parcel_batch_id}}", name="parcels-batch", include_in_schema=False)
def batch_page(request: Request, session: DbSession, actor: Reader, parcel_batch_id: UUID) -> Response:
    """Show what became of a batch, with the faults of rows that were not taken."""
    found, translator = board.batch(session, parcel_batch_id), request_translator(request)
    _refuse_others(actor, found.party_id)
    gettext = translator.gettext
    view = {
        "title": gettext(words.MESSAGES[Message(found.message)]),
        "at": found.at,
        "source": words.SOURCES[Source(found.source)],
        "counts": [
            (words.OUTCOMES[Outcome.TAKEN], found.taken),
            (words.OUTCOMES[Outcome.KNOWN], found.known),
            (words.OUTCOMES[Outcome.CHANGED], found.changed),
            (words.OUTCOMES[Outcome.FAULTY], found.faulty),
        ],
        "faults": [
            {
                "row": each["index"] + 1,
                "number": each["number"],
                "errors": [_fault(one, translator) for one in each["errors"]],
            }
            for each in found.faults[:FAULTS_SHOWN]
        ],
        "refused": found.changed + found.faulty,
        "here": f"{HERE}/batches/{found.id}",
        "crumbs": [Crumb(gettext("Low-value parcels"), HERE)],
    }
    return render(request, "parcels/batch.html", view)


@parcel_pages.get(
    f"{HERE}/batches/{{parcel_batch_id}}/faults.xlsx", name="parcels-faults", include_in_schema=False
)
def faults_xlsx(request: Request, session: DbSession, actor: Reader, parcel_batch_id: UUID) -> Response:
    """Send the rows that were refused with every fault, as a spreadsheet."""
    found, translator = board.batch(session, parcel_batch_id), request_translator(request)
    _refuse_others(actor, found.party_id)
    rows = (
        [str(each["index"] + 1), each["number"] or "", one["name"], translator.gettext(one["reason"])]
        for each in found.faults
        for one in each["errors"]
    )
    titles = (N_("Row"), N_("Number"), N_("Field"), N_("What is wrong"))
    return xlsx_response("faults.xlsx", [translator.gettext(each) for each in titles], rows)


@parcel_pages.get(f"{HERE}/{{parcel_id}}", name="parcel", include_in_schema=False)
def parcel_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, parcel_id: UUID
) -> Response:
    """Show a parcel: where it stands and why, the three messages side by side."""
    line, translator = _line(session, actor, parcel_id), request_translator(request)
    told = messages(session, line.party_id, line.order_no)
    year = local_day(utcnow(), zone.tz).year
    orders, value = lists.buyer_year(session, line.id, year)
    view = {
        "title": translator.gettext("Order %(number)s", number=line.order_no),
        "row": words.line_view(line, translator),
        "weight_kg": line.weight_kg,
        "returned": line.returned,
        "told": told,
        "people": _people(session, actor, line, told, translator),
        "officer": actor.is_officer,
        "on_list": _on_list(session, line),
        "year": year,
        "namesakes": board.namesakes(session, line.id) if actor.is_officer else 0,
        "buyer_orders": orders,
        "buyer_value": value,
        "crumbs": [Crumb(translator.gettext("Low-value parcels"), f"{HERE}?day={line.day.isoformat()}")],
    }
    return render(request, "parcels/parcel.html", view)


@parcel_pages.get(f"{HERE}/{{parcel_id}}/buyer", name="parcel-buyer", include_in_schema=False)
def purpose_page(request: Request, session: DbSession, actor: BuyerReader, parcel_id: UUID) -> Response:
    """Ask what the buyer's data are read for."""
    return _ask(request, _line(session, actor, parcel_id))


@parcel_pages.post(f"{HERE}/{{parcel_id}}/buyer", include_in_schema=False)
def open_buyer(
    request: Request, session: DbSession, actor: BuyerReader, posted: PostedForm, parcel_id: UUID
) -> Response:
    """Record the reading and go on to the parcel, which shows the buyer for a while."""
    line = _line(session, actor, parcel_id)
    given, note = text(posted, "purpose"), text(posted, "note")
    try:
        record_reading(
            session, what=Read(KIND, line.id, line.order_no, line.party_id, ["buyer", "consignee"]),
            purpose=chosen(given), note=note, actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        return _ask(request, line, given=given, note=note, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"{HERE}/{parcel_id}#people", 303)


def _fault(found: dict[str, str], translator: Translator) -> dict[str, str]:
    name, reason = found["name"], found["reason"]
    return {"name": name, "reason": translator.gettext(reason)}


def _ask(request: Request, line: ParcelLine, *, status: int = 200, **more: Any) -> Response:
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Show the buyer of order %(number)s", number=line.order_no),
        "lead": gettext("Name, address and numbers of the buyer and the consignee are covered."),
        "action": f"{HERE}/{line.id}/buyer",
        "back": f"{HERE}/{line.id}",
        "back_label": gettext("Back to the parcel"),
        "purposes": purposes_of(request),
        "given": "",
        "note": "",
        **more,
    }
    return render(request, "personal/purpose.html", view, status=status)


def _on_list(session: Session, line: ParcelLine) -> dict[str, Any]:
    """Return the newest list of the parcel with its figures; empty where it stands on none."""
    found = lists.line_of(session, line.id)
    if found is None:
        return {}
    row, head = found
    return {
        "code": head.code,
        "href": f"{HERE}/lists/{head.id}",
        "customs_value": row.customs_value,
        "vat": row.vat,
        "answer": words.ANSWERS[row.answer][1],
        "note": row.answer_note,
    }


def _line(session: Session, actor: Actor, parcel_id: UUID) -> ParcelLine:
    line = board.parcel(session, parcel_id)
    _refuse_others(actor, line.party_id)
    return line


def _refuse_others(actor: Actor, party_id: UUID) -> None:
    parties = parties_of(actor)
    if parties is not None and party_id not in parties:
        raise NotFound


def _people(
    session: Session, actor: Actor, line: ParcelLine, told: Messages, translator: Translator
) -> dict[str, Any]:
    """Return buyer and consignee as this reader may see them."""
    sealed = people(session, told)
    own = not actor.is_officer and actor.may(SEND, line.party_id)
    shown = own or (
        actor.is_officer
        and actor.may(BUYERS)
        and recent_reading(session, actor=actor, object_id=line.id, now=utcnow()) is not None
    )
    erased = any(each.cover is Cover.ERASED for each in personal_values(sealed))
    return {
        "shown": shown and not erased,
        "erased": erased,
        "may_open": actor.is_officer and actor.may(BUYERS) and not shown and not erased,
        "action": f"{HERE}/{line.id}/buyer",
        "parts": [
            {"title": translator.gettext(title), "facts": _facts(sealed.get(name), translator, shown=shown)}
            for name, title in (("buyer", N_("Buyer")), ("consignee", N_("Consignee")))
            if name in sealed
        ],
    }


def _facts(sealed: Any, translator: Translator, *, shown: bool) -> list[dict[str, str]]:
    if not shown or not isinstance(sealed, Personal) or sealed.cover is not Cover.OPEN:
        return []
    found: dict[str, str] = json.loads(reveal(sealed))
    titles = {
        "name": N_("Name"),
        "reference": N_("Key at the platform"),
        "identity": N_("Identity paper"),
        "phone": N_("Telephone"),
        "address": N_("Address"),
    }
    return [
        {"label": translator.gettext(title), "value": found[name]}
        for name, title in titles.items()
        if name in found
    ]
