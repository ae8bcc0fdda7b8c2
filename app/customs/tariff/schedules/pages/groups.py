"""Groups of countries that rates name: who is in them and when, and a form that proposes members or a new group."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.errors import Conflict, FieldProblem, NotFound
from app.core.i18n import N_, localise
from app.core.i18n.catalogue import languages
from app.core.i18n.countries import countries, country_name
from app.core.kit.actor import Actor
from app.core.kit.text import fold, nfc
from app.core.kit.time import local_day, utcnow
from app.customs.tariff.models import TariffGeoGroup
from app.customs.tariff.schedules import queries
from app.customs.tariff.schedules.pages.words import Wording
from app.customs.tariff.schedules.service.grouping import (
    GroupChange,
    GroupKnown,
    MembersHold,
    NewGroup,
    propose_group,
)
from app.web.forms import PostedForm, text
from app.web.legal_permissions import PROPOSE, READ
from app.web.need import Holder
from app.web.pages.legal.drafts import (
    END,
    MAX_TEXT,
    NEW,
    SET,
    TEXTS,
    Draft,
    read_both,
    read_period,
    read_source,
    read_status,
)
from app.web.pages.legal.views import KIND_NAMES
from app.web.pages.legal.views import Wording as LawWording
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession, router

groups = router()

Reader = Annotated[Actor, Depends(Holder(READ))]
Proposer = Annotated[Actor, Depends(Holder(PROPOSE))]
HOME = "/schedules/groups"
ASKED = (*TEXTS, "code", "title_vi", "title_en", "countries", "annex")
_CODE = re.compile("[A-Z][A-Z0-9_]{2,19}")
_PARTED = re.compile("[,;\n\t]+")
_MOST = 60
"""More countries than any agreement has members of; a form with more is no list of countries."""


@groups.get(HOME, name="tariff-groups", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: Reader) -> Response:
    """List the groups with how many countries are in them today."""
    translator = request_translator(request)
    counted = queries.member_counts(session, local_day(utcnow(), request.app.state.zone_config.tz))
    view = {
        "title": translator.gettext("Groups of countries"),
        "rows": [
            {
                "code": each.code, "href": f"{HOME}/{each.code}", "name": localise(each.title, translator.lang)[0],
                "members": counted.get(each.code, 0), "status": each.status,
            }
            for each in queries.geo_groups(session)
        ],
        "may_propose": actor.may(PROPOSE),
        "crumbs": _crumbs(request),
    }  # fmt: skip
    return render(request, "schedules/groups.html", view)


@groups.get(f"{HOME}/new", name="tariff-group-new", include_in_schema=False)
def new_page(request: Request, session: DbSession, actor: Proposer) -> Response:
    """Ask for a new group."""
    return _page(request, session, actor, None, _fresh())


@groups.post(f"{HOME}/new", include_in_schema=False)
def propose_new(request: Request, session: DbSession, actor: Proposer, posted: PostedForm) -> Response:
    """Propose a new group with its first members; every fault is told at once."""
    return _propose(request, session, actor, posted, None)


@groups.get(f"{HOME}/{{group_code}}", name="tariff-group", include_in_schema=False)
def group_page(request: Request, session: DbSession, actor: Reader, group_code: str) -> Response:
    """Show who is in a group and when, and a form that proposes a change."""
    return _page(request, session, actor, _group(session, group_code), _fresh())


@groups.post(f"{HOME}/{{group_code}}", include_in_schema=False)
def propose_members(
    request: Request, session: DbSession, actor: Proposer, posted: PostedForm, group_code: str
) -> Response:
    """Propose members for some days, or that some leave; every fault is told at once."""
    return _propose(request, session, actor, posted, _group(session, group_code))


def _group(session: Session, code: str) -> TariffGeoGroup:
    found = session.get(TariffGeoGroup, code) if _CODE.fullmatch(code) else None
    if found is None:
        raise NotFound
    return found


def _fresh() -> Draft:
    return Draft(dict.fromkeys(ASKED, "") | {"action": SET})


def _propose(
    request: Request, session: Session, actor: Actor, posted: Any, group: TariffGeoGroup | None
) -> Response:
    draft = Draft({name: nfc(text(posted, name)).strip()[:MAX_TEXT] for name in ASKED})
    change = _read(session, draft, group)
    if change is None:
        return _page(request, session, actor, group, draft, status=422)
    try:
        made, twin = propose_group(
            session, change=change, reason=draft.given["reason"][:500], actor=actor, now=utcnow(),
            instruments=[draft.instrument] if draft.instrument else [],
        )  # fmt: skip
    except (MembersHold, GroupKnown) as refusal:
        session.rollback()
        _blame(request, draft, "code" if isinstance(refusal, GroupKnown) else "countries", refusal)
        return _page(request, session, actor, group, draft, status=409)
    if twin:
        session.rollback()
    return RedirectResponse(f"/law/changes/{made.id}?done={'twin' if twin else 'proposed'}", 303)


def _blame(request: Request, draft: Draft, name: str, refusal: Conflict) -> None:
    told = error_texts(request_translator(request), refusal)
    reason = {"reason": f"{told['detail']} {told['hint']}"}
    draft.problems.append(FieldProblem(name, refusal.code, "%(reason)s", reason))


def _read(session: Session, draft: Draft, group: TariffGeoGroup | None) -> GroupChange | None:
    given = draft.given
    added = _new_group(draft) if group is None else None
    named = _countries(draft)
    if not given["reason"]:
        draft.blame("reason", "missing", N_("Say why this is changed, and where you read it."))
    period = read_period(draft, bounded=False)
    note = read_both(draft, "note_vi", "note_en")
    status = read_status(draft, note)
    source = read_source(draft, status, law.instruments(session))
    code = group.code if group is not None else added.code if added is not None else ""
    if draft.problems or period is None or not named or not code:
        return None
    return GroupChange(
        group=code, countries=named, period=period, members=group is None or given["action"] != END,
        status=given["status"], instrument=source, article=given["article"] or None,
        note={"vi": given["note_vi"], "en": given["note_en"]} if note else None, added=added,
    )  # fmt: skip


def _new_group(draft: Draft) -> NewGroup | None:
    given = draft.given
    given["code"] = given["code"].upper()
    # Two letters would be a country, whose place in a rate is the same.
    if not _CODE.fullmatch(given["code"]):
        draft.blame("code", "tariff.group-code", N_("Enter 3 to 20 capital letters, digits or underscores."))
        return None
    title = read_both(draft, "title_vi", "title_en")
    if title is None:
        draft.blame("title_vi", "missing", N_("Name the group in both languages."))
        return None
    return NewGroup(given["code"], dict(title))


def _countries(draft: Draft) -> tuple[str, ...]:
    """Read countries by code or name; what is no country is named."""
    known: dict[str, str] = {}
    for lang in languages():
        for code, name in countries(lang):
            known[fold(name)] = code
            known[code.lower()] = code
    typed = [each.strip() for each in _PARTED.split(draft.given["countries"]) if each.strip()]
    wrong = [each for each in typed if fold(each) not in known]
    # Codes alone may be parted by spaces as well.
    if wrong and all(fold(code) in known for each in wrong for code in each.split()):
        typed = [code for each in typed for code in (each.split() if each in wrong else [each])]
        wrong = []
    if wrong:
        params = {"names": ", ".join(each[:30] for each in wrong[:5])}
        reason = N_("Not known as a country: %(names)s. Write two letters or the name, parted by commas.")
        draft.problems.append(FieldProblem("countries", "tariff.country", reason, params))
    elif not typed or len(typed) > _MOST:
        draft.blame("countries", "missing", N_("Name the countries, at most 60 at a time."))
    return tuple(sorted({known[fold(each)] for each in typed if fold(each) in known}))


def _page(
    request: Request, session: Session, actor: Actor, group: TariffGeoGroup | None, draft: Draft, *, status: int = 200
) -> Response:  # fmt: skip
    translator = request_translator(request)
    gettext, lang, tz = translator.gettext, translator.lang, request.app.state.zone_config.tz
    law_words = LawWording(translator, tz, law.instruments(session))
    name = localise(group.title, lang)[0] if group is not None else ""
    view = {
        "title": gettext("New group of countries") if group is None else f"{group.code} · {name}",
        "group": group,
        "action": f"{HOME}/{'new' if group is None else group.code}",
        "members": _members(queries.members_of(session, group.code), Wording(translator, tz), lang)
        if group is not None
        else [],
        "named_by": queries.rates_naming(session, group.code) if group is not None else 0,
        "given": draft.given,
        "problems": draft.problems,
        "may_propose": actor.may(PROPOSE),
        "actions": {"set": SET, "end": END},
        "instruments": [
            *law_words.instrument_options(),
            (NEW, gettext("Another instrument, described below")),
        ],
        "kinds": [(code, gettext(word)) for code, word in KIND_NAMES.items()],
        "new_open": draft.given["instrument"] == NEW,
        "crumbs": [*_crumbs(request), Crumb(gettext("Groups of countries"), HOME)],
    }
    return render(request, "schedules/group.html", view, status=status)


def _members(rows: Sequence[Any], wording: Wording, lang: str) -> list[dict[str, str]]:
    told = [
        {
            "code": row.country, "name": country_name(row.country, lang), "days": wording.days(row.valid),
            "status": row.status, "source": " · ".join(filter(None, (row.instrument_id, row.article))),
        }
        for row in rows
    ]  # fmt: skip
    return sorted(told, key=lambda each: fold(each["name"]))


def _crumbs(request: Request) -> list[Crumb]:
    gettext = request_translator(request).gettext
    return [Crumb(gettext("Legal desk"), "/law"), Crumb(gettext("Schedules of the tariff"), "/schedules")]
