"""Proposing: a change of one key, or that its values were compared with the official text."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.errors import FieldProblem, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.i18n.formats import format_date, parse_date
from app.core.kit.actor import Actor
from app.core.kit.text import nfc
from app.core.kit.time import local_day, utcnow
from app.core.law import ChangeItem, Instrument, LawValue, Origin, Status
from app.core.law.units import is_bounded
from app.web.forms import PostedForm, text
from app.web.legal_permissions import PROPOSE
from app.web.need import Holder
from app.web.pages.legal import reading
from app.web.pages.legal.drafts import END, MAX_TEXT, NEW, SET, Draft, fresh, read_draft
from app.web.pages.legal.value_fields import choices_of, shape_of
from app.web.pages.legal.views import KEY_OF_DAYS, KIND_NAMES, Wording
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

proposing = router()

Proposer = Annotated[Actor, Depends(Holder(PROPOSE))]


@proposing.get("/law/{key}/propose", name="law-propose", include_in_schema=False)
def propose_page(
    request: Request, session: DbSession, actor: Proposer, zone: CurrentZone, key: str, day: str = ""
) -> Response:
    """Show the form of a change, filled with what holds now."""
    lang = request_translator(request).lang
    today = local_day(utcnow(), zone.tz)
    held = reading.timeline(session, key)
    unit = _unit_of(held)
    present = next((value for value in held if value.valid.contains(today)), None)
    typed = _typed_day(day, lang=lang, zone=zone)
    given = fresh(unit, present, lang=lang, start=typed, last=typed if is_bounded(unit) else "")
    return _form(request, session, key, held, Draft(given))


@proposing.post("/law/{key}/propose", include_in_schema=False)
def propose(request: Request, session: DbSession, actor: Proposer, posted: PostedForm, key: str) -> Response:
    """Make a change set of one step."""
    held = reading.timeline(session, key)
    draft = read_draft(
        posted,
        key=key,
        unit=_unit_of(held),
        held=held,
        known=law.instruments(session),
        lang=request_translator(request).lang,
    )
    if draft.item is None:
        return _form(request, session, key, held, draft, status=422)
    new = [draft.instrument] if draft.instrument else []
    return made(session, actor, [draft.item], new, title=draft.given["reason"])


@proposing.get("/law/{key}/verify", name="law-verify", include_in_schema=False)
def verify_page(request: Request, session: DbSession, actor: Proposer, key: str) -> Response:
    """Show the values of a key that can be confirmed against the official text."""
    held = reading.timeline(session, key)
    chosen = [_mark(value) for value in held if _can_verify(value)]
    return _verify_form(request, session, key, held, chosen=chosen if len(chosen) == 1 else [])


@proposing.post("/law/{key}/verify", include_in_schema=False)
def verify(request: Request, session: DbSession, actor: Proposer, posted: PostedForm, key: str) -> Response:
    """Propose that values were found to be what the official text says."""
    held = reading.timeline(session, key)
    chosen = [str(each) for each in posted.getlist("values")]
    reason = nfc(text(posted, "reason")).strip()[:MAX_TEXT]
    values = [value for value in held if _can_verify(value) and _mark(value) in chosen]
    problems = []
    if not values:
        problems.append(FieldProblem("values", "missing", N_("Choose at least one value.")))
    if not reason:
        problems.append(
            FieldProblem(
                "reason", "missing", N_("Say which official text you compared, and where it is found.")
            )
        )
    if problems:
        return _verify_form(
            request, session, key, held, chosen=chosen, reason=reason, problems=problems, status=422
        )
    return made(session, actor, law.verification(values), [], title=reason)


def made(
    session: Session,
    actor: Actor,
    items: Sequence[ChangeItem],
    instruments: Sequence[Instrument],
    *,
    title: str,
    origin: Origin = Origin.SCREEN,
) -> Response:
    """Store the proposal and go to its page; the same proposal sent twice is one."""
    now = utcnow()
    before = {(each.content_hash, each.base_hash): str(each.id) for each in law.open_change_sets(session)}
    change = law.propose_items(
        session, items=items, instruments=instruments, origin=origin, title=title, actor=actor, now=now
    )
    if (twin := before.get((change.content_hash, change.base_hash))) is not None:
        session.rollback()
        return RedirectResponse(f"/law/changes/{twin}?done=twin", 303)
    record(
        session,
        "law:change-set:propose",
        subject=Subject("law-change-set", change.id),
        actor=actor,
        at=now,
        facts={
            "content_hash": change.content_hash,
            "items": len(items),
            "keys": sorted({item.key for item in items}),
        },
    )
    return RedirectResponse(f"/law/changes/{change.id}?done=proposed", 303)


def _unit_of(held: Sequence[LawValue]) -> str:
    """Return the unit of a key, told by its latest value; a key without any value has no form."""
    if not held:
        raise NotFound
    return held[-1].unit


def _typed_day(day: str, *, lang: str, zone: Any) -> str:
    try:
        return format_date(parse_date(day), lang=lang, timezone=zone.tz) if day else ""
    except ValueError:
        return ""


def _form(
    request: Request,
    session: Session,
    key: str,
    held: Sequence[LawValue],
    draft: Draft,
    *,
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    unit = _unit_of(held)
    wording = Wording(translator, request.app.state.zone_config.tz, law.instruments(session))
    key_title = reading.title_of(session, key)
    another = (NEW, translator.gettext("Another instrument, described below"))
    view = {
        "title": translator.gettext("Propose a change"),
        "key": key,
        "key_title": key_title,
        "held": [wording.value(value) for value in reversed(held)][:6],
        "unit": unit,
        "shape": shape_of(unit),
        "suffix": _suffix(unit, wording.lang),
        "choices": choices_of(unit, wording.lang),
        "bounded": is_bounded(unit),
        "is_days": key == KEY_OF_DAYS,
        "actions": {"set": SET, "end": END},
        "instruments": [*wording.instrument_options(), another],
        "kinds": [(code, translator.gettext(name)) for code, name in KIND_NAMES.items()],
        "new_open": draft.given["instrument"] == NEW,
        "given": draft.given,
        "problems": draft.problems,
        "crumbs": _crumbs(translator, key, key_title),
    }
    return render(request, "legal/propose.html", view, status=status)


def _suffix(unit: str, lang: str) -> str:
    """Return what stands behind a number of a unit, such as “%” or “m²”."""
    pattern = law.say(unit, "0", lang) if shape_of(unit) in ("integer", "decimal") else ""
    return pattern.removeprefix("0").strip()


def _verify_form(
    request: Request,
    session: Session,
    key: str,
    held: Sequence[LawValue],
    *,
    chosen: Sequence[str],
    reason: str = "",
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    wording = Wording(translator, request.app.state.zone_config.tz, law.instruments(session))
    title = reading.title_of(session, key)
    view = {
        "title": translator.gettext("Confirm against the official text"),
        "key": key,
        "key_title": title,
        "open": [{**wording.value(value), "mark": _mark(value)} for value in held if _can_verify(value)],
        "unsourced": [
            wording.value(value)
            for value in held
            if value.status is not Status.VERIFIED and value.instrument is None
        ],
        "chosen": chosen,
        "reason": reason,
        "problems": problems,
        "crumbs": _crumbs(translator, key, title),
    }
    return render(request, "legal/verify.html", view, status=status)


def _crumbs(translator: Any, key: str, title: Any) -> list[Crumb]:
    named = title.get(translator.lang) or title["en"]
    return [Crumb(translator.gettext("Legal desk"), "/law"), Crumb(named, f"/law/{key}")]


def _can_verify(value: LawValue) -> bool:
    """Tell whether there is a text against which a value can be confirmed, and that is still to be done."""
    return value.status is not Status.VERIFIED and value.instrument is not None


def _mark(value: LawValue) -> str:
    """Return what names a value in a form: its content and its first day, so that a moved value is not confirmed."""
    return f"{value.valid.start.isoformat()}.{value.content_hash}"
