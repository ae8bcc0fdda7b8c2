"""Changes of the law: which wait, what each changes, approval with the image of the official page, rejection."""

from collections.abc import Sequence
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from app.core import law
from app.core.db import DbRole
from app.core.documents.intake import IntakeLimits, MediaType, extension, inspect
from app.core.documents.refusals import FileRefused
from app.core.documents.store import FileStore
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.evidence import Subject, record, record_denied
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.text import nfc
from app.core.kit.time import utcnow
from app.core.law import ChangeState, LawApprovalRefused, LawChangeSet
from app.web.forms import PostedForm, text
from app.web.legal_permissions import APPROVE, READ
from app.web.need import Holder
from app.web.pages.downloads import DOWNLOAD_HEADERS
from app.web.pages.legal import reading
from app.web.pages.legal.drafts import MAX_TEXT
from app.web.pages.legal.views import Wording
from app.web.panels import LAW_CHANGE, panels_of
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

deciding = router()

Reader = Annotated[Actor, Depends(Holder(READ))]
Approver = Annotated[Actor, Depends(Holder(APPROVE))]

NEEDED = 2
IMAGE_TYPES = (MediaType.PNG, MediaType.JPEG, MediaType.PDF)
IMAGE_LIMITS = IntakeLimits(max_bytes=20_000_000)
DONE = {
    "proposed": N_("The change is proposed. Two other officers now compare it with the official text."),
    "twin": N_("The same change waits already; it was not proposed twice."),
    "approved": N_("Your approval is recorded. One more officer is needed."),
    "in_force": N_("The second approval is recorded: the change is in force."),
    "rejected": N_("The change is rejected; what was in force stays so."),
}


class PageImageType(FileRefused):
    """A file that is no image of a page."""

    code = "law.page-image-type"
    status = 415
    detail = "The image of an official page is a PNG or JPEG picture, or a PDF."
    hint = "Scan or photograph the page, or print it to PDF, and choose that file."


@deciding.get("/law/changes", name="law-changes", include_in_schema=False)
def changes(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, before: UUID | None = None
) -> Response:
    """List the changes that wait, and those that were decided."""
    translator = request_translator(request)
    wording = Wording(translator, zone.tz, {})
    old, more = reading.decided(session, before=before)
    view = {
        "title": translator.gettext("Changes of legal values"),
        "waiting": [wording.decision(each) for each in reading.waiting(session)] if before is None else [],
        "first_page": before is None,
        "decided": [wording.decision(each) for each in old],
        "next": f"/law/changes?before={more}" if more else "",
        "crumbs": [Crumb(translator.gettext("Legal desk"), "/law")],
    }
    return render(request, "legal/changes.html", view)


@deciding.get("/law/changes/{change_set_id}", name="law-change", include_in_schema=False)
def change(
    request: Request, session: DbSession, actor: Reader, change_set_id: UUID, done: str = ""
) -> Response:
    """Show one change with who approved it, and let it be decided."""
    return _page(request, session, actor, change_set_id, done=DONE.get(done, ""))


@deciding.post("/law/changes/{change_set_id}/approve", include_in_schema=False)
def approve(
    request: Request, session: DbSession, actor: Approver, posted: PostedForm, change_set_id: UUID
) -> Response:
    """Approve exactly what was shown; the second approval puts it in force."""
    now = utcnow()
    try:
        image = _page_image(request.app.state.kernel.store, posted)
        made = law.approve(
            session,
            change_set_id=change_set_id,
            actor=actor,
            content_hash=text(posted, "content_hash"),
            now=now,
            page_image_sha256=image,
        )
    except FileRefused as refusal:
        session.rollback()
        problems = [
            FieldProblem("page_image", refusal.code, told, refusal.params)
            for told in (refusal.detail, refusal.hint)
        ]
        return _page(request, session, actor, change_set_id, problems=problems, status=refusal.status)
    except DomainError as refusal:
        return _refused(request, session, actor, change_set_id, refusal)
    in_force = made.state == ChangeState.IN_FORCE
    record(
        session,
        "law:change-set:approve",
        subject=Subject("law-change-set", change_set_id),
        actor=actor,
        at=now,
        facts={"content_hash": made.content_hash, "page_image": image or "", "in_force": in_force},
    )
    return RedirectResponse(
        f"/law/changes/{change_set_id}?done={'in_force' if in_force else 'approved'}", 303
    )


@deciding.post("/law/changes/{change_set_id}/reject", include_in_schema=False)
def reject(
    request: Request, session: DbSession, actor: Approver, posted: PostedForm, change_set_id: UUID
) -> Response:
    """Reject for good."""
    now, reason = utcnow(), nfc(text(posted, "reason")).strip()[:MAX_TEXT]
    if not reason:
        problem = FieldProblem(
            "reason", "missing", N_("Say why the change is rejected; the proposer reads it.")
        )
        return _page(request, session, actor, change_set_id, problems=[problem], status=422)
    try:
        made = law.reject(session, change_set_id=change_set_id, actor=actor, reason=reason, now=now)
    except DomainError as refusal:
        return _refused(request, session, actor, change_set_id, refusal, reason=reason)
    record(
        session,
        "law:change-set:reject",
        subject=Subject("law-change-set", change_set_id),
        actor=actor,
        at=now,
        facts={"content_hash": made.content_hash},
        digests={"reason": reason},
    )
    return RedirectResponse(f"/law/changes/{change_set_id}?done=rejected", 303)


@deciding.get("/law/changes/{change_set_id}/pages/{sha256}", name="law-page", include_in_schema=False)
def page_image(
    request: Request, session: DbSession, actor: Reader, change_set_id: UUID, sha256: str
) -> Response:
    """Send the image of the official page that an officer compared, as an attachment."""
    if all(found.page_image_sha256 != sha256 for found in law.approvals_of(session, change_set_id)):
        raise NotFound
    store: FileStore = request.app.state.kernel.store
    with store.readable(sha256) as path:
        media_type = inspect(path, filename="", limits=IMAGE_LIMITS)
    name = f"page-{sha256[:12]}.{extension(media_type)}"
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(store.read(sha256), media_type=media_type.value, headers=headers)


def _page_image(store: FileStore, posted: FormData) -> str | None:
    """
    Keep the image that came with an approval and return its address, None when none was chosen.

    :raises FileRefused: it is no picture or PDF, too large, damaged, or would do something when opened.
    """
    upload = posted.get("page_image")
    if not isinstance(upload, UploadFile):
        return None
    with upload.file as sent:
        return _kept(store, sent, upload.filename) if upload.filename else None


def _kept(store: FileStore, sent: BinaryIO, filename: str) -> str:
    with store.receive(sent, limit_bytes=IMAGE_LIMITS.max_bytes) as incoming:
        if inspect(incoming.path, filename=filename, limits=IMAGE_LIMITS) not in IMAGE_TYPES:
            raise PageImageType
        return store.keep(incoming).sha256


def _refused(
    request: Request,
    session: Session,
    actor: Actor,
    change_set_id: UUID,
    refusal: DomainError,
    *,
    reason: str = "",
) -> Response:
    """Show the change again with what hinders the decision and what to do about it."""
    if isinstance(refusal, NotFound):
        raise refusal
    session.rollback()
    if isinstance(refusal, LawApprovalRefused):
        record_denied(
            request.app.state.database,
            "law:change-set:denied",
            subject=Subject("law-change-set", change_set_id),
            actor=actor,
            at=utcnow(),
            reason=refusal.code,
            role=DbRole.AUTH,
        )
    return _page(
        request, session, actor, change_set_id, refusal=refusal, reason=reason, status=refusal.status
    )


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    change_set_id: UUID,
    *,
    done: str = "",
    refusal: DomainError | None = None,
    problems: Sequence[FieldProblem] = (),
    reason: str = "",
    status: int = 200,
) -> Response:
    made = session.get(LawChangeSet, change_set_id)
    if made is None:
        raise NotFound
    translator, zone = request_translator(request), request.app.state.zone_config
    content = reading.content_of(session, made)
    wording = Wording(translator, zone.tz, content.cited)
    approvals = law.approvals_of(session, change_set_id)
    approved = actor.user_id in {each.officer_id for each in approvals}
    waits = made.state == ChangeState.PROPOSED and actor.may(APPROVE)
    own = made.proposed_by is not None and made.proposed_by == actor.user_id
    view = {
        "title": wording.title(made),
        "done": translator.gettext(done) if done else "",
        "refusal": error_texts(translator, refusal) if refusal else None,
        "problems": problems,
        "reason": reason,
        "head": wording.head(made),
        "instruments": [wording.instrument(each, new=new) for each, new in content.instruments],
        "steps": [wording.step(each) for each in content.steps],
        "panels": panels_of(request, session, actor, kind=LAW_CHANGE, object_id=made.id),
        "approvals": [
            {"by": each.officer_name, "at": each.at, "page": each.page_image_sha256 or ""}
            for each in approvals
        ],
        "needed": NEEDED,
        "waits": made.state == ChangeState.PROPOSED,
        "own": own,
        "approved": approved,
        "may_approve": waits and not own and not approved,
        "may_reject": waits,
        "crumbs": [
            Crumb(translator.gettext("Legal desk"), "/law"),
            Crumb(translator.gettext("Changes of legal values"), "/law/changes"),
        ],
    }
    return render(request, "legal/change.html", view, status=status)
