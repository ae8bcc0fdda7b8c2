"""A project code from a letter: entered by one officer with the scan, confirmed by another, settled if disputed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import User
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, Forbidden, Invalid, NotFound
from app.core.i18n import N_
from app.core.i18n.formats import typed_day
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.core.workflow.papers.intake import LIMITS, KeptFile, keep_file
from app.core.workflow.permissions import APPRAISE, READ, REVIEW
from app.investment import queries
from app.investment.models import CodeLetter, LetterState
from app.investment.service import code_letters
from app.web import dossier_view
from app.web.forms import PostedForm, needed_key, text
from app.web.kernel import Kernel
from app.web.need import SignedInActor
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

letter_pages = router()
letter_uploads = upload_router()

ACCEPTED = ".pdf,.png,.jpg,.jpeg"
ASKED = ("code", "number", "dated_on", "reason", "code_again", "remark", "settled", "verdict")


@letter_pages.get("/dossiers/{case_id}/project-code/letter", name="code-letter", include_in_schema=False)
def letter_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, case_id: UUID
) -> Response:
    """Show the letters of a dossier and what may be done now."""
    return _page(request, session, actor, case_id, given={"letter_id": str(uuid7())})


@letter_uploads.post("/dossiers/{case_id}/project-code/letter", include_in_schema=False)
def enter(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, posted: PostedForm, case_id: UUID
) -> Response:  # fmt: skip
    """Enter a letter with its scan; the key comes with the page, so a double click enters one."""
    dossier_view.load(session, case_id, _officer(actor))
    if not actor.may(APPRAISE):
        raise Forbidden(permission=APPRAISE)
    session.rollback()  # the file is inspected without a connection
    given, now = _given(posted), utcnow()
    typed = code_letters.Typed(given["code"], given["number"], typed_day(given["dated_on"]), given["reason"])
    try:
        kept = _kept(request, posted)
        code_letters.enter(
            session, letter_id=needed_key(given["letter_id"]), case_id=case_id, typed=typed, kept=kept, actor=actor,
            now=now, today=local_day(now, zone.tz),
        )  # fmt: skip
    except DomainError as refusal:
        return _refused(request, session, actor, case_id, refusal, given=given, field="scan")
    return RedirectResponse(f"/dossiers/{case_id}/project-code/letter", 303)


@letter_pages.post("/dossiers/{case_id}/project-code/letter/decision", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: SignedInActor, posted: PostedForm, case_id: UUID
) -> Response:
    """Confirm or reject a letter, or settle which code counts."""
    dossier_view.load(session, case_id, _officer(actor))
    given, now = _given(posted), utcnow()
    letter = queries.letter_of(session, case_id, needed_key(given["letter_id"]))
    if letter is None:
        raise NotFound
    try:
        match given["verdict"]:
            case "CONFIRM":
                code_letters.confirm(
                    session, letter_id=letter.id, code_again=given["code_again"], actor=actor, now=now
                )
            case "REJECT":
                code_letters.reject(
                    session, letter_id=letter.id, remark=given["remark"], actor=actor, now=now
                )
            case "KEEP" | "DROP" as verdict:
                code_letters.settle(
                    session, letter_id=letter.id, keep=verdict == "KEEP", reason=given["settled"], actor=actor, now=now
                )  # fmt: skip
            case _:
                raise Invalid(errors=[FieldProblem("verdict", "missing", N_("Choose what counts."))])
    except DomainError as refusal:
        return _refused(request, session, actor, case_id, refusal, given=given)
    return RedirectResponse(f"/dossiers/{case_id}#panel-project-code", 303)


def letter_summary(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any] | None:
    """Return the letter that waits, counts or is disputed, for the panel on the dossier's page."""
    letter = queries.live_letter(session, case_id)
    if letter is None:
        return None
    return {
        "state": letter.state,
        "code": letter.code,
        "number": letter.number,
        "dated_on": letter.dated_on,
        "at": letter.decided_at,
        "agreed_at": letter.agreed_at,
        "said": letter.said if actor.is_officer else "",
    }


def _refused(
    request: Request, session: Session, actor: Actor, case_id: UUID, refusal: DomainError, *,
    given: Mapping[str, str], field: str = "",
) -> Response:  # fmt: skip
    """Show the page again with what was typed; a refusal that is about no answer goes to the page of errors."""
    session.rollback()
    problems = refusal.errors
    if not problems and isinstance(refusal, FileRefused):
        said = error_texts(request_translator(request), refusal)
        problems = (
            FieldProblem(field, refusal.code, "%(reason)s", {"reason": f"{said['detail']} {said['hint']}"}),
        )
    if not problems:
        raise refusal
    return _page(request, session, actor, case_id, given=given, problems=problems)


def _page(
    request: Request, session: Session, actor: Actor, case_id: UUID, *, given: Mapping[str, str],
    problems: Sequence[FieldProblem] = (),
) -> Response:  # fmt: skip
    dossier = dossier_view.load(session, case_id, _officer(actor))
    asked, letters = queries.latest_request(session, case_id), queries.letters_of(session, case_id)
    if asked is None:
        raise NotFound
    live, case = queries.live_letter(session, case_id), dossier.case
    own = live is not None and live.entered_by == actor.user_id
    waits = live is not None and live.state == LetterState.ENTERED
    wanted = asked.state != "RECEIVED" and case.decided_at is None and case.closed_at is None
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Project code from a letter"),
        "case_id": str(case_id),
        "dossier": {"code": case.code, "title": case.title, "decided": case.decided_at is not None},
        "since": asked.requested_at,
        "letters": [_line(session, each) for each in letters],
        "live": _line(session, live) if live is not None else None,
        "wanted": wanted,
        "may_enter": live is None and wanted and actor.may(APPRAISE),
        "may_confirm": waits and wanted and actor.may(REVIEW) and not own,
        "may_reject": waits and actor.may(REVIEW) and not own,
        "may_settle": live is not None
        and live.state == LetterState.DISPUTED
        and actor.may(REVIEW)
        and not own,
        "own": own and waits,
        "given": {**dict.fromkeys(ASKED, ""), **given},
        "accept": ACCEPTED,
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "crumbs": [Crumb(case.code or case.title, f"/dossiers/{case_id}")],
    }
    return render(request, "investment/code_letter.html", view, status=422 if problems else 200)


def _line(session: Session, letter: CodeLetter) -> dict[str, Any]:
    ids = {letter.entered_by, letter.decided_by, letter.settled_by} - {None}
    names = {
        row.id: row.full_name
        for row in session.execute(select(User.id, User.full_name).where(User.id.in_(ids)))
    }
    return {
        "id": str(letter.id),
        "state": letter.state,
        "code": letter.code,
        "number": letter.number,
        "dated_on": letter.dated_on,
        "reason": letter.reason,
        "document_id": str(letter.document_id),
        "entered_at": letter.entered_at,
        "entered_by": names.get(letter.entered_by, ""),
        "decided_at": letter.decided_at,
        "decided_by": names.get(letter.decided_by, "") if letter.decided_by else "",
        "remark": letter.remark,
        "said": letter.said,
        "settled": letter.settled,
    }


def _officer(actor: Actor) -> Actor:
    if not actor.is_officer:
        raise Forbidden(permission=READ)
    return actor


def _kept(request: Request, posted: Any) -> KeptFile | None:
    files = sent_files(posted, "scan")
    if not files:
        return None
    kernel: Kernel = request.app.state.kernel
    return keep_file(kernel.store, stream=files[0].file, filename=files[0].filename or "file")


def _given(posted: Any) -> dict[str, str]:
    return {name: text(posted, name).strip() for name in ("letter_id", *ASKED)}
