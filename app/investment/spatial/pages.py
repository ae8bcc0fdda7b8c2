"""The spatial check on the page of a dossier, and asking again at the desk."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import NotFound
from app.core.geo import Shape, sketch
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import utcnow
from app.core.workflow.models import Case
from app.core.workflow.permissions import APPRAISE
from app.investment.spatial import queries, service
from app.investment.spatial.domain import NUMBERS, OUTCOMES, TITLES, Verdict, inputs_of
from app.registry import facade as registry
from app.web.forms import PostedForm, needed_key, text
from app.web.need import Holder
from app.web.unit import DbSession, router

spatial_pages = router()

Appraiser = Annotated[Actor, Depends(Holder(APPRAISE))]
_TONES = {Verdict.FITS: "good", Verdict.LOOK: "soon", Verdict.UNKNOWN: "stale", Verdict.FACT: "neutral"}
# What every line says when the form gives no place; one sentence then says it for all.
_SILENT = frozenset({"no-place", "not-named"})


def spatial_panel(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any]:
    """Return what the map says about a dossier: as filed, as asked again, and before filing as it would be."""
    case = session.get(Case, case_id)
    if case is None or not any(inputs_of(case.answers)[name] for name in ("site", "place")):
        return {}
    kept = queries.checks_of(session, case_id)
    filed = next((each for each in reversed(kept) if each.reason == "SUBMIT"), None)
    if filed is None and actor.is_officer:
        return {}
    looked = queries.look(session, case.answers)
    open_form = case.submitted_at is None
    again = (
        next((each for each in reversed(kept) if each.reason == "DESK"), None) if actor.is_officer else None
    )
    now = [finding.as_json() for finding in looked.findings]
    shown = now if filed is None or open_form else filed.findings
    return {
        "case_id": str(case_id),
        "preview": filed is None,
        "filed_at": filed.at if filed else None,
        "again_at": again.at if again else None,
        "map_hash": (filed.map_hash if filed else looked.position.map.hash if looked.position else "")[:12],
        "digest": filed.digest if filed else "",
        "illustrative": looked.position is not None and looked.position.map.status == "ILLUSTRATIVE",
        "unplaced": again is None and all(each["outcome"] in _SILENT for each in shown),
        "rows": _rows(shown, again.findings if again else None),
        "others": _others(session, actor, case),
        "may_ask": actor.is_officer and actor.may(APPRAISE) and case.closed_at is None,
        "check_id": str(uuid7()),
        "sketch": _sketch(session, looked),
    }


def _others(session: Session, actor: Actor, case: Case) -> int | None:
    place = queries.place_of(inputs_of(case.answers))
    if not actor.is_officer or place is None:
        return None
    return queries.others_in_progress(session, case_id=case.id, place=place)


def _rows(
    shown: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    later = {each["code"]: each for each in again or ()}
    return [
        {
            "title": TITLES[each["code"]],
            "then": _line(each),
            "now": _line(later[each["code"]]) if each["code"] in later else None,
            "changed": each["code"] in later and dict(later[each["code"]]) != dict(each),
        }
        for each in shown
    ]


def _line(finding: Mapping[str, Any]) -> dict[str, Any]:
    verdict, sentence = OUTCOMES[finding["outcome"]]
    params = {name: _number(value) if name in NUMBERS else value for name, value in finding["params"].items()}
    return {"verdict": verdict.value, "tone": _TONES[verdict], "sentence": sentence, "params": params}


def _number(value: str) -> Decimal:
    return Decimal(value)


def _sketch(session: Session, looked: queries.Looked) -> Any:
    """Draw the site and the place; the site that the form names while no place is given."""
    if looked.position is not None:
        near = looked.position.sites[0].code if looked.position.sites else looked.position.nearest_site
        return sketch([*registry.shapes(session, site=near), Shape(looked.position.legal, "place")])
    return sketch(registry.shapes(session, site=str(looked.inputs["site"] or "")))


@spatial_pages.post("/dossiers/{case_id}/spatial-check", include_in_schema=False)
def ask_again(session: DbSession, actor: Appraiser, posted: PostedForm, case_id: UUID) -> Response:
    """Hold the filed request against the map in use once more and keep the answer beside the first one."""
    case = session.get(Case, case_id)
    if case is None or case.submitted_at is None:
        raise NotFound
    check_id = needed_key(text(posted, "check_id"))
    service.repeat(session, check_id=check_id, case=case, actor=actor, now=utcnow())
    return RedirectResponse(f"/dossiers/{case_id}#panel-spatial", 303)
