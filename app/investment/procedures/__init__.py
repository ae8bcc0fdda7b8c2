"""Procedures of this module: their data stand in the folders beside, their named guards and effects here."""

from collections.abc import Mapping

from app.core import law
from app.core.errors import DomainError, Invalid
from app.core.kit.time import local_day
from app.core.workflow.step import Effect, Guard, Step
from app.investment.domain.rules import Context, TermLimit, violations
from app.investment.service import PressRoom, issue_certificate

TERM_LIMIT = "investment.term.max_years"


class RulesBroken(Invalid):
    """Answers contradict each other or the law; every violated rule is listed."""

    code = "investment.rules-broken"
    title = "Some answers do not fit together."


def investment_rules(step: Step) -> DomainError | None:
    """Refuse a request that breaks a numbered rule, listing all of them."""
    value = step.book.get(TERM_LIMIT)
    context = Context(
        today=local_day(step.now, step.zone),
        term=TermLimit(value.decimal(), _cited(step, value), value.status.value == "ASSUMED"),
    )
    problems = violations(step.case.answers, context)
    return RulesBroken(errors=problems) if problems else None


def _cited(step: Step, value: law.LawValue) -> str:
    instrument = law.instruments(step.session).get(value.instrument or "")
    number = instrument.number if instrument else value.instrument or "-"
    return f"{number}, {value.article}" if value.article else number


GUARDS: Mapping[str, Guard] = {"investment_rules": investment_rules}


def effects(room: PressRoom) -> Mapping[str, Effect]:
    """Return the effects that the procedures of this module name."""

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

    return {"issue_certificate": issue}
