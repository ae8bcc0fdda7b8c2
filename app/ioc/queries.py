"""What the tiles count, in one aggregate each; the same rule as ``domain.on_time``, said in SQL for many dossiers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.web.tiles import Share, TileRow

# Dossiers that were received before the period's end and not finished before its start. A pause of the clock is a
# supplement request; finished pauses are taken off the end, a pause that lasts ends the dossier's time at its start.
_HANDLED = """
with handled as (
  select c.id, c.code, c.title, c.office, c.accepted_at, c.appointment_at, c.decided_at, p.requests,
         coalesce(c.decided_at, c.closed_at, case when p.requests = 1 then p.waiting_since end,
                  least(:until, :now)) - coalesce(p.waited, interval '0') as ended_at
    from workflow_case c
    left join lateral (
      select count(*) as requests, sum(i.ended_at - i.started_at) as waited,
             max(i.started_at) filter (where i.ended_at is null) as waiting_since
        from workflow_clock_interval i where i.case_id = c.id and i.mode = 'PAUSE') p on true
   where c.accepted_at is not null and c.accepted_at < :until
     and (c.closed_at is null or c.closed_at >= :since) and (c.national is distinct from 7)
)
"""
_ON_TIME = "coalesce(requests, 0) <= 1 and ended_at <= appointment_at"

# The parts put together here are constants of this file; what people send comes in as parameters.
_COUNT = text(
    f"{_HANDLED} select count(*) filter (where {_ON_TIME}) as part, count(*) as whole from handled"  # noqa: S608
)
_BY_OFFICE = text(
    f"{_HANDLED} select office, count(*) filter (where {_ON_TIME}) as part, count(*) as whole from handled"  # noqa: S608
    " group by office order by office"
)
_LATE = text(
    f"{_HANDLED} select id, code, title, office, appointment_at, decided_at, ended_at, requests from handled"  # noqa: S608
    f" where not ({_ON_TIME}) order by appointment_at, id limit 200"
)

_FINISHED = """
  from workflow_case c
  cross join lateral (
    select exists (select 1 from documents_document d join documents_issued i on i.document_id = d.id
                    where d.subject_kind = 'case' and d.subject_id = c.id and d.kind = any(:kinds)) as issued) r
 where c.national in (9, 10) and c.decided_at >= :since and c.decided_at < :until
"""
_RESULTS = text(f"select count(*) filter (where r.issued) as part, count(*) as whole {_FINISHED}")
_RESULTS_BY_OFFICE = text(
    f"select c.office, count(*) filter (where r.issued) as part, count(*) as whole {_FINISHED}"
    " group by c.office order by c.office"
)
_WITHOUT_RESULT = text(
    f"select c.id, c.code, c.title, c.office, c.decided_at {_FINISHED}"
    " and not r.issued order by c.decided_at, c.id limit 200"
)

# Dossiers received in the period; one filed online counts unless it ended with a paper that is not electronic. The
# formula's synchronisation rate (1.4) is a factor of the national portal and is known only there.
_RECEIVED = """
  from workflow_case c
  cross join lateral (
    select c.national in (9, 10)
           and not exists (select 1 from documents_document d join documents_issued i on i.document_id = d.id
                            where d.subject_kind = 'case' and d.subject_id = c.id and d.kind = any(:kinds))
             as on_paper) r
 where c.accepted_at >= :since and c.accepted_at < :until
"""
_ONLINE = "c.channel = 'ONLINE' and not r.on_paper"
_FILED_ONLINE = text(f"select count(*) filter (where {_ONLINE}) as part, count(*) as whole {_RECEIVED}")
_FILED_ONLINE_BY_OFFICE = text(
    f"select c.office, count(*) filter (where {_ONLINE}) as part, count(*) as whole {_RECEIVED}"
    " group by c.office order by c.office"
)
_NOT_FILED_ONLINE = text(
    f"select c.id, c.code, c.title, c.office, c.channel, c.accepted_at {_RECEIVED}"
    f" and not ({_ONLINE}) order by c.accepted_at, c.id limit 200"
)


def handled_on_time(session: Session, *, since: datetime, until: datetime, now: datetime) -> Share:
    """Return indicator 2.1: dossiers handled on time or still in time, of those received or handled in a period."""
    row = session.execute(_COUNT, {"since": since, "until": until, "now": now}).one()
    return Share(row.part, row.whole)


def handled_by_office(
    session: Session, *, since: datetime, until: datetime, now: datetime
) -> list[tuple[str, Share]]:
    """Return indicator 2.1 for each division that had dossiers."""
    rows = session.execute(_BY_OFFICE, {"since": since, "until": until, "now": now})
    return [(row.office, Share(row.part, row.whole)) for row in rows]


def late_dossiers(session: Session, *, since: datetime, until: datetime, now: datetime) -> list[TileRow]:
    """Return the dossiers that count against indicator 2.1, at most 200."""
    rows = session.execute(_LATE, {"since": since, "until": until, "now": now})
    return [
        TileRow(
            code=row.code,
            title=row.title,
            office=row.office,
            reason=_why_late(row),
            href=f"/dossiers/{row.id}",
            due_at=row.appointment_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def _why_late(row: Row[Any]) -> str:
    if (row.requests or 0) > 1:
        return N_("More than one supplement request")
    return N_("Finished after the return date") if row.decided_at else N_("Still open after the return date")


def electronic_results(session: Session, *, since: datetime, until: datetime, kinds: list[str]) -> Share:
    """Return indicator 4.1: finished dossiers whose result is issued electronically, of those that return a paper."""
    row = session.execute(_RESULTS, {"since": since, "until": until, "kinds": kinds}).one()
    return Share(row.part, row.whole)


def results_by_office(
    session: Session, *, since: datetime, until: datetime, kinds: list[str]
) -> list[tuple[str, Share]]:
    """Return indicator 4.1 for each division that finished dossiers."""
    rows = session.execute(_RESULTS_BY_OFFICE, {"since": since, "until": until, "kinds": kinds})
    return [(row.office, Share(row.part, row.whole)) for row in rows]


def without_electronic_result(
    session: Session, *, since: datetime, until: datetime, kinds: list[str]
) -> list[TileRow]:
    """Return the dossiers that count against indicator 4.1, at most 200."""
    rows = session.execute(_WITHOUT_RESULT, {"since": since, "until": until, "kinds": kinds})
    return [
        TileRow(
            code=row.code,
            title=row.title,
            office=row.office,
            reason=N_("Finished without an electronic result"),
            href=f"/dossiers/{row.id}",
            ended_at=row.decided_at,
        )
        for row in rows
    ]


def filed_online(session: Session, *, since: datetime, until: datetime, kinds: list[str]) -> Share:
    """Return indicator 3.3 before the rate of synchronisation: dossiers filed online, of those received."""
    row = session.execute(_FILED_ONLINE, {"since": since, "until": until, "kinds": kinds}).one()
    return Share(row.part, row.whole)


def filed_online_by_office(
    session: Session, *, since: datetime, until: datetime, kinds: list[str]
) -> list[tuple[str, Share]]:
    """Return indicator 3.3 for each division that received dossiers."""
    rows = session.execute(_FILED_ONLINE_BY_OFFICE, {"since": since, "until": until, "kinds": kinds})
    return [(row.office, Share(row.part, row.whole)) for row in rows]


def not_filed_online(
    session: Session, *, since: datetime, until: datetime, kinds: list[str]
) -> list[TileRow]:
    """Return the dossiers that count against indicator 3.3, at most 200."""
    rows = session.execute(_NOT_FILED_ONLINE, {"since": since, "until": until, "kinds": kinds})
    return [
        TileRow(
            code=row.code,
            title=row.title,
            office=row.office,
            reason=_NOT_ONLINE.get(row.channel, N_("Finished without an electronic result")),
            href=f"/dossiers/{row.id}",
        )
        for row in rows
    ]


_NOT_ONLINE = {"COUNTER": N_("Entered at the counter"), "POST": N_("Came by post")}
