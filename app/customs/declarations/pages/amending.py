"""Amendment and cancellation of a registered declaration: begun, compared, priced anew, sent, or given up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.errors import DomainError, FieldProblem, Invalid
from app.core.i18n import N_, localise
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.settings.zone import ZoneConfig
from app.customs.declarations.domain import dictionary
from app.customs.declarations.domain.amendment import Change, ChangeKind
from app.customs.declarations.domain.lifecycle import STEP_NAMES, State, Step, Who, find, steps
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, may_file
from app.customs.declarations.pages.words import HOME, listed_findings
from app.customs.declarations.permissions import SEND
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.reach import acts_for, reach
from app.customs.declarations.service import amending as service
from app.customs.declarations.service import clocks
from app.customs.declarations.service.amending import Comparison
from app.customs.declarations.service.handing_in import NotReady
from app.customs.declarations.service.reading import shown
from app.customs.tariff.facade import TAX_TITLES, Assessment
from app.web.forms import PostedForm, text, whole
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

amendment_pages = router()

ADDRESS = HOME + "/{declaration_id}/amendment"
CANCELLATION = HOME + "/{declaration_id}/cancellation"
KINDS = {
    ChangeKind.CHANGED: ("active", N_("changed"), "pencil"),
    ChangeKind.ADDED: ("good", N_("added"), "plus"),
    ChangeKind.REMOVED: ("bad", N_("removed"), "x"),
}
LINES = {
    ChangeKind.ADDED: ("good", N_("line added"), "plus"),
    ChangeKind.REMOVED: ("bad", N_("line taken out"), "x"),
}
REVISIONS = {
    "DRAFT": ("neutral", N_("Being prepared"), "pencil"),
    "SENT": ("wait", N_("With customs"), "hourglass"),
    "ACCEPTED": ("good", N_("Accepted by customs"), "check"),
    "REFUSED": ("bad", N_("Refused by customs"), "alert-circle"),
    "DROPPED": ("stale", N_("Dropped"), "history"),
}


@amendment_pages.get(ADDRESS, name="declaration-amendment", include_in_schema=False)
def page(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, declaration_id: UUID, done: str = ""
) -> Response:  # fmt: skip
    """Show the amendment that is prepared beside what counts, or how to begin one."""
    return _page(request, session, actor, zone, declaration_id, done=done)


@amendment_pages.post(ADDRESS, include_in_schema=False)
def begin(session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID) -> Response:
    """Begin an amendment from what counts."""
    service.begin(session, declaration_id=declaration_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{declaration_id}/amendment", 303)


@amendment_pages.post(ADDRESS + "/send", include_in_schema=False)
def send(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Hand the amendment in; whatever stands against it is named by its field."""
    version = whole(posted, "version")
    reason = text(posted, "reason")
    try:
        service.hand_in(
            session, declaration_id=declaration_id, version=version, reason=reason, actor=actor, now=utcnow(),
            zone=zone.tz,
        )  # fmt: skip
    except (Invalid, NotReady) as refusal:
        session.rollback()
        return _page(request, session, actor, zone, declaration_id, typed=reason, refusal=refusal)
    return RedirectResponse(f"{HOME}/{declaration_id}/amendment?done=sent", 303)


@amendment_pages.post(ADDRESS + "/drop", include_in_schema=False)
def drop(session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID) -> Response:
    """Give the amendment up."""
    service.drop(session, declaration_id=declaration_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{declaration_id}/amendment?done=dropped", 303)


@amendment_pages.get(CANCELLATION, name="declaration-cancellation", include_in_schema=False)
def cancellation_page(
    request: Request, session: DbSession, actor: Declarant, declaration_id: UUID, done: str = ""
) -> Response:
    """Show the form that asks customs to cancel."""
    return _cancellation(request, session, actor, declaration_id, done=done)


@amendment_pages.post(CANCELLATION, include_in_schema=False)
def cancel(
    request: Request, session: DbSession, actor: Declarant, posted: PostedForm, declaration_id: UUID
) -> Response:
    """Ask customs to cancel."""
    reason = text(posted, "reason")
    try:
        service.ask_cancellation(
            session, declaration_id=declaration_id, reason=reason, actor=actor, now=utcnow()
        )
    except Invalid as refusal:
        session.rollback()
        return _cancellation(
            request, session, actor, declaration_id, typed=reason, problems=refusal.errors, status=422
        )
    return RedirectResponse(f"{HOME}/{declaration_id}/cancellation?done=sent", 303)


def amendment_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a declaration's page; nothing before it is registered."""
    found = reach(session, declaration_id, actor)
    row = found.declaration
    state = State(row.state)
    mine = acts_for(actor, row.party_id) and row.origin == "OURS"
    history = [_revision(each) for each in reading.revisions(session, row.id) if each.kind == "AMENDMENT"]
    can_amend = mine and find(state, Step.AMEND) is not None
    can_cancel = mine and find(state, Step.CANCEL) is not None
    if not (history or can_amend or can_cancel):
        return {}
    return {
        "amend": f"{HOME}/{row.id}/amendment" if can_amend else "",
        "cancel": f"{HOME}/{row.id}/cancellation" if can_cancel else "",
        "history": history,
    }


def _page(
    request: Request, session: Session, actor: Actor, zone: ZoneConfig, declaration_id: UUID, *, done: str = "",
    typed: str = "", refusal: DomainError | None = None,
) -> Response:  # fmt: skip
    row = reach(session, declaration_id, actor).declaration
    under_way = reading.pending(session, row)
    draft = under_way if under_way is not None and under_way.state == "DRAFT" else None
    translator = request_translator(request)
    found = service.compare(session, row=row, draft=draft, now=utcnow(), zone=zone.tz) if draft else None
    problems = _problems(found, refusal)
    findings = refusal.findings if isinstance(refusal, NotReady) else ()
    view = {
        "title": translator.gettext("Amendment of %(code)s", code=row.code),
        "declaration": {"id": str(row.id), "code": row.code, "version": row.version},
        "draft": draft is not None,
        "waiting": under_way is not None and draft is None,
        "can_begin": may_file(actor, row) and row.origin == "OURS" and find(State(row.state), Step.AMEND) is not None,
        "can_send": actor.may(SEND, row.party_id),
        "possible": [translator.gettext(STEP_NAMES[each.step]) for each in steps(State(row.state), Who.FIRM)],
        "changes": _groups(translator, found) if found else [],
        "forbidden": [_change(each, found, translator.lang) for each in found.forbidden] if found else [],
        "taxes": _taxes(translator, found),
        "findings": listed_findings(findings, row.id, translator.lang),
        "sections": [
            (f"{HOME}/{row.id}/header/{each.code}", localise(each.title, translator.lang)[0])
            for each in dictionary.sections()
        ],
        "fixed": [
            localise(dictionary.header_fields()[code].label, translator.lang)[0]
            for code in sorted(dictionary.fixed_fields(amendment=True))
        ],
        "fixed_source": localise(dictionary.fixed_source(), translator.lang)[0],
        "free": _free(session, row, zone),
        "history": [_revision(each) for each in reading.revisions(session, row.id) if each.kind == "AMENDMENT"],
        "reason": typed,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(row.code, f"{HOME}/{row.id}")],
    }  # fmt: skip
    return render(request, "declarations/amendment.html", view, status=422 if refusal is not None else 200)


def _problems(found: Comparison | None, refusal: DomainError | None) -> Sequence[FieldProblem]:
    if refusal is None:
        return ()
    if isinstance(refusal, NotReady):
        return (FieldProblem("reason", refusal.code, refusal.detail, refusal.params),)
    # What is forbidden stands in the table of changes, where its field is.
    return refusal.errors


def _groups(translator: Any, found: Comparison) -> list[dict[str, Any]]:
    """Return the differences of the header and of each line; a line that is new or gone is told as a whole."""
    groups: list[dict[str, Any]] = []
    for line, changes in groupby(found.changes, key=lambda each: each.line):
        rows = [_change(each, found, translator.lang) for each in changes]
        if line is None:
            title = translator.gettext("The declaration as a whole")
            groups.append({"title": title, "about": "", "whole": None, "rows": rows})
            continue
        here = found.new_lines if line <= len(found.new_lines) else found.old_lines
        said = here[line - 1]
        kind = ChangeKind.ADDED if line > len(found.old_lines) else ChangeKind.REMOVED
        tone, word, symbol = LINES[kind]
        groups.append(
            {
                "title": translator.gettext("Line %(number)s", number=line),
                "about": " ".join(filter(None, (said.get("hs"), said.get("description")))),
                "whole": {"tone": tone, "word": word, "symbol": symbol}
                if line > min(len(found.old_lines), len(found.new_lines))
                else None,
                "rows": rows,
            }
        )
    return groups


def _change(each: Change, found: Comparison, lang: str) -> dict[str, Any]:
    fields = dictionary.header_fields() if each.line is None else dictionary.line_fields()
    field = fields.get(each.field)
    tone, word, symbol = KINDS[each.kind]
    return {
        "code": each.field,
        "line": each.line,
        "label": localise(field.label, lang)[0] if field else each.field,
        "old": shown(field, each.old, lang=lang) if field else each.old,
        "new": shown(field, each.new, lang=lang) if field else each.new,
        "chip": {"tone": tone, "word": word, "symbol": symbol},
        "forbidden": each in found.forbidden,
    }


def _taxes(translator: Any, found: Comparison | None) -> dict[str, Any] | None:
    """Return the taxes of both by kind with the difference; None while neither can be computed."""
    if found is None or found.before is None or found.after is None:
        return None
    kinds = dict.fromkeys((*found.before.totals, *found.after.totals))
    rows = [
        {
            "title": translator.gettext(TAX_TITLES[kind]),
            "before": found.before.totals.get(kind, Decimal(0)),
            "after": found.after.totals.get(kind, Decimal(0)),
            "more": found.after.totals.get(kind, Decimal(0)) - found.before.totals.get(kind, Decimal(0)),
        }
        for kind in kinds
    ]
    return {"rows": rows, **_total(found.before, found.after), "day": found.after.law_day}


def _total(before: Assessment, after: Assessment) -> dict[str, Any]:
    complete = before.complete and after.complete
    return {
        "before": before.total,
        "after": after.total,
        "more": after.total - before.total,
        "complete": complete,
    }


def _free(session: Session, row: Declaration, zone: ZoneConfig) -> dict[str, Any] | None:
    """Return until when an amendment after clearance bears no penalty; None before clearance, or without the value."""
    if row.cleared_at is None:
        return None
    free = clocks.free_amendment(session, cleared_at=row.cleared_at, zone=zone.tz)
    if free is None:
        return None
    return {
        "days": free.value.days(),
        "until": free.until,
        "article": free.value.article or "",
        "assumed": free.value.status is law.Status.ASSUMED,
        "over": local_day(utcnow(), zone.tz) > free.until,
    }


def _revision(each: Revision) -> dict[str, Any]:
    tone, word, symbol = REVISIONS[each.state]
    return {
        "number": each.number,
        "reason": each.reason,
        "at": each.decided_at or each.sent_at or each.created_at,
        "chip": {"tone": tone, "word": word, "symbol": symbol},
    }


def _cancellation(
    request: Request, session: Session, actor: Actor, declaration_id: UUID, *, done: str = "", typed: str = "",
    problems: Sequence[FieldProblem] = (), status: int = 200,
) -> Response:  # fmt: skip
    row = reach(session, declaration_id, actor).declaration
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Cancellation of %(code)s", code=row.code),
        "declaration": {"id": str(row.id), "code": row.code},
        "can_ask": actor.may(SEND, row.party_id)
        and row.origin == "OURS"
        and find(State(row.state), Step.CANCEL) is not None,
        "possible": [translator.gettext(STEP_NAMES[each.step]) for each in steps(State(row.state), Who.FIRM)],
        "reason": typed,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(row.code, f"{HOME}/{row.id}")],
    }
    return render(request, "declarations/cancellation.html", view, status=status)
