"""Pages of investment: the guide to approvals, open to everybody, and the draft that begins with its answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core.errors import NotFound
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.investment import queries
from app.investment.domain.guide import conclude, form_answers, walk
from app.web.forms import PostedForm, needed_key, text
from app.web.need import CustomerActor
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk, CurrentZone
from app.web.unit import DbSession, router

guide_pages = router()

GUIDE = "/guide"


@guide_pages.get(GUIDE, name="guide", include_in_schema=False)
def guide_page(request: Request, session: DbSession, zone: CurrentZone, at: str = "") -> Response:
    """Ask one question, or show the result; the answers stand in the address, so the link can be shared."""
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    found = queries.guide_of_day(session, day)
    state, following = walk(found.questions, dict(request.query_params))
    again = next((each for each in found.questions if each.code == at and at in state), None)
    question = again or following
    view: dict[str, Any] = {
        "title": translator.gettext("What do I need?"),
        "summary": _summary(found, state),
        "crumbs": [Crumb(translator.gettext("Start page"), "/")],
    }
    if question is not None:
        return render(request, "investment/guide_question.html", view | _asking(found, state, question))
    sheet = queries.result_sheet(session, found, state, day=day, lang=translator.lang)
    view |= {
        "title": translator.gettext("What you need"),
        "sheet": sheet,
        "as_of": day,
        # An adjustment begins at the certificate that it adjusts.
        "start_href": ""
        if sheet["begins_at"] or not sheet["procedure"]
        else f"{GUIDE}/start?{urlencode(state)}",
    }
    return render(request, "investment/guide_result.html", view)


@guide_pages.get(f"{GUIDE}/start", name="guide-start", include_in_schema=False)
def start_page(request: Request, session: DbSession, actor: CustomerActor, zone: CurrentZone) -> Response:
    """Ask for which enterprise the draft is begun."""
    found = queries.guide_of_day(session, local_day(utcnow(), zone.tz))
    state, _ = walk(found.questions, dict(request.query_params))
    view = {
        "title": request_translator(request).gettext("Start with these answers"),
        "summary": _summary(found, state),
        "state": state,
        "case_id": str(uuid7()),
        "parties": queries.parties_to_file_for(session, actor),
        "crumbs": [
            Crumb(request_translator(request).gettext("What you need"), f"{GUIDE}?{urlencode(state)}")
        ],
    }
    return render(request, "investment/guide_start.html", view)


@guide_pages.post(f"{GUIDE}/start", include_in_schema=False)
def start_draft(
    request: Request,
    session: DbSession,
    actor: CustomerActor,
    desk: CurrentDesk,
    zone: CurrentZone,
    posted: PostedForm,
) -> Response:
    """Open a draft of the procedure that the answers lead to, with what they already say."""
    now = utcnow()
    found = queries.guide_of_day(session, local_day(now, zone.tz))
    given = {name: value for name, value in posted.items() if isinstance(value, str)}
    state, _ = walk(found.questions, given)
    track = conclude(found.tracks, state).track
    if track is None or not track.procedure:
        raise NotFound
    case = desk.open(
        session,
        case_id=needed_key(text(posted, "case_id")),
        procedure=track.procedure,
        party_id=needed_key(text(posted, "party_id")),
        actor=actor,
        now=now,
    )
    session.flush()  # saving locks the row that was just opened
    desk.save(session, case_id=case.id, changed=form_answers(found.questions, state), actor=actor, now=now)
    return RedirectResponse(f"/dossiers/{case.id}", 303)


def _asking(found: queries.Guide, state: Mapping[str, str], question: Any) -> dict[str, Any]:
    """Return what the page of one question shows; going back keeps all answers."""
    codes = [each.code for each in found.questions if each.code in state or each.code == question.code]
    place = codes.index(question.code)
    before = codes[place - 1] if place else ""
    return {
        "question": {
            "code": question.code,
            "title": question.title,
            "why": question.why,
            "options": [{"code": code, "label": label} for code, label in question.options.items()],
            "value": state.get(question.code, ""),
        },
        "others": {code: option for code, option in state.items() if code != question.code},
        "number": place + 1,
        "back": f"{GUIDE}?{urlencode({**state, 'at': before})}" if before else "/",
    }


def _summary(found: queries.Guide, state: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "title": each.title,
            "answer": each.options[state[each.code]],
            "change": f"{GUIDE}?{urlencode({**state, 'at': each.code})}",
        }
        for each in found.questions
        if each.code in state
    ]
