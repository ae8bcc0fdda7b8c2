"""The indication of risk of a declaration: what was computed last, how and by which rules. A look computes nothing."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.i18n import N_
from app.core.i18n.formats import format_limit
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.customs.declarations.domain.risk import Band, Indication, Weighed, replay, window_names
from app.customs.declarations.pages.questions import Inspector, Taker
from app.customs.declarations.permissions import INSPECT
from app.customs.declarations.queries.reach import Reached, reach
from app.customs.declarations.queries.risk import newest
from app.customs.declarations.service import risk as service
from app.web.forms import PostedForm
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

risk_pages = router()

BANDS: Mapping[Band, tuple[str, str]] = {
    Band.LOW: ("good", N_("Low")),
    Band.MEDIUM: ("soon", N_("Medium")),
    Band.HIGH: ("bad", N_("High")),
}
ANSWERS: Mapping[bool | None, tuple[str, str, str]] = {
    True: ("soon", N_("Present"), "alert-triangle"),
    False: ("neutral", N_("Not present"), "circle"),
    None: ("wait", N_("Not known"), "help-circle"),
}


@risk_pages.get("/declarations/{declaration_id}/risk", name="declaration-risk", include_in_schema=False)
def risk_page(
    request: Request,
    session: DbSession,
    actor: Taker,
    zone: CurrentZone,
    declaration_id: UUID,
    done: str = "",
) -> Response:
    """Explain the indication of risk: what was kept last to officers, the open factors of now to the firm."""
    found = reach(session, declaration_id, actor)
    row = newest(session, declaration_id) if actor.is_officer else None
    now = utcnow()
    if actor.is_officer:
        indication = replay(row.content) if row is not None else None
    else:
        indication = service.indicate(session, found=found, now=now, zone=zone.tz, only_open=True)
    view = {
        **_about(request, found),
        "computed_at": row.at if row is not None else now,
        "agrees": row is None or indication is None or indication.kept() == row.content,
        "officer": actor.is_officer,
        "can_compute": actor.may(INSPECT) if actor.is_officer else False,
        "done": done,
        **(_shown(request, indication) if indication is not None else {"factors": [], "ways": []}),
    }
    return render(request, "declarations/risk.html", view)


@risk_pages.post("/declarations/{declaration_id}/risk", include_in_schema=False)
def compute(
    session: DbSession, actor: Inspector, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Weigh anew with what is known now; the same result is kept once."""
    service.compute(session, declaration_id=declaration_id, actor=actor, now=utcnow(), zone=zone.tz)
    return RedirectResponse(f"/declarations/{declaration_id}/risk?done=computed", 303)


def risk_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a declaration's page: where the indication is explained."""
    found = reach(session, declaration_id, actor)
    row = newest(session, declaration_id) if actor.is_officer else None
    return {
        "href": f"/declarations/{found.declaration.id}/risk",
        "officer": actor.is_officer,
        "chip": band_chip(row.content) if row is not None else None,
        "at": row.at if row is not None else None,
    }


def band_chip(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return score and band of a kept indication as lists show them."""
    tone, word = BANDS[Band(content["band"])]
    return {"tone": tone, "word": word, "score": content["score"]}


def _about(request: Request, found: Reached) -> dict[str, Any]:
    code = found.declaration.code
    return {
        "title": request_translator(request).gettext("Indication of risk of %(code)s", code=code),
        "firm": found.firm,
        "declaration": {"id": str(found.declaration.id), "code": code},
        "crumbs": [Crumb(code, f"/declarations/{found.declaration.id}")],
    }


def _shown(request: Request, indication: Indication) -> dict[str, Any]:
    lang: Literal["vi", "en"] = "vi" if request_translator(request).lang == "vi" else "en"
    tone, word = BANDS[indication.band]
    names = window_names()
    return {
        "score": indication.score,
        "band": {"tone": tone, "word": word},
        "bands": [(start, BANDS[band][1]) for start, band in indication.rules.bands],
        "windows": [
            {
                "label": names[key].get(lang) or names[key]["vi"],
                "value": format_limit(Decimal(days), "day", lang=lang),
            }
            for key, days in indication.rules.windows.items()
        ],
        "version": indication.rules.version,
        "since": indication.rules.since,
        "assumed": indication.rules.assumed,
        "factors": [_factor(each, lang) for each in indication.factors],
        "ways": [{"text": each.factor.improve, "points": each.points} for each in indication.ways()],
    }


def _factor(each: Weighed, lang: Literal["vi", "en"]) -> dict[str, Any]:
    tone, word, symbol = ANSWERS[each.value]
    if each.value is True and each.factor.weight < 0:
        tone, symbol = "good", "check"
    return {
        "title": each.factor.title,
        "weight": each.factor.weight,
        "points": each.points,
        "open": each.factor.open,
        "chip": {"tone": tone, "word": word, "symbol": symbol},
        "sentence": each.sentence(lang),
    }
