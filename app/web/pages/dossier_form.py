"""The form of a dossier, page by page.

It works without JavaScript: adding and removing rows of a table are buttons that post the page, and which questions
are asked is decided by the server alone. A question whose condition is still open is shown; once an answer closes it,
it is gone, and when an answer opens further questions the page comes back with them. Deciding this in the browser as
well would put the condition language into a second implementation, for a saving of one request.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, Forbidden, NotFound
from app.core.kit.actor import Actor
from app.core.kit.personal import personal_values, reveal
from app.core.kit.time import utcnow
from app.core.workflow import answers as form
from app.core.workflow.actions import may_fill
from app.core.workflow.definition import FormField, FormSection
from app.core.workflow.permissions import FILE
from app.core.workflow.prefill import Prefill, prefill
from app.web import dossier_view, personal
from app.web.dossier_view import Dossier
from app.web.forms import PostedForm, text
from app.web.need import SignedInActor
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk
from app.web.unit import DbSession, router

dossier_form = router()

_ADD = re.compile(r"add:([a-z][a-z0-9_]*)")
_REMOVE = re.compile(r"remove:([a-z][a-z0-9_]*):([0-9]{1,3})")
_BOOLEANS = {"yes": True, "no": False}


@dossier_form.get("/dossiers/{case_id}/form/{section}", name="form-section", include_in_schema=False)
def section_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    case_id: UUID,
    section: str,
    more: bool = False,
) -> Response:
    """Show one page of the form, with what can be taken over where nothing is answered yet."""
    dossier = dossier_view.load(session, case_id, actor)
    chosen = _find(dossier, section, actor)
    offered = _offered(session, dossier, chosen, actor)
    # Uncovered: the values are the applicant's own, or reception enters them, whose reading is recorded.
    own = personal.for_reader(session, dossier, actor).answers
    saved = reveal(form.merged(dossier.definition, offered.answers, own))
    values = form.typed(chosen, saved, lang=request_translator(request).lang)
    return _page(request, dossier, chosen, actor, values, saved, offered=offered, more=more)


@dossier_form.post("/dossiers/{case_id}/form/{section}", include_in_schema=False)
def save_section(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    desk: CurrentDesk,
    posted: PostedForm,
    case_id: UUID,
    section: str,
) -> Response:
    """Save one page; what could not be read is shown again beside what is wrong with it."""
    dossier = dossier_view.load(session, case_id, actor)
    chosen = _find(dossier, section, actor)
    raw, then = collect(chosen, posted), text(posted, "then")
    understood, problems = form.read_section(chosen, raw, lang=request_translator(request).lang)
    known = form.merged(dossier.definition, dossier.case.answers, understood)
    focus = _edit_rows(chosen, raw, then)
    if focus:
        return _page(request, dossier, chosen, actor, raw, known, focus=focus)
    if problems:
        return _page(request, dossier, chosen, actor, raw, known, problems=problems, status=422)
    case = desk.save(session, case_id=case_id, changed=understood, actor=actor, now=utcnow())
    opened = set(form.asked_names(chosen, case.answers)) - set(text(posted, "shown").split())
    lacking = {problem.name for problem in form.missing([chosen], case.answers)}
    if then != "list" and opened & lacking:
        return RedirectResponse(f"/dossiers/{case_id}/form/{chosen.code}?more=1", 303)
    following = _after(dossier, chosen)
    target = f"form/{following.code}" if following and then != "list" else ""
    return RedirectResponse(f"/dossiers/{case_id}/{target}".rstrip("/"), 303)


def collect(section: FormSection, posted: FormData) -> dict[str, Any]:
    """Return what was typed on a page, by field; a table as a list of mappings in the order of its numbers."""
    raw: dict[str, Any] = {}
    for field in section.fields:
        if field.type == "rows":
            raw[field.code] = [
                _typed(field.fields, posted, f"{field.code}-{number}-") for number in _numbers(field, posted)
            ]
        else:
            raw |= _typed((field,), posted, "")
    return raw


def _numbers(field: FormField, posted: FormData) -> list[int]:
    pattern = re.compile(rf"{field.code}-([0-9]{{1,3}})-[a-z0-9_]+")
    return sorted({int(found[1]) for name in posted if (found := pattern.fullmatch(name))})


def _typed(fields: Sequence[FormField], posted: FormData, prefix: str) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for field in fields:
        name = prefix + field.code
        if field.type == "choices":
            raw[field.code] = [value for value in posted.getlist(name) if isinstance(value, str)]
        else:
            raw[field.code] = text(posted, name)
        if field.type == "money":
            raw[f"{field.code}_currency"] = text(posted, f"{name}_currency")
    return raw


def _edit_rows(section: FormSection, raw: dict[str, Any], then: str) -> str:
    """Add or remove a row of what was typed; return the name of the control to go on at, empty for nothing."""
    tables = {field.code: field for field in section.fields if field.type == "rows"}
    if (added := _ADD.fullmatch(then)) and added[1] in tables:
        rows = raw[added[1]]
        if len(rows) < int(tables[added[1]].maximum or form.MAX_ROWS):
            rows.append({})
        return form.cell(added[1], len(rows) - 1, tables[added[1]].fields[0].code)
    if (removed := _REMOVE.fullmatch(then)) and removed[1] in tables:
        rows = raw[removed[1]]
        del rows[int(removed[2]) : int(removed[2]) + 1]
        return form.cell(removed[1], max(0, len(rows) - 1), tables[removed[1]].fields[0].code)
    return ""


def _offered(session: Session, dossier: Dossier, section: FormSection, actor: Actor) -> Prefill:
    """Return what to offer on a page on which nothing is answered yet; to reception no personal answer of before."""
    case = dossier.case
    if any(case.answers.get(field.code) is not None for field in section.fields):
        return Prefill({})
    found = prefill(session, party_id=case.party_id, definition=dossier.definition, exclude=case.id)
    codes = {field.code for field in section.fields}
    answers = {code: value for code, value in found.answers.items() if code in codes}
    if actor.is_officer:
        answers = {code: value for code, value in answers.items() if not any(personal_values({code: value}))}
    return Prefill(answers, found.taken_from)


def _page(
    request: Request,
    dossier: Dossier,
    section: FormSection,
    actor: Actor,
    values: Mapping[str, Any],
    answers: Mapping[str, Any],
    *,
    problems: Sequence[FieldProblem] = (),
    offered: Prefill | None = None,
    more: bool = False,
    focus: str = "",
    status: int = 200,
) -> Response:
    case = dossier.case
    translator = request_translator(request)
    name = case.title or translator.gettext("New dossier")
    questions = _questions(section, values, answers)
    _name_sites(request, questions)
    view = {
        "title": section.title[translator.lang],
        "section": {"code": section.code, "intro": section.intro},
        "questions": questions,
        "shown": " ".join(_shown(questions)),
        "case_id": str(case.id),
        "applicant": dossier.applicant,
        "revision": case.revision,
        "saved_at": case.saved_at,
        "step": dossier.definition.sections.index(section) + 1,
        "steps": len(dossier.definition.sections),
        "problems": problems,
        "taken_from": offered.taken_from if offered and offered.answers else "",
        "offered": bool(offered and offered.answers),
        "more": more,
        "focus": focus,
        "crumbs": [
            Crumb(translator.gettext("Counter"), "/counter")
            if actor.is_officer
            else Crumb(translator.gettext("My zone"), "/my"),
            Crumb(name, f"/dossiers/{case.id}"),
        ],
    }
    return render(request, "dossiers/section.html", view, status=status)


def _name_sites(request: Request, questions: list[dict[str, Any]]) -> None:
    """Call the sites by the names that this installation gives them; the procedure knows their codes only."""
    names = {site.code: site.name for site in request.app.state.zone_config.sites}
    for question in questions:
        if question["type"] == "site":
            for option in question["options"]:
                option["label"] = names.get(option["code"], option["label"])


def _questions(
    section: FormSection, values: Mapping[str, Any], answers: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the questions of a page that are asked, with what was typed; a table has at least one row."""
    found = []
    for field in section.fields:
        if not form.asked(field, answers):
            continue
        question = _question(field, field.code, values, answers)
        if field.type == "rows":
            question["rows"] = [
                [
                    _question(part, form.cell(field.code, number, part.code), row, facts)
                    for part in field.fields
                    if form.asked(part, facts := form.of_row(answers, _facts(row)))
                ]
                for number, row in enumerate(values.get(field.code) or [{}])
            ]
        found.append(question)
    return found


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed in a row as conditions see it; codes are typed as they are stored."""
    return {code: _BOOLEANS.get(value, value) for code, value in row.items() if value not in (None, "")}


def _question(
    field: FormField, name: str, values: Mapping[str, Any], answers: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "name": name,
        "code": field.code,
        "type": field.type,
        "label": field.label,
        "hint": field.hint,
        "entry": field.entry or field.label,
        "required": field.required,
        "depends": not form.surely_asked(field, answers),
        "unit": field.unit,
        "maximum": field.maximum,
        "options": [{"code": option.code, "label": option.label} for option in field.options],
        "lang": field.lang,
        "locked": field.locked,
        "autocomplete": "off" if field.sensitive and not field.autocomplete else field.autocomplete,
        "value": values.get(field.code),
        "currency": values.get(f"{field.code}_currency") or field.unit,
    }


def _shown(questions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        name
        for question in questions
        for name in (question["name"], *(part["name"] for row in question.get("rows", ()) for part in row))
    ]


def _find(dossier: Dossier, code: str, actor: Actor) -> FormSection:
    if actor.is_officer and not may_fill(dossier.case, actor):
        raise Forbidden(permission=FILE)
    found = next((section for section in dossier.definition.sections if section.code == code), None)
    if found is None or not dossier_view.with_applicant(dossier):
        raise NotFound
    return found


def _after(dossier: Dossier, section: FormSection) -> FormSection | None:
    following = dossier.definition.sections.index(section) + 1
    return dossier.definition.sections[following] if following < len(dossier.definition.sections) else None
