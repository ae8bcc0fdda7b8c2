"""Rates of exchange: an officer enters those of a week, a second one puts them in force or sends them back."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.customs.tariff.domain.exchange import week_of
from app.customs.tariff.domain.expressions import plain
from app.customs.tariff.models import TariffExchangeRate, TariffExchangeSheet

ENTERED, IN_FORCE, REFUSED = "ENTERED", "IN_FORCE", "REFUSED"
_CURRENCY = re.compile("[A-Z]{3}")
_HIGHEST = Decimal(10) ** 9


class SheetFaulty(Invalid):
    """What was entered makes no sheet of rates."""

    code = "tariff.sheet-faulty"
    title = N_("The rates cannot be kept as they are.")
    hint = N_("Correct the fields that are marked, then send again.")


class SheetUnknown(NotFound):
    """No such sheet."""

    code = "tariff.sheet-unknown"
    title = N_("These rates are not there.")
    hint = N_("Open the list of weeks and choose from it.")


class SheetDecided(Conflict):
    """Somebody decided before."""

    code = "tariff.sheet-decided"
    title = N_("These rates have been decided already.")
    hint = N_("Open the week to see who decided; enter the rates anew if they must change.")


class SecondOfficer(Forbidden):
    """Nobody confirms what they entered themselves."""

    code = "tariff.second-officer"
    title = N_("A second officer confirms the rates.")
    detail = N_("You entered these rates yourself.")
    hint = N_("Ask a colleague to compare them with the source and to confirm.")


def enter_rates(
    session: Session,
    *,
    week: date,
    rate_day: date,
    rates: Mapping[str, Decimal],
    source: str,
    actor: Actor,
    now: datetime,
    today: date | None = None,
) -> TariffExchangeSheet:
    """
    Enter the rates of a week; they hold once a second officer confirms them.

    :param rates: VND for one unit, by currency.
    :param today: the local day; rates of a day to come are not known yet and are refused.
    :raises SheetFaulty: names every field that is wrong.
    """
    if actor.user_id is None:
        raise SecondOfficer
    problems = _problems(week, rate_day, rates, source)
    if today is not None and rate_day > today:
        problems.append(
            FieldProblem(
                "rate_day", "not-yet", N_("The rates of this day are not published yet; enter them after it.")
            )
        )
    if problems:
        raise SheetFaulty(errors=problems)
    sheet = TariffExchangeSheet(
        id=uuid7(), week=week, rate_day=rate_day, rates={code: plain(rate) for code, rate in rates.items()},
        source=source.strip(), state=ENTERED, entered_by=actor.user_id, entered_by_name=actor.name, entered_at=now,
    )  # fmt: skip
    session.add(sheet)
    record(
        session, "tariff:exchange:enter", subject=Subject("tariff_exchange", sheet.id), actor=actor, at=now,
        facts={"week": week.isoformat(), "rates": sheet.rates},
    )  # fmt: skip
    return sheet


def decide_rates(
    session: Session, *, sheet_id: UUID, confirmed: bool, reason: str, actor: Actor, now: datetime
) -> TariffExchangeSheet:
    """
    Put the rates of a sheet in force for its week, or send them back with a reason.

    What was recorded for the same currencies and week is closed; declarations assessed before keep what they used.

    :raises SheetUnknown: no such sheet.
    :raises SheetDecided: it was decided before.
    :raises SecondOfficer: the actor entered it.
    :raises SheetFaulty: sent back without a reason.
    """
    sheet = session.get(TariffExchangeSheet, sheet_id, with_for_update=True, populate_existing=True)
    if sheet is None:
        raise SheetUnknown
    if sheet.state != ENTERED:
        raise SheetDecided
    if confirmed and (actor.user_id is None or actor.user_id == sheet.entered_by):
        raise SecondOfficer
    if not confirmed and not reason.strip():
        raise SheetFaulty(errors=[FieldProblem("reason", "required", N_("Say why you send the rates back."))])
    sheet.state = IN_FORCE if confirmed else REFUSED
    sheet.decided_by, sheet.decided_by_name, sheet.decided_at = actor.user_id, actor.name, now
    sheet.reason = reason.strip() or None
    session.flush()  # rates may only be written for a sheet that is in force
    if confirmed:
        _put_in_force(session, sheet, now)
    record(
        session, "tariff:exchange:confirm" if confirmed else "tariff:exchange:refuse",
        subject=Subject("tariff_exchange", sheet.id), actor=actor, at=now, facts={"week": sheet.week.isoformat()},
    )  # fmt: skip
    return sheet


def enter_demo_rates(session: Session, *, now: datetime, today: date, weeks: int = 60) -> int:
    """
    Make up the rates of the last weeks for the demo zone, marked as such; weeks that have rates stay as they are.

    :return: how many weeks were filled.
    """
    this = week_of(today).start
    known = set(session.scalars(select(func.lower(TariffExchangeRate.valid)).distinct()))
    wanted = [this - timedelta(weeks=back) for back in range(weeks)]
    rows = [row for monday in wanted if monday not in known for row in _made_up(monday, now)]
    if rows:
        session.execute(insert(TariffExchangeRate), rows)
    return len(wanted) - len(known.intersection(wanted))


def _made_up(monday: date, now: datetime) -> list[dict[str, object]]:
    wave = (monday.toordinal() // 7) % 9 - 4
    return [
        {
            "id": uuid7(),
            "currency": currency,
            "rate": (level + step * wave).quantize(Decimal("0.01")),
            "rate_day": monday - timedelta(days=4),
            "source": "DEMO",
            "valid": Range(monday, monday + timedelta(days=7), bounds="[)"),
            "recorded": Range(now, None, bounds="[)"),
            "status": "ASSUMED",
        }
        for currency, level, step in _DEMO
    ]


# Levels of the demo zone, not quotations of any bank.
_DEMO = tuple(
    (currency, Decimal(level), Decimal(step))
    for currency, level, step in (
        ("USD", "26100", "10"), ("EUR", "30150", "25"), ("JPY", "171", "0.35"), ("CNY", "3640", "4"),
        ("KRW", "18", "0.04"), ("GBP", "34600", "30"), ("SGD", "20150", "15"), ("THB", "795", "1"),
        ("AUD", "17050", "20"), ("HKD", "3340", "2"), ("TWD", "838", "1"), ("CHF", "32500", "28"),
        ("CAD", "18700", "14"), ("INR", "296", "0.5"), ("MYR", "6220", "6"),
    )
)  # fmt: skip


def _put_in_force(session: Session, sheet: TariffExchangeSheet, now: datetime) -> None:
    days = Range(sheet.week, sheet.week + timedelta(days=7), bounds="[)")
    rate = TariffExchangeRate
    session.execute(
        update(rate)
        .where(rate.currency.in_(sheet.rates), rate.valid.overlaps(days), func.upper_inf(rate.recorded))
        .values(recorded=func.tstzrange(func.lower(rate.recorded), now))
        .execution_options(synchronize_session=False)
    )
    rows = [
        {
            "id": uuid7(),
            "currency": currency,
            "rate": Decimal(amount),
            "rate_day": sheet.rate_day,
            "source": sheet.source,
            "valid": days,
            "recorded": Range(now, None, bounds="[)"),
            "status": "VERIFIED",
            "sheet_id": sheet.id,
        }
        for currency, amount in sorted(sheet.rates.items())
    ]
    session.execute(insert(rate), rows)


def _problems(week: date, rate_day: date, rates: Mapping[str, Decimal], source: str) -> list[FieldProblem]:
    found = []
    if week != week_of(week).start:
        found.append(FieldProblem("week", "not-monday", N_("A week begins on a Monday.")))
    if not week - timedelta(days=14) <= rate_day < week:
        found.append(
            FieldProblem(
                "rate_day",
                "out-of-week",
                N_("The day of the rates lies before the week, by two weeks at most."),
            )
        )
    if not rates:
        found.append(FieldProblem("rates", "required", N_("Enter at least one rate.")))
    for currency, amount in rates.items():
        if not _CURRENCY.fullmatch(currency) or currency == "VND":
            found.append(
                FieldProblem(f"rate-{currency}", "currency", N_("A currency is written with three letters."))
            )
        elif not Decimal(0) < amount < _HIGHEST or amount != round(amount, 6):
            found.append(
                FieldProblem(
                    f"rate-{currency}", "amount", N_("A rate is above zero, with at most six decimals.")
                )
            )
    if not source.strip():
        found.append(FieldProblem("source", "required", N_("Say where the rates were read.")))
    return found
