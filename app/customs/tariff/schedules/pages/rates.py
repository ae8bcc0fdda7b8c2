"""Single rates of a line: what is known of them, a new rate or an end as a proposal, and what is in force as a file."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.errors import FieldProblem
from app.core.i18n import N_, localise
from app.core.kit.actor import Actor
from app.core.kit.text import nfc
from app.core.kit.time import local_day, utcnow
from app.customs.tariff.domain.measures import PREFERENCES, Kind
from app.customs.tariff.domain.words import KIND_TITLES, dotted
from app.customs.tariff.schedules import queries
from app.customs.tariff.schedules.domain.cells import Cell, CellFaulty, RateGrammar, read_rate, tidy
from app.customs.tariff.schedules.domain.codes import LINE, SUBLINE, read_code
from app.customs.tariff.schedules.domain.faults import WORDS
from app.customs.tariff.schedules.domain.profile import Slot
from app.customs.tariff.schedules.pages.words import Wording
from app.customs.tariff.schedules.service.editing import NothingChanges, RateChange, propose_rate
from app.customs.tariff.schedules.service.exporting import schedule_rows
from app.customs.tariff.schedules.service.profiles import profiles
from app.web.exports import csv_response
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

rates = router()

Reader = Annotated[Actor, Depends(Holder(READ))]
Proposer = Annotated[Actor, Depends(Holder(PROPOSE))]
ASKED = (*TEXTS, "code", "kind", "scheme", "geo", "variant", "annex")
EXPORTED = "combined"


@rates.get("/schedules/rates", name="tariff-rates", include_in_schema=False)
def line_page(request: Request, session: DbSession, actor: Proposer, code: str = "") -> Response:
    """Show the rates of a line, and a form that proposes another."""
    given: dict[str, Any] = dict.fromkeys(ASKED, "")
    given |= {"action": SET, "code": code[:20]}
    draft = Draft(given)
    if code:
        _code(draft)
    return _form(request, session, draft, status=422 if draft.problems else 200)


@rates.post("/schedules/rates", include_in_schema=False)
def propose(request: Request, session: DbSession, actor: Proposer, posted: PostedForm) -> Response:
    """Propose a rate for some days, or that one ends; every fault is told at once."""
    draft = Draft({name: nfc(text(posted, name)).strip()[:MAX_TEXT] for name in ASKED})
    change = _read(session, draft)
    if change is None:
        return _form(request, session, draft, status=422)
    try:
        made, twin = propose_rate(
            session, change=change, reason=draft.given["reason"][:500], actor=actor, now=utcnow(),
            instruments=[draft.instrument] if draft.instrument else [],
        )  # fmt: skip
    except NothingChanges as refusal:
        session.rollback()
        told = error_texts(request_translator(request), refusal)
        draft.problems.append(
            FieldProblem("value", refusal.code, "%(reason)s", {"reason": f"{told['detail']} {told['hint']}"})
        )
        return _form(request, session, draft, status=409)
    if twin:
        session.rollback()
        return RedirectResponse(f"/law/changes/{made.id}?done=twin", 303)
    return RedirectResponse(f"/law/changes/{made.id}?done=proposed", 303)


@rates.get("/schedules/in-force.csv", name="schedule-in-force", include_in_schema=False)
def in_force(request: Request, session: DbSession, actor: Reader) -> Response:
    """Send what is in force today as a schedule that can be edited and imported again."""
    today = local_day(utcnow(), request.app.state.zone_config.tz)
    header, *rows = schedule_rows(session, profile=profiles()[EXPORTED], day=today)
    return csv_response("schedule-in-force.csv", header, rows)


def _read(session: Session, draft: Draft) -> RateChange | None:
    given = draft.given
    code = _code(draft)
    slot = _slot(session, draft)
    ends = given["action"] == END
    rate = None if ends else _rate(draft)
    if not given["reason"]:
        draft.blame("reason", "missing", N_("Say why this is changed, and where you read it."))
    period = read_period(draft, bounded=False)
    note = read_both(draft, "note_vi", "note_en")
    status = read_status(draft, note)
    source = read_source(draft, status, law.instruments(session))
    if code and period and not queries.line_known(session, code, period.start):
        draft.blame(
            "code", "tariff.code-unknown", N_("This line is not in the nomenclature on the first day.")
        )
    if draft.problems or code is None or slot is None or period is None or (rate is None and not ends):
        return None
    return RateChange(
        hs8=code[:LINE], subline10=code if len(code) == SUBLINE else "",
        slot=slot, period=period, expr=rate, status=given["status"], instrument=source,
        article=given["article"] or None, annex=given["annex"] or None,
        note={"vi": given["note_vi"], "en": given["note_en"]} if note else None,
    )  # fmt: skip


def _code(draft: Draft) -> str | None:
    try:
        found = read_code(Cell(tidy(draft.given["code"])))
    except CellFaulty:
        found = None
    if found is None or len(found.digits) not in (LINE, SUBLINE) or found.mended:
        draft.blame(
            "code", "tariff.code",
            N_("Enter the 8 digits of a line or the 10 of a sub-line, for example 8517.13.00."),
        )  # fmt: skip
        return None
    return found.digits


def _slot(session: Session, draft: Draft) -> Slot | None:
    given = draft.given
    if given["kind"] not in Kind.__members__:
        draft.blame("kind", "missing", N_("Choose what kind of rate it is."))
        return None
    kind = Kind(given["kind"])
    if kind in PREFERENCES:
        known = {each.code for each in queries.geo_groups(session)}
        if given["scheme"] not in {each.code for each in queries.schemes(session)} & known:
            draft.blame("scheme", "missing", N_("Choose the agreement under which it holds."))
            return None
        return Slot(kind, given["scheme"], given["scheme"])
    remedy = kind in (Kind.ANTI_DUMPING, Kind.COUNTERVAILING, Kind.SAFEGUARD)
    geo = given["geo"].upper() if remedy else ""
    if geo and geo not in {each.code for each in queries.geo_groups(session)} and not _country(geo):
        draft.blame("geo", "tariff.geo", N_("Enter a group of the list or the two letters of a country."))
        return None
    return Slot(kind, "", geo, given["variant"][:40].upper() if remedy else "")


def _country(code: str) -> bool:
    return len(code) == 2 and code.isascii() and code.isalpha()  # noqa: PLR2004  ISO 3166 alpha-2


def _grammar() -> RateGrammar:
    """Return how a rate is written by hand: the way the schedules write it, and nothing that means "none"."""
    base = profiles()[EXPORTED].rates[0].grammar
    return RateGrammar(
        decimal=base.decimal, countries=base.countries, units=base.units, currencies=base.currencies,
        none=frozenset(),
    )  # fmt: skip


def _rate(draft: Draft) -> Any:
    try:
        return read_rate(Cell(tidy(draft.given["value"])), _grammar()).expr
    except CellFaulty as fault:
        what, remedy = WORDS[fault.code]
        params = {"percent": "%", **fault.params}
        draft.problems.append(FieldProblem("value", fault.code.value, f"{what}", params))
        draft.problems.append(FieldProblem("value", fault.code.value, f"{remedy}", params))
        return None


def _form(request: Request, session: Session, draft: Draft, *, status: int = 200) -> Response:
    translator = request_translator(request)
    gettext, lang = translator.gettext, translator.lang
    tz = request.app.state.zone_config.tz
    law_words = LawWording(translator, tz, law.instruments(session))
    digits = "".join(character for character in draft.given["code"] if character.isdigit())[:LINE]
    held = queries.held(session, digits) if len(digits) == LINE else []
    titles = queries.titles(session, None, [digits]) if digits else {}
    agreements = {each.code for each in queries.geo_groups(session)}
    view = {
        "title": gettext("Change a single rate"),
        "given": draft.given,
        "problems": draft.problems,
        "line": {"code": dotted(digits), "title": titles.get(digits, {})} if digits in titles else None,
        "held": _held(held, Wording(translator, tz)),
        "kinds_of_rate": [(code.value, gettext(name)) for code, name in KIND_TITLES.items()],
        "schemes": [
            (each.code, f"{each.code} – {localise(each.title, lang)[0]}")
            for each in queries.schemes(session) if each.code in agreements
        ],
        "groups": [(each.code, localise(each.title, lang)[0]) for each in queries.geo_groups(session)],
        "actions": {"set": SET, "end": END},
        "instruments": [*law_words.instrument_options(), (NEW, gettext("Another instrument, described below"))],
        "kinds": [(code, gettext(name)) for code, name in KIND_NAMES.items()],
        "new_open": draft.given["instrument"] == NEW,
        "crumbs": [Crumb(gettext("Legal desk"), "/law"), Crumb(gettext("Schedules of the tariff"), "/schedules")],
    }  # fmt: skip
    return render(request, "schedules/rate.html", view, status=status)


def _held(rows: Sequence[Any], wording: Wording) -> list[dict[str, str]]:
    return [
        {
            "column": " · ".join(
                filter(None, (dotted(row.subline10), wording.column(row.kind, row.scheme, row.geo, row.variant)))
            ), "rate": wording.rate(row.expr),
            "days": wording.days(row.valid), "status": row.status,
            "source": " · ".join(filter(None, (row.instrument_id, row.article, row.annex))),
        }
        for row in rows
    ]  # fmt: skip
