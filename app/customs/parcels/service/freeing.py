"""Parcels that customs refused: free again, matched anew, and no longer counted for their buyers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.customs.parcels.models import ParcelList

_FREE = text(
    """
    update parcels_parcel p
       set listed = false,
           state = case when p.state <> 'LISTED' then p.state
                        when p.reasons = '[]'::jsonb then 'MATCHED' else 'MISMATCH' end,
           judged_at = :now
      from parcels_line l
     where l.list_id = :list and p.id = l.parcel_id and p.listed
       and (cast(:numbers as bigint[]) is null or l.number = any(:numbers))
    returning p.buyer_key, l.customs_value
    """
)
_UNCOUNT = text(
    """
    update parcels_buyer_year b
       set orders = greatest(0, b.orders - r.orders), customs_value = greatest(0, b.customs_value - r.value)
      from (select k.buyer_key, count(*) as orders, sum(k.value) as value
              from unnest(cast(:keys as bytea[]), cast(:values as numeric[])) as k(buyer_key, value)
             group by k.buyer_key) r
     where b.party_id = :party and b.year = :year and b.buyer_key = r.buyer_key
    """
)


def free(session: Session, row: ParcelList, numbers: Sequence[int] | None, *, now: datetime) -> int:
    """
    Set parcels of a list free and return how many.

    :param numbers: lines that were refused; None: all.
    """
    wanted = None if numbers is None else list(numbers)
    found = session.execute(_FREE, {"list": row.id, "numbers": wanted, "now": now}).all()
    counted = [each for each in found if each.buyer_key is not None]
    if counted:
        session.execute(
            _UNCOUNT,
            {
                "party": row.party_id,
                "year": row.law_day.year,
                "keys": [bytes(each.buyer_key) for each in counted],
                "values": [each.customs_value for each in counted],
            },
        )
    return len(found)
