"""The desk for representatives: who asks to act for whom, what the papers show, and the decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth.membership import ADMINISTRATOR, CUSTOMER_ROLES
from app.core.auth.roles import ROLES
from app.core.documents import service as documents
from app.core.errors import Conflict, DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.kit.time import utcnow
from app.core.privacy import Purpose, Read, ReadingKind, record_reading
from app.registry.claims import service
from app.registry.claims.domain import KIND_TITLES, REASONS, STATE_TITLES, ClaimKind, ClaimState
from app.registry.claims.pages.claiming import claim_view, paper_view
from app.registry.claims.permissions import DECIDE
from app.registry.claims.queries import PAGE_SIZE, DeskClaim, desk_claim, desk_claims, papers_of
from app.registry.domain import EnterpriseKind
from app.web.admin_form import faults_of, read_roles, roles_view
from app.web.forms import PostedForm, text
from app.web.identity import confirm_first
from app.web.need import Holder
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession, router

claim_desk = router()

Decider = Annotated[Actor, Depends(Holder(DECIDE))]


@claim_desk.get("/desk/claims", name="claim-desk", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Decider, show: str = "waiting", after: str = ""
) -> Response:
    """List the claims that wait, the oldest first, or those that were answered."""
    translator, waiting = request_translator(request), show != "answered"
    found = desk_claims(session, waiting=waiting, after=position(after, datetime, UUID))
    shown = found[:PAGE_SIZE]
    following = ""
    if len(found) > PAGE_SIZE:
        cursor = encode_cursor((shown[-1].submitted_at, shown[-1].id))
        following = "/desk/claims?" + urlencode({"show": show, "after": cursor})
    view = {
        "title": translator.gettext("Representatives"),
        "tabs": [
            {"title": translator.gettext("Waiting"), "href": "/desk/claims", "active": waiting},
            {
                "title": translator.gettext("Answered"),
                "href": "/desk/claims?show=answered",
                "active": not waiting,
            },
        ],
        "rows": [
            {
                "id": str(each.id),
                "claimant": each.claimant,
                "name": each.name,
                "kind": KIND_TITLES[each.kind],
                "state": STATE_TITLES[each.state],
                "code": each.state,
                "takeover": each.takeover,
                "at": each.submitted_at,
            }
            for each in shown
        ],
        "waiting": waiting,
        "next": following,
    }
    return render(request, "registry/desk_claims.html", view)


@claim_desk.get("/desk/claims/{claim_id}", name="desk-claim", include_in_schema=False)
def claim_page(
    request: Request, session: DbSession, actor: Decider, claim_id: UUID, done: str = ""
) -> Response:
    """Show a claim with its papers, and what the zone knows of the enterprise already."""
    return _page(request, session, desk_claim(session, claim_id, now=utcnow()), done=done)


@claim_desk.get(
    "/desk/claims/{claim_id}/papers/{document_id}", name="desk-claim-paper", include_in_schema=False
)
def paper(
    request: Request, session: DbSession, actor: Decider, claim_id: UUID, document_id: UUID
) -> Response:
    """
    Send a paper of a claim; that it was read, and for what, is recorded.

    :raises NotFound: it is no paper of this claim.
    """
    found = desk_claim(session, claim_id, now=utcnow())
    if document_id not in {each.id for each in papers_of(session, claim_id)}:
        raise NotFound
    document, file = documents.file_of(session, document_id=document_id)
    what = Read("person", found.claim.user_id, "", found.claim.party_id, [document.kind])
    record_reading(
        session, what=what, purpose=Purpose.CLAIM, actor=actor, now=utcnow(), how=ReadingKind.EXPORTED
    )
    session.commit()  # before anything is sent: the reading stands even if the connection breaks
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    body = request.app.state.kernel.store.read(file.sha256)
    return Response(body, media_type=file.media_type, headers=headers)


@claim_desk.post("/desk/claims/{claim_id}/confirm", include_in_schema=False)
def confirm(
    request: Request, session: DbSession, actor: Decider, form: PostedForm, claim_id: UUID
) -> Response:
    """Confirm who acts for the enterprise."""
    if page := confirm_first(request, form):
        return page
    kind = text(form, "enterprise_kind")
    given = {
        "roles": read_roles(form),
        "replace": text(form, "replace") == "yes",
        "kind": EnterpriseKind(kind) if kind in list(EnterpriseKind) else EnterpriseKind.VIETNAMESE,
    }
    return _decide(request, session, actor, form, claim_id, "confirm", given)


@claim_desk.post("/desk/claims/{claim_id}/return", include_in_schema=False)
def give_back(
    request: Request, session: DbSession, actor: Decider, form: PostedForm, claim_id: UUID
) -> Response:
    """Return the claim to be mended."""
    return _decide(request, session, actor, form, claim_id, "return", _reasons(form))


@claim_desk.post("/desk/claims/{claim_id}/refuse", include_in_schema=False)
def refuse(
    request: Request, session: DbSession, actor: Decider, form: PostedForm, claim_id: UUID
) -> Response:
    """Refuse the claim for good."""
    return _decide(request, session, actor, form, claim_id, "refuse", _reasons(form))


def _decide(
    request: Request, session: Session, actor: Actor, form: FormData, claim_id: UUID, verb: str,
    given: dict[str, Any],
) -> Response:  # fmt: skip
    uses: dict[str, Any] = {
        "confirm": service.confirm_claim,
        "return": service.return_claim,
        "refuse": service.refuse_claim,
    }
    revision, now = text(form, "revision"), utcnow()
    try:
        uses[verb](
            session, claim_id, revision=int(revision) if revision.isdecimal() else 0, actor=actor, now=now,
            **given,
        )  # fmt: skip
    except DomainError as refusal:
        if not isinstance(refusal, service.ClaimFaulty | Conflict):
            raise
        session.rollback()
        found = desk_claim(session, claim_id, now=now)
        problems = faults_of(refusal, "roles") if isinstance(refusal, service.ClaimFaulty) else ()
        told = None if problems else error_texts(request_translator(request), refusal)
        return _page(
            request, session, found, given=given, asked=verb, problems=problems, refusal=told,
            status=refusal.status,
        )  # fmt: skip
    return RedirectResponse(f"/desk/claims/{claim_id}?done={verb}", 303)


def _page(
    request: Request,
    session: Session,
    found: DeskClaim,
    *,
    done: str = "",
    given: dict[str, Any] | None = None,
    asked: str = "",
    problems: Sequence[FieldProblem] = (),
    refusal: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    translator, claim = request_translator(request), found.claim
    default = [ADMINISTRATOR] if claim.takeover or not found.administrators else ["FILER"]
    view = {
        "title": claim.name,
        "claim": claim_view(claim, translator.lang),
        "claimant": found.claimant,
        "login": found.login,
        "waiting": claim.state == ClaimState.SUBMITTED,
        "founded": claim.kind == ClaimKind.FOUNDED,
        "papers": [paper_view(each) for each in found.papers],
        "card": _card(found),
        "administrators": [
            {"name": each.name, "login": each.login, "since": each.valid_from, "roles": roles_view(request, each.roles)}
            for each in found.administrators
        ],
        "people": found.people,
        "referral": found.referral.state if found.referral else "",
        "role_options": [
            (code, ROLES[code].title[translator.lang], ROLES[code].description[translator.lang])
            for code in CUSTOMER_ROLES
        ],
        "kind_options": [(each.value, translator.gettext(_KINDS[each])) for each in _KINDS],
        "reason_options": [(code, translator.gettext(title)) for code, title in REASONS.items()],
        "given": {
            "roles": default, "replace": claim.takeover, "reasons": [], "note": "",
            "kind": EnterpriseKind.VIETNAMESE.value, **(given or {}),
        },
        "asked": asked,
        "done": done,
        "refusal": refusal,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Representatives"), "/desk/claims")],
    }  # fmt: skip
    return render(request, "registry/desk_claim.html", view, status=status)


_KINDS = {
    EnterpriseKind.VIETNAMESE: N_("Vietnamese enterprise"),
    EnterpriseKind.FOREIGN_INVESTED: N_("Enterprise with foreign capital"),
}


def _card(found: DeskClaim) -> dict[str, Any] | None:
    card = found.card
    if card is None:
        return None
    return {"name": card.name_vi, "tax_code": card.tax_code or "", "demo": card.demo}


def _reasons(form: FormData) -> dict[str, Any]:
    chosen = [value for value in form.getlist("reasons") if isinstance(value, str)]
    return {"reasons": chosen, "note": text(form, "note")}
