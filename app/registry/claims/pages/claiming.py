"""The person's pages: for whom one acts, the papers, sending, and the answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from app.core.auth.membership import party_names
from app.core.auth.permissions import MEMBER_MANAGE
from app.core.auth.registration import ensure_person
from app.core.documents.intake import ACCEPTED
from app.core.documents.models import Document
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, Forbidden
from app.core.i18n import N_
from app.core.i18n.countries import countries, country_name
from app.core.kit.actor import Actor
from app.core.kit.ids import key_of, uuid7
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import LIMITS, keep_file
from app.registry.claims import service
from app.registry.claims.domain import (
    KIND_TITLES,
    OPEN_STATES,
    PAPER_TITLES,
    REASONS,
    STANDING_TITLES,
    STATE_TITLES,
    WITHDRAWABLE,
    ClaimKind,
    Standing,
    needed_papers,
    offered_papers,
)
from app.registry.claims.models import Claim
from app.registry.claims.queries import claims_of, own_claim, papers_of
from app.registry.claims.service import Answers, person_party
from app.web.admin_form import faults_of
from app.web.forms import PostedForm, needed_key, text
from app.web.identity import AuthSession
from app.web.need import CustomerActor
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

claim_pages = upload_router()

_TONES = {
    "DRAFT": "neutral",
    "SUBMITTED": "wait",
    "RETURNED": "soon",
    "CONFIRMED": "good",
    "REFUSED": "bad",
    "WITHDRAWN": "stale",
}


@claim_pages.get("/claims", name="claims", include_in_schema=False)
def claims_page(request: Request, session: DbSession, actor: CustomerActor) -> Response:
    """List a person's claims, and lead on to a new one."""
    view = {
        "title": request_translator(request).gettext("Act for an enterprise"),
        "rows": [row_view(each) for each in claims_of(session, actor)],
        "crumbs": [Crumb(request_translator(request).gettext("My zone"), "/my")],
    }
    return render(request, "registry/claims.html", view)


@claim_pages.post("/claims/begin", include_in_schema=False)
def begin(request: Request, session: AuthSession, actor: CustomerActor, form: PostedForm) -> Response:
    """Lead to a new claim; an account that an administrator opened becomes a person of its own first."""
    assert actor.user_id is not None
    if person_party(actor) is None:
        ensure_person(session, actor.user_id, now=utcnow())
    return RedirectResponse("/claims/new", 303)


@claim_pages.get("/claims/new", name="new-claim", include_in_schema=False)
def new_page(request: Request, session: DbSession, actor: CustomerActor) -> Response:
    """Ask which enterprise it is, and by what the person acts for it."""
    if person_party(actor) is None:
        return RedirectResponse("/claims", 303)
    return _form(request, session, actor, claim_id=uuid7(), action="/claims")


@claim_pages.post("/claims", include_in_schema=False)
def create(request: Request, session: DbSession, actor: CustomerActor, form: PostedForm) -> Response:
    """Note the claim; the key comes with the page, so a double click makes one."""
    if person_party(actor) is None:
        return RedirectResponse("/claims", 303)
    claim_id, answers = key_of(text(form, "claim_id")) or uuid7(), _answers(form)
    try:
        claim = service.begin_claim(
            session, claim_id=claim_id, answers=answers, countries=_codes(), actor=actor, now=utcnow()
        )
    except DomainError as refusal:
        if isinstance(refusal, Forbidden):
            raise
        session.rollback()
        return _form(
            request, session, actor, claim_id=claim_id, action="/claims", given=answers,
            problems=faults_of(refusal, "kind"), status=refusal.status,
        )  # fmt: skip
    return RedirectResponse(f"/claims/{claim.id}", 303)


@claim_pages.get("/claims/{claim_id}", name="claim", include_in_schema=False)
def claim_page(
    request: Request, session: DbSession, actor: CustomerActor, claim_id: UUID, done: str = ""
) -> Response:
    """Show a claim: what was said, its papers, where it stands, what to do."""
    return _claim(request, session, own_claim(session, claim_id, actor), done=done)


@claim_pages.get("/claims/{claim_id}/edit", name="edit-claim", include_in_schema=False)
def edit_page(request: Request, session: DbSession, actor: CustomerActor, claim_id: UUID) -> Response:
    """Ask again what was said."""
    claim = own_claim(session, claim_id, actor)
    if claim.state not in OPEN_STATES:
        return RedirectResponse(f"/claims/{claim_id}", 303)
    given = Answers(
        claim.kind, claim.standing, claim.tax_code or "", claim.name, claim.country or "", claim.takeover,
        claim.for_party_id,
    )  # fmt: skip
    return _form(request, session, actor, claim_id=claim_id, action=f"/claims/{claim_id}/edit", given=given)


@claim_pages.post("/claims/{claim_id}/edit", include_in_schema=False)
def edit(
    request: Request, session: DbSession, actor: CustomerActor, form: PostedForm, claim_id: UUID
) -> Response:
    """Change what was said."""
    answers = _answers(form)
    try:
        service.change_claim(
            session, claim_id, answers=answers, countries=_codes(), actor=actor, now=utcnow()
        )
    except service.ClaimFaulty as refusal:
        session.rollback()
        return _form(
            request, session, actor, claim_id=claim_id, action=f"/claims/{claim_id}/edit", given=answers,
            problems=refusal.errors, status=refusal.status,
        )  # fmt: skip
    return RedirectResponse(f"/claims/{claim_id}?done=change", 303)


@claim_pages.post("/claims/{claim_id}/papers", include_in_schema=False)
def upload(
    request: Request, session: DbSession, actor: CustomerActor, form: PostedForm, claim_id: UUID
) -> Response:
    """Take a paper in; a refused file says why, and the others stay."""
    own_claim(session, claim_id, actor)
    # The file is inspected without a connection: the reads above are over, the writes come after.
    session.rollback()
    files, kind = sent_files(form, "file"), text(form, "paper")
    problems = (
        []
        if files
        else [FieldProblem("file", "missing", N_("Choose at least one file on this device, then upload."))]
    )
    for each in files[: service.MAX_PAPERS]:
        try:
            kept = keep_file(
                request.app.state.kernel.store, stream=each.file, filename=each.filename or "file"
            )
            service.add_paper(
                session, claim_id, kind=kind, file=kept.file, media_type=kept.media_type, name=kept.name,
                actor=actor, now=utcnow(),
            )  # fmt: skip
            session.flush()  # the next file counts those that are there
        except FileRefused as refusal:
            told = error_texts(request_translator(request), refusal)
            params = {"file": each.filename or "file", "reason": f"{told['detail']} {told['hint']}"}
            problems.append(FieldProblem("file", refusal.code, "%(file)s: %(reason)s", params))
        except (service.ClaimFaulty, service.TooManyPapers) as refusal:
            problems.extend(refusal.errors)
            break
    if problems:
        # What was taken stays: the page is shown as a success with its problems unless nothing came in.
        claim = own_claim(session, claim_id, actor)
        return _claim(
            request, session, claim, problems=problems, paper=kind,
            status=422 if len(problems) >= len(files) else 200,
        )  # fmt: skip
    return RedirectResponse(f"/claims/{claim_id}#papers", 303)


@claim_pages.post("/claims/{claim_id}/papers/remove", include_in_schema=False)
def remove(session: DbSession, actor: CustomerActor, form: PostedForm, claim_id: UUID) -> Response:
    """Take a paper away."""
    document_id = needed_key(text(form, "document"))
    service.remove_paper(session, claim_id, document_id=document_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/claims/{claim_id}#papers", 303)


@claim_pages.post("/claims/{claim_id}/submit", include_in_schema=False)
def submit(
    request: Request, session: DbSession, actor: CustomerActor, form: PostedForm, claim_id: UUID
) -> Response:
    """Send the claim to the desk."""
    try:
        service.submit_claim(session, claim_id, actor=actor, now=utcnow())
    except service.PapersWanting as refusal:
        session.rollback()
        claim = own_claim(session, claim_id, actor)
        return _claim(request, session, claim, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"/claims/{claim_id}?done=submit", 303)


@claim_pages.post("/claims/{claim_id}/withdraw", include_in_schema=False)
def withdraw(session: DbSession, actor: CustomerActor, form: PostedForm, claim_id: UUID) -> Response:
    """Take the claim back."""
    service.withdraw_claim(session, claim_id, actor=actor, now=utcnow())
    return RedirectResponse(f"/claims/{claim_id}?done=withdraw", 303)


def my_claims_panel(session: Session, actor: Actor, object_id: UUID) -> Mapping[str, Any]:
    """Return the claims that are under way, for the first page of a person; nothing when there are none."""
    if person_party(actor) is None:
        return {}
    waiting = [each for each in claims_of(session, actor) if each.state in WITHDRAWABLE]
    sent = any(each.state == "SUBMITTED" for each in waiting)
    return {"rows": [row_view(each) for each in waiting], "waits": sent} if waiting else {}


def row_view(claim: Claim) -> Mapping[str, Any]:
    """Return a claim as a row."""
    return {
        "id": str(claim.id),
        "name": claim.name,
        "kind": KIND_TITLES[claim.kind],
        "state": STATE_TITLES[claim.state],
        "tone": _TONES[claim.state],
        "at": claim.answered_at or claim.submitted_at or claim.created_at,
    }


def claim_view(claim: Claim, lang: str) -> Mapping[str, Any]:
    """Return what was said in a claim."""
    return {
        **row_view(claim),
        "code": claim.state,
        "standing": STANDING_TITLES[claim.standing],
        "tax_code": claim.tax_code or "",
        "country": country_name(claim.country, lang) if claim.country else "",
        "takeover": claim.takeover,
        "revision": claim.revision,
        "submitted_at": claim.submitted_at,
        "answered_at": claim.answered_at,
        "reasons": [REASONS[code] for code in claim.reasons if code in REASONS],
        "note": claim.note,
    }


def paper_view(paper: Document) -> Mapping[str, Any]:
    """Return a paper as a row."""
    return {
        "id": str(paper.id),
        "kind": PAPER_TITLES.get(paper.kind, paper.kind),
        "title": paper.title,
        "at": paper.created_at,
    }


def _claim(
    request: Request,
    session: Session,
    claim: Claim,
    *,
    done: str = "",
    problems: Sequence[FieldProblem] = (),
    paper: str = "",
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    kind, standing = ClaimKind(claim.kind), Standing(claim.standing)
    papers = papers_of(session, claim.id)
    there = {each.kind for each in papers}
    view = {
        "title": claim.name,
        "claim": claim_view(claim, translator.lang),
        "open": claim.state in OPEN_STATES,
        "withdrawable": claim.state in WITHDRAWABLE,
        "papers": [paper_view(each) for each in papers],
        "needed": [
            {"code": each.value, "title": PAPER_TITLES[each], "there": each in there}
            for each in needed_papers(kind, standing)
        ],
        "offered": [
            (each.value, translator.gettext(PAPER_TITLES[each])) for each in offered_papers(kind, standing)
        ],
        "paper": paper,
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Act for an enterprise"), "/claims")],
    }
    return render(request, "registry/claim.html", view, status=status)


def _form(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    claim_id: UUID,
    action: str,
    given: Answers | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    managed = [grant.party_id for grant in actor.grants if MEMBER_MANAGE in grant.permissions]
    own = [(str(key), name) for key, name in party_names(session, managed).items()]
    kinds = [
        (ClaimKind.EXISTING.value, translator.gettext(KIND_TITLES[ClaimKind.EXISTING])),
        (
            ClaimKind.NOT_FOUNDED.value,
            translator.gettext(KIND_TITLES[ClaimKind.NOT_FOUNDED]),
            translator.gettext("For an investor, from Viet Nam or abroad, before the enterprise is founded."),
        ),
    ]
    if own:
        kinds.append((ClaimKind.FOUNDED.value, translator.gettext(KIND_TITLES[ClaimKind.FOUNDED])))
    view = {
        "title": translator.gettext("For which enterprise do you act?"),
        "claim_id": str(claim_id),
        "action": action,
        "given": given or Answers("", ""),
        "kinds": kinds,
        "standings": [(each.value, translator.gettext(STANDING_TITLES[each])) for each in Standing],
        "countries": countries(translator.lang),
        "own": own,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Act for an enterprise"), "/claims")],
    }
    return render(request, "registry/claim_form.html", view, status=status)


def _answers(form: FormData) -> Answers:
    return Answers(
        kind=text(form, "kind"),
        standing=text(form, "standing"),
        tax_code=text(form, "tax_code")[:40],
        name=text(form, "name"),
        country=text(form, "country"),
        takeover=text(form, "takeover") == "yes",
        for_party_id=key_of(text(form, "for_party")),
    )


def _codes() -> frozenset[str]:
    return frozenset(code for code, _ in countries("en"))
