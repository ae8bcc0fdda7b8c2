"""From the tax notice of a low-value list to a payment slip and back to customs; as with a declaration."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.time import local_day
from app.core.payments import SlipSubject, find_slip
from app.customs.declarations.facade import bill_notice, in_both
from app.customs.parcels.models import ListNotice, ParcelList
from app.customs.parcels.service import sending

SUBJECT = "parcels_list"
TITLE = N_("Taxes of low-value list %(number)s")
_TOPIC = "customs"  # who acts for the operator in customs pays as well


def bill(session: Session, *, notice_id: UUID, zone: ZoneInfo, now: datetime) -> UUID | None:
    """Open the slip of a tax notice about a list; None when nothing is owed on it, or a later notice is known."""
    notice = session.get_one(ListNotice, notice_id)
    later = select(ListNotice.id).where(
        ListNotice.list_id == notice.list_id, ListNotice.kind == notice.kind, ListNotice.applied_at.is_not(None),
        ListNotice.sequence > notice.sequence,
    )  # fmt: skip
    if session.scalar(later.limit(1)) is not None:
        return None
    row = session.get_one(ParcelList, notice.list_id)
    title = in_both(TITLE, number=row.official_number or row.code)
    subject = SlipSubject(SUBJECT, row.id, title, f"/customs/parcels/lists/{row.id}", _TOPIC)
    return bill_notice(
        session, party_id=row.party_id, subject=subject, body=notice.body, gateway_id=notice.gateway_id, zone=zone,
        now=now,
    )  # fmt: skip


def tell_of_payment(
    session: Session, *, slip_id: UUID, transaction: str, zone: ZoneInfo, now: datetime
) -> UUID | None:
    """Tell customs that the slip of a list was paid; None when the slip is no list's."""
    slip = find_slip(session, slip_id)
    row = session.get(ParcelList, slip.subject_id) if slip.subject_kind == SUBJECT else None
    if row is None:
        return None
    return sending.tell_payment(
        session, row=row, reference=slip.notice, amount=slip.total, paid_on=local_day(slip.paid_at or now, zone),
        transaction=transaction, now=now,
    )  # fmt: skip
