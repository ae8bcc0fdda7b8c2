"""Verification of any signed PDF by anybody; the file is looked at and forgotten."""

import hashlib
from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from app.core.documents import service as documents
from app.core.documents.models import Issued, Medium
from app.core.documents.refusals import FileEmpty, FileTooLarge
from app.core.documents.signing import PdfUnreadable, SignatureReport, Verdict, load_trust, verify_pdf
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_
from app.core.kit.time import utcnow
from app.web.forms import PostedForm
from app.web.render import error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

verify_pages = upload_router(public=True)

MAX_BYTES = 30_000_000

# Tone of the chip, its word, and the sentence beside it.
VERDICTS: dict[Verdict, tuple[str, str, str, str]] = {
    Verdict.VALID: (
        "good", "shield-check", N_("Valid"),
        N_("The paper is as it was signed, and the certificate was valid."),
    ),
    Verdict.CHANGED: (
        "bad", "shield-x", N_("Changed after signing"),
        N_("The file was changed after this signature. Do not rely on what it shows now."),
    ),
    Verdict.BROKEN: (
        "bad", "shield-x", N_("Signature broken"),
        N_("The signature does not fit the content: the file was changed or damaged."),
    ),
    Verdict.EXPIRED: (
        "soon", "clock-exclamation", N_("Certificate expired"),
        N_("The content is as it was signed, but the certificate was not valid at the time that can be proved."),
    ),
    Verdict.REVOKED: (
        "bad", "ban", N_("Certificate revoked"),
        N_("The content is as it was signed, but the certificate had been revoked."),
    ),
    Verdict.UNTRUSTED: (
        "soon", "help-circle", N_("Unknown issuer"),
        N_("The content is as it was signed, but nobody whom this installation trusts vouches for the signer."),
    ),
    Verdict.UNSUPPORTED: (
        "soon", "help-circle", N_("Cannot be checked"),
        N_("There is a signature of a kind that cannot be checked here."),
    ),
}  # fmt: skip


@verify_pages.get("/verify/file", name="verify-file", include_in_schema=False)
def verify_file_form(request: Request) -> Response:
    """Ask for a signed PDF."""
    return _page(request)


@verify_pages.post("/verify/file", include_in_schema=False)
def verify_file(request: Request, session: DbSession, posted: PostedForm) -> Response:
    """Report on every signature of an uploaded PDF, and on what the register knows of this very file."""
    files = sent_files(posted, "file")
    if not files:
        reason = N_("Choose the PDF file to check.")
        return _page(request, problems=[FieldProblem("file", "missing", reason)], status=422)
    try:
        pdf = _read(files[0].file)
        known = documents.find_issued_by_file(session, sha256=hashlib.sha256(pdf).hexdigest())
        # Nothing more is asked of the database while the signatures are computed.
        found = [_issued_view(each) for each in known]
        stored_at = known[0].issued_at if known else None
        session.rollback()
        now, kernel = utcnow(), request.app.state.kernel
        trust = kernel.signing.trust(now=now).joined(load_trust(kernel.settings.var / "trust"))
        reports = verify_pdf(pdf, trust=trust, now=now, stored_at=stored_at)
    except (PdfUnreadable, FileTooLarge, FileEmpty) as refusal:
        return _page(request, problems=[_problem(request, refusal)], status=422)
    result = {
        "name": files[0].filename or "",
        "signatures": signatures_view(reports),
        "issued": found,
        "sha256": hashlib.sha256(pdf).hexdigest(),
    }
    return _page(request, result=result)


def signatures_view(reports: Sequence[SignatureReport]) -> list[dict[str, Any]]:
    """Return each signature in words: verdict, who, when."""
    shown = []
    for report in reports:
        tone, symbol, word, sentence = VERDICTS[report.verdict]
        shown.append(
            {
                "tone": tone,
                "symbol": symbol,
                "word": word,
                "sentence": sentence,
                "name": report.signer.name,
                "position": report.signer.position,
                "organisation": report.signer.organisation,
                "issuer": report.issuer,
                "at": report.claimed_at,
                "revoked_at": report.revoked_at if report.revoked else None,
                "covers_all": report.covers_whole_document,
            }
        )
    return shown


def _read(stream: Any) -> bytes:
    pdf: bytes = stream.read(MAX_BYTES + 1)
    if not pdf:
        raise FileEmpty
    if len(pdf) > MAX_BYTES:
        raise FileTooLarge(limit_mb=MAX_BYTES // 1_000_000)
    return pdf


def _issued_view(issued: Issued) -> dict[str, Any]:
    return {
        "number": issued.number,
        "state": issued.state,
        "on_paper": issued.medium == Medium.PAPER,
        "href": f"/verify/{issued.verification_code}",
        "issued_at": issued.issued_at,
    }


def _problem(request: Request, refusal: DomainError) -> FieldProblem:
    texts = error_texts(request_translator(request), refusal)
    return FieldProblem(
        "file", refusal.code, "%(reason)s", {"reason": f"{texts['detail']} {texts['hint']}".strip()}
    )


def _page(
    request: Request,
    *,
    result: dict[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    view = {
        "title": request_translator(request).gettext("Verify a signed PDF"),
        "result": result,
        "problems": problems,
        "limit_mb": MAX_BYTES // 1_000_000,
    }
    return render(request, "papers/verify_file.html", view, status=status)
