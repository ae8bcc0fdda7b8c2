"""Pages of commitments: one with its evidence, the officers' list, and panels on the dossier and in My zone."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.intake import ACCEPTED
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.core.notifications import current
from app.core.settings.zone import ZoneConfig
from app.core.workflow.papers.intake import LIMITS, keep_file
from app.core.workflow.permissions import FILE
from app.investment.commitments import queries, service
from app.investment.commitments.domain import OVER, CommitmentState
from app.investment.commitments.permissions import CHECK
from app.investment.commitments.queries import PAGE_SIZE, CommitmentLine
from app.web.dossier_view import require_reader
from app.web.forms import PostedForm, needed_key, text
from app.web.kernel import Kernel
from app.web.need import CustomerActor, Holder, SignedInActor
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

commitment_pages = router()
commitment_uploads = upload_router()

LIST = "/desk/commitments"
Checker = Annotated[Actor, Depends(Holder(CHECK))]

KIND_TITLES = {
    "CONSTRUCTION": N_("Construction"),
    "ENVIRONMENT": N_("Environment"),
    "FIRE": N_("Fire safety"),
}
_STATES = {
    CommitmentState.OPEN: ("neutral", N_("To be met"), "circle-dashed"),
    CommitmentState.OVERDUE: ("bad", N_("Overdue"), "alert-circle"),
    CommitmentState.SUBMITTED: ("active", N_("Evidence handed in"), "upload"),
    CommitmentState.FULFILLED: ("good", N_("Fulfilled"), "check"),
    CommitmentState.REPLACED: ("stale", N_("Replaced by an adjustment"), "history"),
}


@commitment_pages.get(LIST, name="commitments", include_in_schema=False)
def desk(
    request: Request, session: DbSession, actor: Checker, zone: CurrentZone, after: str = ""
) -> Response:  # fmt: skip
    """List what is not fulfilled in the zone, the earliest day first."""
    found = queries.unfulfilled(session, now=utcnow(), zone=zone.tz, after=position(after, date, UUID))
    page, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    view = {
        "title": request_translator(request).gettext("Commitments"),
        "rows": rows_view(page),
        "next": f"{LIST}?after={encode_cursor((page[-1].due_on, page[-1].id))}" if more else "",
    }
    return render(request, "investment/commitments.html", view)


@commitment_pages.get("/commitments/{commitment_id}", name="commitment", include_in_schema=False)
def commitment_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, commitment_id: UUID
) -> Response:
    """Show one commitment with everything handed in for it."""
    return _page(request, session, actor, zone, commitment_id)


@commitment_uploads.post("/commitments/{commitment_id}/evidence", include_in_schema=False)
def hand_in(
    request: Request, session: DbSession, actor: CustomerActor, zone: CurrentZone, posted: PostedForm,
    commitment_id: UUID,
) -> Response:  # fmt: skip
    """Take one paper as evidence."""
    found = queries.commitment(session, commitment_id, now=utcnow(), zone=zone.tz)
    session.rollback()  # the file is inspected without a connection
    files = sent_files(posted, "evidence")
    kernel: Kernel = request.app.state.kernel
    try:
        if not files:
            raise _missing(N_("Choose the paper that shows it, then hand it in."))
        kept = keep_file(kernel.store, stream=files[0].file, filename=files[0].filename or "file")
    except (FileRefused, _NoFile) as refusal:
        problems = _problems(request, refusal, "evidence")
        return _page(request, session, actor, zone, found.id, problems=problems, typed=posted, status=422)
    service.hand_in(
        session, commitment_id=found.id, kept=kept, note=text(posted, "note"), actor=actor, now=utcnow()
    )
    return RedirectResponse(f"/commitments/{commitment_id}", 303)


@commitment_pages.post("/commitments/{commitment_id}/decision", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: Checker, zone: CurrentZone, posted: PostedForm, commitment_id: UUID
) -> Response:  # fmt: skip
    """Confirm evidence or return it."""
    try:
        service.decide(
            session, commitment_id=commitment_id, evidence_id=needed_key(text(posted, "evidence_id")),
            confirmed=text(posted, "verdict") == "CONFIRM", reason=text(posted, "reason"), actor=actor, now=utcnow(),
        )  # fmt: skip
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _page(
            request, session, actor, zone, commitment_id, problems=refusal.errors, typed=posted, status=422
        )
    return RedirectResponse(f"/commitments/{commitment_id}", 303)


def dossier_panel(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a dossier's page: its commitments, if it has any."""
    found = queries.commitments_of_case(session, case_id, now=utcnow(), zone=current().timezone)
    return {"rows": rows_view(found)} if found else {}


def project_panel(session: Session, actor: Actor, project_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a project's page: everything that was promised for it, also what is fulfilled."""
    found = queries.commitments_of(session, project_id, now=utcnow(), zone=current().timezone)
    return {"rows": rows_view(found)} if found else {}


def my_zone_panel(session: Session, actor: Actor, _: UUID) -> Mapping[str, Any]:
    """Return the view of the panel in My zone: what the actor's enterprises still have to fulfil."""
    if actor.is_officer or not actor.party_ids:
        return {}
    found = queries.commitments_of_parties(session, actor.party_ids, now=utcnow(), zone=current().timezone)
    return {"rows": rows_view(found)} if found else {}


def rows_view(lines: Sequence[CommitmentLine]) -> list[dict[str, Any]]:
    """Return commitments for ``investment/_commitments.html``."""
    return [_line(each) for each in lines]


def _line(each: CommitmentLine) -> dict[str, Any]:
    tone, word, symbol = _STATES[each.state]
    return {
        "id": str(each.id),
        "href": f"/commitments/{each.id}",
        "case_id": str(each.case_id),
        "case_code": each.case_code,
        "applicant": each.applicant,
        "kind": KIND_TITLES[each.kind],
        "text": each.text,
        "article": each.article,
        "promised": each.promised,
        "due_on": each.due_on,
        "late": each.late,
        "state": {"code": each.state.value, "tone": tone, "word": word, "symbol": symbol},
    }


def _page(
    request: Request, session: Session, actor: Actor, zone: ZoneConfig, commitment_id: UUID, *,
    problems: Sequence[FieldProblem] = (), typed: Any = None, status: int = 200,
) -> Response:  # fmt: skip
    require_reader(actor)
    found = queries.commitment(session, commitment_id, now=utcnow(), zone=zone.tz)
    waiting = next((each for each in found.evidence if each.confirmed is None), None)
    gettext = request_translator(request).gettext
    may_show = not actor.is_officer and actor.may(FILE, found.party_id)
    view = {
        "title": gettext("Commitment %(number)s", number=found.number),
        "row": _line(found),
        "evidence": [
            {
                "id": str(each.id),
                "document_id": str(each.document_id),
                "name": each.file_name,
                "note": each.note,
                "at": each.at,
                "confirmed": each.confirmed,
                "reason": each.reason,
                "decided_at": each.decided_at,
            }
            for each in reversed(found.evidence)
        ],
        "can_show": may_show and waiting is None and found.state not in OVER,
        "to_judge": str(waiting.id)
        if waiting and found.state not in OVER and actor.is_officer and actor.may(CHECK)
        else "",
        "note": text(typed, "note") if typed is not None else "",
        "reason": text(typed, "reason") if typed is not None else "",
        "verdict": text(typed, "verdict") if typed is not None else "",
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "crumbs": [Crumb(found.case_code or gettext("Dossier"), f"/dossiers/{found.case_id}")],
    }
    return render(request, "investment/commitment.html", view, status=status)


class _NoFile(DomainError):
    """The form came without a file."""

    code = "form-empty"
    status = 422


def _missing(reason: str) -> _NoFile:
    return _NoFile(errors=[FieldProblem("evidence", "missing", reason)])


def _problems(request: Request, refusal: DomainError, field: str) -> Sequence[FieldProblem]:
    if refusal.errors:
        return refusal.errors
    texts = error_texts(request_translator(request), refusal)
    return [FieldProblem(field, refusal.code, "%(reason)s", {"reason": f"{texts['detail']} {texts['hint']}"})]
