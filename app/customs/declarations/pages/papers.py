"""The dossier of a declaration: its list of papers, one place of it, files in and out, and showing them to customs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.documents import service as documents
from app.core.documents.intake import ACCEPTED
from app.core.errors import DomainError, FieldProblem, Invalid, NotFound
from app.core.i18n import N_, formats
from app.core.i18n.formats import typed_day
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.workflow.papers.intake import LIMITS, KeptFile
from app.customs.declarations.domain.dossier import Basis, Slot, Standing, fact_part, fact_title
from app.customs.declarations.domain.lifecycle import State, Step, find
from app.customs.declarations.models import Declaration
from app.customs.declarations.pages.intake import problems_of, received
from app.customs.declarations.pages.reading import KIND, PaperReading, take_along
from app.customs.declarations.queries import papers as queries
from app.customs.declarations.queries.papers import Attached, Choice, Place
from app.customs.declarations.queries.reach import Reached, acts_for, reach, tax_code_of
from app.customs.declarations.service import papers as service
from app.web.forms import PostedForm, needed_key, text
from app.web.need import CustomerActor, SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

paper_pages = router()
paper_uploads = upload_router()

TYPED = ("form", "number", "issued_on", "valid_until")
STANDINGS: Mapping[Standing, tuple[str, str, str]] = {
    Standing.MISSING: ("soon", N_("Missing"), "alert-circle"),
    Standing.ATTACHED: ("good", N_("Attached"), "check"),
    Standing.REFERRED: ("good", N_("Taken from the vault"), "refresh"),
    Standing.EXPIRED: ("bad", N_("Expired"), "calendar-due"),
    Standing.UNKNOWN: ("wait", N_("Not known yet"), "help-circle"),
    Standing.OPTIONAL: ("neutral", N_("If there is one"), "circle-dashed"),
}


@paper_pages.get("/declarations/{declaration_id}/papers", name="declaration-papers", include_in_schema=False)
def papers_page(
    request: Request, session: DbSession, actor: SignedInActor, declaration_id: UUID, done: str = ""
) -> Response:
    """Show every paper that the declaration asks for and where each stands."""
    found = reach(session, declaration_id, actor)
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Papers of declaration %(code)s", code=found.declaration.code),
        "firm": found.firm,
        "done": done,
        **dossier_view(request, session, found, actor),
        "crumbs": crumbs(request, found),
    }
    return render(request, "declarations/papers.html", view)


@paper_pages.get(
    "/declarations/{declaration_id}/papers/{slot}", name="declaration-paper", include_in_schema=False
)
def place_page(
    request: Request, session: DbSession, actor: SignedInActor, declaration_id: UUID, slot: str
) -> Response:
    """Show one place with its papers and what can be put there."""
    return _place(request, session, actor, reach(session, declaration_id, actor), slot)


@paper_uploads.post("/declarations/{declaration_id}/papers/{slot}", include_in_schema=False)
def attach(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, zone: CurrentZone,
    declaration_id: UUID, slot: str,
) -> Response:  # fmt: skip
    """Take files in, or a paper of the vault. Good files stay although others are refused by their names."""
    found = reach(session, declaration_id, actor)
    room = queries.place(session, found, slot)
    session.rollback()  # the files are inspected without a connection
    files, chosen = sent_files(posted, "files"), text(posted, "document_id")
    kept, problems = received(request, files)
    if not files and not chosen:
        reason = N_("Choose a file on this device, or a paper of the vault.")
        problems = [FieldProblem("files", "missing", reason)]
    facts: dict[str, Any] = {
        "form": text(posted, "form"), "number": text(posted, "number"), "holder": text(posted, "holder"),
        "issued_on": typed_day(text(posted, "issued_on")),
        "declaration_id": declaration_id, "slot": slot, "actor": actor, "now": utcnow(),
        "today": local_day(utcnow(), zone.tz), "valid_until": typed_day(text(posted, "valid_until")),
        "counts_on": _counts_on(request, found.declaration),
    }  # fmt: skip
    try:
        if text(posted, "valid_until").strip() and facts["valid_until"] is None:
            reason = N_(
                "Type the last day as day/month/year, or leave it empty where the certificate names none."
            )
            raise Invalid(errors=[FieldProblem("valid_until", "day", reason)])
        if kept:
            service.attach(session, files=kept, replaces=_replaces(posted, kept), **facts)
        elif chosen and not problems:
            service.attach_from_vault(session, document_id=needed_key(chosen), **facts)
    except DomainError as refusal:
        session.rollback()
        problems = _problems(request, refusal)
        kept = []
    if problems:
        status = 200 if kept else 422
        return _place(request, session, actor, reach(session, declaration_id, actor), room.slot.code,
                      problems=problems, typed=posted, status=status)  # fmt: skip
    return _back(declaration_id, slot)


@paper_pages.post("/declarations/{declaration_id}/papers/{slot}/remove", include_in_schema=False)
def remove(
    session: DbSession, actor: CustomerActor, posted: PostedForm, declaration_id: UUID, slot: str
) -> Response:
    """Take a paper out of its place."""
    service.remove(
        session, declaration_id=declaration_id, slot=slot, paper_id=needed_key(text(posted, "paper_id")), actor=actor,
        now=utcnow(),
    )  # fmt: skip
    return _back(declaration_id, slot)


@paper_pages.post("/declarations/{declaration_id}/show-papers", include_in_schema=False)
def show(session: DbSession, actor: CustomerActor, posted: PostedForm, declaration_id: UUID) -> Response:
    """Hand the papers that customs does not have to the gateway."""
    service.show(session, declaration_id=declaration_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/declarations/{declaration_id}/papers?done=shown", 303)


@paper_pages.get("/declarations/{declaration_id}/papers/{slot}/{paper_id}", include_in_schema=False)
def download(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    declaration_id: UUID,
    slot: str,
    paper_id: UUID,
) -> Response:
    """Send a paper as an attachment; for an officer the reading is recorded first."""
    found = reach(session, declaration_id, actor)
    paper = queries.paper_of(session, found.declaration.id, paper_id)
    if paper.slot != slot:
        raise NotFound
    document, file = documents.file_of(session, document_id=paper.document_id)
    if actor.is_officer:
        declaration = found.declaration
        what = PaperReading(KIND, declaration.id, declaration.code, declaration.party_id, "customs_paper")
        asked = take_along(request, session, what, actor)
        if asked is not None:
            return asked
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


def papers_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a declaration's page."""
    found = reach(session, declaration_id, actor)
    rows = [_row(each) for each in queries.places(session, found)]
    wanting = [each for each in rows if each["standing"] in (Standing.MISSING, Standing.UNKNOWN)]
    return {"href": f"/declarations/{declaration_id}/papers", "rows": rows, "missing": len(wanting)}


def dossier_view(request: Request, session: Session, found: Reached, actor: Actor) -> dict[str, Any]:
    """Return the list of papers as its page takes it."""
    declaration = found.declaration
    day = _counts_on(request, declaration)
    draft = f"/declarations/{declaration.id}" if declaration.state == State.DRAFT else ""
    rows = [_row(each, edit=draft) for each in queries.places(session, found, day)]
    unshown = sum(1 for row in rows for each in row["papers"] if each["shown_at"] is None)
    mine = acts_for(actor, declaration.party_id)
    step = find(State(declaration.state), Step.SHOW_PAPERS)
    return {
        "declaration": {"id": str(declaration.id), "code": declaration.code},
        "rows": rows,
        "mine": mine,
        "can_show": mine and step is not None and unshown > 0,
        "unshown": unshown,
        "wanted": [
            {"name": each.name, "said": each.said, "href": _place_of(declaration, each.slot, rows)}
            for each in queries.wanted(session, declaration.id)
        ],
        "numbered": step is not None,
    }


def _place_of(declaration: Declaration, slot: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the page on which a wanted paper is attached; empty where this declaration has no such place."""
    known = any(row["code"] == slot for row in rows)
    return f"/declarations/{declaration.id}/papers/{slot}" if known else ""


def crumbs(request: Request, found: Reached) -> list[Crumb]:
    """Return the way to the declaration."""
    return [Crumb(found.declaration.code, f"/declarations/{found.declaration.id}")]


def _place(
    request: Request, session: Session, actor: Actor, found: Reached, slot: str, *,
    problems: Sequence[FieldProblem] = (), typed: FormData | None = None, status: int = 200,
) -> Response:  # fmt: skip
    room = queries.place(session, found, slot, _counts_on(request, found.declaration))
    translator = request_translator(request)
    declaration = found.declaration
    mine = acts_for(actor, declaration.party_id) and declaration.state != State.CANCELLED
    given = {name: text(typed, name) if typed is not None else "" for name in TYPED}
    own = tax_code_of(session, declaration.party_id)
    view = {
        "title": room.slot.title.get(translator.lang) or room.slot.title["vi"],
        "declaration": {"id": str(declaration.id), "code": declaration.code},
        "row": _row(room),
        "certificate": room.slot.certificate,
        "forms": _forms(translator, room.slot),
        "open": mine,
        "typed": {**given, "holder": text(typed, "holder") if typed is not None else own},
        "own": own,
        "choices": _choices(request, session, found, room.slot) if mine else [],
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "crumbs": [
            *crumbs(request, found),
            Crumb(translator.gettext("Papers"), f"/declarations/{declaration.id}/papers"),
        ],
    }
    return render(request, "declarations/place.html", view, status=status)


def _forms(translator: Any, slot: Slot) -> list[tuple[str, str, str]]:
    """Return the papers one of which fills a place: code, name and what it rests on."""
    return [
        (each.code, each.title.get(translator.lang) or each.title["vi"], _basis_line(translator, each.basis))
        for each in slot.forms
    ]


def _choices(request: Request, session: Session, found: Reached, slot: Slot) -> list[tuple[str, str]]:
    """Return the papers of the firm's vault that may stand in a place."""
    translator, tz = request_translator(request), request.app.state.zone_config.tz
    return [
        (str(each.document_id), _choice_line(translator, each, tz))
        for each in queries.choices(session, found, slot)
    ]


def _counts_on(request: Request, declaration: Declaration) -> date:
    return queries.counts_on(declaration, now=utcnow(), zone=request.app.state.zone_config.tz)


def _choice_line(translator: Any, each: Choice, tz: Any) -> str:
    said = f"{each.title} · {formats.format_datetime(each.created_at, lang=translator.lang, timezone=tz)}"
    if each.valid_until is None:
        return said
    until = formats.format_date(each.valid_until, lang=translator.lang, timezone=tz)
    return f"{said} · {translator.gettext('valid until %(day)s', day=until)}"


def _row(each: Place, *, edit: str = "") -> dict[str, Any]:
    """Return a place as templates take it; ``edit`` is the draft on whose pages an empty field is filled."""
    tone, word, symbol = STANDINGS[each.standing]
    return {
        "code": each.slot.code,
        "title": each.slot.title,
        "hint": each.slot.hint,
        "standing": each.standing,
        "chip": {"tone": tone, "word": word, "symbol": symbol},
        "wanting": [
            {
                "title": fact_title(path),
                "href": f"{edit}/{fact_part(path)}" if edit and fact_part(path) else "",
            }
            for path in each.wanting
        ],
        "basis": _basis(each.slot.basis),
        "papers": [_paper(each.slot.code, paper) for paper in each.papers],
    }


def _paper(slot: str, each: Attached) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "slot": slot,
        "name": each.file_name,
        "form": each.form,
        "number": each.number,
        "issued_on": each.issued_on,
        "valid_until": each.valid_until,
        "size": each.size_bytes,
        "version": each.version,
        "at": each.attached_at,
        "from_vault": each.source == "VAULT",
        "reused": each.reused,
        "shown_at": each.shown_at,
    }


def _basis(basis: Basis) -> dict[str, Any]:
    return {"title": basis.title, "article": basis.article, "assumed": basis.assumed}


def _basis_line(translator: Any, basis: Basis) -> str:
    title = basis.title.get(translator.lang) or basis.title["vi"]
    if not basis.article:
        return str(translator.gettext("%(title)s (article not known yet)", title=title))
    return str(translator.gettext("%(title)s, article %(article)s", title=title, article=basis.article))


def _problems(request: Request, refusal: DomainError) -> list[FieldProblem]:
    if isinstance(refusal, NotFound):
        raise refusal
    return problems_of(request, refusal, "files")


def _replaces(posted: FormData, kept: Sequence[KeptFile]) -> UUID | None:
    """Return the paper that is replaced; several files replace none."""
    chosen = text(posted, "replaces")
    return needed_key(chosen) if chosen and len(kept) == 1 else None


def _back(declaration_id: UUID, slot: str) -> Response:
    return RedirectResponse(f"/declarations/{declaration_id}/papers/{slot}", 303)
