"""Numbered rules that tie several answers of a request together.

Each class is one rule: its docstring is the sentence, ``article`` and ``status`` say where it comes from. A rule is
silent while an answer that it needs is wanting; that is the business of completeness.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal

from app.core.errors import FieldProblem
from app.core.i18n import N_

Answers = Mapping[str, Any]
CONSISTENCY = "consistency of the request"


@dataclass(frozen=True, slots=True)
class TermLimit:
    """The longest term of a project: years, the source as it is cited, and whether anybody has verified it."""

    years: Decimal
    source: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules know besides the answers: the day in the zone, and the law of that day."""

    today: date
    term: TermLimit


class Rule:
    """One numbered rule."""

    code: ClassVar[str]
    article: ClassVar[str] = CONSISTENCY
    status: ClassVar[Literal["CITED", "ASSUMED", "OWN"]] = "OWN"

    def violations(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        """Yield a problem for each answer that breaks the rule."""
        return self._find(answers, context)

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        raise NotImplementedError

    def problem(self, name: str, reason: str, **params: str | int) -> FieldProblem:
        """Return a problem that carries the number of the rule."""
        return FieldProblem(name, self.code, reason, params or None)


class CapitalAddsUp(Rule):
    """Contributed and mobilised capital together are the total investment capital."""

    code = "INV-01"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        total, contributed, mobilised = (
            _amount(answers, name) for name in ("capital", "contributed", "mobilised")
        )
        if total is None or contributed is None or mobilised is None or contributed + mobilised == total:
            return
        difference = _plain(abs(total - contributed - mobilised))
        reason = N_(
            "Contributed and mobilised capital must add up to the total capital; they differ by %(difference)s VND."
        )
        yield self.problem("mobilised", reason, difference=difference)


class ContributionsAddUp(Rule):
    """The investors' contributions, exchanged at the rate given, are the contributed capital."""

    code = "INV-02"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        contributed, rate = _amount(answers, "contributed"), _decimal(answers.get("exchange_rate"))
        amounts = [row.get("contribution") for row in answers.get("investors") or []]
        if contributed is None or rate is None or not amounts or None in amounts:
            return
        total = sum((_in_vnd(amount, rate) for amount in amounts), Decimal(0))
        # An amount in dollars is written in whole dollars: each may be off by one dollar's worth.
        tolerance = rate * sum(amount["currency"] != "VND" for amount in amounts)
        if abs(total - contributed) <= tolerance:
            return
        reason = N_(
            "The contributions of the investors add up to %(total)s VND; "
            "this must be the contributed capital of the project."
        )
        yield self.problem("contributed", reason, total=_plain(total))


class SharesAddUp(Rule):
    """The investors' shares of the contributed capital are 100 % together."""

    code = "INV-03"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        shares = [_decimal(row.get("share")) for row in answers.get("investors") or []]
        known = [share for share in shares if share is not None]
        # Shares are written with two decimals, each may be off by half of the last one.
        if (
            not known
            or len(known) < len(shares)
            or abs(sum(known, Decimal(-100))) <= Decimal("0.005") * len(known)
        ):
            return
        reason = N_("The shares of all investors must add up to 100 %%; they add up to %(total)s %%.")
        yield self.problem(f"investors-{len(shares) - 1}-share", reason, total=_plain(sum(known, Decimal(0))))


class CurrenciesAgree(Rule):
    """The capital in dollars, exchanged at the rate given, is the capital in dong."""

    code = "INV-04"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        vnd, usd = _amount(answers, "capital"), _amount(answers, "capital_usd")
        rate = _decimal(answers.get("exchange_rate"))
        # Dollars are written in whole dollars: one dollar's worth of difference is rounding.
        if vnd is None or usd is None or rate is None or abs(usd * rate - vnd) <= rate:
            return
        reason = N_("At this rate the capital in VND is %(expected)s USD. Check the amounts and the rate.")
        yield self.problem("capital_usd", reason, expected=_plain((vnd / rate).quantize(Decimal(1))))


class RateIsKnown(Rule):
    """A rate of exchange is of today or an earlier day."""

    code = "INV-05"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        day = _date(answers.get("rate_on"))
        if day is not None and day > context.today:
            yield self.problem("rate_on", N_("The day of the rate cannot lie in the future."))


class TermWithinLaw(Rule):
    """A project lasts no longer than the law allows in an economic zone."""

    code = "INV-06"
    article = "law value investment.term.max_years"
    status = "ASSUMED"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        years, term = answers.get("term_years"), context.term
        if years is None or years <= term.years:
            return
        reason = (
            N_("The term is at most %(limit)s years (%(source)s; this limit is assumed and not verified).")
            if term.assumed
            else N_("The term is at most %(limit)s years (%(source)s).")
        )
        yield self.problem("term_years", reason, limit=_plain(term.years), source=term.source)


class MilestonesInOrder(Rule):
    """Construction begins before it is finished, and operation begins not before that."""

    code = "INV-07"
    ORDER = ("CONSTRUCTION_START", "CONSTRUCTION_END", "OPERATION")

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        latest: date | None = None
        placed = [
            (self.ORDER.index(row["kind"]), number, _date(row.get("on")))
            for number, row in enumerate(answers.get("milestones") or [])
            if row.get("kind") in self.ORDER
        ]
        for _, number, day in sorted(placed, key=lambda each: each[:2]):
            if day is None:
                continue
            if latest is not None and day < latest:
                reason = N_("This milestone cannot come before the one that has to precede it.")
                yield self.problem(f"milestones-{number}-on", reason)
            latest = max(day, latest) if latest is not None else day


class IndustryIsACode(Rule):
    """An industry that is not in the list is named by its four digits."""

    code = "INV-08"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        given = answers.get("vsic_other")
        if given is not None and not (given.isascii() and given.isdigit()):
            yield self.problem("vsic_other", N_("Write the four digits of the class, for example 2610."))


class InvestorCommits(Rule):
    """The investor bears the costs and risks of the project and answers for the dossier."""

    code = "INV-09"
    article = "form I.1.5"
    status = "ASSUMED"

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        if answers.get("declaration") is False:
            yield self.problem("declaration", N_("The request can be filed only with this commitment."))


class CommitmentsCoverAllFields(Rule):
    """The special procedure takes commitments on construction, on the environment and on fire safety."""

    code = "INV-10"
    article = "law-143-2025-qh15 Art. 28"
    status = "CITED"
    FIELDS: ClassVar[Mapping[str, str]] = {
        "CONSTRUCTION": N_("A commitment on construction is missing."),
        "ENVIRONMENT": N_("A commitment on the environment is missing."),
        "FIRE": N_("A commitment on fire safety is missing."),
    }

    def _find(self, answers: Answers, context: Context) -> Iterator[FieldProblem]:
        commitments = answers.get("commitments")
        if not commitments:
            return
        given = {row.get("kind") for row in commitments}
        for kind, reason in self.FIELDS.items():
            if kind not in given:
                yield self.problem("commitments", reason)


RULES: tuple[Rule, ...] = (
    CapitalAddsUp(),
    ContributionsAddUp(),
    SharesAddUp(),
    CurrenciesAgree(),
    RateIsKnown(),
    TermWithinLaw(),
    MilestonesInOrder(),
    IndustryIsACode(),
    InvestorCommits(),
    CommitmentsCoverAllFields(),
)


def violations(answers: Answers, context: Context) -> list[FieldProblem]:
    """Return everything that the rules find wrong, not the first thing."""
    return [problem for rule in RULES for problem in rule.violations(answers, context)]


def adjustment_violations(
    *, number: str, before: Answers, after: Answers, changed: bool
) -> list[FieldProblem]:
    """
    Return what is wrong with a request to adjust a certificate.

    INV-11: it names the certificate that it was begun from. INV-12: it changes something. INV-13: the commitments of
    the special procedure stay; they may be changed, not dropped.

    :param changed: whether any answer that stands on the certificate differs.
    """
    found = []
    if after.get("certificate_number") != number:
        reason = N_("This dossier was begun from certificate %(number)s and can adjust no other.")
        found.append(FieldProblem("certificate_number", "INV-11", reason, {"number": number}))
    if not changed:
        reason = N_("Nothing differs from the certificate in force. Change what is to be adjusted.")
        found.append(FieldProblem("adjust_reason", "INV-12", reason))
    if before.get("commitments") and not after.get("commitments"):
        reason = N_("The commitments of the special procedure cannot be dropped by an adjustment.")
        found.append(FieldProblem("commitments", "INV-13", reason))
    return found


def _amount(answers: Answers, name: str) -> Decimal | None:
    money = answers.get(name)
    return None if money is None else Decimal(money["amount"])


def _in_vnd(money: Mapping[str, str], rate: Decimal) -> Decimal:
    amount = Decimal(money["amount"])
    return amount if money["currency"] == "VND" else amount * rate


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _date(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _plain(value: Decimal) -> str:
    """Write a number that reads the same in every language: groups parted by a thin gap."""
    text = f"{value.normalize():,f}" if value % 1 else f"{value:,.0f}"
    return text.replace(",", "\u202f")
