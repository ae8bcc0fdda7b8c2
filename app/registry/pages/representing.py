"""Officers enter who represents an enterprise, and until when."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.registry import service
from app.registry.pages import words
from app.registry.pages.enterprise import crumbs_of
from app.registry.pages.record_forms import (
    Keeper,
    attempt,
    card_of,
    day_of,
    read_given,
    show_form,
    shown,
)
from app.registry.queries import EnterpriseCard
from app.registry.queries import records as reading
from app.registry.queries.codes import COUNTRY
from app.registry.service import Person
from app.web.forms import PostedForm, whole_number
from app.web.render import request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

representing = router()

PERSON = ("name", "position", "nationality", "identity_kind", "identity_number", "since", "reason")
_ONE_DAY = timedelta(days=1)


@representing.get(
    "/enterprises/{enterprise_id}/representatives", name="new-representative", include_in_schema=False
)
def representative_page(
    request: Request, session: DbSession, actor: Keeper, zone: CurrentZone, enterprise_id: UUID
) -> Response:
    """Ask who represents the enterprise and from when."""
    card = card_of(session, enterprise_id)
    today = shown(request, zone, local_day(utcnow(), zone.tz))
    given = {**dict.fromkeys(PERSON, ""), "nationality": card.country, "since": today, "legal": "yes"}
    return _person_form(request, session, actor, zone, card, {**given, "revision": str(card.revision)})


@representing.post("/enterprises/{enterprise_id}/representatives", include_in_schema=False)
def add_representative(
    request: Request,
    session: DbSession,
    actor: Keeper,
    zone: CurrentZone,
    posted: PostedForm,
    enterprise_id: UUID,
) -> Response:
    """Enter a representative from a day on."""
    card, given = card_of(session, enterprise_id), read_given(posted, *PERSON, "legal", "revision")
    problems: list[FieldProblem] = []
    since = day_of(given, "since", problems)

    def save() -> None:
        assert since is not None, "a missing day is refused before"
        person = Person(
            given["name"], given["position"], given["nationality"], given["legal"] == "yes",
            given["identity_kind"], given["identity_number"],
        )  # fmt: skip
        service.add_representative(
            session, party_id=enterprise_id, revision=whole_number(given["revision"]), person=person, since=since,
            actor=actor, now=utcnow(), reason=given["reason"],
        )  # fmt: skip

    if refusal := attempt(session, save, problems):
        return _person_form(request, session, actor, zone, card, given, refusal=refusal, more=problems)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=saved#representatives", 303)


@representing.get(
    "/enterprises/{enterprise_id}/representatives/{representative_id}",
    name="end-representative",
    include_in_schema=False,
)
def end_page(
    request: Request,
    session: DbSession,
    actor: Keeper,
    zone: CurrentZone,
    enterprise_id: UUID,
    representative_id: UUID,
) -> Response:
    """Ask until when somebody represents the enterprise."""
    card = card_of(session, enterprise_id)
    today = shown(request, zone, local_day(utcnow(), zone.tz))
    given = {"until": today, "reason": "", "revision": str(card.revision)}
    return _end_form(request, session, actor, card, representative_id, given)


@representing.post(
    "/enterprises/{enterprise_id}/representatives/{representative_id}", include_in_schema=False
)
def end_representative(
    request: Request,
    session: DbSession,
    actor: Keeper,
    posted: PostedForm,
    enterprise_id: UUID,
    representative_id: UUID,
) -> Response:
    """End a representation with the given last day."""
    card, given = card_of(session, enterprise_id), read_given(posted, "until", "reason", "revision")
    problems: list[FieldProblem] = []
    last = day_of(given, "until", problems)

    def save() -> None:
        assert last is not None, "a missing day is refused before"
        service.end_representative(
            session, party_id=enterprise_id, representative_id=representative_id,
            revision=whole_number(given["revision"]),
            until=last + _ONE_DAY, actor=actor, now=utcnow(), reason=given["reason"],
        )  # fmt: skip

    if refusal := attempt(session, save, problems):
        return _end_form(
            request, session, actor, card, representative_id, given, refusal=refusal, more=problems
        )
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=saved#representatives", 303)


def _person_form(
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
        "title": translator.gettext("New representative"),
        "action": f"/enterprises/{card.party_id}/representatives",
        "back": f"/enterprises/{card.party_id}",
        "countries": words.code_options(session, COUNTRY, day, translator.lang),
        "identity_kinds": words.options(translator, words.IDENTITY_KINDS),
        "crumbs": crumbs_of(translator, actor, card),
    }
    return show_form(request, session, "registry/representative_form.html", view, given, card, refusal, more)


def _end_form(
    request: Request,
    session: Session,
    actor: Actor,
    card: EnterpriseCard,
    representative_id: UUID,
    given: Mapping[str, str],
    *,
    refusal: DomainError | None = None,
    more: Sequence[FieldProblem] = (),
) -> Response:
    translator = request_translator(request)
    entries = {each.id: each for each in reading.representatives(session, card.party_id)}
    if representative_id not in entries:
        raise NotFound
    entry = entries[representative_id]
    view = {
        "title": translator.gettext("End the representation"),
        "action": f"/enterprises/{card.party_id}/representatives/{representative_id}",
        "back": f"/enterprises/{card.party_id}",
        "person": {"name": entry.name, "position": entry.position, "since": entry.since},
        "crumbs": crumbs_of(translator, actor, card),
    }
    return show_form(request, session, "registry/end_form.html", view, given, card, refusal, more)
