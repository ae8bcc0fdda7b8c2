"""Paper at the counter: one scan split into the components, and the form that was signed by hand."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, Invalid
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import components, hand_signing, scans
from app.core.workflow.papers.components import PapersNotOpen, TooManyFiles
from app.core.workflow.papers.hand_signing import NotCertified
from app.core.workflow.papers.intake import LIMITS, keep_file
from app.core.workflow.papers.scans import FIELD, NotAScan, PagesFaulty, Scan
from app.core.workflow.permissions import RECEIVE
from app.web import papers_view
from app.web.forms import PostedForm, needed_key, text
from app.web.need import Holder
from app.web.pages.counter import crumbs
from app.web.render import error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

counter_papers = upload_router()

Reception = Annotated[Actor, Depends(Holder(RECEIVE))]


@counter_papers.get("/dossiers/{case_id}/scan", name="counter-scan", include_in_schema=False)
def scan_page(request: Request, session: DbSession, actor: Reception, case_id: UUID) -> Response:
    """Show the scan that waits, with a field of pages for each paper; or ask for one."""
    return _scan(request, session, actor, case_id)


@counter_papers.post("/dossiers/{case_id}/scan", include_in_schema=False)
def receive_scan(
    request: Request, session: DbSession, actor: Reception, posted: PostedForm, case_id: UUID
) -> Response:
    """Take one PDF of the whole paper dossier."""
    case, definition = _open(session, case_id, actor)
    session.rollback()  # the file is inspected without a connection
    press, files = papers_view.press_of(request), sent_files(posted, "scan")
    try:
        if not files:
            raise _Missing(errors=[FieldProblem("scan", "missing", N_("Choose the scanned PDF."))])
        kept = keep_file(press.store, stream=files[0].file, filename=files[0].filename or "scan.pdf")
        scans.keep_scan(
            session, press=press, case=case, definition=definition, kept=kept, actor=actor, now=utcnow()
        )
    except (_Missing, FileRefused, NotAScan) as refusal:
        session.rollback()
        return _scan(request, session, actor, case_id, refusal=refusal)
    return RedirectResponse(f"/dossiers/{case_id}/scan", 303)


@counter_papers.post("/dossiers/{case_id}/scan/split", include_in_schema=False)
def split(
    request: Request, session: DbSession, actor: Reception, posted: PostedForm, case_id: UUID
) -> Response:
    """Assign the pages to the papers; sent twice, the second time finds it done."""
    case, definition = _open(session, case_id, actor)
    press = papers_view.press_of(request)
    scan = scans.find_scan(
        session, press=press, case=case, document_id=needed_key(text(posted, "document_id"))
    )
    if not scan.waits:
        return RedirectResponse(f"/dossiers/{case_id}/papers", 303)
    codes = [each.component.code for each in components.slots(session, case, definition)]
    typed = {code: text(posted, FIELD + code) for code in codes}
    leave_rest = text(posted, "leave_rest") == "yes"
    session.rollback()  # the parts are cut and inspected without a connection
    try:
        assigned = scans.read_ranges(typed, pages=scan.pages, leave_rest=leave_rest)
        scans.assign(
            session, case=case, definition=definition, scan=scan, assigned=assigned,
            parts=scans.cut(press, scan, assigned), actor=actor, now=utcnow(),
        )  # fmt: skip
    except (PagesFaulty, FileRefused, TooManyFiles) as refusal:
        session.rollback()
        return _scan(request, session, actor, case_id, refusal=refusal, typed=typed, leave_rest=leave_rest)
    return RedirectResponse(f"/dossiers/{case_id}/papers?done=split", 303)


@counter_papers.get("/dossiers/{case_id}/certify", name="counter-certify", include_in_schema=False)
def certify_page(request: Request, session: DbSession, actor: Reception, case_id: UUID) -> Response:
    """Show what is to be compared with the papers on the desk."""
    return _certify(request, session, actor, case_id)


@counter_papers.post("/dossiers/{case_id}/certify", include_in_schema=False)
def certify(
    request: Request, session: DbSession, actor: Reception, posted: PostedForm, case_id: UUID
) -> Response:
    """Certify the comparison and the signature by hand."""
    case, definition = _open(session, case_id, actor)
    signer, compared = text(posted, "signer"), text(posted, "compared") == "yes"
    try:
        hand_signing.certify_form(
            session,
            case=case,
            definition=definition,
            signer=signer,
            compared=compared,
            actor=actor,
            now=utcnow(),
        )
    except NotCertified as refusal:
        session.rollback()
        return _certify(
            request, session, actor, case_id, signer=signer, compared=compared, problems=refusal.errors
        )
    return RedirectResponse(f"/dossiers/{case_id}?done=certify", 303)


class _Missing(Invalid):
    """No file was chosen."""

    code = "form-empty"


def _open(session: Session, case_id: UUID, actor: Actor) -> tuple[Case, Definition]:
    """Read a dossier that the actor's counter enters; who reads others is told that their papers stay."""
    case, definition = papers_view.case_of(session, case_id, actor)
    if not components.may_change(case, definition, actor):
        raise PapersNotOpen
    return case, definition


def _scan(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: UUID,
    *,
    refusal: DomainError | None = None,
    typed: Mapping[str, str] | None = None,
    leave_rest: bool = False,
) -> Response:
    case, definition = _open(session, case_id, actor)
    scan = scans.waiting_scan(session, press=papers_view.press_of(request), case=case)
    view = {
        "title": request_translator(request).gettext("Split a scan into the papers"),
        "case_id": str(case_id),
        "scan": _scan_view(scan) if scan else None,
        "papers": [
            {
                "code": each.component.code,
                "title": each.component.title,
                "mandatory": each.component.mandatory,
                "from_form": each.from_form,
                "files": len(each.attachments),
            }
            for each in components.slots(session, case, definition)
        ],
        "typed": typed or {},
        "leave_rest": leave_rest,
        "limit_bytes": LIMITS.max_bytes,
        "problems": _problems(request, refusal, "leave_rest" if scan and typed else "scan"),
        "crumbs": crumbs(request, case.title, case_id),
    }
    return render(request, "counter/scan.html", view, status=refusal.status if refusal else 200)


def _scan_view(scan: Scan) -> dict[str, object]:
    return {"id": str(scan.document_id), "name": scan.name, "pages": scan.pages, "at": scan.at}


def _certify(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: UUID,
    *,
    signer: str = "",
    compared: bool = False,
    problems: Sequence[FieldProblem] = (),
) -> Response:
    case, definition = _open(session, case_id, actor)
    found = hand_signing.to_certify(session, case, definition)
    view = {
        "title": request_translator(request).gettext("Certify the signature on paper"),
        "case_id": str(case_id),
        "form_scanned": found.form is not None,
        "form_paper": papers_view.form_view(session, case, definition, actor),
        "scanned": [
            {
                "title": each.component.title,
                "from_form": each.from_form,
                "files": [{"id": str(file.document_id), "name": file.file_name} for file in each.attachments],
            }
            for each in found.scanned
        ],
        "signatories": [(name, name) for name in found.signatories],
        "digest": found.digest,
        "signer": signer or (found.signatories[0] if len(found.signatories) == 1 else ""),
        "compared": compared,
        "problems": problems,
        "crumbs": crumbs(request, case.title, case_id),
    }
    return render(request, "counter/certify.html", view, status=422 if problems else 200)


def _problems(request: Request, refusal: DomainError | None, field: str) -> Sequence[FieldProblem]:
    """Return the faults beside their fields; a refusal as a whole stands beside one."""
    if refusal is None or refusal.errors:
        return refusal.errors if refusal else ()
    texts = error_texts(request_translator(request), refusal)
    reason = f"{texts['detail']} {texts['hint']}".strip()
    return (FieldProblem(field, refusal.code, "%(reason)s", {"reason": reason}),)
