"""What was exchanged with customs, on a declaration's page: messages and notices, statutory clocks, tax differences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.auth.models import Party
from app.core.errors import DomainError, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.customs.declarations.domain.timelimits import LIMITS, ClockKind
from app.customs.declarations.models import Clock, Difference, Dispatch, Notice, Revision
from app.customs.declarations.pages.comparing import difference_view
from app.customs.declarations.pages.words import CHANNELS, HOME
from app.customs.declarations.queries import exchange as queries
from app.customs.declarations.queries.gateway import simulated
from app.customs.declarations.queries.papers import wanted_of
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.queries.reading import revisions
from app.customs.declarations.service.explaining import explain
from app.web.forms import PostedForm, text
from app.web.need import SignedInActor
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

exchange_pages = router()
_EXPLAIN = HOME + "/{declaration_id}/differences/{difference_id}"

BEGUN = N_("Declaration begun")
MESSAGES: Mapping[str, str] = {
    "DECLARE": N_("Declaration handed in"),
    "AMEND": N_("Amendment handed in"),
    "CANCEL": N_("Request to cancel"),
    "DOCUMENTS": N_("Papers shown to customs"),
    "ANSWER": N_("Answer to customs"),
    "PAYMENT": N_("Payment told to customs"),
}
NOTICES: Mapping[str, str] = {
    "RECEIVED": N_("Customs received a message"),
    "REFUSED": N_("Customs refused the declaration"),
    "REGISTERED": N_("Customs registered the declaration"),
    "CHANNEL": N_("Channel decided by customs"),
    "PAPERS_WANTED": N_("Customs wants papers"),
    "PAPERS_CHECKED": N_("Papers checked by customs"),
    "GOODS_CHECK": N_("Customs ordered a check of the goods"),
    "GOODS_CHECK_EXTENDED": N_("Customs extended the check of the goods"),
    "GOODS_CHECKED": N_("Goods checked by customs"),
    "QUESTION": N_("Question of customs"),
    "AMENDMENT_WANTED": N_("Customs wants an amendment"),
    "TAX": N_("Tax notice of customs"),
    "PAYMENT_POSTED": N_("Payment posted by customs"),
    "RELEASED": N_("Goods released by customs"),
    "CLEARED": N_("Cleared by customs"),
    "AMENDED": N_("Amendment accepted by customs"),
    "AMENDMENT_REFUSED": N_("Amendment refused by customs"),
    "CANCELLED": N_("Declaration cancelled by customs"),
    "CANCEL_REFUSED": N_("Cancellation refused by customs"),
}
_BAD = frozenset({"REFUSED", "AMENDMENT_REFUSED", "CANCEL_REFUSED"})


def exchange_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return messages and notices as a timeline, and what waits because the gateway does not answer."""
    row = reach(session, declaration_id, actor).declaration
    dispatches = queries.dispatches_of(session, declaration_id)
    notices = queries.notices_of(session, declaration_id)
    first = revisions(session, declaration_id)[0]
    ahead = queries.notices_ahead(session, declaration_id)
    if not dispatches and not notices and not ahead:
        return {}
    feed = queries.gateway_feed(session)
    declarant = session.get(Party, row.agent_party_id or row.party_id)
    by = declarant.name if declarant is not None else ""
    entries = [
        *(_begun(first, by) for _ in dispatches[:1]), *(_sent(each, by) for each in dispatches),
        *(_heard(each) for each in notices),
    ]  # fmt: skip
    return {
        "entries": sorted(entries, key=lambda entry: entry["at"]),
        "waiting": [_waiting(each) for each in dispatches if each.state == "QUEUED"],
        "failed": [MESSAGES[each.kind] for each in dispatches if each.state == "FAILED"],
        "silent_since": feed.failed_at if feed is not None else None,
        "simulated": simulated(session, (each.body for each in (*notices, *ahead))),
        "refusal": _refusal(notices),
        "gap": _gap(notices, ahead),
    }


def clocks_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the statutory clocks with their articles."""
    reach(session, declaration_id, actor)
    clocks = queries.clocks_of(session, declaration_id)
    if not clocks:
        return {}
    cited = law.instruments(session)
    numbers = {key: instrument.number for key, instrument in cited.items()}
    return {"clocks": [_clock(each, numbers, utcnow()) for each in clocks]}


@exchange_pages.get(_EXPLAIN, name="declaration-difference", include_in_schema=False)
def difference_page(
    request: Request, session: DbSession, actor: SignedInActor, declaration_id: UUID, difference_id: UUID
) -> Response:
    """Show one difference and ask for its explanation."""
    return _difference_page(request, session, actor, declaration_id, difference_id)


@exchange_pages.post(_EXPLAIN, include_in_schema=False)
def explain_difference(
    request: Request, session: DbSession, actor: SignedInActor, posted: PostedForm, declaration_id: UUID,
    difference_id: UUID,
) -> Response:  # fmt: skip
    """Keep the explanation of a difference."""
    reach(session, declaration_id, actor)
    said = text(posted, "explanation")
    try:
        explain(
            session,
            declaration_id=declaration_id,
            difference_id=difference_id,
            text=said,
            actor=actor,
            now=utcnow(),
        )
    except DomainError as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - what is no fault of a field is no answer to the form
            raise
        return _difference_page(
            request, session, actor, declaration_id, difference_id, typed=said, problem=refusal
        )
    return RedirectResponse(f"{HOME}/{declaration_id}#panel-differences", 303)


def _difference_page(
    request: Request, session: Session, actor: Actor, declaration_id: UUID, difference_id: UUID, *,
    typed: str | None = None, problem: DomainError | None = None,
) -> Response:  # fmt: skip
    found = reach(session, declaration_id, actor)
    row = session.get(Difference, difference_id)
    if row is None or row.declaration_id != declaration_id:
        raise NotFound
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Explain a difference"),
        "row": difference_view(row),
        "typed": row.explanation if typed is None else typed,
        "problems": problem.errors if problem is not None else (),
        "action": f"{HOME}/{declaration_id}/differences/{difference_id}",
        "back": f"{HOME}/{declaration_id}",
        "crumbs": [Crumb(found.declaration.code, f"{HOME}/{declaration_id}")],
    }
    return render(request, "declarations/difference.html", view, status=422 if problem is not None else 200)


def _begun(first: Revision, by: str) -> dict[str, Any]:
    return {
        "title": BEGUN, "at": first.created_at, "state": "done", "ours": True, "text": "", "channel": "", "number": "",
        "symbol": "pencil", "by": by,
    }  # fmt: skip


def _sent(dispatch: Dispatch, by: str) -> dict[str, Any]:
    state = {"QUEUED": "wait", "FAILED": "bad"}.get(dispatch.state, "done")
    return {
        "title": MESSAGES[dispatch.kind], "at": dispatch.queued_at, "state": state, "ours": True,
        "text": dispatch.content.get("text", ""), "channel": "", "number": "", "symbol": "send",
        "by": by, "sent_at": dispatch.sent_at,
    }  # fmt: skip


def _heard(notice: Notice) -> dict[str, Any]:
    state = "bad" if notice.kind in _BAD else "done"
    _, channel = CHANNELS.get(notice.body.get("channel", ""), ("", ""))
    return {
        "title": NOTICES[notice.kind], "at": notice.official_at, "state": state,
        "ours": False, "text": notice.body.get("text", ""), "channel": channel,
        "number": notice.body.get("official_number", "") if notice.kind in ("REGISTERED", "AMENDED") else "",
        "total": Decimal(notice.body["total"]) if "total" in notice.body else None,
        "impossible": notice.outcome == "IMPOSSIBLE",
        "papers": [each.name for each in wanted_of(notice.body)],
        "symbol": {"QUESTION": "help-circle", "TAX": "receipt"}.get(notice.kind, ""),
    }  # fmt: skip


def _waiting(dispatch: Dispatch) -> dict[str, Any]:
    return {
        "title": MESSAGES[dispatch.kind], "queued_at": dispatch.queued_at, "attempts": dispatch.attempts,
        "tried_at": dispatch.tried_at if dispatch.error else None, "next_at": dispatch.next_at,
    }  # fmt: skip


def _gap(taken: Sequence[Notice], ahead: Sequence[Notice]) -> dict[str, Any] | None:
    """Return which notices are missing before those that wait, since when, and when customs was last asked."""
    if not ahead:
        return None
    last = taken[-1].sequence if taken else 0
    here = {each.sequence for each in ahead}
    missing = [number for number in range(last + 1, ahead[-1].sequence) if number not in here]
    if not missing:
        return None
    return {
        "missing": missing, "waiting": len(ahead), "since": min(each.received_at for each in ahead),
        "asked_at": max((each.asked_at for each in ahead if each.asked_at), default=None),
    }  # fmt: skip


def _refusal(notices: Sequence[Notice]) -> list[Mapping[str, Any]]:
    """Return the faults of the last refusal, as long as nothing was decided after it."""
    decided = [
        each for each in notices if each.kind in ("REFUSED", "REGISTERED", "AMENDED", "AMENDMENT_REFUSED")
    ]
    if not decided or decided[-1].kind not in _BAD:
        return []
    return [
        {name: fault.get(name, "") for name in ("rule", "field", "line", "text", "article", "fix")}
        for fault in decided[-1].body.get("faults", ())
    ]


def _clock(clock: Clock, numbers: Mapping[str, str], now: datetime) -> dict[str, Any]:
    instrument = str(clock.law.get("instrument") or "")
    return {
        "name": LIMITS[ClockKind(clock.kind)].name,
        "whose": clock.whose,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "ended_at": clock.met_at or clock.cancelled_at,
        "state": _standing(clock, now),
        "instrument": numbers.get(instrument, instrument),
        "article": clock.law.get("article") or "",
        "assumed": clock.law.get("status") == "ASSUMED",
        "extended": "extension" in clock.law,
        "hour_missing": clock.due_at is None and clock.kind == ClockKind.DECLARE_EXPORT,
    }


def _standing(clock: Clock, now: datetime) -> str:
    if clock.cancelled_at is not None:
        return "STOPPED"
    if clock.due_at is None:
        return "UNKNOWN"
    if LIMITS[ClockKind(clock.kind)].window:
        return "OPEN" if now <= clock.due_at else "OVER"
    if clock.met_at is not None:
        return "IN_TIME" if clock.met_at <= clock.due_at else "LATE"
    return "RUNNING" if now <= clock.due_at else "OVERDUE"
