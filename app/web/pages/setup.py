"""What an installation still needs before the first dossier can be received, and the certificates of who signs."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import law
from app.core.auth import administration
from app.core.auth.models import PartyKind
from app.core.auth.permissions import USER_MANAGE
from app.core.auth.roles import ROLES
from app.core.documents.signing import NoSigningKey, SignerIdentity
from app.core.errors import NotFound
from app.core.kit.actor import Actor
from app.core.kit.time import local_day, utcnow
from app.core.notifications import can_mail
from app.core.workflow import procedures
from app.web.forms import PostedForm
from app.web.identity import AuthSession, confirm_first
from app.web.kernel import Kernel
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

setup_pages = router()

Administrator = Annotated[Actor, Depends(Holder(USER_MANAGE))]

# Without one of these a dossier stands still somewhere; changes of the law wait for two legal officers.
_NEEDED = {"INTAKE": 1, "APPRAISER": 1, "HEAD": 1, "LEADER": 1, "LEGAL": 2}
_SIGNER = "LEADER"


@setup_pages.get("/admin/setup", name="admin-setup", include_in_schema=False)
def setup_page(
    request: Request,
    actor: Administrator,
    session: AuthSession,
    officers: DbSession,
    zone: CurrentZone,
    done: str = "",
) -> Response:
    """Show what is ready, what lacks, and where each is mended."""
    translator = request_translator(request)
    steps = _steps(request, session, officers, zone)
    view = {
        "title": translator.gettext("Set-up of the zone"),
        "steps": steps,
        "ready": all(each["done"] for each in steps),
        "signers": _signers(request, session),
        "development": not _is_production(request),
        "done": done,
        "crumbs": [Crumb(translator.gettext("Accounts"), "/admin/users")],
    }
    return render(request, "admin/setup.html", view)


@setup_pages.post("/admin/setup/certificates/{user_id}", include_in_schema=False)
def issue_certificate(
    request: Request,
    actor: Administrator,
    session: AuthSession,
    zone: CurrentZone,
    form: PostedForm,
    user_id: UUID,
) -> Response:
    """
    Give a leader who has no valid certificate one of the development authority.

    :raises NotFound: nobody who signs, or an installation whose signatures must have legal force.
    """
    signer = next((each for each in _signers(request, session) if each["id"] == str(user_id)), None)
    if signer is None or _is_production(request):
        raise NotFound
    if page := confirm_first(request, form):
        return page
    if not signer["valid"]:
        identity = SignerIdentity(
            code=str(user_id),
            name=signer["name"],
            position=ROLES[_SIGNER].title["vi"],
            organisation=zone.authority.name["vi"],
        )
        _kernel(request).signing.issue(identity, now=utcnow())
        administration.note_certificate(session, user_id, actor=actor, now=utcnow())
    return RedirectResponse("/admin/setup?done=certificate", 303)


def _steps(request: Request, session: Session, officers: Session, zone: Any) -> list[dict[str, Any]]:
    gettext, now = request_translator(request).gettext, utcnow()
    today = local_day(now, zone.tz)
    published = procedures.catalogue(officers, today)
    return [
        _offices(request, session, now),
        _officers(request, session, now),
        _law(request, officers, today),
        _step(
            gettext("Procedures"),
            bool(published),
            gettext("%(count)s procedures are in force today.", count=len(published)),
            "/procedures",
        ),
        _signing_keys(request, session),
        _step(
            gettext("Mail server"),
            can_mail(),
            gettext("People can register and be invited.")
            if can_mail()
            else gettext("Without FTZ_SMTP_URL nobody can register or be invited by e-mail."),
            "",
        ),
    ]


def _offices(request: Request, session: Session, now: datetime) -> dict[str, Any]:
    gettext = request_translator(request).gettext
    offices = administration.list_offices(session, at=now)
    divisions = [each for each in offices if each.kind is PartyKind.DIVISION]
    told = gettext(
        "%(divisions)s divisions and %(agencies)s agencies, from the zone file.",
        divisions=len(divisions),
        agencies=len(offices) - len(divisions) - 1,
    )
    return _step(gettext("Offices"), bool(divisions), told, "/admin/offices")


def _officers(request: Request, session: Session, now: datetime) -> dict[str, Any]:
    translator = request_translator(request)
    gettext = translator.gettext
    held = administration.officers_by_role(session, at=now)
    lacking = [
        ROLES[role].title[translator.lang] + (f" ({count})" if count > 1 else "")
        for role, count in _NEEDED.items()
        if len(held.get(role, ())) < count
    ]
    if lacking:
        told = gettext("Still needed: %(roles)s.", roles=", ".join(lacking))
        return _step(gettext("Officers"), False, told, "/admin/users/new")
    told = gettext("Each step of a dossier has somebody who takes it.")
    return _step(gettext("Officers"), True, told, "/admin/users")


def _law(request: Request, officers: Session, today: date) -> dict[str, Any]:
    gettext = request_translator(request).gettext
    values = law.count_in_force(officers, today)
    told = gettext(
        "%(count)s values hold today, %(assumed)s of them assumed and not verified. Legal officers check"
        " them at the legal desk.",
        count=sum(values.values()),
        assumed=values.get("ASSUMED", 0),
    )
    return _step(gettext("Law in force"), sum(values.values()) > 0, told, "")


def _signing_keys(request: Request, session: Session) -> dict[str, Any]:
    gettext = request_translator(request).gettext
    signers = _signers(request, session)
    if not signers:
        told = gettext("There is no leader yet who could sign.")
        return _step(gettext("Signing keys"), False, told, "/admin/users/new")
    told = gettext("Each leader needs a certificate that is valid now.")
    return _step(gettext("Signing keys"), all(each["valid"] for each in signers), told, "#certificates")


def _step(title: str, done: bool, text: str, href: str) -> dict[str, Any]:
    return {"title": title, "done": done, "text": text, "href": href}


def open_steps(request: Request, session: Session, officers: Session, zone: Any) -> int:
    """Return how many steps of the set-up are open."""
    return sum(not each["done"] for each in _steps(request, session, officers, zone))


def _signers(request: Request, session: Session) -> Sequence[dict[str, Any]]:
    authority, now = _kernel(request).signing, utcnow()
    found = []
    for user_id, name in administration.officers_by_role(session, at=now).get(_SIGNER, ()):
        try:
            until = authority.key_for(str(user_id), now=now).certificate.not_valid_after_utc
        except NoSigningKey:
            until = None
        found.append({"id": str(user_id), "name": name, "valid": until is not None, "until": until})
    return found


def _kernel(request: Request) -> Kernel:
    kernel: Kernel = request.app.state.kernel
    return kernel


def _is_production(request: Request) -> bool:
    return bool(_kernel(request).settings.env == "production")
