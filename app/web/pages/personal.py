"""Personal data on pages: stating a purpose, and who read mine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import Office, Party, User
from app.core.auth.roles import ROLES
from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from app.core.kit.time import utcnow
from app.core.privacy import (
    CHOSEN,
    PURPOSES,
    Purpose,
    PurposeMissing,
    Reading,
    ReadingKind,
    readings_of,
    record_reading,
)
from app.core.privacy.readings import PAGE_SIZE
from app.web import dossier_view
from app.web.dossier_view import Dossier
from app.web.forms import PostedForm, text
from app.web.need import CustomerActor, Holder
from app.web.personal import Shown, read_of
from app.web.personal_permissions import READ, SUPERVISE
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

personal_pages = router()

ReadingOfficer = Annotated[Actor, Depends(Holder(READ))]
Supervisor = Annotated[Actor, Depends(Holder(SUPERVISE))]

KINDS = {
    ReadingKind.SHOWN: N_("Shown on a page"),
    ReadingKind.EXPORTED: N_("Taken along as a file"),
    ReadingKind.SEARCHED: N_("Found by a search"),
}
FIELD_NAMES = {
    "id_number": N_("number of passport or registration"),
    "phone": N_("telephone"),
    "email": N_("e-mail"),
    "beneficial_owner": N_("beneficial owner"),
    "contact_name": N_("contact person"),
    "contact_phone": N_("telephone"),
    "contact_email": N_("e-mail"),
    "document": N_("identity document"),
    "paper": N_("a paper of the dossier"),
    "signed_form": N_("the signed form"),
    "presenter": N_("who brought the papers to the counter"),
    "result": N_("the result of the dossier"),
    "letter": N_("a letter of the dossier"),
    "customs_paper": N_("a paper of the declaration"),
    "question_paper": N_("a paper that answers a question"),
    "inspection_photo": N_("the photos of an inspection"),
    "buyer": N_("the buyer of a parcel"),
    "consignee": N_("the consignee of a parcel"),
    "outside_paper": N_("the paper of a payment made elsewhere"),
    "payer": N_("who paid"),
    "remark": N_("the text of a transfer"),
    "bank": N_("the bank of an account"),
    "account": N_("the number of an account"),
    "holder": N_("the holder of an account"),
}
# Where the page of an object is, by its kind; its owner and officers may open it.
PLACES = {
    "case": "/dossiers/{object}",
    "representative": "/enterprises/{party}",
    "declaration": "/declarations/{object}/papers",
    "parcel": "/customs/parcels/{object}",
    "question": "/customs/questions/{object}",
    "inspection": "/customs/inspections/{object}",
}


def personal_view(request: Request, dossier: Dossier, shown: Shown) -> dict[str, Any]:
    """Return what the fragment ``personal/_covered.html`` shows above the answers."""
    actor: Actor = request.state.actor
    gettext = request_translator(request).gettext
    return {
        "state": shown.state,
        "erased": shown.erased,
        "may_open": actor.may(READ),
        "action": f"/dossiers/{dossier.case.id}/personal",
        "purpose": gettext(PURPOSES[Purpose(shown.purpose)]) if shown.purpose else "",
        "purposes": purposes_of(request),
    }


@personal_pages.get("/dossiers/{case_id}/personal", name="personal-purpose", include_in_schema=False)
def purpose_page(request: Request, session: DbSession, actor: ReadingOfficer, case_id: UUID) -> Response:
    """Ask for the purpose on a page of its own."""
    return _ask(request, dossier_view.load(session, case_id, actor))


@personal_pages.post("/dossiers/{case_id}/personal", include_in_schema=False)
def open_personal(
    request: Request, session: DbSession, actor: ReadingOfficer, posted: PostedForm, case_id: UUID
) -> Response:
    """Record the reading for the purpose stated, and go on to the dossier, which shows the values for a while."""
    dossier = dossier_view.load(session, case_id, actor)
    given, note = text(posted, "purpose"), text(posted, "note")
    try:
        record_reading(
            session,
            what=read_of(session, dossier.case),
            purpose=chosen(given),
            note=note,
            actor=actor,
            now=utcnow(),
        )
    except Invalid as refusal:
        return _ask(request, dossier, given=given, note=note, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"/dossiers/{case_id}#answers", 303)


def chosen(given: str) -> Purpose:
    """
    Return the purpose that an officer stated on a form.

    :raises PurposeMissing: none, or one that is not for choosing.
    """
    if given not in CHOSEN:
        raise PurposeMissing(errors=[FieldProblem("purpose", "missing", N_("Choose the purpose."))])
    return Purpose(given)


@personal_pages.get("/account/readings", name="readings", include_in_schema=False)
def readings_page(request: Request, session: DbSession, actor: CustomerActor, before: str = "") -> Response:
    """Show who read the data of the person and of their enterprises."""
    rows = readings_of(session, party_ids=actor.party_ids, before=_moment(before))
    view = _list_view(request, session, rows, "/account/readings") | {
        "title": request_translator(request).gettext("Who read our data"),
        "supervising": False,
        "crumbs": [Crumb(request_translator(request).gettext("My account"), "/account")],
    }
    return render(request, "personal/readings.html", view)


@personal_pages.get("/privacy/readings", name="all-readings", include_in_schema=False)
def all_readings(request: Request, session: DbSession, actor: Supervisor, before: str = "") -> Response:
    """Show supervisors every reading, with the reader and the paper that it rests on."""
    query = select(Reading)
    if (moment := _moment(before)) is not None:
        query = query.where(Reading.at < moment)
    found = session.scalars(query.order_by(Reading.at.desc(), Reading.id.desc()).limit(PAGE_SIZE + 1))
    view = _list_view(request, session, list(found), "/privacy/readings") | {
        "title": request_translator(request).gettext("Readings of personal data"),
        "supervising": True,
    }
    return render(request, "personal/readings.html", view)


def _ask(
    request: Request,
    dossier: Dossier,
    *,
    given: str = "",
    note: str = "",
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Show personal data"),
        "lead": gettext("The dossier is not in your hands."),
        "action": f"/dossiers/{dossier.case.id}/personal",
        "back": f"/dossiers/{dossier.case.id}",
        "back_label": gettext("Back to the dossier"),
        "purposes": purposes_of(request),
        "given": given,
        "note": note,
        "problems": problems,
        "crumbs": [Crumb(dossier.case.code or dossier.case.title, f"/dossiers/{dossier.case.id}")],
    }
    return render(request, "personal/purpose.html", view, status=status)


def purposes_of(request: Request) -> list[tuple[str, str]]:
    """Return the purposes that an officer may state, as radios take them."""
    gettext = request_translator(request).gettext
    return [(purpose.value, gettext(PURPOSES[purpose])) for purpose in CHOSEN]


def _list_view(request: Request, session: Session, rows: list[Reading], base: str) -> dict[str, Any]:
    translator = request_translator(request)
    page, more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    offices = _named(session, Office.party_id, Office.name, {row.office_id for row in page})
    parties = _named(session, Party.id, Party.name, {row.party_id for row in page})
    people = {}
    if request.state.actor.is_officer:
        people = _named(session, User.id, User.full_name, {row.reader_id for row in page})
    return {
        "rows": [
            {
                "at": row.at,
                "kind": translator.gettext(KINDS[ReadingKind(row.kind)]),
                "office": offices.get(row.office_id),
                "roles": [ROLES[role].title for role in row.roles if role in ROLES],
                "person": people.get(row.reader_id, ""),
                "purpose": translator.gettext(PURPOSES[Purpose(row.purpose)]),
                "note": row.note if people else "",
                "code": row.object_code,
                "href": PLACES.get(row.object_kind, "").format(object=row.object_id, party=row.party_id),
                "owner": parties.get(row.party_id, ""),
                "fields": _fields(translator.gettext, row.fields),
            }
            for row in page
        ],
        "next": f"{base}?before={encode_cursor((page[-1].at,))}" if more else "",
    }


def _fields(gettext: Any, names: Sequence[str]) -> list[str]:
    told = [gettext(FIELD_NAMES.get(name.rpartition(".")[2], name.rpartition(".")[2])) for name in names]
    return list(dict.fromkeys(told))


def _named(session: Session, key: Any, name: Any, ids: set[Any]) -> dict[Any, Any]:
    rows = session.execute(select(key, name).where(key.in_(ids - {None})))
    return {row[0]: row[1] for row in rows}


def _moment(cursor: str) -> datetime | None:
    if not cursor:
        return None
    try:
        (at,) = decode_cursor(cursor, expected=(datetime,))
    except InvalidCursor:
        return None
    assert isinstance(at, datetime)
    return at
