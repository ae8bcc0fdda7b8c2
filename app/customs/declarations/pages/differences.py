"""Differences of tax over all declarations: to officers those of the zone, to firms and brokers their own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.customs.declarations.pages.access import Reader, midnight
from app.customs.declarations.permissions import FILE, INSPECT
from app.customs.declarations.queries import differences as queries
from app.customs.declarations.queries.differences import PAGE_SIZE, DifferenceLine, WantedDifferences
from app.customs.declarations.queries.naming import TAX_NAMES
from app.customs.declarations.service.explaining import LONGEST, MOST, explain_all
from app.web.exports import csv_response, xlsx_response
from app.web.forms import PostedForm, needed_key, text
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

difference_pages = router()

LIST = "/customs/differences"
_FILTERS = ("state", "tax", "firm", "q", "since", "until")
STATES = {"OPEN": ("soon", N_("Not explained")), "EXPLAINED": ("good", N_("Explained"))}


def _question(
    state: str = "", tax: str = "", firm: str = "", q: str = "", since: str = "", until: str = ""
) -> Mapping[str, str]:
    """Return what the address asks; whatever is no such thing narrows nothing."""
    return {"state": state, "tax": tax, "firm": firm, "q": q, "since": since[:20], "until": until[:20]}


Asked = Annotated[Mapping[str, str], Depends(_question)]


@difference_pages.get(LIST, name="customs-differences", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked, after: str = "",
    explained: int = 0,
) -> Response:  # fmt: skip
    """List the differences of tax, the newest first."""
    return _page(request, session, actor, zone, asked, after=after, explained=explained)


@difference_pages.post(LIST, include_in_schema=False)
def explain_chosen(
    request: Request, session: DbSession, actor: Reader, posted: PostedForm, zone: CurrentZone
) -> Response:
    """Keep one explanation for the differences that are chosen in the list."""
    asked = _question(**{name: text(posted, name) for name in _FILTERS})
    chosen = [each for each in posted.getlist("chosen") if isinstance(each, str)]
    try:
        count = explain_all(
            session, difference_ids=[needed_key(each) for each in chosen], text=text(posted, "explanation"),
            actor=actor, now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        session.rollback()
        return _page(
            request, session, actor, zone, asked, after=text(posted, "after"), chosen=chosen,
            typed=text(posted, "explanation"), problems=refusal.errors,
        )  # fmt: skip
    back = {name: value for name, value in asked.items() if value} | {"explained": str(count)}
    return RedirectResponse(f"{LIST}?{urlencode(back)}", 303)


def _page(
    request: Request, session: DbSession, actor: Actor, zone: CurrentZone, asked: Mapping[str, str], *, after: str,
    explained: int = 0, chosen: Sequence[str] = (), typed: str = "", problems: Sequence[FieldProblem] = (),
) -> Response:  # fmt: skip
    gettext = request_translator(request).gettext
    wanted = wanted_of(actor, zone, asked)
    found = queries.differences(session, wanted, after=position(after, datetime, UUID))
    page, more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    narrowed = {
        "state": wanted.state, "tax": wanted.tax, "firm": str(wanted.party or ""), "q": wanted.query,
        "since": asked["since"] if wanted.since else "", "until": asked["until"] if wanted.until else "",
    }  # fmt: skip
    rows = [row_of(each, actor) for each in page]
    view = {
        "title": gettext("Differences of tax"),
        "rows": rows,
        "explains": any(row["explain"] for row in rows),
        "picked": chosen,
        "typed": typed,
        "problems": problems,
        "explained": max(0, min(explained, MOST)),
        "after": after,
        "longest": LONGEST,
        "chosen": narrowed,
        "narrowed": any(narrowed.values()),
        "misread": [asked[name] for name in ("since", "until") if asked[name] and not narrowed[name]],
        "states": [(code, gettext(word)) for code, (_, word) in STATES.items()],
        "taxes": [(code, gettext(word)) for code, word in TAX_NAMES.items()],
        "firm_name": page[0].firm if wanted.party is not None and page else "",
        "several": actor.is_officer or len(actor.party_ids) > 1,
        "officer": actor.is_officer,
        "next": f"{LIST}?{urlencode({**narrowed, 'after': encode_cursor((page[-1].found_at, page[-1].id))})}"
        if more
        else "",
        "export": urlencode(narrowed),
    }
    return render(request, "declarations/differences.html", view, status=422 if problems else 200)


@difference_pages.get(LIST + ".csv", name="customs-differences-csv", include_in_schema=False)
def list_csv(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked
) -> Response:  # fmt: skip
    """Send the list as CSV."""
    return csv_response("differences.csv", *_table(request, session, zone, wanted_of(actor, zone, asked)))


@difference_pages.get(LIST + ".xlsx", name="customs-differences-xlsx", include_in_schema=False)
def list_xlsx(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked
) -> Response:  # fmt: skip
    """Send the list as a spreadsheet."""
    return xlsx_response("differences.xlsx", *_table(request, session, zone, wanted_of(actor, zone, asked)))


def wanted_of(actor: Actor, zone: CurrentZone, asked: Mapping[str, str]) -> WantedDifferences:
    """Return what is asked for; what is no choice narrows nothing."""
    parties = None if actor.is_officer else [each for each in actor.party_ids if actor.may(FILE, each)]
    until = midnight(asked["until"], zone)
    return WantedDifferences(
        parties=parties, party=key_of(asked["firm"]), state=asked["state"] if asked["state"] in STATES else "",
        tax=asked["tax"] if asked["tax"] in TAX_NAMES else "", query=asked["q"].replace("\0", "")[:40],
        since=midnight(asked["since"], zone), until=until + timedelta(days=1) if until is not None else None,
    )  # fmt: skip


def row_of(each: DifferenceLine, actor: Actor) -> dict[str, Any]:
    """Return a difference as lists take it."""
    tone, word = STATES[each.state]
    explains = actor.may(INSPECT) if actor.is_officer else actor.may(FILE, each.party_id)
    return {
        "href": f"/declarations/{each.declaration_id}#panel-differences",
        "id": str(each.id),
        "explain": f"/declarations/{each.declaration_id}/differences/{each.id}" if explains else "",
        "code": each.code,
        "number": each.official_number,
        "firm": each.firm,
        "firm_href": f"/customs/firms/{each.party_id}" if actor.is_officer else "",
        "line": each.line,
        "tax": TAX_NAMES.get(each.tax, each.tax),
        "ours": each.ours,
        "official": each.official,
        "our_rate": each.our_rate,
        "official_rate": each.official_rate,
        "more": each.more,
        "found_at": each.found_at,
        "open": each.state == "OPEN",
        "explanation": each.explanation,
        "chip": {"tone": tone, "word": word},
    }


def _table(
    request: Request, session: Session, zone: CurrentZone, wanted: WantedDifferences
) -> tuple[list[str], Iterator[list[str]]]:
    translator = request_translator(request)
    gettext, lang = translator.gettext, translator.lang

    def amount(value: Decimal | None) -> str:
        return "" if value is None else format(value, "f")

    def moment(at: datetime | None) -> str:
        return formats.format_datetime(at, lang=lang, timezone=zone.tz) if at else ""

    header = [
        gettext("Declaration"), gettext("Official number"), gettext("Firm"), gettext("Line"), gettext("Tax"),
        gettext("Pre-calculation"), gettext("Rate of the pre-calculation"), gettext("Tax notice"),
        gettext("Rate of the notice"), gettext("Difference"), gettext("Found"), gettext("State"),
        gettext("Explanation"), gettext("Explained on"),
    ]  # fmt: skip
    rows = (
        [
            each.code, each.official_number, each.firm, str(each.line or ""),
            gettext(TAX_NAMES[each.tax]) if each.tax in TAX_NAMES else each.tax, amount(each.ours), each.our_rate,
            amount(each.official), each.official_rate, amount(each.more), moment(each.found_at),
            gettext(STATES[each.state][1]), each.explanation, moment(each.explained_at),
        ]
        for each in queries.exported(session, wanted)
    )  # fmt: skip
    return header, rows
