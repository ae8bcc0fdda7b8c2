"""Steps that need more than a reason get a page of their own: gaps of a supplement, agencies to consult, a new date."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.errors import FieldProblem, NotFound
from app.core.settings.zone import ZoneConfig
from app.core.workflow.definition import Action, Definition
from app.core.workflow.gaps import GAP_CODES
from app.core.workflow.papers.signed_on_paper import COMPARED, SCAN_SEEN
from app.web import dossier_view
from app.web.dossier_view import Dossier
from app.web.forms import text
from app.web.need import SignedInActor
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

steps = router()

# Inputs that do not fit into a small form on the dossier's page.
LARGE_INPUTS = frozenset({"gaps", "agencies", "new_date", COMPARED})


def needs_page(action: Action) -> bool:
    """Tell whether an action is taken on a page of its own."""
    return bool(LARGE_INPUTS & set(action.input))


@steps.get("/dossiers/{case_id}/actions/{action}", name="step", include_in_schema=False)
def step_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, case_id: UUID, action: str
) -> Response:
    """Show the form of one step."""
    dossier = dossier_view.load(session, case_id, actor)
    offered = next((each for each in dossier.available if each.action.code == action), None)
    if offered is None or not needs_page(offered.action):
        raise NotFound
    if COMPARED in offered.action.input:
        return RedirectResponse(f"/dossiers/{case_id}/signed-paper", 303)
    return show_step(request, dossier, offered.action, zone)


def show_step(
    request: Request,
    dossier: Dossier,
    action: Action,
    zone: ZoneConfig,
    *,
    given: Mapping[str, Any] | None = None,
    problems: Sequence[FieldProblem] = (),
    refusal: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Render a step's page, with what was typed and what is wrong with it."""
    case, translator = dossier.case, request_translator(request)
    given = given or {}
    view = {
        "title": action.title.get(translator.lang, action.code),
        "action": action.code,
        "kind": "danger" if action.refusal else "primary",
        "case": {"id": str(case.id), "code": case.code, "revision": case.revision, "title": case.title},
        "inputs": action.input,
        "targets": targets(dossier.definition),
        "gap_codes": GAP_CODES,
        "gaps": {gap["target"]: gap for gap in given.get("gaps", ())},
        "offices": [
            {"code": office.code, "name": office.name} for office in (*zone.agencies, *zone.divisions)
        ],
        "agencies": {row["office"]: row for row in given.get("agencies", ())},
        "new_date": given.get("new_date", ""),
        "reason": given.get("reason", ""),
        "problems": problems,
        "refusal": refusal,
        "crumbs": [
            Crumb(translator.gettext("Inbox"), "/inbox"),
            Crumb(case.code or translator.gettext("New dossier"), f"/dossiers/{case.id}"),
        ],
    }
    return render(request, "dossiers/step.html", view, status=status)


def targets(definition: Definition) -> list[dict[str, Any]]:
    """Return what a gap can concern: questions and papers, grouped as the form is."""
    groups = [
        {
            "title": section.title,
            "items": [{"code": field.code, "label": field.label} for field in section.fields],
        }
        for section in definition.sections
    ]
    if definition.components:
        papers = [{"code": part.code, "label": part.title} for part in definition.components]
        groups.append({"title": {"vi": "Thành phần hồ sơ", "en": "Papers of the dossier"}, "items": papers})
    return groups


def read_input(action: Action, definition: Definition, zone: ZoneConfig, posted: FormData) -> dict[str, Any]:
    """Return what was given with a step, as the desk takes it."""
    given: dict[str, Any] = {}
    if "reason" in action.input:
        given["reason"] = text(posted, "reason")
    if COMPARED in action.input:
        given[COMPARED] = text(posted, COMPARED)
        if "scan_seen" in posted:
            given[SCAN_SEEN] = text(posted, "scan_seen")
    if "new_date" in action.input:
        given["new_date"] = text(posted, "new_date")
    if "gaps" in action.input:
        given["gaps"] = [
            {
                "target": item["code"],
                "code": text(posted, f"gap-{item['code']}"),
                "note": text(posted, f"note-{item['code']}"),
            }
            for group in targets(definition)
            for item in group["items"]
            if text(posted, f"gap-{item['code']}") or text(posted, f"note-{item['code']}").strip()
        ]
    if "agencies" in action.input:
        given["agencies"] = [
            {
                "office": office.code,
                "days": text(posted, f"days-{office.code}"),
                "question": text(posted, f"question-{office.code}"),
                "silence": text(posted, f"silence-{office.code}"),
            }
            for office in (*zone.agencies, *zone.divisions)
            if text(posted, f"ask-{office.code}")
        ]
    return given
