"""Reading what an assessment stands on: all measures of all lines in one query, everything else in a second one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Expression, parse
from app.customs.tariff.domain.facts import RULES, ExchangeRate, Facts, HeadingFact, RuleValue
from app.customs.tariff.domain.measures import Kind, Measure
from app.customs.tariff.domain.shipment import Direction
from app.customs.tariff.domain.valuation import term_key

RULE_NAMES = (
    "rounding",
    "ordinary_share",
    "vat_reduction",
    "formula.duty",
    "formula.specific",
    "formula.mixed",
    "formula.quantity",
    "formula.remedy",
    "formula.excise",
    "formula.environment",
    "formula.vat",
    "formula.lower_mfn",
    "formula.unproven",
    "formula.not_dutiable",
    "formula.registration",
)

# Not "valid @> day": once the plan is generic the database takes a day for a rare thing, and reads every row of that
# day from the index of the exclusion, two hundred thousand of a full schedule, instead of the few rows of a line.
_HOLDS = "lower(m.valid) <= cast(:day as date) and coalesce(upper(m.valid) > cast(:day as date), true)"
_MEASURES = """
select m.id, m.hs8, m.subline10, m.kind, m.scheme, m.geo, m.variant, lower(m.valid) as start, upper(m.valid) as "end",
       m.expr, m.conditions, m.instrument_id, m.article, m.annex, m.status, i.number as act
  from tariff_measure m left join law_instrument i on i.id = m.instrument_id
 where m.hs8 = any(:lines) and {holds} and {recorded} {scheme}
"""
_CONTEXT = """
select 'heading' as what, jsonb_agg(jsonb_build_object('code', m.code, 'unit', m.unit, 'title', m.title)) as found
  from tariff_heading m where m.code = any(:codes) and {holds} and {recorded}
 union all
select 'group', jsonb_agg(jsonb_build_object('country', m.country, 'group', m.group_code)
                          order by m.country, m.group_code)
  from tariff_geo_group_member m
 where m.country = any(:countries) and m.valid @> cast(:day as date) and {recorded}
 union all
select 'rate', jsonb_agg(jsonb_build_object(
         'id', m.id, 'currency', m.currency, 'rate', m.rate::text, 'rate_day', m.rate_day, 'from', lower(m.valid),
         'to', upper(m.valid), 'source', m.source, 'status', m.status) order by m.currency)
  from tariff_exchange_rate m where {weeks} and {recorded}
 union all
select 'act', jsonb_agg(jsonb_build_object('id', id, 'number', number))
  from law_instrument where id = any(:instruments)
"""
_OPEN, _KNOWN = "upper_inf(m.recorded)", "m.recorded @> cast(:known_at as timestamptz)"
_THAT_WEEK = "m.valid @> cast(:day as date)"
# The last week that is known for each currency, no later than the day.
_LATEST = """
(m.currency, lower(m.valid)) in (
  select l.currency, max(lower(l.valid)) from tariff_exchange_rate l
   where lower(l.valid) <= cast(:day as date) and upper_inf(l.recorded) group by l.currency)
"""


_QUERIES = {
    (known, schemes): text(
        _MEASURES.format(
            holds=_HOLDS,
            recorded=_KNOWN if known else _OPEN,
            scheme="and m.scheme = any(:schemes)" if schemes else "",
        )
    )
    for known in (False, True)
    for schemes in (False, True)
}  # fmt: skip
_CONTEXTS = {
    (known, latest): text(
        _CONTEXT.format(
            holds=_HOLDS,
            recorded=_KNOWN if known else _OPEN,
            weeks=_LATEST if latest else _THAT_WEEK,
        )
    )
    for known in (False, True)
    for latest in (False, True)
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What facts are asked for; ``schemes`` None means all of them."""

    day: date
    codes: tuple[str, ...]
    countries: tuple[str, ...]
    terms: tuple[str, ...]
    schemes: tuple[str, ...] | None = None
    known_at: datetime | None = None
    latest_exchange: bool = False


def facts_of(session: Session, asked: Asked) -> Facts:
    """Gather the facts of a day in two queries, and the law of the day in none where it was asked before."""
    rules = _rules(session, asked)
    known = asked.known_at is not None
    values = {
        "day": asked.day,
        "known_at": asked.known_at,
        "codes": sorted({code[:8] for code in asked.codes}),
        "countries": sorted(set(asked.countries)),
        "instruments": sorted({value.instrument for value in rules.values() if value.instrument}),
    }
    rows = session.execute(_CONTEXTS[known, asked.latest_exchange], values)
    found = {row.what: row.found or [] for row in rows}
    acts = {each["id"]: each["number"] for each in found["act"]}
    return Facts(
        day=asked.day,
        known_at=asked.known_at,
        headings=tuple(HeadingFact(each["code"], each["unit"], each["title"]) for each in found["heading"]),
        measures=measures_of(session, asked.codes, asked.day, schemes=asked.schemes, known_at=asked.known_at),
        groups=_groups(found["group"]),
        rates={each["currency"]: _rate(each) for each in found["rate"]},
        rules={name: _rule(value, acts) for name, value in rules.items()},
    )


def measures_of(
    session: Session,
    codes: Iterable[str],
    day: date,
    *,
    schemes: Iterable[str] | None = None,
    known_at: datetime | None = None,
) -> tuple[Measure, ...]:
    """Return the measures of some lines on a day in a fixed order."""
    values: dict[str, Any] = {"lines": sorted({code[:8] for code in codes}), "day": day, "known_at": known_at}
    if schemes is not None:
        values["schemes"] = sorted({"", *schemes})
    rows = session.execute(_QUERIES[known_at is not None, schemes is not None], values)
    known: dict[str, Expression] = {}
    found = [_measure(row, known) for row in rows]
    return tuple(sorted(found, key=_place))


def _place(each: Measure) -> tuple[str, ...]:
    return (each.hs8, each.kind.value, each.scheme, each.geo, each.subline10, each.variant)


def _measure(row: Any, known: dict[str, Expression]) -> Measure:
    raw = str(row.expr)
    expr = known.get(raw)
    if expr is None:
        expr = known[raw] = parse(row.expr)
    return Measure(
        id=row.id, hs8=row.hs8, kind=Kind(row.kind), expr=expr, valid=Period(row.start, row.end), status=row.status,
        subline10=row.subline10, scheme=row.scheme, geo=row.geo, variant=row.variant, conditions=row.conditions,
        instrument=row.instrument_id, article=row.article, annex=row.annex, act=row.act or "",
    )  # fmt: skip


def _rules(session: Session, asked: Asked) -> dict[str, law.LawValue]:
    book = law.at(session, asked.day, known_at=asked.known_at)
    found = ((name, book.find(RULES + name)) for name in (*RULE_NAMES, *asked.terms))
    return {name: value for name, value in found if value is not None}


def terms_of(session: Session, terms: Iterable[str], direction: Direction, day: date) -> dict[str, RuleValue]:
    """Return the rules of terms of delivery that the law data of a day have."""
    book = law.at(session, day)
    found = ((term, book.find(RULES + term_key(direction, term))) for term in terms)
    return {term: _rule(value, {}) for term, value in found if value is not None}


def _rule(value: law.LawValue, acts: Mapping[str, str]) -> RuleValue:
    return RuleValue(
        key=value.key, value=value.text(), status=value.status.value, act=acts.get(value.instrument or "", ""),
        article=value.article or "", content_hash=value.content_hash,
    )  # fmt: skip


def _groups(rows: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for each in rows:
        found.setdefault(each["country"], []).append(each["group"])
    return {country: tuple(groups) for country, groups in found.items()}


def _rate(raw: Mapping[str, Any]) -> ExchangeRate:
    end = date.fromisoformat(raw["to"]) if raw["to"] else None
    return ExchangeRate(
        id=str(UUID(raw["id"])), currency=raw["currency"], rate=Decimal(raw["rate"]),
        rate_day=date.fromisoformat(raw["rate_day"]), valid=Period(date.fromisoformat(raw["from"]), end),
        source=raw["source"], status=raw["status"],
    )  # fmt: skip
