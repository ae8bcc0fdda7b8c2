"""Papers: download by who may see them, verification by everybody."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents import service as documents
from app.core.documents.models import Issued, IssuedState, Medium
from app.core.documents.signing import load_trust, verify_pdf
from app.core.errors import NotFound
from app.core.kit.time import utcnow
from app.web.kernel import Kernel
from app.web.need import SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.pages.verify_upload import signatures_view
from app.web.paper_access import PurposeFirst, paper_for
from app.web.papers_view import PAPER_TITLES
from app.web.render import render, request_translator
from app.web.unit import DbSession, router

__all__ = ["DOWNLOAD_HEADERS", "papers"]

papers = router()

_WITHOUT_EFFECT = frozenset({IssuedState.PRINTED, IssuedState.VOID})


@papers.get("/documents/{document_id}", name="document", include_in_schema=False)
def download(request: Request, session: DbSession, actor: SignedInActor, document_id: UUID) -> Response:
    """Send a paper as an attachment; an officer who has not stated what for is asked first."""
    try:
        document, file = paper_for(request, session, document_id, actor)
    except PurposeFirst as refusal:
        return RedirectResponse(f"/dossiers/{refusal.case_id}/personal", 303)
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


@papers.get("/verify/{code}", name="verified", include_in_schema=False)
def verified(request: Request, session: DbSession, code: str) -> Response:
    """Show what the register knows of a paper, its state now, and what its signatures say."""
    try:
        issued = documents.find_issued(session, code=code)
    except documents.VerificationCodeMistyped:
        return RedirectResponse(f"/verify?code={code[:60]}", 303)
    view = {
        "title": request_translator(request).gettext("Verification of a document"),
        "issued": _issued_view(session, issued),
        **_file_view(request.app.state.kernel, issued),
    }
    return render(request, "pages/verified.html", view)


def _issued_view(session: Session, issued: Issued) -> dict[str, Any]:
    successor = session.get(Issued, issued.replaced_by) if issued.replaced_by else None
    reason = "" if issued.state == IssuedState.VOID else issued.state_reason
    return {
        "code": issued.verification_code,
        "number": issued.number,
        "kind": PAPER_TITLES.get(issued.kind, ""),
        "state": issued.state,
        "state_at": issued.state_at,
        "reason": reason or "",  # why a print was voided is the desk's own
        "issued_at": issued.issued_at,
        "sha256": issued.sha256,
        "on_paper": issued.medium == Medium.PAPER,
        # Each kind of paper tells the public other things; what it does not tell is not shown.
        "public": {name: value for name, value in issued.public.items() if isinstance(value, str) and value}
        if issued.state not in _WITHOUT_EFFECT
        else {},
        "replaced_by": {"href": f"/verify/{successor.verification_code}", "number": successor.number}
        if successor
        else None,
    }


def _file_view(kernel: Kernel, issued: Issued) -> dict[str, Any]:
    """Return whether the stored file is the issued one, and its signatures."""
    now = utcnow()
    try:
        if not kernel.store.is_intact(issued.sha256):
            return {"file": "changed", "signatures": []}
        pdf = kernel.store.read(issued.sha256)
    except NotFound:
        return {"file": "missing", "signatures": []}
    if issued.medium == Medium.PAPER:
        return {"file": "intact", "signatures": []}
    trust = kernel.signing.trust(now=now).joined(load_trust(kernel.settings.var / "trust"))
    reports = verify_pdf(pdf, trust=trust, now=now, stored_at=issued.issued_at)
    return {"file": "intact", "signatures": signatures_view(reports)}
