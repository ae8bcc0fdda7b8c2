"""What parcels show on the board: how many match, why the others do not, and what customs asked for them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.money import Money
from app.core.kit.time import local_day
from app.customs.parcels.domain.reasons import SHORT, Miss
from app.customs.parcels.models import Batch
from app.customs.parcels.permissions import READ
from app.web.tiles import Part, Scope, Share, Takings, Tally, Tile, TileRow

GROUP = N_("Customs")
HERE = "/customs/parcels"
_OPEN = "p.state in ('WAITING', 'MISMATCH')"
# By the day of arrival: that is what the index holds, and what the figures are about.
_WHEN = "p.day >= :first and p.day < :following"
_MATCHED = text(
    f"select count(*) filter (where not {_OPEN}) as good, count(*) as whole"  # noqa: S608  texts of ours
    f" from parcels_parcel p where {_WHEN}"
)
_REASONS = text(
    "select r.value ->> 'code' as part, count(*) as number from parcels_parcel p,"  # noqa: S608  texts of ours
    f" jsonb_array_elements(p.reasons) r(value) where {_WHEN} and {_OPEN} group by 1 order by 2 desc, 1"
)
_UNMATCHED = text(
    "select p.id, p.order_no, a.name, p.reasons -> 0 ->> 'code' as reason from parcels_parcel p"  # noqa: S608  as above
    f" join auth_party a on a.id = p.party_id where {_WHEN} and {_OPEN} order by p.day, p.id limit 200"
)
# A correction tells what is left of its list; what customs wrote down for the list is what was asked for.
_TAX = text(
    "select coalesce(sum(l.official_vat), 0) as official,"
    " coalesce(sum(l.vat), 0) as ours, count(*) as lists from parcels_list l"
    " where l.corrects_id is null and l.state in ('REGISTERED', 'RELEASED', 'CLEARED')"
    " and l.answered_at >= :since and l.answered_at < :until"
)


def matched(session: Session, scope: Scope) -> Share:
    """Return how many of the parcels that arrived in the time are matched, or were."""
    row = session.execute(_MATCHED, _days(scope)).one()
    return Share(row.good, row.whole)


def unmatched(session: Session, scope: Scope) -> Tally:
    """Count what keeps parcels from being matched; a parcel may have several reasons."""
    found = session.execute(_REASONS, _days(scope)).all()
    parts = tuple(Part(SHORT[Miss(row.part)], Decimal(row.number)) for row in found)
    return Tally(sum(row.number for row in found), parts)


def taxed(session: Session, scope: Scope) -> Takings:
    """Return the tax of the notices of customs on low-value lists that it registered in the time."""
    row = session.execute(_TAX, _times(scope)).one()
    return Takings(
        Money.of(row.official, "VND"), (Part(N_("Pre-calculated"), row.ours),) if row.lists else ()
    )


def told_at(session: Session) -> datetime | None:
    """Return when an operator last sent something."""
    return session.scalar(select(Batch.at).order_by(Batch.id.desc()).limit(1))


def _rows(session: Session, scope: Scope) -> Sequence[TileRow]:
    return [
        TileRow(
            code=row.order_no, title=row.name, office="", reason=SHORT[Miss(row.reason)], href=f"{HERE}/{row.id}",
            due_at=None, ended_at=None,
        )
        for row in session.execute(_UNMATCHED, _days(scope))
        if row.reason
    ]  # fmt: skip


def _days(scope: Scope) -> Mapping[str, date]:
    # What is to arrive later was not known to be matched yet.
    return {
        "first": scope.quarter.first,
        "following": min(scope.quarter.following.first, local_day(scope.now, scope.zone) + timedelta(days=1)),
    }


def _times(scope: Scope) -> Mapping[str, datetime]:
    return {"since": scope.since, "until": min(scope.until, scope.now + timedelta(microseconds=1))}


TILES = (
    Tile(
        "HQ.7", N_("Parcels matched"),
        N_("Of the low-value parcels that arrived in the quarter, how many have order, payment and waybill that agree."
           " Behind it: the others with their first reason."),
        "", matched, rows=_rows, fed_at=told_at, order=207, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.8", N_("Parcels not matched, by reason"),
        N_("Why low-value parcels of the quarter are not matched; a parcel may have several reasons."),
        "", unmatched, fed_at=told_at, order=208, group=GROUP, opens=READ,
    ),
    Tile(
        "HQ.9", N_("Tax of low-value lists"),
        N_("Tax by the notices of customs on the low-value lists that it registered in the quarter, beside what was"
           " pre-calculated for them."),
        "", taxed, fed_at=told_at, order=209, group=GROUP, opens=READ,
    ),
)  # fmt: skip
