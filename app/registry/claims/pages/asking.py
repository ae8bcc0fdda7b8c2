"""What the administrators of an enterprise are asked: does this person belong to it?"""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.membership import CUSTOMER_ROLES, party_names
from app.core.auth.permissions import MEMBER_MANAGE
from app.core.auth.roles import ROLES
from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.registry.claims import service
from app.registry.claims.domain import STANDING_TITLES, ReferralState
from app.registry.claims.queries import referrals_of
from app.web.admin_form import read_roles, roles_view
from app.web.forms import PostedForm, text
from app.web.identity import confirm_first
from app.web.need import CustomerActor
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

referral_pages = router()


@referral_pages.get("/referrals", name="referrals", include_in_schema=False)
def referrals_page(request: Request, session: DbSession, actor: CustomerActor, done: str = "") -> Response:
    """List the people who ask to act for the own enterprise."""
    return _page(request, session, actor, done=done)


@referral_pages.post("/referrals/{referral_id}", include_in_schema=False)
def answer(
    request: Request, session: DbSession, actor: CustomerActor, form: PostedForm, referral_id: UUID
) -> Response:
    """Admit the person with roles, or say that nobody knows them here."""
    admits = text(form, "verb") == "admit"
    roles = read_roles(form) if admits else []
    if admits and not roles:
        problem = FieldProblem(f"roles-{referral_id}", "missing", N_("Choose at least one role."))
        return _page(request, session, actor, problems=[problem], status=422)
    if admits and (page := confirm_first(request, form)):
        return page
    service.answer_referral(session, referral_id, roles=roles, actor=actor, now=utcnow())
    return RedirectResponse(f"/referrals?done={'admit' if admits else 'decline'}", 303)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    done: str = "",
    problems: list[FieldProblem] | None = None,
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    parties = [grant.party_id for grant in actor.grants if MEMBER_MANAGE in grant.permissions]
    names = party_names(session, parties)
    view = {
        "title": translator.gettext("Who asks to act for the enterprise"),
        "rows": [
            {
                "id": str(each.id),
                "claimant": each.claimant,
                "login": each.login,
                "enterprise": names.get(each.party_id, ""),
                "standing": STANDING_TITLES[each.standing],
                "takeover": each.takeover,
                "open": each.state == ReferralState.OPEN,
                "state": each.state,
                "roles": roles_view(request, each.roles),
                "at": each.created_at,
                "answered_at": each.answered_at,
            }
            for each in referrals_of(session, parties)
        ],
        "role_options": [
            (code, ROLES[code].title[translator.lang], ROLES[code].description[translator.lang])
            for code in CUSTOMER_ROLES
        ],
        "done": done,
        "problems": problems or (),
        "crumbs": [Crumb(translator.gettext("My zone"), "/my")],
    }
    return render(request, "registry/referrals.html", view, status=status)
