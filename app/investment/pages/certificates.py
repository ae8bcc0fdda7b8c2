"""The certificate register: the list in both times, one certificate with its revisions, and what changed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.documents.models import Medium
from app.core.errors import Forbidden, NotFound
from app.core.evidence import Subject, record
from app.core.i18n import N_, LocalText, formats
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import local_day, utcnow
from app.core.settings.zone import ZoneConfig
from app.core.workflow import procedures
from app.core.workflow.answers import Change
from app.core.workflow.bases import adjusted, base_answers
from app.core.workflow.models import Case
from app.core.workflow.permissions import FILE, READ, RECEIVE
from app.investment import queries
from app.investment.models import Certificate
from app.investment.queries import AsOf, Position, Wanted
from app.investment.queries.register import LARGEST_EXPORT, PAGE_SIZE
from app.investment.service import open_adjustment
from app.investment.service.adjusting import ADJUSTMENT
from app.web.dossier_view import shown
from app.web.exports import csv_response
from app.web.forms import PostedForm, needed_key, text
from app.web.need import CustomerActor, SignedInActor
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentDesk, CurrentZone
from app.web.unit import DbSession, router

certificate_pages = router()

REGISTER = "/certificates"
LANGUAGES = ("vi", "en")


@certificate_pages.get(REGISTER, name="certificates", include_in_schema=False)
def register_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    zone: CurrentZone,
    on: str = "",
    known: str = "",
    q: str = "",
    site: str = "",
    after: str = "",
) -> Response:
    """Show the certificates that hold on a day, as the register knew them at the end of another."""
    require_reader(actor)
    now = utcnow()
    as_of, faults = _as_of(request, on, known, now, zone)
    wanted = Wanted(as_of, q, site)
    found = queries.certificates(session, wanted, after=_position(after))
    page = found[:PAGE_SIZE]
    query = f"on={on}&known={known}&q={q}&site={site}"
    cursor = encode_cursor((page[-1].signed_at, page[-1].id)) if len(found) > PAGE_SIZE else ""
    view = {
        "title": request_translator(request).gettext("Certificates"),
        "rows": [_line(row, zone) for row in page],
        "on": on,
        "known": known,
        "q": q,
        "site": site,
        "sites": [(each.code, each.name) for each in zone.sites],
        "faults": faults,
        "past": bool(on or known),
        "filtered": bool(on or known or q or site),
        "officer": actor.is_officer,
        "export": f"{REGISTER}.csv?{query}",
        "next": f"{REGISTER}?{query}&after={cursor}" if cursor else "",
    }
    return render(request, "investment/certificates.html", view, status=422 if faults else 200)


@certificate_pages.get(f"{REGISTER}.csv", name="certificates-export", include_in_schema=False)
def register_file(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    zone: CurrentZone,
    on: str = "",
    known: str = "",
    q: str = "",
    site: str = "",
) -> Response:
    """Send the list as CSV; who took it is on record."""
    require_reader(actor)
    now, translator = utcnow(), request_translator(request)
    as_of, _ = _as_of(request, on, known, now, zone)
    rows = queries.certificates(session, Wanted(as_of, q, site), size=LARGEST_EXPORT)[:LARGEST_EXPORT]
    record(
        session, "investment:register:export", subject=Subject("register", None), actor=actor, at=now,
        facts={"rows": len(rows), "day": as_of.day.isoformat(), "known_at": as_of.known_at.isoformat()},
    )  # fmt: skip
    names = (
        N_("Number"),
        N_("Revision"),
        N_("Project code"),
        N_("Project"),
        N_("Investors"),
        N_("Site"),
        N_("Valid from"),
        N_("Valid to"),
        N_("Signed"),
        N_("Medium"),
    )
    lines = (
        [
            row.number,
            str(row.revision),
            row.project_code or "",
            row.project_name,
            row.investor_name,
            site_name(zone, row.site).get(translator.lang, row.site),
            row.valid.lower.strftime("%d/%m/%Y"),
            row.valid.upper.strftime("%d/%m/%Y") if row.valid.upper else "",
            formats.format_datetime(row.signed_at, lang=translator.lang, timezone=zone.tz).replace(
                formats.NBSP, " "
            ),
            row.medium,
        ]
        for row in rows
    )
    return csv_response("certificates.csv", [translator.gettext(name) for name in names], lines)


@certificate_pages.get(f"{REGISTER}/{{number}}", name="certificate", include_in_schema=False)
def certificate_page(
    request: Request,
    session: DbSession,
    actor: SignedInActor,
    zone: CurrentZone,
    number: str,
    known: str = "",
) -> Response:
    """Show one certificate with all its revisions, as the register knows or knew them."""
    require_reader(actor)
    as_of, _ = _as_of(request, "", known, utcnow(), zone)
    rows = queries.revisions(session, number, known_at=as_of.known_at)
    if not rows:
        raise NotFound
    newest, lang = rows[0], request_translator(request).lang
    under_way = queries.open_adjustment(session, project_id=newest.project_id)
    view = {
        "title": newest.content["project_name_vi"],
        "number": number,
        "known": known,
        "project": {"id": str(newest.project_id), "code": newest.content.get("project_code")},
        "content": facts_of(newest, zone, lang, queries.words_of(session, newest)),
        "revisions": [revision_view(session, row, number) for row in rows],
        "may_adjust": not actor.is_officer and actor.may(FILE, newest.party_id),
        "counter": f"/counter/new?party={newest.party_id}&procedure={ADJUSTMENT}/{number}"
        if actor.is_officer and actor.may(RECEIVE)
        else "",
        "under_way": {"id": str(under_way.id), "code": under_way.code} if under_way else None,
        "case_id": str(uuid7()),
        "crumbs": [Crumb(request_translator(request).gettext("Certificates"), REGISTER)],
    }
    return render(request, "investment/certificate.html", view)


@certificate_pages.get(f"{REGISTER}/{{number}}/changes", name="certificate-changes", include_in_schema=False)
def changes_page(
    request: Request, session: DbSession, actor: SignedInActor, number: str, revision: int = 0
) -> Response:
    """Show what a revision changed against the one before it, field by field."""
    require_reader(actor)
    rows = {row.revision: row for row in queries.revisions(session, number, known_at=utcnow())}
    row = rows.get(revision or max(rows, default=0))
    case = session.get(Case, row.case_id) if row is not None else None
    if row is None or case is None or case.base_id is None:
        raise NotFound
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("What revision %(n)s changed", n=row.revision),
        "number": number,
        "changes": changes_view(session, case),
        "case_id": str(case.id),
        "crumbs": [Crumb(gettext("Certificates"), REGISTER), Crumb(number, f"{REGISTER}/{number}")],
    }
    return render(request, "investment/changes.html", view)


@certificate_pages.post(f"{REGISTER}/{{number}}/adjust", include_in_schema=False)
def adjust(
    session: DbSession, actor: CustomerActor, desk: CurrentDesk, posted: PostedForm, number: str
) -> Response:
    """Open a dossier that adjusts the certificate; the key comes with the page, so a double click opens one."""
    case_id = needed_key(text(posted, "case_id"))
    case = open_adjustment(session, desk=desk, number=number, case_id=case_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/dossiers/{case.id}", 303)


def changes_panel(session: Session, actor: Actor, case_id: UUID) -> Mapping[str, Any]:
    """Return what a dossier changes of the certificate in force, for its page; nothing where it adjusts none."""
    case = session.get(Case, case_id)
    if case is None or case.base_id is None:
        return {}
    certificate = queries.of_case(session, case.base_id)
    return {"changes": changes_view(session, case), "number": certificate.number if certificate else ""}


def changes_view(session: Session, case: Case) -> list[dict[str, Any]]:
    """Return the changes of an adjustment as rows: label, before and after, each by language."""
    definition = procedures.definition_of(session, case.version_id)
    before = base_answers(session, case) or {}
    return [
        {"label": each.label, "before": _shown(each, each.before), "after": _shown(each, each.after)}
        for each in adjusted(definition, before, case.answers)
    ]


def _shown(change: Change, value: Any) -> Any:
    if value is None:
        return None
    if change.field.sensitive:
        return value  # stays covered
    said = {lang: shown(change.field, value, lang) for lang in LANGUAGES}
    return {lang: text[lang] if isinstance(text, Mapping) else text for lang, text in said.items()}


def require_reader(actor: Actor) -> None:
    """
    Refuse an officer who may not read dossiers; an enterprise sees its own rows only.

    :raises Forbidden: naming the permission.
    """
    if actor.is_officer and not actor.may(READ):
        raise Forbidden(permission=READ)


def revision_view(session: Session, row: Certificate, number: str) -> dict[str, Any]:
    """Return one revision as a row of a table."""
    return {
        "number": number,
        "revision": row.revision,
        "signed_at": row.signed_at,
        "valid_from": row.valid.lower,
        "valid_to": row.valid.upper,
        "in_force": row.valid.upper is None,
        "document_id": str(row.document_id),
        "on_paper": row.medium == Medium.PAPER,
        "code": row.verification_code,
        "case_id": str(row.case_id),
    }


def facts_of(
    row: Certificate, zone: ZoneConfig, lang: str, words: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """
    Return the gist of a certificate: label (message id) and value.

    :param words: of its procedure; what the certificate says in Vietnamese only is marked as that.
    """
    content, money = row.content, formats.format_money
    capital, dollars = content["capital"], content["capital_usd"]
    return [
        {"label": N_("Investors"), "value": content["investor_name"]},
        {"label": N_("Objective"), "value": {"vi": content["objective"]}},
        {
            "label": N_("Industry"),
            "value": _worded(content["industry"]["label"], words, f"vsic:{content['industry']['code']}"),
        },
        {"label": N_("Site"), "value": site_name(zone, row.site)},
        {
            "label": N_("Functional area"),
            "value": _worded(
                content["location"]["area_label"], words, f"functional_area:{content['location']['area']}"
            ),
        },
        {
            "label": N_("Total capital"),
            "value": f"{money(_amount(capital), capital['currency'], lang=lang)} "
            f"({money(_amount(dollars), dollars['currency'], lang=lang)})",
        },
        {
            "label": N_("Term"),
            "value": {"vi": f"{content['term_years']} năm", "en": f"{content['term_years']} years"},
        },
    ]


def _worded(label: str, words: Mapping[str, Mapping[str, str]], name: str) -> LocalText:
    return {**words.get(name, {}), "vi": label}


def site_name(zone: ZoneConfig, code: str) -> Mapping[str, str]:
    """Return the name of a site; an unknown one shows its code."""
    return next((each.name for each in zone.sites if each.code == code), {"en": code, "vi": code})


def _amount(money: Mapping[str, str]) -> Decimal:
    return Decimal(money["amount"])


def _line(row: Any, zone: ZoneConfig) -> dict[str, Any]:
    return {
        "number": row.number,
        "revision": row.revision,
        "project_id": str(row.project_id),
        "project_code": row.project_code or "",
        "project": row.project_name,
        "investors": row.investor_name,
        "site": site_name(zone, row.site),
        "valid_from": row.valid.lower,
        "valid_to": row.valid.upper,
        "signed_at": row.signed_at,
        "on_paper": row.medium == Medium.PAPER,
    }


def _as_of(
    request: Request, on: str, known: str, now: datetime, zone: ZoneConfig
) -> tuple[AsOf, dict[str, str]]:
    """Read the two days; "known" means until the end of that day. What cannot be read counts as today, and is said."""
    gettext, faults = request_translator(request).gettext, {}
    day, known_at = local_day(now, zone.tz), now
    for name, given in (("on", on), ("known", known)):
        if not given.strip():
            continue
        try:
            parsed = formats.parse_date(given)
        except ValueError:
            faults[name] = gettext(
                "Write the date as day/month/year, for example %(example)s.", example="31/12/2026"
            )
            continue
        if name == "on":
            day = parsed
        else:
            known_at = min(now, _end_of(parsed, zone))
    return AsOf(day, known_at, present=not (on.strip() or known.strip())), faults


def _end_of(day: date, zone: ZoneConfig) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone.tz).astimezone(UTC) - timedelta(
        microseconds=1
    )


def _position(cursor: str) -> Position | None:
    found = position(cursor, datetime, UUID)
    return None if found is None else Position(*found)
