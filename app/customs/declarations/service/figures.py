"""
Figures of the statutory clocks for everybody: counts and medians by kind and month, no firm and no declaration.

Every few minutes this month and the last one are counted, by the index of the official end; all twelve months and the
year together once a day. What a refresh reads is bounded by two months, however much is stored.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.customs.declarations.models import ClockFigure

YEAR = "12M"
"""The month of the row that holds the last twelve months together."""
TO_CLEARANCE = "TO_CLEARANCE"
"""The kind of the rows that count the whole way from registration to clearance."""

_AGE = timedelta(minutes=10)
_YEARS_AGE = timedelta(days=1)
_DAYS = 365

_ENDED = """
  select kind, whose, started_at, met_at as ended_at, met_at <= due_at as in_time from customs_clock
   where met_at is not null and due_at is not null and met_at >= :since
  union all
  select 'TO_CLEARANCE', 'AUTHORITY', d.registered_at, d.cleared_at,
         not exists (select 1 from customs_clock k where k.declaration_id = d.id and k.whose = 'AUTHORITY'
                        and k.cancelled_at is null and coalesce(k.met_at, d.cleared_at) > k.due_at)
    from customs_declaration d
   where d.cleared_at >= :since and d.registered_at is not null and d.origin = 'OURS'
"""
_COUNT = """
insert into customs_clock_figure (kind, month, whose, ended, in_time, median_minutes, counted_at)
select kind, {month}, min(whose), count(*), count(*) filter (where in_time),
       round(percentile_cont(0.5) within group (order by extract(epoch from ended_at - started_at) / 60)), :now
  from ({ended}) ended
 group by {group}
    on conflict (kind, month) do update
   set ended = excluded.ended, in_time = excluded.in_time, median_minutes = excluded.median_minutes,
       counted_at = excluded.counted_at
"""
_MONTH = "to_char(ended_at at time zone :zone, 'YYYY-MM')"
_MONTHS = text(_COUNT.format(month=_MONTH, ended=_ENDED, group="1, 2"))
_YEAR = text(_COUNT.format(month=":year", ended=_ENDED, group="1"))


def refresh(session: Session, *, zone: ZoneInfo, now: datetime) -> bool:
    """Count again when the last count is some minutes old; tell whether that was done."""
    last = session.scalar(select(func.max(ClockFigure.counted_at)))
    if last is not None and last > now - _AGE:
        return False
    whole = session.scalar(select(func.max(ClockFigure.counted_at)).where(ClockFigure.month == YEAR))
    begin_of_month = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if whole is None or whole <= now - _YEARS_AGE:
        since = (begin_of_month - timedelta(days=_DAYS)).replace(day=1)
        session.execute(_YEAR, {"since": since, "now": now, "year": YEAR})
    else:
        since = (begin_of_month - timedelta(days=1)).replace(day=1)
    session.execute(_MONTHS, {"zone": str(zone), "since": since, "now": now})
    return True
