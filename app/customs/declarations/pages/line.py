"""
One goods line on a page of its own: all its fields, the search for its HS code, and every lawful tariff for it.

It works without a script: searching, taking a code and choosing a tariff save what was typed first, so nothing is lost.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, NotFound
from app.core.i18n import localise
from app.core.kit.time import utcnow
from app.customs.declarations.domain import catalogue, dictionary, rules
from app.customs.declarations.domain.content import Content
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, visible
from app.customs.declarations.pages.header import question
from app.customs.declarations.pages.taxes import taxes_view
from app.customs.declarations.pages.words import HOME, field_problems, lang_of, sentence
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.queries.products import completed
from app.customs.declarations.service import checking, drafting, pricing
from app.customs.declarations.service.importing import empty_value_filled
from app.customs.declarations.service.reading import line_plain
from app.customs.tariff import facade as tariff
from app.web.forms import PostedForm, text, whole
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

line_page = router()
ADDRESS = HOME + "/{declaration_id}/lines/{place}"
HITS = 12
FOLLOWS = ("", "MFN", "ORDINARY")


@line_page.get(ADDRESS, name="declaration-line", include_in_schema=False)
def page(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, declaration_id: UUID, place: int,
    q: str = "", check: str = "",
) -> Response:  # fmt: skip
    """Show a line of a draft; the one behind the last is a new one."""
    row = visible(session, actor, declaration_id)
    draft = _draft(session, row)
    content = checking.content_of(session, row, draft, now=utcnow(), zone=zone.tz)
    if not 1 <= place <= len(content.lines) + 1:
        raise NotFound
    return _page(request, session, row, content, place, q[:100], check=bool(check))


@line_page.post(ADDRESS, include_in_schema=False)
def save(
    request: Request,
    session: DbSession,
    actor: Declarant,
    posted: PostedForm,
    declaration_id: UUID,
    place: int,
) -> Response:
    """Save the line, then do what was pressed: search, take a code, claim a tariff, go on."""
    row = visible(session, actor, declaration_id)
    stored = list(texts_of(session, _draft(session, row).id))
    if not 1 <= place <= len(stored) + 1:
        raise NotFound
    typed = {code: text(posted, code) for code in dictionary.line_fields() if code in posted}
    then, _, chosen = text(posted, "then").partition(":")
    line = _chosen(line_plain(typed, lang=lang_of(request)), then, chosen)
    (line,) = ({**each} for each in completed(session, row.party_id, [line]))
    stored[place - 1 : place] = [empty_value_filled(line)]
    version = whole(posted, "version")
    drafting.save_lines(
        session, declaration_id=declaration_id, version=version, lines=stored, actor=actor, now=utcnow()
    )
    return RedirectResponse(
        _after(declaration_id, place, then, text(posted, "q"), some=any(line.values())), 303
    )


def _draft(session: Session, row: Declaration) -> Revision:
    draft = reading.pending(session, row) or reading.head(session, row)
    if draft.state != "DRAFT":
        raise drafting.NoDraft
    return draft


def _chosen(line: dict[str, str], then: str, chosen: str) -> dict[str, str]:
    if then == "hs":
        return {**line, "hs": chosen}
    if then == "scheme":
        return {**line, "scheme": chosen}
    return line


def _after(declaration_id: UUID, place: int, then: str, q: str, *, some: bool) -> str:
    base = f"{HOME}/{declaration_id}/lines"
    if then == "search":
        return f"{base}/{place}?{urlencode({'q': q})}#hs-search"
    if then == "hs":
        return f"{base}/{place}?check=1#f-hs"
    if then == "scheme":
        return f"{base}/{place}?check=1#tariffs"
    if then == "next" and some:
        return f"{base}/{place + 1}"
    if then == "grid" or not some:
        return f"{base}?at={place}"
    return f"{base}/{place}?check=1"


def _page(
    request: Request, session: Session, row: Declaration, content: Content, place: int, q: str, *, check: bool
) -> Response:
    gettext, lang = request_translator(request).gettext, lang_of(request)
    line = content.lines[place - 1] if place <= len(content.lines) else {}
    shipment = pricing.shipment_of(content)
    answer = tariff.what_if(session, shipment) if shipment is not None else None
    found = [
        each
        for each in (*rules.check(content), *pricing.findings_of(answer.assessment if answer else None))
        if each.line == place and (check or each.rule != "missing")
    ]
    fields = [*dictionary.line_fields().values()]
    known = tariff.schemes(session)
    view: dict[str, Any] = {
        "title": gettext("Line %(number)s", number=place),
        "id": str(row.id), "code": row.code, "version": row.version, "place": place, "count": len(content.lines),
        "questions": [_question(each, line, known, lang) for each in fields if not each.rare],
        "rare": [_question(each, line, known, lang) for each in fields if each.rare],
        "rare_open": any(line.get(each.code) for each in fields if each.rare),
        "problems": _problems([each for each in found if rules.is_error(each)], lang),
        "warnings": [
            {**sentence(each, lang), "label": localise(dictionary.line_fields()[each.field].label, lang)[0]}
            for each in found
            if not rules.is_error(each) and each.field in dictionary.line_fields()
        ],
        "q": q,
        "hits": [
            {"code": each.code, "title": localise(each.title, lang)[0], "unit": each.unit}
            for each in (tariff.search_headings(session, q, content.today, limit=HITS, lines_only=True) if q else ())
        ],
        "dutiable": catalogue.is_dutiable(row.movement, row.direction),
        "options": _options(answer, place, line, known, lang),
        "tax": _tax(request, row, answer, place),
        "day": content.today,
        "crumbs": [
            Crumb(gettext("Declarations"), HOME), Crumb(row.code, f"{HOME}/{row.id}"),
            Crumb(gettext("Goods lines"), f"{HOME}/{row.id}/lines"),
        ],
    }  # fmt: skip
    return render(request, "declarations/line.html", view)


def _question(
    field: dictionary.Field, line: Mapping[str, str], known: Mapping[str, tariff.Scheme], lang: str
) -> dict[str, Any]:
    asked = question(field, line, {}, lang, fixed=False)
    if field.list == "scheme":
        asked["options"] = [
            (code, f"{code} – {localise(each.title, lang)[0]}") for code, each in known.items()
        ]
    return asked


def _problems(found: Sequence[Finding], lang: str) -> list[FieldProblem]:
    """Return findings beside the fields of this page, whose controls are named by the field alone."""
    return [
        FieldProblem(each.field, problem.code, problem.reason, problem.params)
        for each, problem in zip(found, field_problems(found, lang), strict=True)
    ]


def _options(
    answer: tariff.WhatIf | None,
    place: int,
    line: Mapping[str, str],
    known: Mapping[str, tariff.Scheme],
    lang: str,
) -> list[dict[str, Any]]:
    """Return every lawful tariff of the line with what it costs against the one that is claimed now."""
    ranked = next((each.options for each in answer.options if each.number == place), ()) if answer else ()
    claimed = line.get("scheme") or "MFN"
    now = next((each.total for each in ranked if each.scheme == claimed), None)
    return [
        {
            "scheme": each.scheme,
            "title": localise(known[each.scheme].title, lang)[0] if each.scheme in known else "",
            "rate": each.rate,
            "total": each.total,
            "more": each.total - now if now is not None else None,
            "needs_proof": each.needs_proof,
            "papers": list(known[each.scheme].papers) if each.scheme in known else [],
            "best": each.best,
            "claimed": each.scheme == claimed or (claimed in FOLLOWS and each.scheme in FOLLOWS),
            "assumed": each.status == "ASSUMED",
        }
        for each in ranked
    ]


def _tax(
    request: Request, row: Declaration, answer: tariff.WhatIf | None, place: int
) -> Mapping[str, Any] | None:
    if answer is None:
        return None
    shown = taxes_view(
        request, answer.assessment, dutiable=catalogue.is_dutiable(row.movement, row.direction)
    )
    lines: Sequence[Mapping[str, Any]] = shown["lines"] if shown else ()
    return next((each for each in lines if each["number"] == place), None)
