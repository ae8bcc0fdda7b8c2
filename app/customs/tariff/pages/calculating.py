"""The what-if calculator: every lawful treatment of a shipment, ranked, under one day or two, by a link to share."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.i18n import Translator
from app.core.i18n.countries import countries, country_name
from app.core.kit.time import local_day, utcnow
from app.customs.tariff import queries
from app.customs.tariff.api.asking import (
    CHARGES,
    CURRENCIES,
    INCOTERMS,
    MOST_LINES,
    Question,
    field_names,
    read,
    shown,
)
from app.customs.tariff.api.working import answers_of
from app.customs.tariff.domain.conditions import IN_QUOTA
from app.customs.tariff.domain.facts import RuleValue
from app.customs.tariff.domain.options import Option
from app.customs.tariff.domain.results import LineAssessment, Tax
from app.customs.tariff.domain.shipment import Direction
from app.customs.tariff.domain.valuation import ALWAYS, signs_of
from app.customs.tariff.domain.words import (
    QUOTA_TITLES,
    TAX_TITLES,
    UNITS,
    arithmetic,
    dotted,
    part_title,
    said,
    said_rate,
    unit_words,
    value_arithmetic,
)
from app.customs.tariff.facade import WhatIf
from app.customs.tariff.pages.browsing import TARIFF, source_words
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

calculator_pages = router()

CALCULATOR = "/tariff/calculator"


@calculator_pages.get(CALCULATOR, name="tariff-calculator", include_in_schema=False)
def calculator_page(request: Request, session: DbSession, zone: CurrentZone) -> Response:
    """Show the form and, when something was asked, what it comes to."""
    translator, today = request_translator(request), local_day(utcnow(), zone.tz)
    question = read(dict(request.query_params), translator.lang, today)
    if question.shipment and not question.canonical and not question.typed.get("add"):
        return RedirectResponse(f"{CALCULATOR}?{question.address}#result", 303)
    answers = [] if question.typed.get("add") else answers_of(session, question)
    view = {
        "title": translator.gettext("Calculate taxes of a shipment"),
        "form": _form(session, question, answers, translator, today),
        "problems": [] if question.typed.get("add") else question.problems,
        "answers": [_answer(each, translator, session) for each in answers],
        "compare": _compare(answers, translator),
        "crumbs": [Crumb(translator.gettext("Tariff"), TARIFF)],
        "api": f"/api/v1/tariff/calculation?{question.address}" if question.address else "",
    }
    return render(request, "tariff/calculator.html", view)


def _form(
    session: Session,
    question: Question,
    answers: Sequence[WhatIf],
    translator: Translator,
    today: date,
) -> dict[str, Any]:
    lang = translator.lang
    values = dict.fromkeys(field_names(question.count), "") | shown(question, lang)
    lacking = {
        found.line: found.params["unit"]
        for each in answers
        for found in each.assessment.problems
        if found.code in ("tariff.unit-needed", "tariff.unit-inconvertible")
    }
    names = {}
    for n in range(1, question.count + 1):
        code = question.typed.get(f"hs{n}", "").replace(".", "").strip()[:8]
        found = queries.heading(session, code, today) if len(code) == 8 and code.isdigit() else None  # noqa: PLR2004
        names[n] = {"title": found.title, "unit": unit_words(found.unit)} if found else None
    return {
        "values": values,
        "count": question.count,
        "more": question.count < MOST_LINES,
        "goods": names,
        "second": {n: lacking.get(n, "") for n in range(1, question.count + 1)},
        "charges": _charges(values, translator),
        "terms": _terms(session, question, translator, today),
        "countries": countries(lang),
        "currencies": [(code, code) for code in CURRENCIES],
        "incoterms": [(term, term) for term in INCOTERMS],
        "units": [(code, translator.gettext(words)) for code, words in UNITS.items()],
        "export": question.typed.get("direction") == Direction.EXPORT,
    }


def _charges(values: dict[str, str], translator: Translator) -> dict[str, Any]:
    """Return freight and insurance, which most ask for, apart from the rest, which opens when something is in it."""
    named = [
        {"name": name, "title": part_title(component, translator).capitalize(), "amount": values.get(name, ""),
         "currency": values.get(f"{name}_currency", "")}
        for name, component in CHARGES.items()
    ]  # fmt: skip
    usual = [each for each in named if each["name"] in ("freight", "insurance")]
    other = [each for each in named if each not in usual]
    return {"usual": usual, "other": other, "open": any(each["amount"] for each in other)}


def _terms(session: Session, question: Question, translator: Translator, today: date) -> list[dict[str, str]]:
    """Return what each term of delivery adds to the invoice and takes off, as the law data of the day say."""
    export = question.typed.get("direction") == Direction.EXPORT
    direction = Direction.EXPORT if export else Direction.IMPORT
    rules = queries.terms_of(session, INCOTERMS, direction, question.days[0] if question.days else today)
    return [
        {"term": term, "words": term_words(rules[term], translator), "status": rules[term].status}
        for term in INCOTERMS
        if term in rules
    ]


def term_words(rule: RuleValue, translator: Translator) -> str:
    """Write what a term changes: which parts are added, which taken off."""
    said = []
    for sign, words in (
        (1, translator.gettext("add %(parts)s")),
        (-1, translator.gettext("take off %(parts)s")),
    ):
        parts = [
            part_title(component, translator)
            for component, own in signs_of(rule).items()
            if own == sign and component not in ALWAYS
        ]
        if parts:
            said.append(words % {"parts": ", ".join(parts)})
    return "; ".join(said) or translator.gettext("the invoice value as it is")


def _answer(what_if: WhatIf, translator: Translator, session: Session) -> dict[str, Any]:
    done = what_if.assessment
    schemes = queries.schemes(session)
    ranked = {each.number: each.options for each in what_if.options}
    titles = {heading.code: heading.title for heading in done.facts.headings}
    return {
        "day": done.law_day,
        "complete": done.complete,
        "exchange": [
            {
                "currency": rate.currency, "rate": rate.rate.normalize() + 0, "since": rate.valid.start,
                "source": rate.source, "status": rate.status, "other_week": not rate.valid.contains(done.law_day),
            }
            for code, rate in sorted(done.facts.rates.items())
            if code in _used_currencies(done)
        ],
        "rounding": done.facts.rules["rounding"].status if "rounding" in done.facts.rules else "",
        "lines": [
            {
                "number": line.number,
                "hs": dotted(line.hs),
                "title": titles.get(line.hs[:8]),
                "origin": country_name(done.shipment.partner(asked), translator.lang),
                "value": line.customs_value,
                "value_arithmetic": value_arithmetic(line, translator),
                "options": [_option(each, schemes, translator) for each in ranked.get(line.number, ())],
            }
            for line, asked in zip(done.lines, done.shipment.lines, strict=False)
        ],
        "problems": [
            {"line": found.line, "error": found.severity == "ERROR", "what": what, "fix": fix,
             "source": source_words(found.act, found.article, "", translator)}
            for found in done.problems
            for what, fix in [said(found, translator)]
        ],
        "best": what_if.best_total,
        "general": what_if.general_total,
    }  # fmt: skip


def _used_currencies(done: Any) -> set[str]:
    used = {part.currency for line in done.lines for part in line.value_parts}
    return used | {done.shipment.currency}


def _option(each: Option, schemes: dict[str, queries.Scheme], translator: Translator) -> dict[str, Any]:
    scheme = schemes.get(each.scheme)
    return {
        "scheme": each.scheme,
        "title": scheme.title if scheme else None,
        "quota": translator.gettext(QUOTA_TITLES[each.quota]) if each.quota else "",
        "papers": _papers(each, scheme, translator),
        "needs_proof": each.needs_proof,
        "rate": said_rate(each.rate, translator.lang),
        "duty": each.duty,
        "total": each.total,
        "saving": each.saving,
        "best": each.best,
        "status": each.status,
        "taxes": _taxes(each.line, translator),
    }


def _papers(each: Option, scheme: queries.Scheme | None, translator: Translator) -> list[str]:
    found = [" / ".join(papers_of(scheme, translator))] if each.needs_proof else []
    if each.quota == IN_QUOTA:
        found.append(translator.gettext("tariff quota licence"))
    return [each for each in found if each]


def papers_of(scheme: queries.Scheme | None, translator: Translator) -> list[str]:
    """Return the papers of which one proves origin."""
    known = scheme.papers if scheme else ()
    return [
        translator.gettext("self-certification of origin") if paper == "SELF" else paper for paper in known
    ]


def _taxes(line: LineAssessment, translator: Translator) -> list[dict[str, Any]]:
    return [_tax(tax, translator) for tax in line.taxes]


def _tax(tax: Tax, translator: Translator) -> dict[str, Any]:
    rules = [source_words(rule.act, rule.article, "", translator) for rule in tax.trace.rules if rule.act]
    return {
        "title": translator.gettext(TAX_TITLES[tax.kind]),
        "rate": said_rate(tax.rate, translator.lang),
        "amount": tax.amount,
        "arithmetic": arithmetic(tax, translator),
        "source": source_words(tax.trace.act, tax.trace.article, tax.trace.annex, translator),
        "rules": "; ".join(rules),
        "status": tax.trace.status,
        "row": tax.trace.rate_id,
    }


def _compare(answers: Sequence[WhatIf], translator: Translator) -> dict[str, Any] | None:
    """Set two days side by side: the totals of every treatment that a line has on both."""
    if len(answers) < 2 or not all(each.options for each in answers):  # noqa: PLR2004
        return None
    first, second = answers
    rows = []
    for one, other in zip(first.options, second.options, strict=False):
        then = {(each.scheme, each.quota): each for each in other.options}
        rows += [
            _side_by_side(one.number, each, then.get((each.scheme, each.quota)), translator)
            for each in one.options
        ]
    best = _difference(first.best_total, second.best_total)
    return {"days": [each.assessment.law_day for each in answers], "rows": rows, "best": best}


def _side_by_side(number: int, one: Option, other: Option | None, translator: Translator) -> dict[str, Any]:
    found = _difference(one.total, other.total if other else None)
    return {
        "line": number,
        "scheme": one.scheme,
        "quota": translator.gettext(QUOTA_TITLES[one.quota]) if one.quota else "",
        "rates": tuple(said_rate(each.rate if each else "", translator.lang) for each in (one, other)),
        **found,
    }


def _difference(one: Decimal | None, other: Decimal | None) -> dict[str, Any]:
    change = other - one if one is not None and other is not None else None
    return {"first": one, "second": other, "change": change}
