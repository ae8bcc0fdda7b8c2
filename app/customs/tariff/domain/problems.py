"""The sentences of problems: what is the matter, and what mends it. English message ids."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.customs.tariff.domain.results import Problem, Severity

# code: what is the matter, what mends it.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "tariff.code-form": (
        N_("“%(hs)s” is not a code of 8 or 10 digits."),
        N_("Write the digits of the line of the schedule, without points."),
    ),
    "tariff.code-not-in-force": (
        N_("Code %(hs)s is not in force on %(day)s."),
        N_("Look the goods up in the schedule of that day and choose a line that is in force."),
    ),
    "tariff.rate-missing": (
        N_("The schedule has no rate (%(kind)s) for %(hs)s on %(day)s."),
        N_("Ask the authority to enter the rate with its source; nothing is calculated from a guess."),
    ),
    "tariff.exchange-missing": (
        N_("There is no rate of exchange for %(currency)s in the week of %(day)s."),
        N_("The customs officers enter the rates of each week; choose another currency or come back later."),
    ),
    "tariff.rule-missing": (
        N_("The law data have no value “%(rule)s” on %(day)s."),
        N_("Ask the officers who keep the legal values to enter it with its source."),
    ),
    "tariff.term-unknown": (
        N_("The term of delivery “%(term)s” is not known on %(day)s."),
        N_("Choose one of the terms of the list."),
    ),
    "tariff.unit-needed": (
        N_("The rate counts by %(unit)s, and the line has no quantity in it."),
        N_("State the quantity in this unit, as first or second quantity."),
    ),
    "tariff.unit-inconvertible": (
        N_("The rate counts by %(unit)s; a quantity in %(declared)s cannot be converted into it."),
        N_("State the quantity in this unit, as first or second quantity."),
    ),
    "tariff.condition-unknown": (
        N_("The rate depends on a condition “%(name)s” that cannot be evaluated here; no rate was decided."),
        N_(
            "Read the act that the row of the schedule names, and ask the customs authority which rate holds."
        ),
    ),
    "tariff.quota-open": (
        N_("These goods are under a tariff quota; the rate within the quota was taken."),
        N_("State whether they are imported within the quota, which needs its licence, or out of quota."),
    ),
    "tariff.quota-not-claimed": (
        N_("The rate holds only for goods declared as %(quota)s."),
        N_("State whether the goods are imported within the tariff quota or out of it."),
    ),
    "tariff.paper-needed": (
        N_("The rate needs the paper “%(paper)s”, and the line names none."),
        N_("Name the paper, or expect the general rate."),
    ),
    "tariff.end-use-needed": (
        N_("The rate is only for goods imported for the use “%(use)s”."),
        N_("State the use of the goods, or expect the general rate."),
    ),
    "tariff.price-too-low": (
        N_("The rate holds from %(price)s for each unit (%(unit)s); the value of the line is below."),
        N_("Check value and quantity, or expect the general rate."),
    ),
    "tariff.value-negative": (
        N_("What is taken off is more than the value of the line."),
        N_("Check the invoice value and the charges that the price includes."),
    ),
    "tariff.allocation-impossible": (
        N_("Charges cannot be shared over lines without a value or weight."),
        N_("State the value of each line, or the weight where charges are shared by weight."),
    ),
    "tariff.charge-missing": (
        N_("Under %(term)s the customs value includes %(component)s, and none is stated."),
        N_("State the amount, or 0 if nothing was paid for it."),
    ),
    "tariff.charge-not-used": (
        N_("Under %(term)s %(component)s does not change the customs value; the amount was left out."),
        N_("Check the term of delivery, or leave the amount empty."),
    ),
    "tariff.origin-missing": (
        N_("The line names no country of origin; the ordinary rate was taken."),
        N_("State the country of origin."),
    ),
    "tariff.scheme-unknown": (
        N_("The schedule has no treatment “%(scheme)s” for %(hs)s on %(day)s; the MFN rate was taken."),
        N_("Choose a treatment that is offered for these goods."),
    ),
    "tariff.origin-not-in-scheme": (
        N_("%(scheme)s does not apply to goods from %(origin)s; the MFN rate was taken."),
        N_("Check the country of origin, or claim another treatment."),
    ),
    "tariff.preference-without-proof": (
        N_("%(scheme)s is claimed without a paper that proves origin; the MFN rate was taken."),
        N_("Name the certificate of origin; until it is shown and accepted goods clear without preference."),
    ),
    "tariff.mfn-lower": (
        N_("The MFN rate is lower than that of %(scheme)s and was taken."),
        N_("Nothing needs to be done; no certificate of origin is needed for it."),
    ),
}


def problem(
    code: str,
    field: str,
    *,
    line: int | None = None,
    severity: Severity = Severity.ERROR,
    act: str = "",
    article: str = "",
    **params: str,
) -> Problem:
    """Make a problem; its code has sentences above."""
    if code not in SENTENCES:
        raise KeyError(code)
    return Problem(code, severity, field, line, params, act, article)
