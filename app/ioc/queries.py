"""What the tiles count, in one aggregate each; the same rule as ``domain.on_time``, said in SQL for many dossiers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.web.tiles import Scope, Share, TileRow

# Kinds of papers that are results of procedures.
RESULT_KINDS = ("IRC",)
_MOST_ROWS = 200


@dataclass(frozen=True)
class Indicator:
    """
    A share of dossiers: which are looked at, and which of them count.

    The three statements are put together from the texts of this file; what people send comes in as parameters
    (``since``, ``until``, ``now``, ``kinds``).

    :ivar looked_at: the statement's ``from`` and ``where``, with the dossier as ``c``.
    :ivar counts: condition of the numerator. :ivar shown: further columns of a row.
    :ivar order: in which order the rows behind it are listed. :ivar reason: why a row does not count.
    """

    looked_at: str
    counts: str
    shown: str
    order: str
    reason: Callable[[Row[Any]], str]

    def share(self, session: Session, scope: Scope) -> Share:
        """Return the indicator of the whole authority."""
        row = session.execute(self._count, _parameters(scope)).one()
        return Share(row.part, row.whole)

    def by_office(self, session: Session, scope: Scope) -> list[tuple[str, Share]]:
        """Return the indicator of each division that had dossiers."""
        rows = session.execute(self._by_office, _parameters(scope))
        return [(row.office, Share(row.part, row.whole)) for row in rows]

    def rows(self, session: Session, scope: Scope) -> list[TileRow]:
        """Return the dossiers that count against the indicator, at most 200."""
        return [
            TileRow(
                code=row.code,
                title=row.title,
                office=row.office,
                reason=self.reason(row),
                href=f"/dossiers/{row.id}",
                due_at=getattr(row, "appointment_at", None),
                ended_at=getattr(row, "ended_at", None),
            )
            for row in session.execute(self._against, _parameters(scope))
        ]

    @cached_property
    def _count(self) -> TextClause:
        return text(
            f"select count(*) filter (where {self.counts}) as part, count(*) as whole {self.looked_at}"
        )

    @cached_property
    def _by_office(self) -> TextClause:
        return text(
            f"select c.office, count(*) filter (where {self.counts}) as part, count(*) as whole {self.looked_at}"
            " group by c.office order by c.office"
        )

    @cached_property
    def _against(self) -> TextClause:
        return text(
            f"select c.id, c.code, c.title, c.office, {self.shown} {self.looked_at} and not ({self.counts})"
            f" order by {self.order}, c.id limit {_MOST_ROWS}"
        )


def _parameters(scope: Scope) -> Mapping[str, Any]:
    found: dict[str, datetime | list[str]] = {
        "since": scope.since, "until": scope.until, "now": scope.now, "kinds": list(RESULT_KINDS)
    }  # fmt: skip
    return found


def _why_late(row: Row[Any]) -> str:
    if (row.requests or 0) > 1:
        return N_("More than one supplement request")
    return N_("Finished after the return date") if row.decided_at else N_("Still open after the return date")


# Indicator 2.1. Dossiers that were received before the period's end and not finished before its start. A pause of the
# clock is a supplement request; finished pauses are taken off the end, a pause that lasts ends the time at its start.
HANDLED_ON_TIME = Indicator(
    looked_at="""
      from workflow_case c
      left join lateral (
        select count(*) as requests, sum(i.ended_at - i.started_at) as waited,
               max(i.started_at) filter (where i.ended_at is null) as waiting_since
          from workflow_clock_interval i where i.case_id = c.id and i.mode = 'PAUSE') p on true
      cross join lateral (
        select coalesce(c.decided_at, c.closed_at, case when p.requests = 1 then p.waiting_since end,
                        least(:until, :now)) - coalesce(p.waited, interval '0') as ended_at) e
     where c.accepted_at is not null and c.accepted_at < :until
       and (c.closed_at is null or c.closed_at >= :since) and (c.national is distinct from 7)
    """,
    counts="coalesce(p.requests, 0) <= 1 and e.ended_at <= c.appointment_at",
    shown="c.appointment_at, c.decided_at, p.requests,"
    " case when coalesce(c.decided_at, c.closed_at) is not null then e.ended_at end as ended_at",
    order="c.appointment_at",
    reason=_why_late,
)

_WITH_RESULT = """
  cross join lateral (
    select exists (select 1 from documents_document d join documents_issued i on i.document_id = d.id
                    where d.subject_kind = 'case' and d.subject_id = c.id and d.kind = any(:kinds)
                      and i.medium = 'ELECTRONIC') as issued) r
"""
_NOT_ONLINE = {"COUNTER": N_("Entered at the counter"), "POST": N_("Came by post")}
_ON_PAPER = N_("Finished without an electronic result")

# Indicator 3.3 before the rate of synchronisation (1.4), which is a factor of the national portal and known only
# there. One filed online counts unless it ended with a paper that is not electronic.
FILED_ONLINE = Indicator(
    looked_at=f"from workflow_case c {_WITH_RESULT} where c.accepted_at >= :since and c.accepted_at < :until",
    counts="c.channel = 'ONLINE' and (c.national not in (9, 10) or r.issued)",
    shown="c.channel",
    order="c.accepted_at",
    reason=lambda row: _NOT_ONLINE.get(row.channel, _ON_PAPER),
)

# Indicator 4.1: of the finished dossiers of procedures that return a paper.
ELECTRONIC_RESULTS = Indicator(
    looked_at=f"from workflow_case c {_WITH_RESULT}"
    " where c.national in (9, 10) and c.decided_at >= :since and c.decided_at < :until",
    counts="r.issued",
    shown="c.decided_at as ended_at",
    order="c.decided_at",
    reason=lambda _: _ON_PAPER,
)
