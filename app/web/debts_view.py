"""What a firm owes past its day, what the law stops because of it, and what to do: for pages of rooms that register."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import law
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import local_day
from app.core.law import Instrument, LawValue, LawValueMissing, Status
from app.core.payments import Debt, Debts, blocking_debts, find_slip
from app.core.payments.booking import received_on
from app.core.payments.debts import CLEARANCE_BLOCKED, REGISTRATION_AFTER
from app.core.payments.permissions import READ
from app.core.settings.zone import ZoneConfig
from app.web.payments_view import interest_view, may_pay

CLEARANCE = N_("While a tax is overdue, customs does not clear new declarations of the payer.")
STOPPED = N_(
    "A tax is overdue for longer than %(days)s days: customs may enforce it and registers no new declarations."
)
AHEAD = N_("After %(days)s days overdue, customs may enforce a debt and registers no new declarations.")


def debts_view(
    session: Session, party_id: UUID, *, actor: Actor, zone: ZoneConfig, now: datetime
) -> dict[str, Any] | None:
    """Return what ``payments/_debts.html`` shows; None where the law data do not say what debts stop."""
    try:
        found = blocking_debts(session, party_id=party_id, now=now, zone=zone.tz)
    except LawValueMissing:
        return None
    today = local_day(now, zone.tz)
    return {
        "rows": [_row(session, each, actor, zone, today) for each in found.debts],
        "stops_registration": bool(found.stop_registration),
        "stops_clearance": bool(found.stop_clearance),
        "effects": _effects(session, found, today) if found.debts else [],
    }


def _row(session: Session, debt: Debt, actor: Actor, zone: ZoneConfig, today: date) -> dict[str, Any]:
    slip = find_slip(session, debt.slip_id)
    opens = actor.may(READ) if actor.is_officer else may_pay(actor, slip)
    return {
        "href": f"/payments/{slip.id}" if opens else "",
        "reference": debt.reference,
        "title": debt.title,
        "due_on": debt.due_on,
        "days": debt.days,
        "amount": debt.outstanding,
        "stops_registration": debt.stops_registration,
        "stops_clearance": debt.stops_clearance,
        "pays": not actor.is_officer and opens,
        "interest": interest_view(session, slip, received_on(session, slip.id), zone=zone, today=today),
    }


def _effects(session: Session, found: Debts, today: date) -> list[dict[str, Any]]:
    values: Mapping[str, LawValue] = {each.key: each for each in found.law}
    acts = law.instruments(session)
    longest = law.at(session, today).days(REGISTRATION_AFTER)
    said = [(STOPPED if found.stop_registration else AHEAD, REGISTRATION_AFTER)]
    if found.stop_clearance:
        said.append((CLEARANCE, CLEARANCE_BLOCKED))
    return [{"text": text, "days": longest, **_source(values[key], acts)} for text, key in said]


def _source(value: LawValue, acts: Mapping[str, Instrument]) -> dict[str, Any]:
    act = acts.get(value.instrument) if value.instrument else None
    return {
        "act": act.title if act else None,
        "number": act.number if act else value.instrument or "",
        "article": value.article or "",
        "assumed": value.status is Status.ASSUMED,
    }
