"""Signing a paper of a dossier with the certificate of one's account."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth import step_up
from app.core.documents.signing import NoSigningKey
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from app.core.workflow.papers import paper_signing
from app.core.workflow.papers.form_signing import NotASignatory
from app.web import papers_view
from app.web.forms import PostedForm, needed_key, text
from app.web.identity import box_of, ip_of, proof_view
from app.web.need import CustomerActor
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession, router

paper_signatures = router()


@paper_signatures.get(
    "/dossiers/{case_id}/papers/{component}/sign", name="paper-sign", include_in_schema=False
)
def sign_page(
    request: Request, session: DbSession, actor: CustomerActor, case_id: UUID, component: str, file: str = ""
) -> Response:
    """Show which file is signed, and ask who is there."""
    return _page(request, session, actor, case_id, component, file)


@paper_signatures.post("/dossiers/{case_id}/papers/{component}/sign", include_in_schema=False)
def sign(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, case_id: UUID, component: str
) -> Response:  # fmt: skip
    """Sign a file after the password was given again."""
    case, definition = papers_view.case_of(session, case_id, actor)
    session.rollback()  # no connection is held while the password is hashed
    file, shown, now = text(posted, "file"), text(posted, "password"), utcnow()
    if not shown:
        missing = FieldProblem("password", "missing", N_("Type what proves that it is you."))
        return _page(request, session, actor, case_id, component, file, problems=(missing,), status=422)
    try:
        step_up.confirm_presence(
            request.app.state.database, actor=actor, shown=shown, box=box_of(request), now=now, ip=ip_of(request)
        )  # fmt: skip
        locked = session.scalar(select(Case).where(Case.id == case.id).with_for_update())
        if locked is None:
            raise NotFound
        paper_signing.sign_paper(
            session, press=papers_view.press_of(request), case=locked, definition=definition, code=component,
            attachment_id=needed_key(file), actor=actor, now=now,
        )  # fmt: skip
    except DomainError as refusal:
        if not (isinstance(refusal, NoSigningKey | NotASignatory) or refusal.code.startswith("auth.")):
            raise
        session.rollback()
        texts = error_texts(request_translator(request), refusal)
        reason = f"{texts['detail']} {texts['hint']}".strip()
        problem = FieldProblem("password", refusal.code, "%(reason)s", {"reason": reason})
        return _page(
            request, session, actor, case_id, component, file, problems=(problem,), status=refusal.status
        )
    return RedirectResponse(f"/dossiers/{case_id}/papers/{component}", 303)


def _page(
    request: Request, session: Session, actor: Actor, case_id: UUID, component: str, file: str, *,
    problems: Any = (), status: int = 200,
) -> Response:  # fmt: skip
    case, definition = papers_view.case_of(session, case_id, actor)
    found = paper_signing.signable(session, case, definition, component, needed_key(file))
    gettext = request_translator(request).gettext
    title = next(each.title for each in definition.components if each.code == component)
    view = {
        "title": gettext("Sign the paper"),
        "case_id": str(case_id),
        "component": {"code": component, "title": title},
        "file": {"id": str(found.id), "document_id": str(found.document_id), "name": found.file_name},
        **proof_view(request, actor),
        "problems": problems,
        "crumbs": [
            Crumb(case.code or case.title or gettext("New dossier"), f"/dossiers/{case_id}"),
            Crumb(gettext("Papers of the dossier"), f"/dossiers/{case_id}/papers"),
        ],
    }
    return render(request, "papers/sign_paper.html", view, status=status)
