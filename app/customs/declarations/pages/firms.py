"""The customs officer's firms: the list with what is open, one firm, and the indication of risk of a declaration."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.customs.declarations.domain.lifecycle import STATE_NAMES, State
from app.customs.declarations.domain.risk import Band
from app.customs.declarations.models import Declaration
from app.customs.declarations.pages.differences import row_of
from app.customs.declarations.pages.inspecting import note_row
from app.customs.declarations.pages.questions import row_view
from app.customs.declarations.pages.risk import BANDS, band_chip
from app.customs.declarations.permissions import INSPECT, READ
from app.customs.declarations.queries import desk as queries
from app.customs.declarations.queries import differences as difference_queries
from app.customs.declarations.queries import notes as note_queries
from app.customs.declarations.queries import papers as paper_queries
from app.customs.declarations.queries import questions as question_queries
from app.customs.declarations.queries.differences import WantedDifferences
from app.web.debts_view import debts_view
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

firm_pages = router()

FIRMS = "/customs/firms"
# So many differences and indications stand on the page of a firm; the rest is one link away.
SHOWN, HIGHEST = 10, 5
Reader = Annotated[Actor, Depends(Holder(READ))]

CHANNELS: Mapping[str, tuple[str, str]] = {
    "GREEN": ("good", N_("Green channel")),
    "YELLOW": ("soon", N_("Yellow channel")),
    "RED": ("bad", N_("Red channel")),
}


@firm_pages.get(FIRMS, name="customs-firms", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: Reader, q: str = "", after: str = "") -> Response:
    """List the firms with what is open about each."""
    found = queries.firms(session, search=q, after=position(after, str, UUID))
    page, more = found[: queries.PAGE_SIZE], len(found) > queries.PAGE_SIZE
    view = {
        "title": request_translator(request).gettext("Firms under customs"),
        "rows": page,
        "q": q,
        "next": f"{FIRMS}?{urlencode({'q': q, 'after': encode_cursor((page[-1].name, page[-1].party_id))})}"
        if more
        else "",
    }
    return render(request, "declarations/firms.html", view)


@firm_pages.get(FIRMS + "/{enterprise_id}", name="customs-firm", include_in_schema=False)
def page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, enterprise_id: UUID, state: str = ""
) -> Response:  # fmt: skip
    """Show one firm: declarations by state, debts, questions, inspection notes."""
    firm = queries.firm(session, enterprise_id, state=state)
    papers = paper_queries.counts(session, [each.id for each in firm.declarations])
    asked = question_queries.questions(session, party_ids=[enterprise_id])
    gettext = request_translator(request).gettext
    notes = [note_row(each) for each in note_queries.notes(session, party_id=enterprise_id)]
    rows = [row_view(each, actor) for each in question_queries.waiting_first(asked, officer=True)]
    view = {
        "title": firm.name,
        "firm": firm,
        "states": [
            _narrowed(enterprise_id, each, count, state, gettext(STATE_NAMES[each]))
            for each, count in firm.by_state
        ],
        "all_active": state not in set(State),
        "declarations": [_declaration(each, papers.get(each.id, 0)) for each in firm.declarations],
        "debts": debts_view(session, enterprise_id, actor=actor, zone=zone, now=utcnow()),
        "differences": _differences(session, enterprise_id, actor),
        "weighed": _weighed(session, enterprise_id),
        "questions": rows,
        "waiting": sum(1 for each in rows if each["mine"]),
        "notes": notes,
        "differing": sum(1 for each in notes if each["differs"] and not each["corrected"]),
        "can_inspect": actor.may(INSPECT),
        "crumbs": [Crumb(gettext("Firms under customs"), FIRMS)],
    }
    return render(request, "declarations/firm.html", view)


def _narrowed(party_id: UUID, state: State, count: int, chosen: str, title: str) -> dict[str, Any]:
    """Return the link that narrows a firm's declarations to a state."""
    href = f"{FIRMS}/{party_id}?state={state.value}#declarations"
    return {"title": title, "count": count, "href": href, "active": chosen == state.value}


def _differences(session: Session, party_id: UUID, actor: Actor) -> dict[str, Any]:
    """Return the differences that nobody has explained: how many, and the first of them."""
    wanted = WantedDifferences(party=party_id, state="OPEN")
    rows = difference_queries.differences(session, wanted, size=SHOWN)
    number, more = queries.open_differences(session, party_id)
    return {
        "rows": [row_of(each, actor) for each in rows[:SHOWN]],
        "number": number,
        "more": more,
        "href": f"/customs/differences?state=OPEN&firm={party_id}",
    }


def _declaration(row: Declaration, papers: int) -> dict[str, Any]:
    tone, word = CHANNELS.get(row.channel or "", ("", ""))
    return {
        "href": f"/declarations/{row.id}",
        "code": row.code,
        "number": row.official_number or "",
        "summary": row.summary,
        "type_code": row.type_code,
        "state": STATE_NAMES[State(row.state)],
        "channel": {"tone": tone, "word": word} if tone else None,
        "papers": papers,
        "papers_href": f"/declarations/{row.id}/papers",
        "at": row.updated_at,
    }


def _weighed(session: Session, party_id: UUID) -> dict[str, Any]:
    """Return the indications of what is under way: how many in each band, and the highest ones."""
    found = queries.weighed(session, party_id)
    counted = Counter(Band(each.content["band"]) for _, each in found)
    return {
        "bands": [
            {"tone": tone, "word": word, "count": counted[band]} for band, (tone, word) in reversed(list(BANDS.items()))
        ],
        "rows": [
            {
                "href": f"/declarations/{declaration.id}/risk",
                "code": declaration.code,
                "chip": band_chip(each.content),
                "at": each.at,
            }
            for declaration, each in found[:HIGHEST]
        ],
    }  # fmt: skip
