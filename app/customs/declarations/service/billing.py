"""From the authority's tax notice to a payment slip, and from the paid slip back to the authority."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.i18n import N_, translator
from app.core.i18n.catalogue import languages
from app.core.i18n.formats import format_number
from app.core.kit.actor import SYSTEM
from app.core.kit.time import local_day
from app.core.payments import (
    Latest,
    LineDraft,
    LineKind,
    SlipSubject,
    demand,
    demanded_of,
    find_slip,
    slips_of,
    withdraw,
)
from app.customs.declarations.domain.comparing import taxes_of
from app.customs.declarations.models import Declaration, Notice
from app.customs.declarations.queries.naming import FURTHER, SUBJECT, TAX_NAMES
from app.customs.declarations.service import asking

TITLE = N_("Taxes of customs declaration %(number)s")
REPLACED = N_("Customs has sent a new tax notice; it replaces this one.")
CANCELLED = N_("Customs has cancelled the declaration.")
LOWERED = N_("Customs has sent tax notice %(notice)s: it asks for %(total)s VND, and %(paid)s VND were paid.")
_TOPIC = "customs"  # who acts for the payer in customs pays as well


def bill(session: Session, *, notice_id: UUID, zone: ZoneInfo, now: datetime) -> UUID | None:
    """
    Open the slip of a tax notice; None when nothing is owed on it.

    A later notice replaces the slips that wait. What was paid on earlier ones counts: only the rest is demanded, and
    what the notice no longer demands of them is the firm's again.
    """
    notice = session.get_one(Notice, notice_id)
    declaration = session.get_one(Declaration, notice.declaration_id)
    if _is_outdated(session, notice):
        return None
    return bill_notice(
        session, party_id=declaration.party_id, subject=_subject(declaration), body=notice.body,
        gateway_id=notice.gateway_id, zone=zone, now=now,
    )  # fmt: skip


def bill_notice(
    session: Session, *, party_id: UUID, subject: SlipSubject, body: Mapping[str, Any], gateway_id: str,
    zone: ZoneInfo, now: datetime,
) -> UUID | None:  # fmt: skip
    """Demand what the body of the latest tax notice says, of whatever it is about."""
    due, total = body.get("due_on"), Decimal(body.get("total", "0"))
    latest = Latest(
        key=str(body.get("payment_reference") or gateway_id), lines=_lines(body),
        due_on=date.fromisoformat(due) if due else None, further=in_both(FURTHER),
        replaced=translator("vi").gettext(REPLACED),
    )  # fmt: skip
    paid = demanded_of(slips_of(session, subject_kind=subject.kind, subject_id=subject.id))
    lowered = in_both(LOWERED, notice=latest.key, total=_dong(total), paid=_dong(paid))
    return demand(
        session, party_id=party_id, subject=subject, latest=latest, lowered=lowered, zone=zone, actor=SYSTEM, now=now
    )  # fmt: skip


def withdraw_bills(session: Session, *, declaration_id: UUID, now: datetime) -> None:
    """Demand nothing more: the declaration was cancelled. What was paid is the firm's again."""
    withdraw(
        session, subject_kind=SUBJECT, subject_id=declaration_id, why=in_both(CANCELLED),
        reason=translator("vi").gettext(CANCELLED), actor=SYSTEM, now=now,
    )  # fmt: skip


def tell_of_payment(
    session: Session, *, slip_id: UUID, transaction: str, zone: ZoneInfo, now: datetime
) -> UUID | None:
    """Tell customs that a slip was paid; None when the slip is no declaration's that was sent from here."""
    slip = find_slip(session, slip_id)
    declaration = session.get(Declaration, slip.subject_id) if slip.subject_kind == SUBJECT else None
    if declaration is None or declaration.origin != "OURS":
        return None
    return asking.tell_payment(
        session, declaration=declaration, reference=slip.notice, amount=slip.total,
        paid_on=local_day(slip.paid_at or now, zone), transaction=transaction, actor=SYSTEM, now=now,
    )  # fmt: skip


def _dong(amount: Decimal) -> str:
    return format_number(amount, lang="vi", decimals=0)


def _is_outdated(session: Session, notice: Notice) -> bool:
    """Tell whether a later tax notice is known; handlers may run in another order than the notices came."""
    later = select(Notice.id).where(
        Notice.declaration_id == notice.declaration_id, Notice.kind == notice.kind,
        Notice.outcome == "APPLIED", Notice.sequence > notice.sequence,
    )  # fmt: skip
    return session.scalar(later.limit(1)) is not None


def _lines(body: Mapping[str, Any]) -> list[LineDraft]:
    sums: dict[str, Decimal] = dict.fromkeys(TAX_NAMES, Decimal(0))
    for (_, kind), figure in taxes_of(body).items():
        sums[kind] = sums.get(kind, Decimal(0)) + figure.amount
    lines = [_line(kind, TAX_NAMES.get(kind, FURTHER), amount) for kind, amount in sums.items() if amount > 0]
    total = Decimal(body.get("total", "0"))
    if total == sum((line.amount for line in lines), Decimal(0)):
        return lines
    # The authority's total counts; where its lines do not add up to it, one line of our own says the total.
    return [_line("TAX", FURTHER, total)] if total > 0 else []


def _line(purpose: str, title: str, amount: Decimal) -> LineDraft:
    return LineDraft(purpose, LineKind.TAX, in_both(title), amount)


def _subject(declaration: Declaration) -> SlipSubject:
    number = declaration.official_number or declaration.code
    return SlipSubject(
        SUBJECT, declaration.id, in_both(TITLE, number=number), f"/declarations/{declaration.id}", _TOPIC
    )


def in_both(message: str, **params: str) -> dict[str, str]:
    """Return a message in all languages, for records that people of either read."""
    return {lang: translator(lang).gettext(message, **params) for lang in languages()}
