"""Officers enter enterprises and change their records; every form keeps what was typed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import Conflict, DomainError, FieldProblem, Invalid
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.time import local_day, utcnow
from app.registry import service
from app.registry.domain import HOME, AddressKind, EnterpriseKind, Verification
from app.registry.pages import words
from app.registry.pages.enterprise import crumbs_of
from app.registry.pages.record_forms import (
    Keeper,
    attempt,
    card_of,
    day_of,
    read_given,
    refuse,
    show_form,
    shown,
)
from app.registry.queries import EnterpriseCard
from app.registry.queries.codes import COUNTRY, LEGAL_FORM, PROVINCE, WARD, codes_of_day
from app.registry.service import Place
from app.web.forms import PostedForm, needed_key, text, whole_number
from app.web.render import request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

editing = router()

CARD = (
    "name_vi", "name_en", "kind", "country", "tax_code", "legal_form", "registration_number", "established_on", "phone",
    "email", "website",
)  # fmt: skip
ADDRESS = ("kind", "country", "province", "ward", "street", "since", "reason")
PERSON = ("name", "position", "nationality", "since", "reason")
_ONE_DAY = timedelta(days=1)


@editing.get("/enterprises/new", name="new-enterprise", include_in_schema=False)
def new_page(request: Request, session: DbSession, actor: Keeper, zone: CurrentZone) -> Response:
    """Ask what is known of an enterprise."""
    given = {
        **dict.fromkeys(CARD, ""),
        "kind": EnterpriseKind.VIETNAMESE.value,
        "country": HOME,
        "reason": "",
    }
    return _card_form(request, session, actor, zone, {**given, "key": str(uuid7())})


@editing.post("/enterprises", include_in_schema=False)
def enter(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Enter an enterprise; the key comes with the page, so sending it twice enters one."""
    given = {**read_given(posted, *CARD, "reason"), "key": text(posted, "key")}
    values, problems = _card_values(given)
    try:
        refuse(problems)
        key = service.register_enterprise(
            session, party_id=needed_key(given["key"]), actor=actor, now=utcnow(), reason=given["reason"], **values
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        session.rollback()
        return _card_form(request, session, actor, zone, given, refusal=refusal, more=problems)
    return RedirectResponse(f"/enterprises/{key}?done=entered", 303)


@editing.get("/enterprises/{enterprise_id}/edit", name="edit-enterprise", include_in_schema=False)
def edit_page(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, enterprise_id: UUID
) -> Response:
    """Show the card as a form."""
    card = card_of(session, enterprise_id)
    given = {name: shown(request, zone, getattr(card, name)) for name in CARD}
    known = {**given, "verification": str(card.verification), "revision": str(card.revision), "reason": ""}
    return _card_form(request, session, actor, zone, known, card=card)


@editing.post("/enterprises/{enterprise_id}/edit", include_in_schema=False)
def edit(
    request: Request,
    session: DbSession,
    actor: Keeper,
    zone: CurrentZone,
    posted: PostedForm,
    enterprise_id: UUID,
) -> Response:
    """Change the card, if nobody else did since the page was opened."""
    card = card_of(session, enterprise_id)
    given = read_given(posted, *CARD, "verification", "revision", "reason")
    values, problems = _card_values(given)
    values["verification"] = given["verification"]
    if given["verification"] not in set(Verification):
        problems.append(FieldProblem("verification", "choice", "Choose how far the record can be relied on."))
    try:
        refuse(problems)
        service.edit_enterprise(
            session, party_id=enterprise_id, revision=whole_number(given["revision"]), values=values, actor=actor,
            now=utcnow(), reason=given["reason"],
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        session.rollback()
        return _card_form(request, session, actor, zone, given, card=card, refusal=refusal, more=problems)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=saved", 303)


@editing.get("/enterprises/{enterprise_id}/address", name="enterprise-address", include_in_schema=False)
def address_page(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, enterprise_id: UUID
) -> Response:
    """Ask for a new address and from when."""
    card = card_of(session, enterprise_id)
    today = shown(request, zone, local_day(utcnow(), zone.tz))
    given = {
        **dict.fromkeys(ADDRESS, ""),
        "kind": AddressKind.HEAD_OFFICE.value,
        "country": card.country,
        "since": today,
    }
    return _address_form(request, session, actor, zone, card, {**given, "revision": str(card.revision)})


@editing.post("/enterprises/{enterprise_id}/address", include_in_schema=False)
def set_address(
    request: Request,
    session: DbSession,
    actor: Keeper,
    zone: CurrentZone,
    posted: PostedForm,
    enterprise_id: UUID,
) -> Response:
    """Give the enterprise an address from a day on."""
    card, given = card_of(session, enterprise_id), read_given(posted, *ADDRESS, "revision")
    problems: list[FieldProblem] = []
    since = day_of(given, "since", problems)
    if given["kind"] not in set(AddressKind):
        problems.append(FieldProblem("kind", "choice", "Choose what stands at the address."))

    def save() -> None:
        assert since is not None, "a missing day is refused before"
        place = Place(
            AddressKind(given["kind"]), given["country"], given["province"], given["ward"], given["street"],
            *_codes_of(session, given, local_day(utcnow(), zone.tz)),
        )  # fmt: skip
        service.set_address(
            session, party_id=enterprise_id, revision=whole_number(given["revision"]), place=place, since=since,
            actor=actor,
            now=utcnow(), reason=given["reason"],
        )  # fmt: skip

    if refusal := attempt(session, save, problems):
        return _address_form(request, session, actor, zone, card, given, refusal=refusal, more=problems)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=saved#addresses", 303)


def _card_values(given: Mapping[str, str]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Return the values of the card as typed, and what is wrong with the day."""
    problems: list[FieldProblem] = []
    values: dict[str, Any] = {name: given[name] for name in CARD}
    values["established_on"] = day_of(given, "established_on", problems, required=False)
    return values, problems


def _codes_of(session: Session, given: Mapping[str, str], day: date) -> tuple[str | None, str | None]:
    """Return the codes of province and ward where the lists know the names as written."""
    if given["country"] != HOME:
        return None, None
    province = _coded(session, PROVINCE, given["province"], day)
    ward = _coded(session, WARD, given["ward"], day, parent=province) if province else None
    return province, ward


def _coded(session: Session, name: str, written: str, day: date, *, parent: str | None = None) -> str | None:
    wanted = written.casefold()
    listed = codes_of_day(session, name, day, parent=parent)
    return next((each.code for each in listed if each.text("vi").casefold() == wanted), None)


def _card_form(
    request: Request,
    session: Session,
    actor: Actor,
    zone: Any,
    given: Mapping[str, str],
    *,
    card: EnterpriseCard | None = None,
    refusal: DomainError | None = None,
    more: Sequence[FieldProblem] = (),
) -> Response:
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    view = {
        "title": translator.gettext("Change the record")
        if card
        else translator.gettext("Enter an enterprise"),
        "action": f"/enterprises/{card.party_id}/edit" if card else "/enterprises",
        "back": f"/enterprises/{card.party_id}" if card else "/enterprises",
        "known": card is not None,
        "kinds": words.options(translator, words.KINDS),
        "verifications": words.options(translator, words.VERIFICATIONS),
        "countries": words.code_options(session, COUNTRY, day, translator.lang),
        "legal_forms": words.code_options(session, LEGAL_FORM, day, translator.lang),
        "crumbs": crumbs_of(translator, actor, card),
    }
    return show_form(request, session, "registry/card_form.html", view, given, card, refusal, more)


def _address_form(
    request: Request,
    session: Session,
    actor: Actor,
    zone: Any,
    card: EnterpriseCard,
    given: Mapping[str, str],
    *,
    refusal: DomainError | None = None,
    more: Sequence[FieldProblem] = (),
) -> Response:
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    view = {
        "title": translator.gettext("New address"),
        "action": f"/enterprises/{card.party_id}/address",
        "back": f"/enterprises/{card.party_id}",
        "kinds": words.options(translator, words.ADDRESS_KINDS),
        "countries": words.code_options(session, COUNTRY, day, translator.lang),
        "provinces": [each.text("vi") for each in codes_of_day(session, PROVINCE, day)],
        "wards": [each.text("vi") for each in codes_of_day(session, WARD, day)],
        "crumbs": crumbs_of(translator, actor, card),
    }
    return show_form(request, session, "registry/address_form.html", view, given, card, refusal, more)
