"""The papers of a dossier: its components, files uploaded or taken from the vault, and the vault itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse

from app.core.documents.intake import ACCEPTED
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.core.workflow.definition import Component, Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import components
from app.core.workflow.papers.components import PapersNotOpen
from app.core.workflow.papers.intake import LIMITS, KeptFile, keep_file
from app.core.workflow.papers.models import Part
from app.core.workflow.papers.permissions import SIGN_FORM
from app.core.workflow.papers.vault import PAGE_SIZE, VaultPaper, vault_papers
from app.web import papers_view
from app.web.forms import PostedForm, needed_key, text
from app.web.need import CustomerActor, SignedInActor
from app.web.papers_view import PAPER_TITLES
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

component_pages = upload_router()

ISLAND_HEADER = "x-upload"


@component_pages.get("/dossiers/{case_id}/papers", name="dossier-papers", include_in_schema=False)
def papers_page(
    request: Request, session: DbSession, actor: SignedInActor, case_id: UUID, done: str = ""
) -> Response:
    """Show all papers that the dossier asks for, and its form."""
    case, definition = papers_view.case_of(session, case_id, actor)
    view = {
        "title": request_translator(request).gettext("Papers of the dossier"),
        **papers_view.dossier_parts(session, case, definition, actor),
        "done": done,
        "problems": (),
        "crumbs": _crumbs(request, case),
    }
    return render(request, "papers/papers.html", view)


@component_pages.get("/dossiers/{case_id}/papers/{component}", name="dossier-paper", include_in_schema=False)
def component_page(
    request: Request, session: DbSession, actor: SignedInActor, case_id: UUID, component: str
) -> Response:
    """Show one component with its files and what can be put there."""
    case, definition = papers_view.case_of(session, case_id, actor)
    return _component(request, session, actor, case, definition, component)


@component_pages.post("/dossiers/{case_id}/papers/{component}", include_in_schema=False)
def upload(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    posted: PostedForm,
    case_id: UUID,
    component: str,
) -> Response:
    """Take files in. Good ones stay although others are refused; each refusal says why, by the file's name."""
    case, definition = papers_view.case_of(session, case_id, actor)
    found = components.slot(session, case, definition, component)
    if not components.may_change(case, definition, actor):
        raise PapersNotOpen
    # The files are inspected without a connection: the reads above are over, the writes come after.
    session.rollback()
    files = sent_files(posted, "files")
    part, problems = _part(found.component, posted)
    kept: list[KeptFile] = []
    if not files:
        problems.append(
            FieldProblem("files", "missing", N_("Choose at least one file on this device, then upload."))
        )
    if not problems:
        kept, problems = _received(request, files, signed=found.component.signed)
    try:
        if kept:
            components.attach_files(
                session, case=case, definition=definition, code=component, files=kept, actor=actor,
                now=utcnow(), replaces=_replaces(posted, kept), part=part,
            )  # fmt: skip
    except components.TooManyFiles as refusal:
        session.rollback()
        kept, problems = [], [_problem(request, refusal, "")]
    status = 422 if problems and not kept else 200
    if problems or ISLAND_HEADER in request.headers:
        session.flush()  # the page shows what was just attached
        return _component(
            request, session, actor, case, definition, component, problems=problems,
            part=text(posted, "part"), status=status,
        )  # fmt: skip
    return _back(case_id, component)


@component_pages.post("/dossiers/{case_id}/papers/{component}/vault", include_in_schema=False)
def use_again(
    session: DbSession, actor: SignedInActor, posted: PostedForm, case_id: UUID, component: str
) -> Response:
    """Put a paper of an earlier dossier into this one."""
    case, definition = papers_view.case_of(session, case_id, actor)
    components.attach_from_vault(
        session, case=case, definition=definition, code=component, document_id=needed_key(text(posted, "document_id")),
        actor=actor, now=utcnow(),
    )  # fmt: skip
    return _back(case_id, component)


@component_pages.post("/dossiers/{case_id}/papers/{component}/remove", include_in_schema=False)
def remove(
    session: DbSession, actor: SignedInActor, posted: PostedForm, case_id: UUID, component: str
) -> Response:
    """Take a file out of the dossier."""
    case, definition = papers_view.case_of(session, case_id, actor)
    components.remove_attachment(
        session, case=case, definition=definition, code=component, attachment_id=needed_key(text(posted, "file")),
        actor=actor, now=utcnow(),
    )  # fmt: skip
    return _back(case_id, component)


@component_pages.get("/vault", name="vault", include_in_schema=False)
def vault_page(request: Request, session: DbSession, actor: CustomerActor, after: str = "") -> Response:
    """Show the firm's papers, newest first, and in how many dossiers each is used."""
    found = vault_papers(session, party_ids=actor.party_ids, after=position(after, datetime, UUID))
    page = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    view = {
        "title": request_translator(request).gettext("Vault"),
        "rows": [_vault_row(request, each) for each in page],
        "next": f"/vault?after={encode_cursor((page[-1].created_at, page[-1].id))}" if more else "",
        "crumbs": [Crumb(request_translator(request).gettext("My zone"), "/my")],
    }
    return render(request, "papers/vault.html", view)


def _component(
    request: Request,
    session: Session,
    actor: Actor,
    case: Case,
    definition: Definition,
    code: str,
    *,
    problems: Sequence[FieldProblem] = (),
    part: str = "",
    status: int = 200,
) -> Response:
    found = components.slot(session, case, definition, code)
    is_open = components.may_change(case, definition, actor)
    choices = components.vault_choices(session, case, code) if is_open and found.component.reusable else []
    held = {each.document_id for each in found.attachments}
    view: Mapping[str, Any] = {
        "title": found.component.title.get(request_translator(request).lang) or found.component.title["vi"],
        "case_id": str(case.id),
        "revision": case.revision,
        "open": is_open,
        "at_counter": is_open and actor.is_officer,
        "component": papers_view.component_view(session, case, definition, found),
        "parts": papers_view.parts_view(request),
        "part": part,
        "can_sign": is_open and actor.may(SIGN_FORM, case.party_id),
        "choices": [each for each in choices if each.document_id not in held],
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "crumbs": [
            *_crumbs(request, case),
            Crumb(
                request_translator(request).gettext("Papers of the dossier"), f"/dossiers/{case.id}/papers"
            ),
        ],
    }
    template = "papers/_upload_result.html" if ISLAND_HEADER in request.headers else "papers/component.html"
    return render(request, template, view, status=status)


def _part(component: Component, posted: Any) -> tuple[Part, list[FieldProblem]]:
    """Return what the files hold of a paper; one that needs a translation asks which."""
    chosen = text(posted, "part")
    if not component.translation:
        return Part.WHOLE, []
    if chosen in set(Part):
        return Part(chosen), []
    reason = N_("Say whether the file is the original, its translation, or both together.")
    return Part.WHOLE, [FieldProblem("part", "missing", reason)]


def _received(
    request: Request, files: Sequence[UploadFile], *, signed: bool
) -> tuple[list[KeptFile], list[FieldProblem]]:
    """Keep what may be kept; of a paper that must be signed, say by whom it is."""
    store = request.app.state.kernel.store
    kept: list[KeptFile] = []
    problems: list[FieldProblem] = []
    for each in files:
        try:
            found = keep_file(store, stream=each.file, filename=each.filename or "file")
            kept.append(papers_view.with_signers(request, found) if signed else found)
        except FileRefused as refusal:
            problems.append(_problem(request, refusal, each.filename or "file"))
    return kept, problems


def _problem(request: Request, refusal: DomainError, name: str) -> FieldProblem:
    texts = error_texts(request_translator(request), refusal)
    reason = f"{texts['detail']} {texts['hint']}"
    return FieldProblem("files", refusal.code, "%(file)s: %(reason)s", {"file": name, "reason": reason}) if name else (
        FieldProblem("files", refusal.code, "%(reason)s", {"reason": reason})
    )  # fmt: skip


def _replaces(posted: Any, kept: Sequence[KeptFile]) -> UUID | None:
    """Return the file that is replaced; several files replace none."""
    chosen = text(posted, "replaces")
    return needed_key(chosen) if chosen and len(kept) == 1 else None


def _vault_row(request: Request, paper: VaultPaper) -> dict[str, Any]:
    known = PAPER_TITLES.get(paper.kind)
    kind: Any = request_translator(request).gettext(known) if known else paper.kind
    return {
        "id": str(paper.id),
        "title": paper.title,
        "kind": paper.uses[0].place if paper.uses else kind,
        "version": paper.version,
        "size": paper.size_bytes,
        "at": paper.created_at,
        "uses": [{"href": use.href, "name": use.name or "…"} for use in paper.uses],
    }


def _crumbs(request: Request, case: Case) -> list[Crumb]:
    gettext = request_translator(request).gettext
    return [Crumb(case.code or case.title or gettext("New dossier"), f"/dossiers/{case.id}")]


def _back(case_id: UUID, component: str) -> Response:
    return RedirectResponse(f"/dossiers/{case_id}/papers/{component}", 303)
