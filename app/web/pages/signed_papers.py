"""A result signed by hand: where the print is taken, the signed sheet is scanned, compared, and brought into force."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, Invalid
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import LIMITS, keep_file
from app.core.workflow.papers.signed_on_paper import (
    COMPARED,
    HandPaper,
    NotAPicture,
    NothingPrinted,
    keep_signed_scan,
    on_paper,
    require_filing,
    waiting_paper,
)
from app.core.workflow.permissions import FILE_SIGNED
from app.web import dossier_view
from app.web.dossier_view import Dossier
from app.web.forms import PostedForm
from app.web.need import Holder
from app.web.papers_view import press_of
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

signed_papers = upload_router()

Filer = Annotated[Actor, Depends(Holder(FILE_SIGNED))]
ACCEPT = ".pdf,.jpg,.jpeg,.png"


@signed_papers.get("/dossiers/{case_id}/signed-paper", name="signed-paper", include_in_schema=False)
def signed_paper_page(request: Request, session: DbSession, actor: Filer, case_id: UUID) -> Response:
    """Show the print, the scan of the signed sheet, and what is declared about both."""
    return show_signed_paper(request, session, dossier_view.load(session, case_id, actor))


@signed_papers.post("/dossiers/{case_id}/signed-paper", include_in_schema=False)
def receive_signed_paper(
    request: Request, session: DbSession, actor: Filer, posted: PostedForm, case_id: UUID
) -> Response:
    """Take the scan of the signed sheet; another one takes its place until it is filed."""
    dossier = dossier_view.load(session, case_id, actor)
    require_filing(session, dossier.case, dossier.definition, actor)
    session.rollback()  # the file is inspected without a connection
    files = sent_files(posted, "scan")
    try:
        if not files:
            reason = N_("Choose the scan of the signed paper.")
            raise _NoFile(errors=[FieldProblem("scan", "missing", reason)])
        kept = keep_file(press_of(request).store, stream=files[0].file, filename=files[0].filename or "scan")
        dossier = dossier_view.load(session, case_id, actor)
        keep_signed_scan(
            session, case=dossier.case, definition=dossier.definition, kept=kept, actor=actor, now=utcnow()
        )
    except (_NoFile, FileRefused, NotAPicture) as refusal:
        session.rollback()
        dossier = dossier_view.load(session, case_id, actor)
        return show_signed_paper(request, session, dossier, problems=_problems(request, refusal), status=422)
    return RedirectResponse(f"/dossiers/{case_id}/signed-paper", 303)


def show_signed_paper(
    request: Request,
    session: Session,
    dossier: Dossier,
    *,
    problems: Sequence[FieldProblem] = (),
    given: Mapping[str, Any] | None = None,
    refusal: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """
    Render the page, with what is wrong and what was ticked.

    :raises NothingPrinted: the dossier waits for no signed sheet.
    """
    case, translator = dossier.case, request_translator(request)
    offered = next((each for each in dossier.available if COMPARED in each.action.input), None)
    paper = waiting_paper(session, case)
    if offered is None or paper is None:
        raise NothingPrinted
    view = {
        "title": offered.action.title.get(translator.lang, offered.action.code),
        "case": {"id": str(case.id), "code": case.code, "revision": case.revision, "title": case.title},
        "action": offered.action.code,
        "blocked": offered.blocked,
        "paper": _paper(paper),
        "compared": bool((given or {}).get(COMPARED)),
        "accept": ACCEPT,
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "refusal": refusal,
        "crumbs": [
            Crumb(translator.gettext("Inbox"), "/inbox"),
            Crumb(case.code or translator.gettext("New dossier"), f"/dossiers/{case.id}"),
        ],
    }
    return render(request, "papers/signed_paper.html", view, status=status)


def hand_paper_view(session: Session, dossier: Dossier, actor: Actor) -> Mapping[str, Any] | None:
    """
    Return what a dossier's page says of a result on paper; None where there is none.

    The print is the desk's own: an applicant sees the scan once the paper is in force.
    """
    case = dossier.case
    waits = any(
        COMPARED in action.input and case.state in action.sources for action in dossier.definition.actions
    )
    if waits and actor.is_officer:
        paper = waiting_paper(session, case)
        return {"waiting": _paper(paper)} if paper is not None else None
    if case.decided_at is None or (issued := on_paper(session, case)) is None:
        return None
    return {
        "waiting": None,
        "number": issued.number,
        "code": issued.verification_code,
        "document_id": str(issued.document_id),
        "signer": issued.public.get("signer", ""),
        "position": issued.public.get("position", ""),
        "dated": issued.issued_at,
    }


def _paper(paper: HandPaper) -> dict[str, Any]:
    scan = paper.scan
    return {
        "number": paper.number,
        "signer": paper.signer,
        "position": paper.position,
        "printed_at": paper.printed_at,
        "print_id": str(paper.print_id),
        "scan": {"id": str(scan.id), "name": scan.title, "at": scan.created_at} if scan is not None else None,
    }


class _NoFile(Invalid):
    """The form came without a file."""

    code = "form-empty"


def _problems(request: Request, refusal: DomainError) -> Sequence[FieldProblem]:
    if refusal.errors:
        return refusal.errors
    texts = error_texts(request_translator(request), refusal)
    reason = f"{texts['detail']} {texts['hint']}".strip()
    return (FieldProblem("scan", refusal.code, "%(reason)s", {"reason": reason}),)
