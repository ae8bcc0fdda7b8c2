"""The header of a draft, section by section. Saving never refuses: what is wrong stands beside the field afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import NotFound
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.customs.declarations.domain import dictionary, rules
from app.customs.declarations.domain.dictionary import Field, Section
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, visible
from app.customs.declarations.pages.words import HOME, choices, field_problems, is_short, lang_of
from app.customs.declarations.queries import reading
from app.customs.declarations.service import checking, drafting
from app.customs.declarations.service.reading import header_plain, shown
from app.web.forms import PostedForm, text, whole
from app.web.render import Crumb, is_htmx, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

header_pages = router()
ADDRESS = HOME + "/{declaration_id}/header/{part}"


@header_pages.get(ADDRESS, name="declaration-header", include_in_schema=False)
def section_page(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, declaration_id: UUID, part: str,
    check: str = "",
) -> Response:  # fmt: skip
    """Show one section with its answers."""
    row, draft = _draft(session, actor, declaration_id)
    section = _section(part)
    found = _found(session, row, draft, section, zone) if check else []
    return _page(request, row, draft, section, found)


@header_pages.post(ADDRESS, include_in_schema=False)
def save(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm,
    declaration_id: UUID, part: str,
) -> Response:  # fmt: skip
    """Save one section and go on; a form that does not fit comes back with what is wrong, saved all the same."""
    section = _section(part)
    typed = {
        field.code: text(posted, field.code) for field in dictionary.of_section(part) if field.code in posted
    }
    version = whole(posted, "version")
    row = drafting.save_header(
        session, declaration_id=declaration_id, version=version, answers=header_plain(typed, lang=lang_of(request)),
        actor=actor, now=utcnow(),
    )  # fmt: skip
    if is_htmx(request):
        return render(
            request, "declarations/_saved.html", {"version": row.version, "saved_at": row.updated_at}
        )
    draft = _content(session, row)
    faults = [each for each in _found(session, row, draft, section, zone) if each.rule != "missing"]
    base = f"{HOME}/{declaration_id}"
    if faults:
        return RedirectResponse(f"{base}/header/{part}?check=1", 303)
    following = _after(section)
    if text(posted, "then") == "list":
        return RedirectResponse(base, 303)
    return RedirectResponse(f"{base}/header/{following}" if following else f"{base}/lines", 303)


def _draft(session: Session, actor: Actor, declaration_id: UUID) -> tuple[Declaration, Revision]:
    row = visible(session, actor, declaration_id)
    draft = _content(session, row)
    if draft.state != "DRAFT":
        raise drafting.NoDraft
    return row, draft


def _content(session: Session, row: Declaration) -> Revision:
    return reading.pending(session, row) or reading.head(session, row)


def _section(part: str) -> Section:
    found = next((each for each in dictionary.sections() if each.code == part), None)
    if found is None:
        raise NotFound
    return found


def _after(section: Section) -> str:
    codes = [each.code for each in dictionary.sections()]
    place = codes.index(section.code) + 1
    return codes[place] if place < len(codes) else ""


def _found(
    session: Session, row: Declaration, draft: Revision, section: Section, zone: CurrentZone
) -> list[Finding]:
    """Return the findings of a section's fields; those that need the lines are left to the check."""
    content = checking.content_of(session, row, draft, now=utcnow(), zone=zone.tz)
    own = {field.code for field in dictionary.of_section(section.code)}
    return [each for each in rules.check(content) if each.line is None and each.field in own]


def _page(
    request: Request, row: Declaration, draft: Revision, section: Section, found: Sequence[Finding]
) -> Response:
    gettext, lang = request_translator(request).gettext, lang_of(request)
    facts = dictionary.facts_of(
        direction=row.direction, movement=row.movement, type_code=row.type_code, header=draft.header
    )
    fixed = dictionary.fixed_fields(amendment=draft.kind == "AMENDMENT")
    codes = [each.code for each in dictionary.sections()]
    asked = dictionary.of_section(section.code)
    view = {
        "title": localise(section.title, lang)[0],
        "about": localise(section.about, lang)[0],
        "id": str(row.id),
        "code": row.code,
        "part": section.code,
        "version": row.version,
        "saved_at": row.updated_at,
        "step": codes.index(section.code) + 1,
        "steps": len(codes),
        "questions": [
            question(each, draft.header, facts, lang, fixed=each.code in fixed)
            for each in asked
            if not each.rare
        ],
        "rare": [
            question(each, draft.header, facts, lang, fixed=each.code in fixed) for each in asked if each.rare
        ],
        "rare_open": any(draft.header.get(each.code) for each in asked if each.rare)
        or any(each.field in {field.code for field in asked if field.rare} for each in found),
        "fixed_source": localise(dictionary.fixed_source(), lang)[0],
        "problems": field_problems(found, lang),
        "crumbs": [Crumb(gettext("Declarations"), HOME), Crumb(row.code, f"{HOME}/{row.id}")],
    }
    return render(request, "declarations/header.html", view)


def question(
    field: Field, header: Mapping[str, str], facts: Mapping[str, object], lang: str, *, fixed: bool
) -> dict[str, Any]:
    """Return one field as ``declarations/_field.html`` draws it."""
    direction = str(facts.get("direction", ""))
    return {
        "name": field.code,
        "kind": "datalist" if field.kind == "code" and field.open else field.kind,
        "label": localise(field.called(direction), lang)[0],
        "help": localise(help_text, lang)[0] if (help_text := field.explained(direction)) else "",
        "value": shown(field, header.get(field.code, ""), lang=lang),
        "options": choices(field, lang),
        "short_list": is_short(field),
        "required": field.is_required(facts),
        "length": field.length,
        "rows": field.rows or 4,
        "fixed": fixed,
    }
