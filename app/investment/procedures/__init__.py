"""Procedures of this module: their data stand in the folders beside, their named guards and effects here."""

from collections.abc import Mapping
from typing import Any

from app.core import law
from app.core.documents.printed import printed_for
from app.core.errors import Conflict, DomainError, FieldProblem, Invalid
from app.core.evidence import Subject, record
from app.core.i18n.formats import format_datetime
from app.core.kit.time import local_day
from app.core.workflow.bases import adjusted, base_answers
from app.core.workflow.papers.signed_on_paper import PRINT_SUBJECT
from app.core.workflow.step import Effect, Guard, Step
from app.investment import queries
from app.investment.domain.rules import Context, TermLimit, adjustment_violations, violations
from app.investment.models import LetterState
from app.investment.service import (
    PressRoom,
    enter_signed_certificate,
    issue_certificate,
    print_certificate,
    request_code,
    told_to_registry,
)
from app.investment.service.adjusting import AdjustmentOpen, NotAdjustable
from app.investment.spatial import service as spatial

TERM_LIMIT = "investment.term.max_years"


class RulesBroken(Invalid):
    """Answers contradict each other or the law; every violated rule is listed."""

    code = "investment.rules-broken"
    title = "Some answers do not fit together."


class ProjectCodePending(Conflict):
    """The national registry has not given the project its code."""

    code = "investment.project-code-pending"
    title = "The project code has not arrived yet."
    detail = (
        "The national investment registry was asked on %(since)s and has not given the code that a certificate"
        " must carry."
    )
    hint = "The dossier's page shows the code as soon as it arrives; the certificate can be signed then."


class ProjectCodeRefused(Conflict):
    """The national registry refused to give a code."""

    code = "investment.project-code-refused"
    title = "The national investment registry refused the project code."
    detail = "Its reason: %(reason)s"
    hint = (
        "Send the dossier back if an answer has to be mended, or explain and ask again on the dossier's page."
    )


class ProjectCodeNotAsked(Conflict):
    """Nobody has asked for the code yet."""

    code = "investment.project-code-not-asked"
    title = "The project code has not been asked for."
    detail = (
        "A certificate carries the code of the national investment registry, which is asked for when the draft is"
        " approved."
    )
    hint = "Send the dossier back and have the draft approved again."


class ProjectCodeDisputed(Conflict):
    """The registry has said something else than its letter."""

    code = "investment.project-code-disputed"
    title = "The project code is disputed."
    detail = (
        "The letter %(number)s gives the code %(code)s; the national investment registry answered: %(said)s."
    )
    hint = "An officer who reviews drafts settles on the dossier's page which counts; then it can be signed."


def project_code_received(step: Step) -> DomainError | None:
    """Refuse to sign a certificate whose project has no code of the national registry yet, or a disputed one."""
    letter = queries.live_letter(step.session, step.case.id)
    if letter is not None and letter.state == LetterState.DISPUTED:
        return ProjectCodeDisputed(number=letter.number, code=letter.code, said=letter.said)
    if queries.known_code(step.session, step.case):
        return None
    last = queries.latest_request(step.session, step.case.id)
    if last is None:
        return ProjectCodeNotAsked()
    if last.state == "REFUSED":
        return ProjectCodeRefused(reason=last.reason or last.reason_code)
    return ProjectCodePending(since=format_datetime(last.requested_at, lang="vi", timezone=step.zone))


class PrintedCodeChanged(Conflict):
    """The sheet that was signed carries a code that does not count."""

    code = "investment.printed-code-changed"
    title = "The printed paper carries another project code."
    detail = "The paper was printed with the code %(printed)s; the project has the code %(code)s."
    hint = "Have the print voided; then the certificate is signed or printed anew with the right code."


def printed_code_holds(step: Step) -> DomainError | None:
    """Refuse a sheet signed by hand whose project code is disputed or no longer counts."""
    if refusal := project_code_received(step):
        return refusal
    issued = printed_for(step.session, subject=Subject(PRINT_SUBJECT, step.case.id))
    code = queries.known_code(step.session, step.case)
    if issued is not None and issued.public.get("project_code", "") != code:
        return PrintedCodeChanged(printed=issued.public.get("project_code", ""), code=code)
    return None


def investment_rules(step: Step) -> DomainError | None:
    """Refuse a request that breaks a numbered rule, listing all of them."""
    value = step.book.get(TERM_LIMIT)
    context = Context(
        today=local_day(step.now, step.zone),
        term=TermLimit(value.decimal(), _cited(step, value), value.status.value == "ASSUMED"),
    )
    problems = violations(step.case.answers, context)
    if step.case.base_id is not None:
        refusal = _still_adjustable(step)
        if refusal is not None:
            return refusal
        problems += _adjustment_problems(step)
    return RulesBroken(errors=problems) if problems else None


def _still_adjustable(step: Step) -> DomainError | None:
    """Refuse when the certificate is not the one in force any more, or another dossier adjusts it too."""
    assert step.case.base_id is not None, "asked of adjustments only"
    certificate = queries.of_case(step.session, step.case.base_id)
    number = certificate.number if certificate else "-"
    if (
        certificate is None
        or queries.present(step.session, project_id=certificate.project_id) is not certificate
    ):
        return NotAdjustable(number=number)
    other = queries.open_adjustment(step.session, project_id=certificate.project_id, besides=step.case.id)
    return AdjustmentOpen(dossier=other.code or other.title, number=number) if other is not None else None


def _adjustment_problems(step: Step) -> list[FieldProblem]:
    """Return what is wrong with the adjustment itself."""
    assert step.case.base_id is not None, "asked of adjustments only"
    before, after = base_answers(step.session, step.case) or {}, step.case.answers
    certificate = queries.of_case(step.session, step.case.base_id)
    return adjustment_violations(
        number=certificate.number if certificate else "",
        before=before,
        after=after,
        changed=bool(adjusted(step.definition, before, after)),
    )


def _cited(step: Step, value: law.LawValue) -> str:
    instrument = law.instruments(step.session).get(value.instrument or "")
    number = instrument.number if instrument else value.instrument or "-"
    return f"{number}, {value.article}" if value.article else number


GUARDS: Mapping[str, Guard] = {
    "investment_rules": investment_rules,
    "printed_code_holds": printed_code_holds,
    "project_code_received": project_code_received,
}


def effects(room: PressRoom, *, simulated: bool) -> Mapping[str, Effect]:
    """
    Return the effects that the procedures of this module name.

    :param simulated: the national registry of this installation is a simulator; requests remember it.
    """

    def issue(step: Step) -> None:
        """Make, sign and register the certificate."""
        certificate = issue_certificate(
            step.session,
            room=room,
            case=step.case,
            definition=step.definition,
            actor=step.actor,
            now=step.now,
        )
        step.facts["certificate"] = certificate.number

    def print_for_hand(step: Step) -> None:
        """Number the certificate and print it for a signature by hand."""
        issued = print_certificate(
            step.session,
            room=room,
            case=step.case,
            definition=step.definition,
            actor=step.actor,
            now=step.now,
        )
        step.facts["certificate"] = issued.number
        record(
            step.session, "investment:certificate:print", subject=Subject("case", step.case.id), actor=step.actor,
            at=step.now, party_id=step.case.party_id, facts={"number": issued.number},
            digests={"reason": str(step.input["reason"])},
        )  # fmt: skip

    def enter_signed(step: Step) -> None:
        """Register the certificate whose signed sheet was filed."""
        step.facts["certificate"] = enter_signed_certificate(step, room=room).number

    def ask_for_code(step: Step) -> None:
        """Ask the national registry for the code of the project; the certificate waits for it."""
        content: dict[str, Any] = told_to_registry(
            step.case, step.definition, authority=room.zone.authority.code
        )
        request = request_code(
            step.session, case=step.case, content=content, simulated=simulated, actor=step.actor, now=step.now
        )
        if request is not None:
            step.facts["project_code_request"] = str(request.id)

    def freeze_spatial_check(step: Step) -> None:
        """Keep what the map says about the place that is filed."""
        step.facts["spatial_check"] = spatial.freeze(
            step.session, case=step.case, actor=step.actor, now=step.now
        )

    return {
        "freeze_spatial_check": freeze_spatial_check,
        "issue_certificate": issue,
        "print_certificate": print_for_hand,
        "enter_signed_certificate": enter_signed,
        "request_project_code": ask_for_code,
    }
