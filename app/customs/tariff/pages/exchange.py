"""Rates of exchange: what holds for a week, entering them, and the second officer's decision."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from app.core.documents.intake import IntakeLimits, MediaType
from app.core.documents.refusals import FileTypeUnknown
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import Translator, formats
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.workflow.papers.intake import keep_file
from app.customs.tariff import service
from app.customs.tariff.api.asking import CURRENCIES
from app.customs.tariff.domain.exchange import week_of
from app.customs.tariff.models import TariffExchangeSheet
from app.customs.tariff.permissions import EXCHANGE as KEEP
from app.customs.tariff.queries import exchange as reading
from app.web.forms import PostedForm, text
from app.web.need import Holder
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

exchange_pages = router()
exchange_uploads = upload_router()

EXCHANGE = "/desk/exchange-rates"
TABLE_LIMITS = IntakeLimits(max_bytes=2_000_000)
_MOST_TEXT = 60_000
Keeper = Annotated[Actor, Depends(Holder(KEEP))]
STATES = {"ENTERED": "wait", "IN_FORCE": "good", "REFUSED": "bad"}
ENTERED_CURRENCIES = tuple(code for code in CURRENCIES if code != "VND")


@exchange_pages.get(EXCHANGE, name="exchange-rates", include_in_schema=False)
def rates_page(request: Request, session: DbSession, actor: Keeper, zone: CurrentZone) -> Response:
    """Show the rates of this week and the next, what waits for a second officer, and the form."""
    return _page(request, session, actor, zone)


@exchange_pages.post(EXCHANGE, include_in_schema=False)
def enter(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Take the rates of a week."""
    try:
        week, rate_day, rates = _read(posted, request_translator(request))
        sheet = service.enter_rates(
            session, week=week, rate_day=rate_day, rates=rates, source=text(posted, "source")[:200], actor=actor,
            now=utcnow(), today=local_day(utcnow(), zone.tz),
        )  # fmt: skip
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _page(request, session, actor, zone, problems=list(refusal.errors), typed=posted, status=422)
    return RedirectResponse(f"{EXCHANGE}/{sheet.id}", 303)


@exchange_uploads.post("/desk/exchange-rates/table", name="exchange-table", include_in_schema=False)
def read_table(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Fill the form from a bank's table, as a file or pasted; nothing is entered before the officer sends the form."""
    lang, pasted = request_translator(request).lang, text(posted, "table")[:_MOST_TEXT]
    try:
        rows = _rows(request, sent_files(posted, "file"), pasted)
        found = service.read_rates(rows, known=ENTERED_CURRENCIES, lang=lang)
    except DomainError as refusal:
        return _page(
            request,
            session,
            actor,
            zone,
            problems=_told(request, refusal),
            typed={"table": pasted},
            status=422,
        )
    read = {f"rate-{code}": formats.format_number(rate, lang=lang) for code, rate in found.rates.items()}
    return _page(request, session, actor, zone, typed=read, read=found)


def _rows(request: Request, files: Sequence[UploadFile], pasted: str) -> list[list[str]]:
    if not files:
        return service.text_rows(pasted)
    name = files[0].filename or "table"
    if name.lower().endswith((".csv", ".txt")):
        raw = files[0].file.read(TABLE_LIMITS.max_bytes)
        return service.text_rows(raw.decode("utf-8-sig", errors="replace"))
    store = request.app.state.kernel.store
    kept = keep_file(store, stream=files[0].file, filename=name, limits=TABLE_LIMITS)
    if kept.media_type is not MediaType.XLSX:
        raise FileTypeUnknown(found=kept.media_type.value)
    with store.readable(kept.file.sha256) as path:
        return service.workbook_rows(path, lang=request_translator(request).lang)


def _told(request: Request, refusal: DomainError) -> list[FieldProblem]:
    if refusal.errors:
        return list(refusal.errors)
    told = error_texts(request_translator(request), refusal)
    return [FieldProblem("file", refusal.code, "%(reason)s", {"reason": f"{told['detail']} {told['hint']}"})]


@exchange_pages.get("/desk/exchange-rates/{sheet_id}", name="exchange-sheet", include_in_schema=False)
def sheet_page(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, sheet_id: UUID
) -> Response:
    """Show one sheet with what it changes, and the decision to those who did not enter it."""
    return _sheet_page(request, session, actor, zone, sheet_id)


@exchange_pages.post("/desk/exchange-rates/{sheet_id}", include_in_schema=False)
def decide(
    request: Request,
    session: DbSession,
    actor: Keeper,
    zone: CurrentZone,
    posted: PostedForm,
    sheet_id: UUID,
) -> Response:
    """Put a sheet in force, or send it back."""
    try:
        service.decide_rates(
            session, sheet_id=sheet_id, confirmed=text(posted, "verdict") == "CONFIRM",
            reason=text(posted, "reason")[:500], actor=actor, now=utcnow(),
        )  # fmt: skip
    except DomainError as refusal:
        if not refusal.errors:
            raise
        session.rollback()
        return _sheet_page(request, session, actor, zone, sheet_id, problems=list(refusal.errors), status=422)
    return RedirectResponse(f"{EXCHANGE}/{sheet_id}", 303)


def _read(posted: FormData, translator: Translator) -> tuple[date, date, dict[str, Decimal]]:
    problems: list[FieldProblem] = []
    days = {}
    for name in ("week", "rate_day"):
        try:
            days[name] = formats.parse_date(text(posted, name))
        except ValueError as fault:
            problems.append(FieldProblem(name, "day", str(fault)))
    rates = {}
    for currency in ENTERED_CURRENCIES:
        typed = text(posted, f"rate-{currency}").strip()
        try:
            if typed:
                rates[currency] = formats.parse_number(typed[:30], lang=translator.lang)
        except ValueError as fault:
            problems.append(FieldProblem(f"rate-{currency}", "number", str(fault)))
    if problems:
        raise service.SheetFaulty(errors=problems)
    return days["week"], days["rate_day"], rates


def _page(
    request: Request,
    session: DbSession,
    actor: Actor,
    zone: CurrentZone,
    *,
    problems: list[FieldProblem] | None = None,
    typed: Mapping[str, Any] | None = None,
    read: service.RatesRead | None = None,
    status: int = 200,
) -> Response:
    translator, today = request_translator(request), local_day(utcnow(), zone.tz)
    this = week_of(today).start
    following = this + timedelta(days=7)
    values = {name: value for name, value in (typed or {}).items() if isinstance(value, str)}
    weeks = [_week(session, zone.tz, monday, today) for monday in (following, this)]
    view = {
        "title": translator.gettext("Rates of exchange"),
        "weeks": weeks,
        "read": {"count": len(read.rates), "left_out": ", ".join(read.left_out)} if read else None,
        "pasted": values.get("table", ""),
        "sheets": [_sheet_line(each, actor) for each in reading.sheets(session)],
        "currencies": ENTERED_CURRENCIES,
        "values": {
            "week": values.get("week", following),
            "rate_day": values.get("rate_day", reading.rate_day_of(session, following, zone.tz) or ""),
            "source": values.get("source", ""),
            **{code: values.get(f"rate-{code}", "") for code in ENTERED_CURRENCIES},
        },
        "problems": problems or [],
    }
    return render(request, "tariff/exchange.html", view, status=status)


def _week(session: DbSession, tz: ZoneInfo, monday: date, today: date) -> dict[str, Any]:
    rates = reading.rates_of_week(session, monday)
    rate_day = reading.rate_day_of(session, monday, tz)
    return {
        "rate_day": rate_day,
        "to_come": rate_day is not None and rate_day >= today,
        "waiting": reading.waiting_for(session, monday),
        "since": monday,
        "until": monday + timedelta(days=6),
        "rates": [
            {"currency": each.currency, "rate": each.rate.normalize() + 0, "rate_day": each.rate_day,
             "source": each.source, "status": each.status, "demo": each.sheet_id is None}
            for each in rates
        ],
    }  # fmt: skip


def _sheet_line(each: TariffExchangeSheet, actor: Actor) -> dict[str, Any]:
    return {
        "href": f"{EXCHANGE}/{each.id}",
        "week": each.week,
        "state": each.state,
        "tone": STATES[each.state],
        "entered_by": each.entered_by_name,
        "entered_at": each.entered_at,
        "decided_by": each.decided_by_name or "",
        "mine": each.entered_by == actor.user_id,
    }


def _sheet_page(
    request: Request,
    session: DbSession,
    actor: Actor,
    zone: CurrentZone,
    sheet_id: UUID,
    *,
    problems: list[FieldProblem] | None = None,
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    sheet = session.get(TariffExchangeSheet, sheet_id)
    if sheet is None:
        raise service.SheetUnknown
    held = {each.currency: each.rate for each in reading.rates_of_week(session, sheet.week)}
    before = {
        each.currency: each.rate for each in reading.rates_of_week(session, sheet.week - timedelta(days=7))
    }
    rows = []
    for currency, amount in sorted(sheet.rates.items()):
        rate, last = Decimal(amount), before.get(currency)
        change = ((rate / last - 1) * 100).quantize(Decimal("0.01")) if last else None
        rows.append(
            {"currency": currency, "rate": rate, "last": last.normalize() + 0 if last else None, "change": change,
             "replaces": held[currency].normalize() + 0 if currency in held and sheet.state == "ENTERED" else None}
        )  # fmt: skip
    lawful = reading.rate_day_of(session, sheet.week, zone.tz)
    view = {
        "title": translator.gettext("Rates of exchange of a week"),
        "other_day": lawful if lawful not in (None, sheet.rate_day) else None,
        "sheet": _sheet_line(sheet, actor)
        | {"rate_day": sheet.rate_day, "source": sheet.source, "until": sheet.week + timedelta(days=6),
           "decided_at": sheet.decided_at, "reason": sheet.reason or ""},
        "rows": rows,
        "problems": problems or [],
        "crumbs": [Crumb(translator.gettext("Rates of exchange"), EXCHANGE)],
    }  # fmt: skip
    return render(request, "tariff/exchange_sheet.html", view, status=status)
