"""
Writing measures: what a change set in force says takes the place of what was recorded for the same days.

Nothing is edited. Rows that lose days are closed at the instant of the change; what remains of them is written again,
with the change set that cut them. Bulk writers hand over many thousand measures at once: each batch costs three
statements, whatever its size.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.kit.ranges import Period
from app.customs.tariff.domain.expressions import Expression, to_json
from app.customs.tariff.domain.measures import Kind

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class MeasureWrite:
    """A measure to be recorded; ``expr`` None ends whatever holds in its place on these days."""

    hs8: str
    kind: Kind
    valid: Period
    expr: Expression | None
    status: str = "ASSUMED"
    subline10: str = ""
    scheme: str = ""
    geo: str = ""
    variant: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    instrument: str | None = None
    article: str | None = None
    annex: str | None = None
    note: Mapping[str, str] | None = None


_ROWS = """
with given as (
  select *, hs8 || '|' || subline10 || '|' || kind || '|' || scheme || '|' || geo || '|' || variant as slot,
         daterange(valid_from, valid_to) as days
    from jsonb_to_recordset(cast(:rows as jsonb)) as g(
      hs8 text, subline10 text, kind text, scheme text, geo text, variant text, valid_from date, valid_to date,
      expr jsonb, conditions jsonb, instrument_id text, article text, annex text, status text, note jsonb)
)
"""
_CLOSE = text(
    _ROWS  # noqa: S608  constants of this file
    + """
update tariff_measure m set recorded = tstzrange(lower(m.recorded), :taken)
  from (select distinct hs8, slot, days from given) g
 where m.hs8 = g.hs8 and m.slot = g.slot and m.valid && g.days and upper_inf(m.recorded) and lower(m.recorded) < :taken
"""
)
# What the closed rows said for days that nothing new covers.
_REST = text(
    _ROWS  # noqa: S608  constants of this file
    + """
insert into tariff_measure (id, hs8, subline10, kind, scheme, geo, variant, valid, recorded, expr, conditions,
                            instrument_id, article, annex, status, note, change_set_id)
select gen_random_uuid(), m.hs8, m.subline10, m.kind, m.scheme, m.geo, m.variant, rest, tstzrange(:taken, null),
       m.expr, m.conditions, m.instrument_id, m.article, m.annex, m.status, m.note, :change_set_id
  from tariff_measure m
  join (select hs8, slot, range_agg(days) as days from given group by 1, 2) g on g.hs8 = m.hs8 and g.slot = m.slot,
       lateral unnest(datemultirange(m.valid) - g.days) as rest
 where upper(m.recorded) = :taken and m.valid && g.days
"""
)
_ADD = text(
    _ROWS
    + """
insert into tariff_measure (id, hs8, subline10, kind, scheme, geo, variant, valid, recorded, expr, conditions,
                            instrument_id, article, annex, status, note, change_set_id)
select gen_random_uuid(), hs8, subline10, kind, scheme, geo, variant, days, tstzrange(:taken, null), expr,
       coalesce(conditions, '{}'), instrument_id, article, annex, status, note, :change_set_id
  from given where expr is not null
"""
)


def record_measures(
    session: Session, *, measures: Iterable[MeasureWrite], taken: datetime, change_set_id: UUID | None
) -> int:
    """
    Record measures as of one instant; return how many were written or ended. The caller keeps the evidence.

    :param measures: those of one slot must not overlap each other, and all of a slot come next to one another.
    :param taken: the instant from which they are known, later than that of every earlier change of their slots.
    :param change_set_id: the change set in force that says them; None only in the first load.
    """
    count = 0
    for batch in _batches(measures):
        values = {"rows": json.dumps([_row(each) for each in batch]), "taken": taken}
        if change_set_id is not None:
            session.execute(_CLOSE, values)
            session.execute(_REST, {**values, "change_set_id": change_set_id})
        session.execute(_ADD, {**values, "change_set_id": change_set_id})
        count += len(batch)
    return count


def _batches(measures: Iterable[MeasureWrite]) -> Iterator[list[MeasureWrite]]:
    """Cut into batches of about one size, never through the measures of one slot."""
    batch: list[MeasureWrite] = []
    for _, same in groupby(measures, key=_slot):
        batch.extend(same)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _slot(each: MeasureWrite) -> tuple[str, ...]:
    return (each.hs8, each.subline10, each.kind.value, each.scheme, each.geo, each.variant)


def _row(each: MeasureWrite) -> dict[str, Any]:
    return {
        "hs8": each.hs8,
        "subline10": each.subline10,
        "kind": each.kind.value,
        "scheme": each.scheme,
        "geo": each.geo,
        "variant": each.variant,
        "valid_from": each.valid.start.isoformat(),
        "valid_to": each.valid.end.isoformat() if each.valid.end else None,
        "expr": to_json(each.expr) if each.expr else None,
        "conditions": dict(each.conditions),
        "instrument_id": each.instrument,
        "article": each.article,
        "annex": each.annex,
        "status": each.status,
        "note": dict(each.note) if each.note else None,
    }
