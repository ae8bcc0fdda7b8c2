"""
The goods lines of a draft as a grid: by keyboard, and without JavaScript.

A page shows fifty lines; the others stay as they are when it is saved. Empty rows at the end take new lines.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem
from app.core.i18n import localise
from app.core.kit.time import utcnow
from app.customs.declarations.domain import catalogue, dictionary, rules
from app.customs.declarations.domain.content import number
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, visible
from app.customs.declarations.pages.taxes import taxes_view
from app.customs.declarations.pages.words import HOME, cell, choices, field_problems, lang_of, sentence
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.queries.products import completed, products_of
from app.customs.declarations.service import checking, drafting, pricing
from app.customs.declarations.service.importing import empty_value_filled
from app.customs.declarations.service.reading import line_plain, shown
from app.web.forms import PostedForm, text, whole, whole_number
from app.web.render import Crumb, is_htmx, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

line_pages = router()

ADDRESS = HOME + "/{declaration_id}/lines"
PAGE = 50
SPARE = 5
_CELL = re.compile(r"l([0-9]{1,4})-([a-z_0-9]+)")
Lines = Sequence[Mapping[str, str]]


@line_pages.get(ADDRESS, name="declaration-lines", include_in_schema=False)
def grid(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, declaration_id: UUID, start: int = 0,
    at: int = 0, check: str = "", done: str = "",
) -> Response:  # fmt: skip
    """Show fifty lines of a draft, those around line ``at`` if it is given."""
    row = visible(session, actor, declaration_id)
    draft = reading.pending(session, row) or reading.head(session, row)
    if draft.state != "DRAFT":
        raise drafting.NoDraft
    first = (at - 1) // PAGE * PAGE if at > 0 else max(0, start) // PAGE * PAGE
    return _page(request, session, row, draft, zone, first, check=bool(check), done=done)


@line_pages.post(ADDRESS, include_in_schema=False)
def save(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Save the lines of a page; a script that saves while somebody types gets the totals only."""
    row = visible(session, actor, declaration_id)
    draft = reading.pending(session, row) or reading.head(session, row)
    start, then = whole(posted, "start") // PAGE * PAGE, text(posted, "then")
    stored = list(texts_of(session, draft.id))
    given = _given(posted, start, stored, lang=lang_of(request), removed=_removed(then))
    given = [empty_value_filled(dict(line)) for line in completed(session, row.party_id, given)]
    lines = [*stored[:start], *given, *stored[start + PAGE :]]
    row = drafting.save_lines(
        session, declaration_id=declaration_id, version=whole(posted, "version"), lines=lines, actor=actor,
        now=utcnow(),
    )  # fmt: skip
    if is_htmx(request):
        return render(request, "declarations/_lines_state.html", _state(request, session, row, draft, zone))
    if then == "add":
        last = max(0, len([line for line in lines if any(line.values())])) // PAGE * PAGE
        return RedirectResponse(f"{HOME}/{declaration_id}/lines?start={last}&done=saved#new-line", 303)
    if then == "check":
        return RedirectResponse(f"{HOME}/{declaration_id}/check", 303)
    if then == "list":
        return RedirectResponse(f"{HOME}/{declaration_id}", 303)
    return RedirectResponse(f"{HOME}/{declaration_id}/lines?start={start}&check=1&done=saved", 303)


def _given(
    posted: FormData, start: int, stored: Lines, *, lang: str, removed: int | None
) -> list[dict[str, str]]:
    """Return the lines of the posted page in the order of their numbers; rare answers of each stay with it."""
    rows: dict[int, dict[str, str]] = {}
    for name in posted:
        if found := _CELL.fullmatch(name):
            place = whole_number(found[1])
            if start < place <= start + PAGE + SPARE and place != removed:
                rows.setdefault(place, {})[found[2]] = text(posted, name)
    rare = [field.code for field in dictionary.line_fields().values() if field.rare]
    lines = []
    for place in sorted(rows):
        line = line_plain(rows[place], lang=lang)
        if any(line.values()) and place <= len(stored):
            line |= {code: stored[place - 1].get(code, "") for code in rare}
        lines.append(line)
    return lines


def _page(
    request: Request, session: Session, row: Declaration, draft: Revision, zone: CurrentZone, start: int, *,
    check: bool, done: str,
) -> Response:  # fmt: skip
    gettext, lang = request_translator(request).gettext, lang_of(request)
    content = checking.content_of(session, row, draft, now=utcnow(), zone=zone.tz)
    start = min(start, len(content.lines) // PAGE * PAGE)
    found = [
        each
        for each in rules.check(content)
        if each.line is not None and start < each.line <= start + PAGE and (check or each.rule != "missing")
    ]
    view = {
        "title": gettext("Goods lines"),
        "id": str(row.id),
        "code": row.code,
        "start": start,
        "columns": [_column(each, lang) for each in dictionary.grid_fields()],
        "units": choices(dictionary.line_fields()["unit"], lang),
        "schemes": sorted(content.schemes),
        "products": [
            (each.own_code, f"{each.hs} {each.description}"[:80]) for each in products_of(session, row.party_id)
        ],
        "rows": _rows(content.lines, start, found, lang),
        "pages": _pages(row, len(content.lines), start),
        "problems": _problems(request, [each for each in found if rules.is_error(each)]),
        "saved": done == "saved",
        "state": _state(request, session, row, draft, zone),
        "too_many": len(content.lines) > content.limits.lines,
        "most": content.limits.lines,
        "crumbs": [Crumb(gettext("Declarations"), HOME), Crumb(row.code, f"{HOME}/{row.id}")],
    }  # fmt: skip
    return render(request, "declarations/lines.html", view)


def _column(field: dictionary.Field, lang: str) -> dict[str, Any]:
    return {
        "name": field.code, "label": localise(field.label, lang)[0], "kind": field.kind, "list": field.list,
        "help": localise(field.help, lang)[0] if field.help else "", "required": field.required is True,
        "num": field.kind == "decimal",
    }  # fmt: skip


def _rows(
    lines: Sequence[Mapping[str, str]], start: int, found: Sequence[rules.Finding], lang: str
) -> list[dict[str, Any]]:
    """Return the rows of a page of the grid; the last page ends with empty ones to go on in."""
    fields, here = dictionary.grid_fields(), lines[start : start + PAGE]
    spare = SPARE if start + PAGE > len(lines) else 0
    return [
        *(_row(fields, start + place, line, found, lang) for place, line in enumerate(here, 1)),
        *(_row(fields, start + len(here) + extra, {}, (), lang, new=True) for extra in range(1, spare + 1)),
    ]


def _problems(request: Request, found: Sequence[rules.Finding]) -> list[FieldProblem]:
    """Return findings for the summary, each with its line and column: cells have no label of their own."""
    gettext, lang = request_translator(request).gettext, lang_of(request)
    problems = []
    for each, problem in zip(found, field_problems(found, lang), strict=True):
        label = localise(dictionary.line_fields()[each.field].label, lang)[0]
        place = f"{gettext('Line %(number)s', number=each.line or 0)}, {label}"
        said = problem.params or {}
        problems.append(replace(problem, params={"reason": f"{place}: {said['reason']}"}))
    return problems


def _row(
    fields: Sequence[dictionary.Field], place: int, line: Mapping[str, str], found: Sequence[rules.Finding], lang: str,
    *, new: bool = False,
) -> dict[str, Any]:  # fmt: skip
    own = [each for each in found if each.line == place]
    return {
        "number": place,
        "new": new,
        "cells": [
            {
                "name": cell(place, each.code), "value": shown(each, line.get(each.code, ""), lang=lang),
                "error": any(fault.field == each.code and rules.is_error(fault) for fault in own),
            }
            for each in fields
        ],
        "faults": [
            {
                **sentence(each, lang), "label": localise(dictionary.line_fields()[each.field].label, lang)[0],
                "href": f"#f-{cell(place, each.field)}", "error": rules.is_error(each),
            }
            for each in own
        ],
    }  # fmt: skip


def _state(
    request: Request, session: Session, row: Declaration, draft: Revision, zone: CurrentZone
) -> dict[str, Any]:
    """Return what stands beside the grid: when it was saved, how many lines, and what they come to."""
    content = checking.content_of(session, row, draft, now=utcnow(), zone=zone.tz)
    lines, assessment = content.lines, pricing.price(session, content)
    values = [value for line in lines if (value := number(line.get("value", ""))) is not None]
    said = number(draft.header.get("IP4", ""))
    total = sum(values, Decimal(0))
    return {
        "id": str(row.id),
        "version": row.version,
        "saved_at": row.updated_at,
        "count": len(lines),
        "total": Decimal(f"{total.normalize():f}"),
        "currency": draft.header.get("IP3", ""),
        "said": said,
        "differs": said is not None and said != total,
        "taxes": taxes_view(request, assessment, dutiable=catalogue.is_dutiable(row.movement, row.direction)),
    }


def _pages(row: Declaration, count: int, start: int) -> list[dict[str, Any]]:
    """Return the pages of lines that there are; a full last page is followed by an empty one only on request."""
    firsts = sorted({*range(0, count, PAGE), start})
    if len(firsts) == 1:
        return []
    return [
        {
            "title": f"{first + 1}–{max(first + 1, min(first + PAGE, count))}",
            "href": f"{HOME}/{row.id}/lines?start={first}",
            "active": first == start,
        }
        for first in firsts
    ]


def _removed(then: str) -> int | None:
    return whole_number(then.removeprefix("remove:")) if then.startswith("remove:") else None
