"""A declaration on paper: everything that it says, with what it is and what it is not at the head of each print."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.i18n import localise
from app.core.kit.time import utcnow
from app.customs.declarations.domain import catalogue, dictionary
from app.customs.declarations.domain.comparing import taxes_of
from app.customs.declarations.domain.lifecycle import State
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Reader, visible
from app.customs.declarations.pages.page import frame, summary
from app.customs.declarations.pages.taxes import taxes_view
from app.customs.declarations.pages.words import HOME, lang_of
from app.customs.declarations.queries import exchange, reading
from app.customs.declarations.queries.gateway import simulated
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.queries.naming import TAX_NAMES
from app.customs.declarations.service import checking, pricing
from app.customs.declarations.service.reading import shown
from app.customs.tariff.facade import Assessment, from_record
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

print_pages = router()
OFFICIAL = "OFFICIAL"


@print_pages.get(HOME + "/{declaration_id}/print", name="declaration-print", include_in_schema=False)
def print_page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, declaration_id: UUID
) -> Response:
    """Show the declaration as it prints on A4."""
    row = visible(session, actor, declaration_id)
    head = reading.head(session, row)
    notices = exchange.notices_of(session, row.id)
    view = {
        **frame(request, session, actor, row),
        **summary(request, session, row, head),
        "details": _details(session, head, lang_of(request)),
        "taxes": taxes_view(
            request,
            _assessment(session, row, head, zone),
            dutiable=catalogue.is_dutiable(row.movement, row.direction),
        ),
        "official": _official(request, session, head),
        "simulated": bool(notices) and simulated(session, (each.body for each in notices)),
        "version_number": head.number,
        "printed_at": utcnow(),
        "not_declared": row.official_number is None,
    }
    view["crumbs"] = [*view["crumbs"], Crumb(row.code, f"{HOME}/{row.id}")]
    view["title"] = request_translator(request).gettext("Print view")
    return render(request, "declarations/print.html", view)


def _assessment(session: Session, row: Declaration, head: Revision, zone: CurrentZone) -> Assessment | None:
    if row.state == State.DRAFT:
        content = checking.content_of(session, row, head, now=utcnow(), zone=zone.tz)
        return pricing.price(session, content)
    kept = reading.assessment(session, head.id, pricing.PRECALCULATED)
    return from_record(kept.content) if kept is not None else None


def _details(session: Session, head: Revision, lang: str) -> Mapping[int, Sequence[Mapping[str, str]]]:
    """Return what the table of lines has no column for, by line."""
    in_table = {"own_code", "hs", "description", "origin", "quantity", "unit", "unit_price", "value"}
    return {
        place: [
            {"label": localise(field.label, lang)[0], "value": shown(field, line[code], lang=lang)}
            for code, field in dictionary.line_fields().items()
            if code not in in_table and line.get(code)
        ]
        for place, line in enumerate(texts_of(session, head.id), 1)
    }


def _official(request: Request, session: Session, head: Revision) -> Mapping[str, Any] | None:
    """Return the tax notice by line and tax, None before there is one."""
    kept = reading.assessment(session, head.id, OFFICIAL)
    if kept is None:
        return None
    gettext = request_translator(request).gettext
    return {
        "total": kept.total,
        "rows": [
            {"line": line, "tax": gettext(TAX_NAMES.get(tax, tax)), "rate": each.rate, "amount": each.amount}
            for (line, tax), each in sorted(taxes_of(kept.content).items())
        ],
    }
