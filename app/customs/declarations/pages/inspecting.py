"""Inspection notes: an officer writes and signs, the firm reads and says something to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth import step_up
from app.core.auth.models import Party
from app.core.documents import service as documents
from app.core.documents.intake import MediaType
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, Invalid, NotFound
from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.privacy import recent_reading
from app.core.workflow.papers.intake import LIMITS
from app.customs.declarations.models import InspectionNote
from app.customs.declarations.pages.intake import problems_of, refused
from app.customs.declarations.pages.questions import Inspector, Taker
from app.customs.declarations.pages.reading import open_photos, photos_of, take_along
from app.customs.declarations.permissions import FILE, INSPECT
from app.customs.declarations.queries import notes as queries
from app.customs.declarations.queries.notes import NoteLine
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.service import inspecting as service
from app.customs.declarations.service.inspecting import Draft, KeptPhoto, NoteKind, Result, digest_of
from app.web.forms import PostedForm, needed_key, text
from app.web.identity import box_of, ip_of, proof_view
from app.web.need import CustomerActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

note_pages = router()
note_uploads = upload_router()

NOTES = "/customs/inspections"
KINDS: Mapping[str, str] = {
    NoteKind.GOODS: N_("Goods"),
    NoteKind.SITE: N_("Site of the firm"),
    NoteKind.GATE: N_("Gate of the zone"),
    NoteKind.RECORDS: N_("Books and records"),
}
RESULTS: Mapping[str, tuple[str, str, str]] = {
    Result.AS_DECLARED: ("good", N_("As declared"), "check"),
    Result.DIFFERS: ("bad", N_("Differs from what was declared"), "alert-circle"),
    Result.OPEN: ("wait", N_("Not concluded"), "hourglass"),
}
FIELDS = (
    "kind",
    "place",
    "found",
    "result",
    "happened_at",
    "keep_place",
    "firm",
    "declaration",
    "corrects",
    "note_id",
)


@note_pages.get(NOTES + "/new", name="customs-inspection-new", include_in_schema=False)
def new_page(
    request: Request, session: DbSession, actor: Inspector, zone: CurrentZone, firm: str = "", declaration: str = "",
    corrects: str = "",
) -> Response:  # fmt: skip
    """Show the form of a note; one that corrects another begins with its words."""
    given = {"firm": firm, "declaration": declaration, "corrects": corrects, "note_id": str(uuid7())}
    if corrects:
        old = queries.note(session, needed_key(corrects), actor)
        given |= {
            "firm": str(old.party_id), "declaration": str(old.declaration_id or ""), "kind": old.kind,
            "place": old.place, "found": old.found, "result": old.result,
            "happened_at": f"{old.happened_at.astimezone(zone.tz):%d/%m/%Y %H:%M}",
        }  # fmt: skip
    elif declaration:
        given["firm"] = str(reach(session, needed_key(declaration), actor).declaration.party_id)
    return _form(request, session, actor, given)


@note_uploads.post(NOTES, include_in_schema=False)
def write(
    request: Request, session: DbSession, actor: Inspector, zone: CurrentZone, posted: PostedForm
) -> Response:  # fmt: skip
    """Sign a note after the officer proved presence."""
    session.rollback()  # photos are cleaned and the password is hashed without a connection
    given = {name: text(posted, name) for name in FIELDS}
    photos, problems = _photos(request, posted)
    problems += _presence(request, actor, text(posted, "password")) if not problems else []
    if problems:
        return _form(request, session, actor, given, problems=problems)
    draft = Draft(
        given["kind"], given["place"], given["found"], given["result"], _moment(given["happened_at"], zone.tz)
    )
    try:
        row = service.write_note(
            session, party_id=needed_key(given["firm"]), draft=draft, photos=photos,
            declaration_id=needed_key(given["declaration"]) if given["declaration"] else None,
            corrects_id=needed_key(given["corrects"]) if given["corrects"] else None,
            note_id=needed_key(given["note_id"]), keep_place=bool(given["keep_place"]), actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        session.rollback()
        return _form(request, session, actor, given, problems=refusal.errors)
    return RedirectResponse(f"{NOTES}/{row.id}?done=signed", 303)


@note_pages.get(NOTES + "/{note_id}", name="customs-inspection", include_in_schema=False)
def page(request: Request, session: DbSession, actor: Taker, note_id: UUID, done: str = "") -> Response:
    """Show a note with its photos and what the firm says."""
    return _page(request, session, actor, note_id, done=done)


@note_pages.post(NOTES + "/{note_id}/comments", include_in_schema=False)
def comment(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, note_id: UUID
) -> Response:
    """Say something to a note for the firm."""
    try:
        service.comment(session, note_id=note_id, text=text(posted, "text"), actor=actor, now=utcnow())
    except Invalid as refusal:
        session.rollback()
        return _page(request, session, actor, note_id, typed=text(posted, "text"), problems=refusal.errors)
    return RedirectResponse(f"{NOTES}/{note_id}?done=commented", 303)


@note_pages.get(NOTES + "/{note_id}/photos/{document_id}", include_in_schema=False)
def photo(request: Request, session: DbSession, actor: Taker, note_id: UUID, document_id: UUID) -> Response:
    """Show a photo in the page, or send it as an attachment with ``?take=1``."""
    found = queries.note(session, note_id, actor)
    queries.photo_of(session, note_id, document_id)
    taken = bool(request.query_params.get("take"))
    if actor.is_officer:
        if taken:
            asked = take_along(request, session, photos_of(found), actor)
            if asked is not None:
                return asked
        elif not open_photos(session, found, actor):
            return RedirectResponse(f"{NOTES}/{note_id}/purpose", 303)
    document, file = documents.file_of(session, document_id=document_id)
    if file.media_type not in (MediaType.JPEG, MediaType.PNG):
        raise NotFound
    body = request.app.state.kernel.store.read(file.sha256)
    headers = dict(DOWNLOAD_HEADERS)
    if taken:
        headers["Content-Disposition"] = disposition(document.title)
    return Response(body, media_type=file.media_type, headers=headers)


def notes_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a declaration's page; nothing where nothing was inspected."""
    reach(session, declaration_id, actor)
    rows = [note_row(each) for each in queries.notes(session, declaration_id=declaration_id)]
    write_here = f"{NOTES}/new?declaration={declaration_id}" if actor.may(INSPECT) else ""
    return {"rows": rows, "write": write_here} if rows or write_here else {}


def my_zone_notes(session: Session, actor: Actor, _: UUID) -> Mapping[str, Any]:
    """Return the view of the panel in My zone: the newest notes about the actor's firms."""
    if actor.is_officer:
        return {}
    parties = [each for each in actor.party_ids if actor.may(FILE, each)]
    found = [note_row(each) for party_id in parties for each in queries.notes(session, party_id=party_id)[:5]]
    return {"rows": found, "write": ""} if found else {}


def note_row(each: NoteLine) -> dict[str, Any]:
    """Return a note as lists take it."""
    tone, word, symbol = RESULTS[each.result]
    return {
        "id": str(each.id),
        "href": f"{NOTES}/{each.id}",
        "kind": KINDS[each.kind],
        "place": each.place,
        "code": each.code,
        "declaration_id": str(each.declaration_id) if each.declaration_id else "",
        "happened_at": each.happened_at,
        "officer": each.officer,
        "corrected": each.corrected_by is not None,
        "differs": each.result == Result.DIFFERS,
        "chip": {"tone": tone, "word": word, "symbol": symbol},
    }


def _page(
    request: Request, session: Session, actor: Actor, note_id: UUID, *, done: str = "", typed: str = "",
    problems: Sequence[FieldProblem] = (),
) -> Response:  # fmt: skip
    found = queries.note(session, note_id, actor)
    shots = queries.photos(session, note_id)
    gettext = request_translator(request).gettext
    row = session.get_one(InspectionNote, note_id)
    view = {
        "title": gettext("Inspection note"),
        "row": note_row(found),
        "note": found,
        "firm": found.firm,
        "photos_open": not actor.is_officer or not shots or _photos_open(session, found, actor),
        "chain": queries.chain(session, found, actor),
        "photos": [
            {
                "href": f"{NOTES}/{note_id}/photos/{each.document_id}",
                "title": each.title,
                "place": f"{each.latitude}, {each.longitude}" if each.latitude is not None else "",
            }
            for each in shots
        ],
        "intact": digest_of(row, [each.sha256 for each in shots]) == found.digest,
        "comments": queries.comments(session, note_id),
        "can_comment": not actor.is_officer,
        "can_correct": actor.may(INSPECT) and found.corrected_by is None,
        "typed": typed,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(found.firm, f"/customs/firms/{found.party_id}")] if actor.is_officer else [],
    }
    return render(request, "declarations/note.html", view, status=422 if problems else 200)


def _photos_open(session: Session, found: NoteLine, actor: Actor) -> bool:
    recent = recent_reading(session, actor=actor, object_id=found.id, now=utcnow())
    return actor.may(INSPECT) or recent is not None


def _form(
    request: Request, session: Session, actor: Actor, given: Mapping[str, str], *,
    problems: Sequence[FieldProblem] = (),
) -> Response:  # fmt: skip
    party = session.get(Party, needed_key(given["firm"]))
    if party is None:
        raise NotFound
    case = given.get("declaration")
    about = reach(session, needed_key(case), actor).declaration if case else None
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Correct an inspection note")
        if given.get("corrects")
        else gettext("Write an inspection note"),
        "given": {name: given.get(name, "") for name in FIELDS},
        "firm": party.name,
        "code": about.code if about is not None else "",
        "kinds": [(each, gettext(word)) for each, word in KINDS.items()],
        "results": [(each, gettext(word)) for each, (_, word, _) in RESULTS.items()],
        "limit_bytes": LIMITS.max_bytes,
        **proof_view(request, actor),
        "problems": problems,
        "crumbs": [Crumb(party.name, f"/customs/firms/{party.id}")],
    }  # fmt: skip
    return render(request, "declarations/note_form.html", view, status=422 if problems else 200)


def _photos(request: Request, posted: FormData) -> tuple[list[KeptPhoto], list[FieldProblem]]:
    store = request.app.state.kernel.store
    kept: list[KeptPhoto] = []
    problems: list[FieldProblem] = []
    for each in sent_files(posted, "photos"):
        name = each.filename or "photo.jpg"
        try:
            kept.append(service.keep_photo(store, stream=each.file, filename=name))
        except FileRefused as refusal:
            problems.append(refused(request, refusal, name, "photos"))
    return kept, problems


def _presence(request: Request, actor: Actor, shown: str) -> list[FieldProblem]:
    """Make sure that the officer signs; return why not."""
    if not shown:
        return [FieldProblem("password", "missing", N_("Type what proves that it is you."))]
    try:
        step_up.confirm_presence(
            request.app.state.database, actor=actor, shown=shown, box=box_of(request), now=utcnow(), ip=ip_of(request)
        )  # fmt: skip
    except DomainError as refusal:
        whole = FieldProblem("password", refusal.code, "%(reason)s", {"reason": refusal.detail})
        return [whole] if refusal.errors else problems_of(request, refusal, "password")
    return []


def _moment(typed: str, zone: ZoneInfo) -> datetime | None:
    """Read day and time as ``27/03/2026 14:30`` in the zone's time; None where it is none."""
    day, _, clock = typed.strip().partition(" ")
    on = formats.typed_day(day)
    try:
        return datetime.combine(on, time.fromisoformat(clock.strip() or "x"), tzinfo=zone) if on else None
    except ValueError:
        return None
