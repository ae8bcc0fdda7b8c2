"""The statutory form of a dossier: printed at any moment, signed here, or signed elsewhere and brought back."""

from typing import Any, Literal
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import step_up
from app.core.auth.models import Party
from app.core.auth.permissions import require
from app.core.documents.refusals import FileRefused
from app.core.documents.signing import NoSigningKey
from app.core.errors import DomainError, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.bases import base_answers
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case
from app.core.workflow.papers import form_signing
from app.core.workflow.papers.components import may_change
from app.core.workflow.papers.form import Print, has_form, print_form
from app.core.workflow.papers.intake import keep_file
from app.core.workflow.papers.keys import ensure_applicant_key
from app.core.workflow.papers.permissions import SIGN_FORM
from app.web import dossier_view, papers_view, personal
from app.web.forms import PostedForm, text
from app.web.identity import box_of, confirm_first, ip_of, proof_view
from app.web.need import CustomerActor, SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

form_pages = upload_router()


@form_pages.get("/dossiers/{case_id}/form.pdf", name="dossier-form", include_in_schema=False)
def form_pdf(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    case_id: UUID,
    lang: Literal["vi", "en"] = "vi",
) -> Response:
    """Print the present answers; the translation is for reference."""
    case, definition = _with_form(session, case_id, actor)
    answers = personal.for_copy(session, dossier_view.load(session, case_id, actor), actor)
    applicant = session.scalar(select(Party.name).where(Party.id == case.party_id)) or ""
    # At the counter the Vietnamese print is what the applicant signs by hand: no mark stands across it.
    by_hand = lang == "vi" and may_change(case, definition, actor) and actor.is_officer
    order = Print(
        applicant=applicant, zone=request.app.state.zone_config, at=utcnow(), lang=lang,
        draft=case.submitted_at is None, for_signing=by_hand, before=base_answers(session, case),
    )  # fmt: skip
    body = print_form(definition, answers, order)
    return _pdf(body, f"{case.code or definition.code}-form-{lang}.pdf")


@form_pages.get("/dossiers/{case_id}/sign", name="dossier-sign", include_in_schema=False)
def sign_page(request: Request, session: DbSession, actor: CustomerActor, case_id: UUID) -> Response:
    """Show the form's state and the two ways to sign it."""
    case, definition = _with_form(session, case_id, actor)
    return _page(request, session, actor, case, definition)


@form_pages.post("/dossiers/{case_id}/sign", include_in_schema=False)
def sign(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, case_id: UUID
) -> Response:
    """Sign with the account's certificate after the password was given again."""
    case, definition = _with_form(session, case_id, actor)
    session.rollback()  # no connection is held while the password is hashed
    shown, now = text(posted, "password"), utcnow()
    try:
        if not shown:
            raise _Missing(
                errors=[FieldProblem("password", "missing", N_("Type what proves that it is you."))]
            )
        step_up.confirm_presence(
            request.app.state.database,
            actor=actor,
            shown=shown,
            box=box_of(request),
            now=now,
            ip=ip_of(request),
        )
        form_signing.sign_form(
            session, press=papers_view.press_of(request), case=_again(session, case), definition=definition,
            actor=actor, now=now,
        )  # fmt: skip
    except (_Missing, NoSigningKey, form_signing.NotASignatory) as refusal:
        return _refused(request, session, actor, case_id, refusal, "password")
    except DomainError as refusal:
        if not refusal.code.startswith("auth."):
            raise
        return _refused(request, session, actor, case_id, refusal, "password")
    return RedirectResponse(f"/dossiers/{case_id}/sign", 303)


@form_pages.post("/dossiers/{case_id}/sign/certificate", include_in_schema=False)
def get_certificate(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, case_id: UUID
) -> Response:
    """
    Give an account that signs for the applicant a certificate of the development authority, once.

    :raises NotFound: an installation whose signatures must have legal force gives none.
    :raises Forbidden: the account does not sign for this applicant.
    """
    case, _ = _with_form(session, case_id, actor)
    require(actor, SIGN_FORM, party_id=case.party_id)
    if not _gives_certificates(request):
        raise NotFound
    if page := confirm_first(request, posted):
        return page
    organisation = session.scalar(select(Party.name).where(Party.id == case.party_id)) or ""
    assert actor.user_id is not None
    issued = ensure_applicant_key(
        papers_view.press_of(request).signing, user_id=actor.user_id, name=actor.name,
        organisation=organisation, now=utcnow(),
    )  # fmt: skip
    if issued:
        subject = Subject("user", actor.user_id)
        record(
            session, "auth:user:certify", subject=subject, actor=actor, at=utcnow(), party_id=case.party_id
        )
    return RedirectResponse(f"/dossiers/{case_id}/sign#here", 303)


def _gives_certificates(request: Request) -> bool:
    return bool(request.app.state.settings.env != "production")


def _has_certificate(request: Request, actor: Actor) -> bool:
    try:
        papers_view.press_of(request).signing.key_for(str(actor.user_id), now=utcnow())
    except NoSigningKey:
        return False
    return True


@form_pages.post("/dossiers/{case_id}/sign/print", include_in_schema=False)
def print_for_signing(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, case_id: UUID
) -> Response:
    """Make the print that is signed elsewhere, and send it."""
    case, definition = _with_form(session, case_id, actor)
    press = papers_view.press_of(request)
    document = form_signing.prepare_form(
        session, press=press, case=case, definition=definition, actor=actor, now=utcnow()
    )
    return _pdf(press.store.read(document.sha256), f"{definition.code}-to-sign.pdf")


@form_pages.post("/dossiers/{case_id}/sign/upload", include_in_schema=False)
def bring_back(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, case_id: UUID
) -> Response:
    """Take a print that was signed elsewhere."""
    case, definition = _with_form(session, case_id, actor)
    session.rollback()  # the file is inspected without a connection
    press, now = papers_view.press_of(request), utcnow()
    files = sent_files(posted, "signed")
    try:
        if not files:
            raise _Missing(errors=[FieldProblem("signed", "missing", N_("Choose the signed PDF file."))])
        kept = keep_file(press.store, stream=files[0].file, filename=files[0].filename or "form.pdf")
        trust = papers_view.trust_of(request, now)
        form_signing.accept_signed_form(
            session, press=press, case=_again(session, case), definition=definition,
            pdf=press.store.read(kept.file.sha256), trust=trust, actor=actor, now=now,
        )  # fmt: skip
    except (_Missing, FileRefused, form_signing.SignedFileRefused) as refusal:
        return _refused(request, session, actor, case_id, refusal, "signed")
    return RedirectResponse(f"/dossiers/{case_id}/sign", 303)


class _Missing(Invalid):
    """A field of these small forms was left empty."""

    code = "form-empty"


def _with_form(session: Session, case_id: UUID, actor: Actor) -> tuple[Case, Definition]:
    case, definition = papers_view.case_of(session, case_id, actor)
    if not has_form(definition):
        raise NotFound
    return case, definition


def _again(session: Session, case: Case) -> Case:
    """Read the dossier anew and hold it: the answers must be those that are signed."""
    locked = session.scalar(
        select(Case).where(Case.id == case.id).with_for_update().execution_options(populate_existing=True)
    )
    if locked is None:
        raise NotFound
    return locked


def _page(
    request: Request, session: Session, actor: Actor, case: Case, definition: Definition, *,
    problems: Any = (), status: int = 200,
) -> Response:  # fmt: skip
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Sign the application form"),
        "form_paper": papers_view.form_view(session, case, definition, actor),
        **proof_view(request, actor),
        "case_id": str(case.id),
        "revision": case.revision,
        "has_certificate": _has_certificate(request, actor),
        "gives_certificates": _gives_certificates(request),
        "problems": problems,
        "crumbs": [
            Crumb(case.code or case.title or gettext("New dossier"), f"/dossiers/{case.id}"),
            Crumb(gettext("Papers of the dossier"), f"/dossiers/{case.id}/papers"),
        ],
    }
    return render(request, "papers/sign.html", view, status=status)


def _refused(
    request: Request, session: Session, actor: Actor, case_id: UUID, refusal: DomainError, field: str
) -> Response:
    """Show the page again with the reason beside its field."""
    session.rollback()
    case, definition = _with_form(session, case_id, actor)
    problems: Any = () if refusal.code.startswith("auth.") else refusal.errors
    if not problems:
        texts = error_texts(request_translator(request), refusal)
        reason = f"{texts['detail']} {texts['hint']}".strip()
        problems = (FieldProblem(field, refusal.code, "%(reason)s", {"reason": reason}),)
    return _page(request, session, actor, case, definition, problems=problems, status=refusal.status)


def _pdf(body: bytes, name: str) -> Response:
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(name)}
    return Response(body, media_type="application/pdf", headers=headers)
