"""The page of a declaration: what it is, where it stands, what may be done now; and the check before it is sent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import Party
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.payments import DebtStopsRegistration
from app.core.settings.zone import ZoneConfig
from app.customs.declarations.domain import catalogue, dictionary, rules
from app.customs.declarations.domain.lifecycle import State, Step, find
from app.customs.declarations.domain.rules import Finding
from app.customs.declarations.domain.splitting import branches
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, Reader, may_file, visible
from app.customs.declarations.pages.parts import PARTS, Part, arranged, part
from app.customs.declarations.pages.situation import situation
from app.customs.declarations.pages.taxes import taxes_view
from app.customs.declarations.pages.words import (
    HOME,
    channel_chip,
    lang_of,
    listed_findings,
    movement_name,
    state_chip,
    type_name,
    word_of,
)
from app.customs.declarations.permissions import SEND
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import lines_of, plain
from app.customs.declarations.service import checking, handing_in, pricing
from app.customs.declarations.service.reading import shown
from app.customs.tariff.facade import Assessment, from_record
from app.web.debts_view import debts_view
from app.web.forms import PostedForm, whole
from app.web.panels import DECLARATION, panels_of
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

declaration_pages = router()
ADDRESS = HOME + "/{declaration_id}"
_DEBTS_MATTER = frozenset(State) - {State.CLEARED, State.CANCELLED}


@declaration_pages.get(ADDRESS, name="declaration", include_in_schema=False)
def page(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, declaration_id: UUID, done: str = ""
) -> Response:  # fmt: skip
    """Show a declaration; while it is prepared, the list of what is still to do."""
    row = visible(session, actor, declaration_id)
    head, now = reading.head(session, row), utcnow()
    view: dict[str, Any] = {**frame(request, session, actor, row), "done": done}
    view["debts"] = (
        debts_view(session, row.party_id, actor=actor, zone=zone, now=now)
        if row.state in _DEBTS_MATTER
        else None
    )
    parts: list[Part] = []
    faults = None
    if row.state == State.DRAFT:
        content = checking.content_of(session, row, head, now=now, zone=zone.tz)
        checked = checking.check_content(session, head, content)
        faults = len(checked.errors)
        view |= {
            "tasks": _tasks(request, row, head, checked.findings, len(content.lines)),
            "taxes": _taxes(request, row, checked.assessment),
        }
        parts += [part("tasks", PARTS["tasks"]), part("taxes", PARTS["taxes"])]
    elif (kept := reading.assessment(session, head.id, pricing.PRECALCULATED)) is not None:
        view["taxes"] = _taxes(request, row, from_record(kept.content))
        parts.append(part("taxes", PARTS["taxes"]))
    view |= summary(request, session, row, head)
    if view["lines"]:
        parts.append(part("goods", PARTS["goods"]))
    if view["sections"] and row.state != State.DRAFT:
        parts.append(part("answers", PARTS["answers"]))
    if row.branches > 1:
        parts.append(part("branches", PARTS["branches"]))
    parts += panels_of(request, session, actor, kind=DECLARATION, object_id=row.id)
    view |= {
        "parts": arranged(row.state, parts),
        "pay_href": _pay_href(parts),
        "situation": situation(session, actor, row, faults=faults, now=now),
    }
    return render(request, "declarations/declaration.html", view)


@declaration_pages.get(ADDRESS + "/check", name="declaration-check", include_in_schema=False)
def check_page(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, declaration_id: UUID
) -> Response:
    """Check everything, compute the taxes, and lead to what is to be mended or to the sending."""
    return _check(request, session, actor, zone, declaration_id)


@declaration_pages.post(ADDRESS + "/send", include_in_schema=False)
def send(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Hand the declaration in; what stands against it is listed again."""
    version = whole(posted, "version")
    try:
        handing_in.hand_in(
            session, declaration_id=declaration_id, version=version, actor=actor, now=utcnow(), zone=zone.tz
        )
    except (handing_in.NotReady, DebtStopsRegistration):
        session.rollback()
        return _check(request, session, actor, zone, declaration_id, refused=True)
    return RedirectResponse(f"{HOME}/{declaration_id}?done=sent", 303)


@declaration_pages.post(ADDRESS + "/split", include_in_schema=False)
def split(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Split a draft with too many lines into linked declarations."""
    version = whole(posted, "version")
    handing_in.split(
        session, declaration_id=declaration_id, version=version, actor=actor, now=utcnow(), zone=zone.tz
    )
    return RedirectResponse(f"{HOME}/{declaration_id}?done=split", 303)


def _check(
    request: Request, session: Session, actor: Actor, zone: ZoneConfig, declaration_id: UUID, *, refused: bool = False
) -> Response:  # fmt: skip
    row = visible(session, actor, declaration_id)
    checked = checking.check_draft(
        session, declaration_id=declaration_id, actor=actor, now=utcnow(), zone=zone.tz
    )
    lang = lang_of(request)
    listed = listed_findings(checked.findings, row.id, lang, row.direction)
    debts = debts_view(session, row.party_id, actor=actor, zone=zone, now=utcnow())
    sends = not actor.is_officer and actor.may(SEND, row.party_id) and row.state == State.DRAFT
    view = {
        **frame(request, session, actor, row),
        "title": request_translator(request).gettext("Check before sending"),
        "errors": [each for each in listed if each["error"]],
        "warnings": [each for each in listed if not each["error"]],
        "too_many": any(each.rule == "too_many_lines" for each in checked.findings),
        "line_count": len(checked.content.lines),
        "most": checked.content.limits.lines,
        "branch_count": len(branches(checked.content.lines, checked.content.limits.lines)),
        "taxes": _taxes(request, row, checked.assessment),
        "debts": debts,
        "stopped": bool(debts and debts["stops_registration"]),
        "may_send": sends,
        "refused": refused,
    }
    view["crumbs"] = [*view["crumbs"], Crumb(row.code, f"{HOME}/{row.id}")]
    return render(request, "declarations/check.html", view, status=422 if refused else 200)


def _taxes(request: Request, row: Declaration, assessment: Assessment | None) -> Mapping[str, Any] | None:
    return taxes_view(request, assessment, dutiable=catalogue.is_dutiable(row.movement, row.direction))


def frame(request: Request, session: Session, actor: Actor, row: Declaration) -> dict[str, Any]:
    """Return what every page about a declaration shows of it."""
    gettext, lang = request_translator(request).gettext, lang_of(request)
    firm = session.get(Party, row.party_id)
    agent = session.get(Party, row.agent_party_id) if row.agent_party_id else None
    filing = may_file(actor, row)
    return {
        "title": row.summary or gettext("Declaration"),
        "id": str(row.id),
        "party_id": str(row.party_id),
        "code": row.code,
        "version": row.version,
        "saved_at": row.updated_at,
        "firm": firm.name if firm else "",
        "agent": agent.name if agent else "",
        "type_code": row.type_code,
        "type_name": type_name(row.type_code, lang),
        "movement": movement_name(row.movement, lang),
        "is_import": row.direction == "IMPORT",
        "state": state_chip(row.state),
        "channel": channel_chip(row.channel),
        "official_number": row.official_number or "",
        "registered_at": row.registered_at,
        "released_at": row.released_at,
        "cleared_at": row.cleared_at,
        "elsewhere": row.origin == "ELSEWHERE",
        "is_draft": row.state == State.DRAFT,
        "branches": [
            {
                "code": each.code, "href": f"{HOME}/{each.id}", "number": each.branch_number, "here": each.id == row.id,
                "state": state_chip(each.state), "official_number": each.official_number or "",
                "line_count": each.line_count,
            }
            for each in reading.branches(session, row)
        ]
        if row.branches > 1
        else [],
        "may": {step.value: filing and find(State(row.state), step) is not None for step in Step},
        "may_copy": filing,
        "copy_id": str(uuid7()),
        "crumbs": [Crumb(gettext("Declarations"), HOME)],
    }  # fmt: skip


def _pay_href(parts: Sequence[Part]) -> str:
    """Return where the open slip is paid, empty where this reader has none to pay."""
    view: Mapping[str, Any] = next((each["view"] for each in parts if each["key"] == "payments"), {})
    owed = (
        [str(row["href"]) for row in view.get("rows", ()) if row["outstanding"]] if view.get("pays") else []
    )
    return owed[0] if owed else ""


def _tasks(
    request: Request, row: Declaration, draft: Revision, found: Sequence[Finding], count: int
) -> list[dict[str, Any]]:
    gettext, lang = request_translator(request).gettext, lang_of(request)
    base = f"{HOME}/{row.id}"
    tasks = [
        {
            "title": gettext("Movement and type code"), "href": f"{base}/type",
            "state": "problem" if any(each.rule == "type_direction" for each in found) else "done",
            "hint": f"{movement_name(row.movement, lang)} · {row.type_code}",
        }
    ]  # fmt: skip
    for section in dictionary.sections():
        fields = {field.code for field in dictionary.of_section(section.code)}
        own = [each for each in found if each.line is None and each.field in fields and rules.is_error(each)]
        answered = any(draft.header.get(code) for code in fields - dictionary.defaults().keys())
        state = "done" if not own else "started" if answered else "todo"
        if any(each.rule != "missing" for each in own):
            state = "problem"
        tasks.append(
            {
                "title": localise(section.title, lang)[0], "href": f"{base}/header/{section.code}", "state": state,
                "hint": localise(section.about, lang)[0],
            }
        )  # fmt: skip
    line_faults = [each for each in found if (each.line or each.field == "lines") and rules.is_error(each)]
    state = "todo" if not count else "done" if not line_faults else "problem"
    if count and all(each.rule == "missing" for each in line_faults) and line_faults:
        state = "started"
    tasks.append(
        {
            "title": gettext("Goods lines"), "href": f"{base}/lines", "state": state,
            "hint": gettext("%(count)s lines", count=count) if count else gettext("Type, paste or import them."),
        }
    )  # fmt: skip
    return tasks


def summary(request: Request, session: Session, row: Declaration, revision: Revision) -> dict[str, Any]:
    """Return the answers of the header by section, and the lines."""
    lang = lang_of(request)
    sections = []
    for section in dictionary.sections():
        items = [
            {
                "label": localise(field.called(row.direction), lang)[0],
                "value": _answer(field, revision.header[field.code], lang),
            }
            for field in dictionary.of_section(section.code)
            if revision.header.get(field.code)
        ]
        if items:
            sections.append({"title": localise(section.title, lang)[0], "items": items})
    lines = [
        {
            "number": each.number, "own_code": each.own_code, "hs": each.hs, "description": each.description,
            "origin": each.origin, "quantity": _short(each.quantity), "unit": each.unit,
            "unit_price": _short(each.unit_price),
            "value": _short(each.value), "scheme": each.scheme, "origin_proof": each.origin_proof,
        }
        for each in lines_of(session, revision.id)
    ]  # fmt: skip
    return {"sections": sections, "lines": lines, "currency": revision.header.get("IP3", "")}


def _answer(field: dictionary.Field, value: str, lang: str) -> str:
    return word_of(field, value, lang) if field.kind == "code" else shown(field, value, lang=lang)


def _short(value: Decimal | None) -> Decimal | None:
    """Return a number without the zeros that its column keeps behind the point."""
    return None if value is None else Decimal(plain(value))
