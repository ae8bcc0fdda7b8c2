"""Projects: the list, and one page for everything that is known of a project."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import local_day, utcnow
from app.core.workflow import procedures
from app.core.workflow.models import Case
from app.investment import queries
from app.investment.domain import plan
from app.investment.models import Certificate
from app.investment.pages.certificates import facts_of, require_reader, revision_view, site_name
from app.registry import facade as registry
from app.web.need import SignedInActor
from app.web.panels import PROJECT, panels_of
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

project_pages = router()

PROJECTS = "/projects"
PAGE_SIZE = 50


@project_pages.get(PROJECTS, name="projects", include_in_schema=False)
def projects_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, after: str = ""
) -> Response:
    """List the projects of the zone, or the enterprise's own, the newest first."""
    require_reader(actor)
    found = registry.project_cards(session, after=position(after, datetime, UUID), size=PAGE_SIZE + 1)
    page = found[:PAGE_SIZE]
    certificates = queries.in_force_of(session, [each.id for each in page])
    cursor = encode_cursor((page[-1].created_at, page[-1].id)) if len(found) > PAGE_SIZE else ""
    rows = []
    for each in page:
        certificate = certificates.get(each.id)
        rows.append(
            {
                "id": str(each.id),
                "name": each.name_vi,
                "code": each.code or "",
                "site": site_name(zone, each.site),
                "number": certificate.number if certificate else "",
                "investors": certificate.content["investor_name"] if certificate else "",
                "capital": _capital(certificate) if certificate else None,
            }
        )
    view = {
        "title": request_translator(request).gettext("Projects"),
        "rows": rows,
        "officer": actor.is_officer,
        "next": f"{PROJECTS}?after={cursor}" if cursor else "",
    }
    return render(request, "investment/projects.html", view)


@project_pages.get(f"{PROJECTS}/{{project_id}}", name="project", include_in_schema=False)
def project_page(
    request: Request, session: DbSession, actor: SignedInActor, zone: CurrentZone, project_id: UUID
) -> Response:
    """Show identity, code, certificate, plan, site, dossiers and history of a project."""
    require_reader(actor)
    card = registry.project_card(session, project_id)
    if card is None:
        raise NotFound
    now, translator = utcnow(), request_translator(request)
    revisions = queries.of_project(session, project_id, known_at=now)
    dossiers = queries.dossiers(session, project_id)
    newest = revisions[0] if revisions else None
    words = queries.words_of(session, newest) if newest else {}
    view = {
        "title": card.name_vi,
        "project": {
            "name_en": card.name_en,
            "code": card.code,
            "site": site_name(zone, card.site),
            "created_at": card.created_at,
            "taken_over": card.takeover_id is not None,
        },
        "facts": facts_of(newest, zone, translator.lang, words) if newest else [],
        "certificate": revision_view(session, newest, newest.number) if newest else None,
        "plan": _plan(newest, local_day(now, zone.tz), words) if newest else None,
        "dossiers": [_dossier(session, each) for each in dossiers],
        "timeline": _timeline(dossiers, revisions),
        "panels": panels_of(request, session, actor, kind=PROJECT, object_id=project_id),
        "crumbs": [Crumb(translator.gettext("Projects"), PROJECTS)],
    }
    return render(request, "investment/project.html", view)


def certificates_panel(session: Session, actor: Actor, party_id: UUID) -> Mapping[str, Any]:
    """Return the certificates of an enterprise that are in force, for its page."""
    rows = queries.of_party(session, party_id)
    listed = [
        {
            "number": row.number,
            "project_id": str(row.project_id),
            "project": row.content["project_name_vi"],
            "revision": row.revision,
            "valid_from": row.valid.lower,
        }
        for row in rows
    ]
    return {"rows": listed} if listed else {}


def _capital(row: Certificate) -> dict[str, Any]:
    capital = row.content["capital"]
    return {"amount": Decimal(capital["amount"]), "currency": capital["currency"]}


def _plan(row: Certificate, today: date, words: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    content = row.content
    return {
        "capital": plan.capital_parts(content),
        "investors": plan.investor_parts(content),
        "currency": content["capital"]["currency"],
        "milestones": plan.milestones(content, today=today, words=words),
        "width": plan.WIDTH,
    }


def _dossier(session: Session, case: Case) -> dict[str, Any]:
    definition = procedures.definition_of(session, case.version_id)
    return {
        "id": str(case.id),
        "code": case.code or "",
        "procedure": definition.title,
        "state": definition.states[case.state].title,
        "final": definition.states[case.state].final,
        "at": case.submitted_at or case.created_at,
    }


def _timeline(dossiers: Sequence[Case], revisions: Sequence[Certificate]) -> list[dict[str, Any]]:
    """Return what happened, the newest first: dossiers filed, certificates signed."""
    entries: list[tuple[datetime, str, str]] = [
        (each.submitted_at, N_("Dossier filed"), each.code or "") for each in dossiers if each.submitted_at
    ]
    entries += [
        (
            each.signed_at,
            N_("Certificate signed") if each.revision == 1 else N_("Adjustment signed"),
            each.number,
        )
        for each in revisions
    ]
    return [
        {"title": title, "text": text, "at": at, "state": "done"}
        for at, title, text in sorted(entries, key=lambda entry: entry[0], reverse=True)
    ]
