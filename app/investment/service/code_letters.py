"""
A project's code from a letter of the national investment registry, where the registry's interface does not answer.

One officer enters what the letter says, with its scan; another one reads the scan and confirms by typing the code
again. The outgoing request is left to run: when the registry answers after all, its answer is compared with the letter,
and another answer keeps the certificate from being signed until somebody settles which counts (ADR 0032).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.auth.permissions import require
from app.core.documents import service as documents
from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import SYSTEM, Actor
from app.core.workflow.models import Case
from app.core.workflow.papers.intake import KeptFile
from app.core.workflow.permissions import APPRAISE, REVIEW
from app.investment import queries
from app.investment.events import ProjectCodeAnswered
from app.investment.models import CodeLetter, CodeRequest, LetterState
from app.registry import facade as registry

PAPER_KIND = "CODE_LETTER"
SUBJECT_KIND = "code_letter"
LONGEST_NUMBER, SHORTEST_REASON, LONGEST_REASON = 60, 10, 1000
_CODE = re.compile(r"[0-9]{10}")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


class CodeNotWanted(Conflict):
    """The dossier needs no code from a letter, or not any more."""

    code = "investment.code-not-wanted"
    title = "A code from a letter is not wanted here."
    detail = (
        "The dossier waits for no project code: nothing was asked, the code has arrived, or it is decided."
    )
    hint = "Look at the state of the code on the dossier's page."


class LetterWaits(Conflict):
    """One letter is judged at a time."""

    code = "investment.code-letter-waits"
    title = "A letter has been entered already."
    detail = "A colleague entered the code of a letter for this dossier; a second officer has to confirm or reject it."
    hint = "Look at that letter; after a rejection another one can be entered."


class LetterDecided(Conflict):
    """The letter is not in the state that the officer saw."""

    code = "investment.code-letter-decided"
    title = "This letter has been dealt with meanwhile."
    detail = "What stands on the page now was decided by a colleague, or the registry has answered itself."
    hint = "Look at the letter again."


class LetterFourEyes(Forbidden):
    """Who entered a letter does not decide about it."""

    code = "investment.code-letter-four-eyes"
    title = "Somebody else must confirm the code."
    detail = "You entered this letter; a second officer compares it with the scan."
    hint = "Ask a colleague who reviews drafts."


@dataclass(frozen=True, slots=True)
class Typed:
    """What an officer reads in the letter, and why the code is not waited for."""

    code: str
    number: str
    dated_on: date | None
    reason: str


def enter(
    session: Session, *, letter_id: UUID, case_id: UUID, typed: Typed, kept: KeptFile | None, actor: Actor,
    now: datetime, today: date,
) -> CodeLetter:  # fmt: skip
    """
    Enter a letter with its scan. The key comes from the page: twice enters one.

    :raises Forbidden: the actor does not appraise.
    :raises CodeNotWanted: the dossier waits for no code.
    :raises LetterWaits: another letter of the dossier is open or counts.
    :raises Invalid: every answer that is wanting or wrong.
    """
    require(actor, APPRAISE)
    case = _locked(session, case_id)
    known = session.get(CodeLetter, letter_id)
    if known is not None:
        if (known.case_id, known.entered_by) != (case_id, actor.user_id):
            raise NotFound
        return known
    request = _wanted(session, case)
    if queries.live_letter(session, case_id) is not None:
        raise LetterWaits
    if problems := [*_problems(session, case, typed, today=today), *_no_scan(kept)]:
        raise Invalid(errors=problems)
    assert kept is not None, "a missing scan is refused before"
    assert actor.user_id is not None, "only a person enters"
    document = documents.add_document(
        session, file=kept.file, media_type=kept.media_type, title=kept.name, kind=PAPER_KIND, party_id=case.party_id,
        subject=Subject(SUBJECT_KIND, letter_id), actor=actor, now=now,
    )  # fmt: skip
    session.flush()  # the letter refers to the document's row
    letter = CodeLetter(
        id=letter_id, party_id=case.party_id, case_id=case.id, request_id=request.id, code=typed.code.strip(),
        number=typed.number.strip(), dated_on=typed.dated_on, reason=typed.reason.strip(), document_id=document.id,
        state=LetterState.ENTERED.value, entered_at=now, entered_by=actor.user_id, remark="", said="", settled="",
    )  # fmt: skip
    session.add(letter)
    session.flush()  # the page that follows reads the row
    _record(session, "enter", letter, actor, now, number=letter.number, sha256=kept.file.sha256)
    _tell(session, letter, "LETTER_ENTERED", actor, now)
    return letter


def confirm(session: Session, *, letter_id: UUID, code_again: str, actor: Actor, now: datetime) -> None:
    """
    Confirm a letter: the code is typed once more, from the scan. The same confirmation sent twice is one.

    :raises Forbidden: the actor does not review, or entered the letter (:class:`LetterFourEyes`).
    :raises LetterDecided: it was decided meanwhile. :raises CodeNotWanted: the registry has answered itself.
    :raises Invalid: the code differs from what was entered, or another project has it.
    """
    letter, repeated = _to_decide(session, letter_id, LetterState.CONFIRMED, actor)
    if repeated:
        return
    case = session.get_one(Case, letter.case_id)
    _wanted(session, case)
    if code_again.strip() != letter.code:
        reason = N_(
            "This is not the code that was entered. Read it in the scan; if the entry is wrong, reject it."
        )
        raise Invalid(errors=[FieldProblem("code_again", "differs", reason)])
    lock(session, letter.code)
    if in_use(session, letter.code, case_id=case.id):
        raise Invalid(errors=[FieldProblem("code_again", "in-use", _IN_USE)])
    letter.state, letter.decided_at, letter.decided_by = LetterState.CONFIRMED.value, now, actor.user_id
    _record(session, "confirm", letter, actor, now)
    _tell(session, letter, "LETTER_CONFIRMED", actor, now)


def reject(session: Session, *, letter_id: UUID, remark: str, actor: Actor, now: datetime) -> None:
    """
    Reject a letter with the reason; another one may be entered then.

    :raises Forbidden, LetterDecided: as for :func:`confirm`.
    :raises Invalid: no reason.
    """
    letter, repeated = _to_decide(session, letter_id, LetterState.REJECTED, actor)
    if repeated:
        return
    letter.remark = _reason("remark", remark)
    letter.state, letter.decided_at, letter.decided_by = LetterState.REJECTED.value, now, actor.user_id
    _record(session, "reject", letter, actor, now)
    _tell(session, letter, "LETTER_REJECTED", actor, now)


def settle(
    session: Session, *, letter_id: UUID, keep: bool, reason: str, actor: Actor, now: datetime
) -> None:
    """
    Settle which counts where the registry said something else than the letter.

    :param keep: the letter's code counts; otherwise the registry's answer does.
    :raises Forbidden: the actor does not review, or entered the letter.
    :raises LetterDecided: there is nothing to settle, or the certificate carries the letter's code already.
    :raises Invalid: no reason.
    """
    require(actor, REVIEW)
    letter = _letter(session, letter_id)
    if letter.entered_by == actor.user_id:
        raise LetterFourEyes(permission=REVIEW)
    target = LetterState.CONFIRMED if keep else LetterState.DROPPED
    if letter.state == target and letter.settled and letter.settled_by == actor.user_id:
        return
    case = session.get_one(Case, letter.case_id)
    if letter.state != LetterState.DISPUTED or (not keep and case.decided_at is not None):
        raise LetterDecided
    letter.settled = _reason("settled", reason)
    letter.state, letter.settled_at, letter.settled_by = target.value, now, actor.user_id
    _record(session, "settle", letter, actor, now, counts="letter" if keep else "registry", said=letter.said)
    _tell(session, letter, "LETTER_CONFIRMED" if keep else "LETTER_DROPPED", actor, now)


def compare(session: Session, request: CodeRequest, *, now: datetime) -> bool:
    """
    Compare what the registry has just said with the letter that counts; tell whether there is one.

    The same code is noted, any other answer is a dispute: signing waits until it is settled.
    """
    live = queries.live_letter(session, request.case_id)
    letter = session.get(CodeLetter, live.id, with_for_update=True, populate_existing=True) if live else None
    if letter is None or letter.state != LetterState.CONFIRMED or letter.settled:
        return False
    if request.code == letter.code:
        letter.agreed_at = now
        _record(session, "agree", letter, SYSTEM, now)
        _tell(session, letter, "LETTER_AGREED", SYSTEM, now)
        return True
    letter.state, letter.disputed_at = LetterState.DISPUTED.value, now
    letter.said = request.code or request.reason or request.reason_code
    _record(session, "dispute", letter, SYSTEM, now, said=request.code or request.reason_code)
    _tell(session, letter, "LETTER_DISPUTED", SYSTEM, now)
    return True


def lock(session: Session, code: str) -> None:
    """Let whoever gives this code to a project pass one after the other, until the transaction ends."""
    session.execute(_LOCK, {"key": f"project-code:{code}"})


def in_use(session: Session, code: str, *, case_id: UUID) -> bool:
    """Tell whether a code belongs to another project than that of a dossier: here, at a request or by a letter."""
    own = queries.live_letter(session, case_id)
    if own is not None and own.state != LetterState.ENTERED and own.code == code:
        return False
    asked = session.scalar(
        select(CodeRequest.id).where(CodeRequest.code == code, CodeRequest.case_id != case_id)
    )
    written = select(CodeLetter.id).where(
        CodeLetter.code == code, CodeLetter.case_id != case_id, queries.COUNTS
    )
    return (
        asked is not None
        or session.scalar(written) is not None
        or registry.project_by_code(session, code) is not None
    )


_IN_USE = N_("Another project has this code. Compare it with the letter.")


def _problems(session: Session, case: Case, typed: Typed, *, today: date) -> list[FieldProblem]:
    found = []
    if not _CODE.fullmatch(typed.code.strip()):
        found.append(FieldProblem("code", "bad-code", N_("A project code has exactly ten digits.")))
    elif in_use(session, typed.code.strip(), case_id=case.id):
        found.append(FieldProblem("code", "in-use", _IN_USE))
    if not 1 <= len(typed.number.strip()) <= LONGEST_NUMBER:
        found.append(
            FieldProblem("number", "missing", N_("Give the number of the letter, at most 60 characters."))
        )
    if typed.dated_on is None:
        found.append(FieldProblem("dated_on", "not-a-date", N_("Write the date as day/month/year.")))
    elif typed.dated_on > today:
        found.append(FieldProblem("dated_on", "to-come", N_("The letter cannot be dated in the future.")))
    if not SHORTEST_REASON <= len(typed.reason.strip()) <= LONGEST_REASON:
        found.append(FieldProblem("reason", "missing", _WHY))
    return found


_WHY = N_("Say why it cannot go on otherwise, in 10 to 1000 characters.")


def _no_scan(kept: KeptFile | None) -> list[FieldProblem]:
    return [] if kept is not None else [FieldProblem("scan", "missing", N_("Choose the scan of the letter."))]


def _reason(field: str, given: str) -> str:
    if not SHORTEST_REASON <= len(given.strip()) <= LONGEST_REASON:
        raise Invalid(errors=[FieldProblem(field, "missing", _WHY)])
    return given.strip()


def _wanted(session: Session, case: Case) -> CodeRequest:
    """Return the request whose answer a letter stands in for."""
    request = queries.latest_request(session, case.id)
    answered = request is not None and request.state == "RECEIVED"
    if request is None or answered or case.decided_at is not None or case.closed_at is not None:
        raise CodeNotWanted
    return request


def _to_decide(
    session: Session, letter_id: UUID, target: LetterState, actor: Actor
) -> tuple[CodeLetter, bool]:
    """Return a letter that waits for its second officer, and whether this officer decided so before."""
    require(actor, REVIEW)
    letter = _letter(session, letter_id)
    if letter.entered_by == actor.user_id:
        raise LetterFourEyes(permission=REVIEW)
    repeated = letter.state == target and letter.decided_by == actor.user_id
    if not repeated and letter.state != LetterState.ENTERED:
        raise LetterDecided
    return letter, repeated


def _letter(session: Session, letter_id: UUID) -> CodeLetter:
    known = session.get(CodeLetter, letter_id)
    if known is None:
        raise NotFound
    _locked(session, known.case_id)
    return session.get_one(CodeLetter, letter_id, with_for_update=True, populate_existing=True)


def _locked(session: Session, case_id: UUID) -> Case:
    # The dossier's row is the lock: a signature, a letter and its confirmation pass one after the other.
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFound
    return case


def _record(
    session: Session, verb: str, letter: CodeLetter, actor: Actor, now: datetime, **facts: str
) -> None:
    record(
        session, f"investment:code-letter:{verb}", subject=Subject("case", letter.case_id), actor=actor, at=now,
        party_id=letter.party_id, facts={"letter": str(letter.id), "code": letter.code, **facts},
    )  # fmt: skip


def _tell(session: Session, letter: CodeLetter, state: str, actor: Actor, now: datetime) -> None:
    told = ProjectCodeAnswered(request_id=letter.request_id, case_id=letter.case_id, state=state)
    outbox.publish(session, told, actor=actor, at=now, party_id=letter.party_id)
