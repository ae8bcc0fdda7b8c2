"""Papers: download by who may see them, verification by everybody."""

from uuid import UUID

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core.documents import service as documents
from app.core.documents.models import Document
from app.core.documents.signing import verify_pdf
from app.core.errors import NotFound
from app.core.kit.time import utcnow
from app.web.need import SignedInActor
from app.web.render import render, request_translator
from app.web.unit import DbSession, router

papers = router()

# A paper is data of somebody else: it is saved, not shown in our origin, and could run nothing if it were.
DOWNLOAD_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


@papers.get("/documents/{document_id}", name="document", include_in_schema=False)
def download(request: Request, session: DbSession, actor: SignedInActor, document_id: UUID) -> Response:
    """Send a paper as an attachment."""
    document, file = documents.file_of(session, document_id=document_id)
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": f'attachment; filename="{_ascii_name(document)}"'}
    return Response(body, media_type=file.media_type, headers=headers)


@papers.get("/verify/{code}", name="verified", include_in_schema=False)
def verified(request: Request, session: DbSession, code: str) -> Response:
    """Show what the register knows of a paper, its state now, and what its signatures say."""
    try:
        issued = documents.find_issued(session, code=code)
    except documents.VerificationCodeMistyped:
        return RedirectResponse(f"/verify?code={code[:60]}", 303)
    kernel, now = request.app.state.kernel, utcnow()
    reports = verify_pdf(
        kernel.store.read(issued.sha256),
        trust=kernel.signing.trust(now=now),
        now=now,
        stored_at=issued.issued_at,
    )
    view = {
        "title": request_translator(request).gettext("Verification of a document"),
        "issued": {
            "code": issued.verification_code,
            "number": issued.number,
            "state": issued.state,
            "state_at": issued.state_at,
            "reason": issued.state_reason or "",
            "issued_at": issued.issued_at,
            "sha256": issued.sha256,
            "public": issued.public,
        },
        "signatures": [
            {
                "name": report.signer.name,
                "position": report.signer.position,
                "at": report.claimed_at or issued.issued_at,
                "intact": report.intact and not report.changed_after_signing,
                "trusted": report.trusted,
                "verdict": report.verdict.value,
            }
            for report in reports
        ],
    }
    return render(request, "pages/verified.html", view)


def _ascii_name(document: Document) -> str:
    name = "".join(
        letter for letter in document.title if letter.isascii() and (letter.isalnum() or letter in "-_. ")
    )
    if not name:
        raise NotFound
    return name
