"""The tariff for programs: /api/v1/tariff, open to everybody as the schedule itself is."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, Invalid, NotFound
from app.core.i18n import formats, languages, translator
from app.core.kit.time import local_day, utcnow
from app.customs.tariff import queries
from app.customs.tariff.api.asking import Question, read
from app.customs.tariff.api.working import answers_of
from app.customs.tariff.domain.expressions import to_json
from app.customs.tariff.domain.options import Option
from app.customs.tariff.domain.results import Problem, Tax
from app.customs.tariff.domain.words import arithmetic, said
from app.customs.tariff.facade import WhatIf
from app.customs.tariff.queries import Heading, Scheme
from app.customs.tariff.schemas import (
    CalculationOut,
    DayAnswer,
    HeadingList,
    HeadingOut,
    LineAnswer,
    LineOut,
    MeasureOut,
    OptionOut,
    ProblemOut,
    RateOut,
    TaxOut,
)
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

tariff_api = router(prefix="/api/v1/tariff", tags=["tariff"])

_MOST = 50
_AMOUNT = "Where the price does not include it; which terms of delivery need it is law data."
_OWN = "Currency of the amount; empty: that of the invoice."
_LINE = 8
Day = Annotated[str, Query(max_length=10, description="The day asked for, yyyy-mm-dd; empty: today.")]


@tariff_api.get("/headings")
def find_headings(
    session: DbSession,
    zone: CurrentZone,
    q: Annotated[
        str, Query(max_length=100, description="Digits of a code, or words; accents do not matter.")
    ],
    on: Day = "",
) -> HeadingList:
    """Return the codes whose digits or words begin as asked, at most fifty."""
    day = _day(on, zone)
    found = queries.search_headings(session, q, day, limit=_MOST + 1)
    return HeadingList(day=day, items=[_heading(each) for each in found[:_MOST]], more=len(found) > _MOST)


@tariff_api.get("/headings/{code}")
def get_heading(session: DbSession, zone: CurrentZone, code: str, on: Day = "") -> LineOut:
    """Return a code with all rates of its line on a day."""
    day = _day(on, zone)
    found = queries.heading(session, code, day) if code.isascii() and code.isdigit() else None
    if found is None:
        raise NotFound
    rows = queries.measure_lines(session, code[:_LINE], day) if len(code) >= _LINE else []
    measures = [
        MeasureOut(
            id=str(row.id), kind=row.kind.value, scheme=row.scheme, geo=row.geo, variant=row.variant,
            subline=row.subline10, expression=to_json(row.expr), conditions=row.conditions, valid_from=row.valid.start,
            valid_to=row.valid.end, act=row.act, article=row.article, annex=row.annex, status=row.status,
        )
        for row in rows
    ]  # fmt: skip
    return LineOut(day=day, heading=_heading(found), measures=measures)


@tariff_api.get("/calculation")
def calculate(
    request: Request,
    session: DbSession,
    zone: CurrentZone,
    hs1: Annotated[str, Query(max_length=20, description="Code of the goods, 8 or 10 digits.")],
    value1: Annotated[str, Query(max_length=20, description="Invoice value, with a point before decimals.")],
    origin1: Annotated[str, Query(max_length=2, description="Country of origin, ISO 3166 alpha-2.")] = "",
    quantity1: Annotated[str, Query(max_length=20, description="In the unit of the code.")] = "",
    currency: Annotated[str, Query(max_length=3)] = "USD",
    incoterm: Annotated[str, Query(max_length=3)] = "CIF",
    freight: Annotated[str, Query(max_length=20, description=_AMOUNT)] = "",
    freight_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    insurance: Annotated[str, Query(max_length=20, description=_AMOUNT)] = "",
    insurance_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    inland_abroad: Annotated[str, Query(max_length=20, description="Carriage on land abroad.")] = "",
    inland_abroad_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    inland_here: Annotated[str, Query(max_length=20, description="Carriage on land here.")] = "",
    inland_here_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    duties: Annotated[str, Query(max_length=20, description="Duties that the price includes.")] = "",
    duties_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    addition: Annotated[str, Query(max_length=20, description="Added under any term.")] = "",
    addition_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    deduction: Annotated[str, Query(max_length=20, description="Taken off under any term.")] = "",
    deduction_currency: Annotated[str, Query(max_length=3, description=_OWN)] = "",
    direction: Annotated[str, Query(max_length=6, description="IMPORT or EXPORT.")] = "IMPORT",
    destination: Annotated[str, Query(max_length=2, description="Country of destination of an export.")] = "",
    on: Day = "",
    on2: Annotated[str, Query(max_length=10, description="A second day to compare with.")] = "",
    lines: Annotated[int, Query(ge=1, le=5, description="How many goods: hs2, value2, … follow.")] = 1,
) -> CalculationOut:
    """Return every lawful treatment of a shipment, cheapest first, by the law of one day or two."""
    question = read({**request.query_params, "v": "1"}, "en", local_day(utcnow(), zone.tz))
    if question.problems:
        raise Invalid(errors=question.problems)
    return _answers(session, question)


def _answers(session: Session, question: Question) -> CalculationOut:
    schemes = queries.schemes(session)
    return CalculationOut(answers=[_answer(each, schemes) for each in answers_of(session, question)])


def _answer(found: WhatIf, schemes: dict[str, Scheme]) -> DayAnswer:
    done = found.assessment
    ranked = {each.number: each.options for each in found.options}
    used = {part.currency for line in done.lines for part in line.value_parts}
    return DayAnswer(
        day=done.law_day,
        complete=done.complete,
        best_total=found.best_total,
        general_total=found.general_total,
        exchange=[
            RateOut(
                id=rate.id, currency=code, rate=rate.rate, valid_from=rate.valid.start, source=rate.source,
                status=rate.status,
            )
            for code, rate in sorted(done.facts.rates.items())
            if code in used
        ],
        lines=[
            LineAnswer(
                number=line.number, hs=line.hs, customs_value=line.customs_value,
                options=[_option(each, schemes) for each in ranked.get(line.number, ())],
            )
            for line in done.lines
        ],
        problems=[_problem(each) for each in done.problems],
    )  # fmt: skip


def _option(each: Option, schemes: dict[str, Scheme]) -> OptionOut:
    known = schemes.get(each.scheme)
    return OptionOut(
        scheme=each.scheme,
        quota=each.quota,
        needs_proof=each.needs_proof,
        papers=list(known.papers) if known and each.needs_proof else [],
        total=each.total,
        saving=each.saving,
        best=each.best,
        taxes=[_tax(tax) for tax in each.line.taxes],
    )


def _tax(tax: Tax) -> TaxOut:
    return TaxOut(
        kind=tax.kind.value,
        rate=tax.rate,
        base=tax.base,
        amount=tax.amount,
        arithmetic={lang: arithmetic(tax, translator(lang)) for lang in languages()},
        rate_id=tax.trace.rate_id,
        act=tax.trace.act,
        article=tax.trace.article,
        status=tax.trace.status,
    )


def _problem(each: Problem) -> ProblemOut:
    told = {lang: said(each, translator(lang)) for lang in languages()}
    return ProblemOut(
        code=each.code,
        severity=each.severity.value,
        line=each.line,
        field=each.field,
        detail={lang: what for lang, (what, _) in told.items()},
        fix={lang: fix for lang, (_, fix) in told.items()},
        act=each.act,
        article=each.article,
    )


def _heading(each: Heading) -> HeadingOut:
    return HeadingOut(code=each.code, title=dict(each.title), unit=each.unit, status=each.status)


def _day(on: str, zone: CurrentZone) -> date:
    if not on:
        return local_day(utcnow(), zone.tz)
    try:
        return formats.parse_date(on)
    except ValueError as fault:
        raise Invalid(errors=[FieldProblem("on", "day", str(fault))]) from None
