"""
Comparing a schedule with what is in force: the file goes into staging tables by COPY, the difference becomes items.

Everything happens in one transaction of the caller: until it commits nothing of the file is anywhere, and what was
staged is gone with it. Only differences are kept; what a schedule leaves as it is is counted.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.core.kit.text import fold
from app.customs.tariff.domain.expressions import Expression, to_json
from app.customs.tariff.schedules.domain.profile import Slot
from app.customs.tariff.schedules.domain.reading import Heading, Wish
from app.customs.tariff.schedules.models import Coverage

_STAGED = ("tariff_staged_rate", "tariff_staged_heading", "tariff_staged_column")


# Rows that were written a moment ago have no statistics yet: the planner takes a schedule for a handful of rows and
# would look each of them up one by one.
IN_BULK = text(
    "select set_config('enable_nestloop', 'off', true), set_config('statement_timeout', '300s', true)"
)
AS_USUAL = text("select set_config('enable_nestloop', 'on', true)")


@dataclass(frozen=True, slots=True)
class Source:
    """What every rate of a change cites, and for which days the schedule holds."""

    period: Period
    instrument: str | None
    article: str | None
    annex: str | None
    status: str
    note: dict[str, str] | None
    coverage: Coverage
    restates: bool


def stage(
    session: Session,
    *,
    import_id: UUID,
    content: Iterable[Heading | Wish],
    covered: Callable[[], Sequence[tuple[Slot, Period]]],
) -> None:
    """
    Put a schedule into the staging tables; :func:`compare` takes it out again.

    :param covered: asked once the content was read; which columns speak, and about which days.
    """
    session.execute(IN_BULK)
    cursor = session.connection().connection.cursor()
    headings: list[Heading] = []
    with cursor.copy(
        "copy tariff_staged_rate (import_id, position, hs8, slot, kind, scheme, geo, variant, days, expr, mark)"
        " from stdin"
    ) as rows:
        for row in _rate_rows(content, headings):
            rows.write_row((import_id, *row))
    with cursor.copy("copy tariff_staged_heading (import_id, code, title, unit, folded) from stdin") as rows:
        for each in headings:
            words = fold(" ".join((each.code, *each.title.values())))
            title = json.dumps(dict(each.title), ensure_ascii=False)
            rows.write_row((import_id, each.code, title, each.unit, words))
    with cursor.copy(
        "copy tariff_staged_column (import_id, position, kind, scheme, geo, variant, days) from stdin"
    ) as rows:
        for position, (slot, days) in enumerate(covered()):
            held = _range(days)
            rows.write_row((import_id, position, slot.kind.value, slot.scheme, slot.geo, slot.variant, held))


def _range(days: Period) -> str:
    return f"[{days.start},{days.end or ''})"


def _rate_rows(content: Iterable[Heading | Wish], headings: list[Heading]) -> Iterator[Sequence[Any]]:
    said: dict[int, tuple[Expression, str]] = {}
    position = 0
    for each in content:
        if isinstance(each, Heading):
            headings.append(each)
            continue
        position += 1
        known = said.get(id(each.expr))
        if known is None:
            # The expression is kept as well, so that its identity is not given to another one.
            known = said[id(each.expr)] = (each.expr, json.dumps(to_json(each.expr)))
        slot = each.slot
        yield (
            position, each.hs8, slot_of(each.hs8, slot, each.subline10), slot.kind.value, slot.scheme, slot.geo,
            slot.variant, _range(each.days), known[1], each.mark,
        )  # fmt: skip


def slot_of(hs8: str, slot: Slot, subline10: str = "") -> str:
    """Return the place of a rate in the schedule as the tables of the tariff write it."""
    return "|".join((hs8, subline10, slot.kind.value, slot.scheme, slot.geo, slot.variant))


_HELD = """
held as (
  select m.slot, m.hs8, m.subline10, m.kind, m.scheme, m.geo, m.variant, m.valid, m.expr, m.conditions,
         m.instrument_id, m.article, m.annex, m.status, c.days
    from tariff_measure m
    join tariff_staged_column c on c.import_id = :id
     and (m.kind, m.scheme, m.geo, m.variant) = (c.kind, c.scheme, c.geo, c.variant)
     and m.valid && c.days
   where upper_inf(m.recorded)
)
"""
# Conditions that a schedule cannot say (a quota, a reduction for some time) stay with the rate.
_WISHES = """
insert into tariff_change_item (
  change_set_id, position, effect, hs8, subline10, kind, scheme, geo, variant, valid, expr, conditions,
  instrument_id, article, annex, status, note, was, size)
with {held},
compared as (
  select w.position,
         range_agg(h.valid) filter (where h.expr = w.expr) as same,
         range_agg(h.valid) filter (
           where h.expr = w.expr and h.instrument_id is not distinct from :instrument
             and h.article is not distinct from :article and h.annex is not distinct from :annex
             and (h.status = :status or h.status = 'VERIFIED')) as settled,
         (array_agg(h.expr order by h.valid))[1] as was,
         (array_agg(h.conditions order by h.valid desc))[1] as conditions
    from tariff_staged_rate w join held h on h.slot = w.slot and h.valid && w.days
   where w.import_id = :id
   group by w.position
),
told as (
  select w.*, c.was, coalesce(c.conditions, '{}') as conditions,
         case when c.settled @> w.days then null
              when c.same @> w.days then case when :restates then 'RESTATED' end
              when c.position is null then 'ADDED' else 'CHANGED' end as effect
    from tariff_staged_rate w left join compared c using (position) where w.import_id = :id
)
select :id, row_number() over (order by slot, days), effect, hs8, split_part(slot, '|', 2), kind, scheme,
       geo, variant, days, expr,
       conditions, :instrument, :article, :annex, :status,
       case when mark <> ''
            then jsonb_build_object('vi', 'Dấu trong biểu: ' || mark, 'en', 'Mark in the schedule: ' || mark)
            else cast(:note as jsonb) end,
       was,
       case when effect = 'CHANGED' and expr ->> 'op' = 'pct' and was ->> 'op' = 'pct'
            then abs((expr ->> 'rate')::numeric - (was ->> 'rate')::numeric) end
  from told where effect is not null
"""
_ENDS = """
insert into tariff_change_item (
  change_set_id, position, effect, hs8, subline10, kind, scheme, geo, variant, valid, expr, conditions,
  instrument_id, article, annex, status, note, was, size)
with {held},
lines as (select code from tariff_staged_heading where import_id = :id and length(code) = 8),
gone as (
  select h.slot, h.hs8, h.subline10, h.kind, h.scheme, h.geo, h.variant, h.days,
         (array_agg(h.expr order by h.valid))[1] as was
    from held h
   where not exists (select 1 from tariff_staged_rate w where w.import_id = :id and w.slot = h.slot and w.days = h.days)
     and (:coverage = 'WHOLE'
       or :coverage = 'CHAPTERS'
          and left(h.hs8, 2) in (select left(code, 2) from lines)
       or :coverage = 'LINES' and h.hs8 in (select code from lines))
   group by h.slot, h.hs8, h.subline10, h.kind, h.scheme, h.geo, h.variant, h.days
)
select :id, :after + row_number() over (order by slot, days), 'ENDED', hs8, subline10, kind, scheme, geo, variant,
       days, null, '{}', :instrument, :article, :annex, :status, cast(:note as jsonb), was, null
  from gone
"""
# A file without English names leaves those that are known. Titles above the lines end only where a file has such rows.
_HEADINGS = """
insert into tariff_change_heading (change_set_id, code, effect, valid, title, unit, folded, status, was)
with days as (select daterange(:first, :ends) as days),
compared as (
  select w.code,
         range_agg(h.valid) filter (where h.title || w.title = h.title and h.unit = w.unit) as same,
         (array_agg(jsonb_build_object('title', h.title, 'unit', h.unit) order by h.valid))[1] as was,
         (array_agg(h.title order by h.valid desc))[1] as title,
         (array_agg(h.folded order by h.valid desc))[1] as folded
    from tariff_staged_heading w
    join tariff_heading h on w.import_id = :id and h.code = w.code and upper_inf(h.recorded)
    join days d on h.valid && d.days
   group by w.code
)
select :id, w.code, case when c.code is null then 'ADDED' else 'CHANGED' end, d.days,
       coalesce(c.title, '{}') || w.title, w.unit,
       case when c.folded is null or w.title ? 'en' then w.folded else w.folded || ' ' || c.folded end, :status, c.was
  from tariff_staged_heading w cross join days d left join compared c using (code)
 where w.import_id = :id and (c.same is null or not c.same @> d.days)
"""
_HEADING_ENDS = """
insert into tariff_change_heading (change_set_id, code, effect, valid, title, unit, folded, status, was)
select :id, h.code, 'ENDED', daterange(:first, :ends), null, '', '', :status,
       (array_agg(jsonb_build_object('title', h.title, 'unit', h.unit) order by h.valid))[1]
  from tariff_heading h
 where upper_inf(h.recorded) and h.valid && daterange(:first, :ends)
   and (length(h.code) >= 8
     or length(h.code) in (select distinct length(code) from tariff_staged_heading where import_id = :id))
   and not exists (select 1 from tariff_staged_heading w where w.import_id = :id and w.code = h.code)
   and (:coverage = 'WHOLE'
     or :coverage = 'CHAPTERS'
        and left(h.code, 2) in (select left(code, 2) from tariff_staged_heading
                                 where import_id = :id and length(code) = 8)
     or length(h.code) = 10
        and left(h.code, 8) in (select code from tariff_staged_heading
                                 where import_id = :id and length(code) = 8))
 group by h.code
"""
_RATES = text("select left(hs8, 2), count(*) from tariff_staged_rate where import_id = :id group by 1")
_LINES = text(
    "select left(code, 2), count(*) from tariff_staged_heading where import_id = :id and length(code) = 8 group by 1"
)
_CHANGED = text(
    "select left(hs8, 2), effect, count(*) from tariff_change_item where change_set_id = :id group by 1, 2"
)


def compare(session: Session, *, change_id: UUID, source: Source) -> dict[str, dict[str, int]]:
    """
    Make the items of a change from what was staged; return by chapter how many lines, rates and effects there are.

    A rate that the file repeats is counted as SAME and makes no item.
    """
    given = {
        "id": change_id,
        "instrument": source.instrument,
        "article": source.article,
        "annex": source.annex,
        "status": source.status,
        "note": json.dumps(source.note, ensure_ascii=False) if source.note else None,
        "coverage": source.coverage.value,
        "restates": source.restates,
        "first": source.period.start,
        "ends": source.period.end,
    }
    session.execute(text(_WISHES.replace("{held}", _HELD)), given)
    after = session.scalar(
        text("select coalesce(max(position), 0) from tariff_change_item where change_set_id = :id"), given
    )
    session.execute(text(_ENDS.replace("{held}", _HELD)), {**given, "after": after})
    session.execute(text(_HEADINGS), given)
    session.execute(text(_HEADING_ENDS), given)
    session.execute(AS_USUAL)
    counts: dict[str, dict[str, int]] = {}
    for chapter, lines in session.execute(_LINES, given):
        counts.setdefault(chapter, {})["LINES"] = lines
    for chapter, rates in session.execute(_RATES, given):
        counts.setdefault(chapter, {})["RATES"] = rates
    for chapter, effect, count in session.execute(_CHANGED, given):
        counts.setdefault(chapter, {})[effect] = count
    for found in counts.values():
        told = sum(found.get(effect, 0) for effect in ("ADDED", "CHANGED", "RESTATED"))
        found["SAME"] = found.get("RATES", 0) - told
    for table in _STAGED:
        session.execute(text(f"delete from {table} where import_id = :id"), given)  # noqa: S608  names of this module
    return dict(sorted(counts.items()))
