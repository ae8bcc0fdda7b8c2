"""My declarations: one list over all firms somebody acts for; for officers, over all firms of the zone."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.i18n import formats
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of
from app.core.kit.pagination import encode_cursor, position
from app.customs.declarations.domain import catalogue
from app.customs.declarations.domain.lifecycle import NO_CHANNEL, STATE_NAMES, UNDECIDED, State
from app.customs.declarations.pages.access import Reader, midnight
from app.customs.declarations.pages.words import (
    CHANNELS,
    HOME,
    channel_chip,
    movement_name,
    state_chip,
    type_name,
)
from app.customs.declarations.queries import firms, listing
from app.customs.declarations.queries.listing import CHANGED, PAGE_SIZE, REGISTERED, SORTS, Listed, Wanted
from app.web.exports import csv_response, xlsx_response
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

listing_pages = router()


def _question(
    q: str = "", state: str = "", channel: str = "", movement: str = "", firm: str = "", since: str = "",
    until: str = "", sort: str = "", registered: str = "",
) -> Mapping[str, str]:  # fmt: skip
    """Return what the address asks; whatever is no such thing narrows nothing."""
    return {
        "q": q, "state": state, "channel": channel, "movement": movement, "firm": firm, "since": since[:20],
        "until": until[:20], "sort": sort, "registered": registered,
    }  # fmt: skip


Asked = Annotated[Mapping[str, str], Depends(_question)]


@listing_pages.get(HOME, name="declarations", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked, after: str = "",
) -> Response:  # fmt: skip
    """List declarations, fifty a page, narrowed by what is asked."""
    translator = request_translator(request)
    gettext, lang = translator.gettext, translator.lang
    offered = [] if actor.is_officer else firms.firms_of(session, actor)
    wanted = _wanted(actor, asked, zone)
    found = listing.declarations(session, wanted, after=position(after, datetime, UUID))
    page, chosen = found[:PAGE_SIZE], _chosen(asked, wanted)
    link = {name: value for name, value in {**chosen, "sort": wanted.sort}.items() if value}
    everywhere = {name: value for name, value in link.items() if name != "registered"}
    view = {
        "title": gettext("Declarations"),
        "also_unregistered": f"{HOME}?{urlencode(everywhere)}" if wanted.registered else "",
        "rows": [_row(each, lang) for each in page],
        "chosen": chosen,
        "narrowed": any(chosen.values()),
        "states": [(code.value, gettext(STATE_NAMES[code])) for code in State],
        "channels": [
            *((code, gettext(word)) for code, (_, word) in CHANNELS.items()),
            (NO_CHANNEL, gettext(UNDECIDED)),
        ],
        "movements": [(code, movement_name(code, lang)) for code in catalogue.movements()],
        "firms": [(str(each.id), each.name) for each in offered],
        "several": actor.is_officer or len(offered) > 1,
        "can_open": bool(offered),
        "misread": [asked[name] for name in ("since", "until") if asked[name] and not chosen[name]],
        "sort": wanted.sort,
        "by_change": f"{HOME}?{urlencode({**link, 'sort': CHANGED})}",
        "by_registration": f"{HOME}?{urlencode({**link, 'sort': REGISTERED})}",
        "first": f"{HOME}?{urlencode(link)}" if after else "",
        "next": f"{HOME}?{urlencode({**link, 'after': encode_cursor(_place(page[-1], wanted))})}"
        if len(found) > PAGE_SIZE
        else "",
        "export": urlencode(link),
        "share": f"{HOME}?{urlencode(link)}",
    }
    return render(request, "declarations/list.html", view)


@listing_pages.get(HOME + ".csv", name="declarations-csv", include_in_schema=False)
def list_csv(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked
) -> Response:  # fmt: skip
    """Send the list as CSV."""
    wanted = _wanted(actor, asked, zone)
    return csv_response("declarations.csv", *_table(request, session, zone, wanted))


@listing_pages.get(HOME + ".xlsx", name="declarations-xlsx", include_in_schema=False)
def list_xlsx(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, asked: Asked
) -> Response:  # fmt: skip
    """Send the list as a spreadsheet."""
    wanted = _wanted(actor, asked, zone)
    return xlsx_response("declarations.xlsx", *_table(request, session, zone, wanted))


def _wanted(actor: Actor, asked: Mapping[str, str], zone: CurrentZone) -> Wanted:
    parties = None if actor.is_officer else actor.party_ids
    party, until = key_of(asked["firm"]), midnight(asked["until"], zone)
    return Wanted(
        parties=parties,
        party=party if party is not None and (parties is None or party in parties) else None,
        query=asked["q"][:100],
        state=asked["state"] if asked["state"] in set(State) else "",
        channel=asked["channel"] if asked["channel"] in (*CHANNELS, NO_CHANNEL) else "",
        movement=asked["movement"] if asked["movement"] in catalogue.movements() else "",
        drafts=not actor.is_officer,
        since=midnight(asked["since"], zone),
        until=until + timedelta(days=1) if until is not None else None,
        sort=asked["sort"] if asked["sort"] in SORTS else CHANGED,
        registered=bool(asked["registered"]),
    )


def _chosen(asked: Mapping[str, str], wanted: Wanted) -> dict[str, str]:
    """Return what narrows the list, as its form and its address carry it; what was no such thing is empty."""
    return {
        "q": wanted.query, "state": wanted.state, "channel": wanted.channel, "movement": wanted.movement,
        "firm": str(wanted.party or ""), "since": asked["since"] if wanted.since else "",
        "until": asked["until"] if wanted.until else "", "registered": "1" if wanted.registered else "",
    }  # fmt: skip


def _place(last: Listed, wanted: Wanted) -> tuple[datetime, UUID]:
    return (last.period if wanted.sort == REGISTERED else last.updated_at), last.id


def _row(each: Listed, lang: str) -> dict[str, Any]:
    return {
        "href": f"{HOME}/{each.id}",
        "code": each.code,
        "firm": each.firm,
        "type_code": each.type_code,
        "type_name": type_name(each.type_code, lang),
        "movement": movement_name(each.movement, lang),
        "state": state_chip(each.state),
        "channel": channel_chip(each.channel),
        "official_number": each.official_number or "",
        "summary": each.summary,
        "line_count": each.line_count,
        "reference": each.own_reference,
        "branch": each.branch if each.branch[1] > 1 else None,
        "elsewhere": each.origin == "ELSEWHERE",
        "updated_at": each.updated_at,
        "registered_at": each.registered_at,
    }


def _table(
    request: Request, session: Session, zone: CurrentZone, wanted: Wanted
) -> tuple[list[str], Iterator[list[str]]]:
    translator = request_translator(request)
    gettext, lang = translator.gettext, translator.lang

    def moment(at: datetime | None) -> str:
        return formats.format_datetime(at, lang=lang, timezone=zone.tz) if at else ""

    header = [
        gettext("Code"), gettext("Firm"), gettext("Type code"), gettext("Movement"), gettext("State"),
        gettext("Channel"), gettext("Official number"), gettext("Goods"), gettext("Lines"), gettext("Own reference"),
        gettext("Registered"), gettext("Cleared"), gettext("Changed"),
    ]  # fmt: skip
    rows = (
        [
            each.code, each.firm, each.type_code, movement_name(each.movement, lang),
            gettext(STATE_NAMES[State(each.state)]), gettext(CHANNELS[each.channel][1]) if each.channel else "",
            each.official_number or "", each.summary, str(each.line_count), each.own_reference,
            moment(each.registered_at), moment(each.cleared_at), moment(each.updated_at),
        ]
        for each in listing.exported(session, wanted)
    )  # fmt: skip
    return header, rows
