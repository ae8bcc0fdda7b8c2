"""The page of one enterprise: for officers, and for the enterprise's own people."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import Forbidden, NotFound
from app.core.i18n import Translator
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.workflow.permissions import RECEIVE
from app.registry.domain import Source
from app.registry.pages import words
from app.registry.pages.identity_view import identity_views
from app.registry.permissions import MANAGE, PROPOSE, READ
from app.registry.queries import EnterpriseCard, enterprise_card
from app.registry.queries import records as reading
from app.registry.queries.codes import COUNTRY, LEGAL_FORM, label_of
from app.web.need import CustomerActor, SignedInActor
from app.web.panels import ENTERPRISE, panels_of
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

enterprise_pages = router()

_ONE_DAY = timedelta(days=1)


@enterprise_pages.get("/my-enterprise", name="my-enterprise", include_in_schema=False)
def own_page(request: Request, session: DbSession, actor: CustomerActor) -> Response:
    """Lead to the record of the own enterprise, or let somebody who acts for several choose."""
    found = reading.names(session, actor.party_ids)
    if len(found) == 1:
        return RedirectResponse(f"/enterprises/{found[0][0]}", 303)
    view = {
        "title": request_translator(request).gettext("My enterprise"),
        "rows": [{"id": str(key), "name": name} for key, name in found],
    }
    return render(request, "registry/own.html", view)


@enterprise_pages.get("/enterprises/{enterprise_id}", name="enterprise", include_in_schema=False)
def enterprise_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    zone: CurrentZone,
    enterprise_id: UUID,
    done: str = "",
) -> Response:
    """Show everything about an enterprise, with what other modules hang there."""
    card = visible_card(session, actor, enterprise_id)
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    manages = actor.is_officer and actor.may(MANAGE)
    representatives = reading.representatives(session, card.party_id)
    identities = identity_views(session, actor, representatives, card, translator)
    sites = {site.code: site.name for site in zone.sites}
    view: dict[str, Any] = {
        "title": card.name_vi,
        "id": str(card.party_id),
        "card": card_view(session, card, translator, day),
        "facts": facts_of(session, card, translator, day),
        "addresses": [
            _address(session, each, translator, day) for each in reading.addresses(session, card.party_id)
        ],
        "representatives": [
            _representative(session, each, translator, day) | identities[each.id] for each in representatives
        ],
        "projects": [
            {
                "code": each.code or "",
                "name": each.name_vi,
                "site": sites.get(each.site, each.site),
                "since": each.created_at,
                "taken_over": each.verification == "TAKEN_OVER",
            }
            for each in reading.projects(session, card.party_id)
        ],
        "history": [_change(each, translator) for each in reading.changes(session, card.party_id)],
        "proposals": [_proposal(each, translator) for each in reading.proposals(session, card.party_id)],
        "panels": panels_of(request, session, actor, kind=ENTERPRISE, object_id=card.party_id),
        "manages": manages,
        "receives": actor.is_officer and actor.may(RECEIVE),
        "proposes": not actor.is_officer and actor.may(PROPOSE, card.party_id),
        "done": done,
        "crumbs": crumbs_of(translator, actor),
    }
    return render(request, "registry/enterprise.html", view)


def visible_card(session: Session, actor: Actor, enterprise_id: UUID) -> EnterpriseCard:
    """
    Return the record if the actor may see it.

    :raises Forbidden: an officer without the right to read the registry.
    :raises NotFound: there is none, or it is another's.
    """
    if actor.is_officer and not actor.may(READ):
        raise Forbidden(permission=READ)
    card = enterprise_card(session, enterprise_id)
    if card is None:
        raise NotFound
    return card


def crumbs_of(translator: Translator, actor: Actor, card: EnterpriseCard | None = None) -> list[Crumb]:
    """Return the way to a page of an enterprise."""
    first = (
        Crumb(translator.gettext("Enterprises"), "/enterprises")
        if actor.is_officer
        else Crumb(translator.gettext("My zone"), "/my")
    )
    return [first, Crumb(card.name_vi, f"/enterprises/{card.party_id}")] if card else [first]


def card_view(session: Session, card: EnterpriseCard, translator: Translator, day: date) -> dict[str, Any]:
    """Return what stands beside the name."""
    return {
        "name_en": card.name_en if card.name_en != card.name_vi else "",
        "verification": str(card.verification),
        "verification_word": translator.gettext(words.VERIFICATIONS[card.verification]),
        "demo": card.demo,
        "revision": card.revision,
        "updated_at": card.updated_at,
        "taken_over": card.source == Source.TAKE_OVER,
    }


def facts_of(
    session: Session, card: EnterpriseCard, translator: Translator, day: date
) -> list[dict[str, Any]]:
    """Return the facts of the card, in words."""
    gettext, lang = translator.gettext, translator.lang
    told = {
        "tax_code": card.tax_code or "",
        "kind": gettext(words.KINDS[card.kind]),
        "country": label_of(session, COUNTRY, card.country, day, lang),
        "legal_form": label_of(session, LEGAL_FORM, card.legal_form, day, lang),
        "registration_number": card.registration_number or "",
        "established_on": card.established_on,
        "phone": card.phone or "",
        "email": card.email or "",
        "website": card.website or "",
    }
    found = [
        {"name": name, "label": gettext(words.FIELDS[name]), "value": value} for name, value in told.items()
    ]
    return [
        *found,
        {
            "name": "source",
            "label": gettext("Source of the record"),
            "value": gettext(words.SOURCES[card.source]),
        },
    ]


def _address(
    session: Session, each: reading.AddressLine, translator: Translator, day: date
) -> dict[str, Any]:
    country = "" if each.country == "VN" else label_of(session, COUNTRY, each.country, day, translator.lang)
    return {
        "kind": translator.gettext(words.ADDRESS_KINDS[each.kind]),
        "text": ", ".join(filter(None, (each.street, each.ward, each.province, country))),
        "since": each.since,
        "until": each.until - _ONE_DAY if each.until else None,
        "past": each.until is not None and each.until <= day,
    }


def _representative(
    session: Session, each: reading.RepresentativeLine, translator: Translator, day: date
) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "name": each.name,
        "position": each.position,
        "nationality": label_of(session, COUNTRY, each.nationality, day, translator.lang),
        "legal": each.legal,
        "since": each.since,
        "until": each.until - _ONE_DAY if each.until else None,
        "past": each.until is not None and each.until <= day,
    }


def _change(each: reading.ChangeLine, translator: Translator) -> dict[str, Any]:
    return {
        "title": translator.gettext(words.CHANGES.get(each.what, each.what)),
        "revision": each.revision,
        "at": each.at,
        "who": each.actor_name if each.actor_kind != "SYSTEM" else translator.gettext("The platform"),
        "lines": words.change_lines(translator, each.values),
        "reason": each.reason,
    }


def _proposal(each: reading.ProposalLine, translator: Translator) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "state": each.state,
        "state_word": translator.gettext(words.PROPOSALS[each.state]),
        "lines": [
            {"label": translator.gettext(words.FIELDS[name]), "value": value or ""}
            for name, value in each.values.items()
        ],
        "note": each.note,
        "proposed_at": each.proposed_at,
        "answer": each.answer,
        "decided_at": each.decided_at,
    }
