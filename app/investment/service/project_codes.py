"""
Getting a project's code from the national investment registry.

A request is a row, written in the transaction of the step that wants it; a job sends it after the commit, again and
again under the same key until the registry has decided. What the registry says first counts: a second answer to the
same request changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.errors import Conflict
from app.core.evidence import Subject, record
from app.core.jobs import NewJob, defer_jobs
from app.core.kit.actor import SYSTEM, Actor
from app.core.kit.ids import uuid7
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.clients import Answer, AnswerState, CodeQuestion
from app.investment.events import ProjectCodeAnswered
from app.investment.models import CodeRequest
from app.investment.service import code_letters

ASK_REGISTRY = "investment.ask_registry"
CODE_IN_USE = "CODE_IN_USE"
_FIRST_WAIT_S = 3
_LONGEST_WAIT_S = 300
_GRACE = timedelta(seconds=60)


class CodeNotRefused(Conflict):
    """Asking again is for a request that the registry refused."""

    code = "investment.code-not-refused"
    title = "There is nothing to ask again."
    detail = (
        "The national investment registry has not refused a request of this dossier, or has been asked since."
    )
    hint = "Look at the state of the request on the dossier's page."


def request_code(
    session: Session, *, case: Case, content: Mapping[str, Any], simulated: bool, actor: Actor, now: datetime
) -> CodeRequest | None:
    """
    Ask for the code of the dossier's project; nothing happens while a request waits or when the code is there.

    :param content: what the registry is told; the dossier's code and a remark are part of it.
    :param simulated: the registry that is asked is a simulator.
    :returns: the new request, or None when there was nothing to ask.
    """
    last = queries.latest_request(session, case.id)
    if queries.known_code(session, case) or (last is not None and last.state == "WAITING"):
        return None
    request = CodeRequest(
        id=uuid7(), party_id=case.party_id, case_id=case.id, number=last.number + 1 if last else 1, state="WAITING",
        content=dict(content), simulated=simulated, requested_at=now, requested_by=actor.user_id, attempts=0,
        next_at=now, error="", answered_at=None, code=None, reason_code="", reason="",
    )  # fmt: skip
    session.add(request)
    record(
        session, "investment:project-code:request", subject=Subject("case", case.id), actor=actor, at=now,
        party_id=case.party_id,
        facts={"request": str(request.id), "number": request.number, "told": sorted(content.get("project", ()))},
    )  # fmt: skip
    _defer(session, request.id, actor=actor, at=None)
    return request


def ask_again(session: Session, *, case_id: UUID, remark: str, actor: Actor, now: datetime) -> CodeRequest:
    """
    Ask once more after a refusal, with an explanation to the registry.

    :raises CodeNotRefused: the last request was not refused.
    """
    # The dossier's row is the lock: two officers who ask at once make one request.
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    last = queries.latest_request(session, case_id)
    if case is None or last is None or last.state != "REFUSED":
        raise CodeNotRefused
    content = {**last.content, "remark": remark}
    request = request_code(
        session, case=case, content=content, simulated=last.simulated, actor=actor, now=now
    )
    if request is None:
        raise CodeNotRefused
    _tell(session, request, now=now, actor=actor)
    return request


def question(session: Session, *, request_id: UUID) -> CodeQuestion | None:
    """Return what is to be asked; None when the request is gone or answered."""
    request = session.get(CodeRequest, request_id)
    if request is None or request.state != "WAITING":
        return None
    return CodeQuestion(request.id, request.content)


def take_answer(session: Session, *, request_id: UUID, answer: Answer, now: datetime) -> None:
    """Enter what the registry said; a request that is already answered keeps its first answer."""
    session.flush()  # the row is read again under its lock
    request = session.get(CodeRequest, request_id, with_for_update=True, populate_existing=True)
    if request is None:
        return
    if request.state != "WAITING":
        _note_second_answer(session, request, answer, now=now)
        return
    if answer.state is AnswerState.PENDING:
        _wait(session, request, error="", now=now)
        return
    if answer.state is AnswerState.ISSUED and _taken(session, answer.code, request.case_id):
        answer = Answer(AnswerState.REFUSED, reason_code=CODE_IN_USE, reason=answer.code)
    request.attempts += 1
    request.answered_at, request.error = now, ""
    if answer.state is AnswerState.ISSUED:
        request.state, request.code = "RECEIVED", answer.code
    else:
        request.state = "REFUSED"
        request.reason_code, request.reason = answer.reason_code, answer.reason
    record(
        session, f"investment:project-code:{'receive' if request.code else 'refuse'}",
        subject=Subject("case", request.case_id), actor=SYSTEM, at=now, party_id=request.party_id,
        facts={"request": str(request.id), "code": request.code or "", "reason": request.reason_code},
    )  # fmt: skip
    session.flush()  # the letter is compared with the answer as it stands now
    if not code_letters.compare(session, request, now=now):
        _tell(session, request, now=now, actor=SYSTEM)


def note_failure(session: Session, *, request_id: UUID, error: str, now: datetime) -> None:
    """Note that the registry did not answer, and when it is asked again."""
    request = session.get(CodeRequest, request_id, with_for_update=True, populate_existing=True)
    if request is not None and request.state == "WAITING":
        _wait(session, request, error=error, now=now)


def ask_overdue(session: Session, *, now: datetime) -> None:
    """Defer the job of each waiting request whose own job was lost."""
    lost = session.scalars(
        select(CodeRequest)
        .where(CodeRequest.state == "WAITING", CodeRequest.next_at < now - _GRACE)
        .order_by(CodeRequest.next_at)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    for request in lost:
        request.next_at = now
        _defer(session, request.id, actor=SYSTEM, at=None)


def _wait(session: Session, request: CodeRequest, *, error: str, now: datetime) -> None:
    wait = min(_FIRST_WAIT_S * 2 ** min(request.attempts, 10), _LONGEST_WAIT_S)
    first = request.attempts == 0 or request.error != error
    request.attempts += 1
    request.error, request.next_at = error, now + timedelta(seconds=wait)
    _defer(session, request.id, actor=SYSTEM, at=request.next_at)
    if first:
        _tell(session, request, now=now, actor=SYSTEM)


def _defer(session: Session, request_id: UUID, *, actor: Actor, at: datetime | None) -> None:
    key = str(request_id)
    defer_jobs(session, [NewJob(ASK_REGISTRY, {"request_id": key}, actor, at=at, lock=f"project-code:{key}")])


def _taken(session: Session, code: str, case_id: UUID) -> bool:
    code_letters.lock(session, code)
    return code_letters.in_use(session, code, case_id=case_id)


def _note_second_answer(session: Session, request: CodeRequest, answer: Answer, *, now: datetime) -> None:
    """Keep a contradiction in the evidence log: somebody may hold a paper with the other code."""
    if answer.state is AnswerState.PENDING or (
        answer.state is AnswerState.ISSUED and answer.code == request.code
    ):
        return
    record(
        session, "investment:project-code:contradict", subject=Subject("case", request.case_id), actor=SYSTEM, at=now,
        party_id=request.party_id,
        facts={"request": str(request.id), "code": request.code or "", "said": answer.code or answer.reason_code},
    )  # fmt: skip


def _tell(session: Session, request: CodeRequest, *, now: datetime, actor: Actor) -> None:
    told = ProjectCodeAnswered(request_id=request.id, case_id=request.case_id, state=request.state)
    outbox.publish(session, told, actor=actor, at=now, party_id=request.party_id)
