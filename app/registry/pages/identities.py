"""Identity documents of representatives: entered, opened for a purpose, and found by the exact number."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.errors import DomainError, FieldProblem, Invalid, NotFound
from app.core.evidence import Subject, record_read
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.privacy import PurposeMissing, ReadingKind, record_reading
from app.registry import service
from app.registry.pages import words
from app.registry.pages.enterprise import crumbs_of, visible_card
from app.registry.pages.identity_view import read_of
from app.registry.pages.record_forms import Keeper, attempt, card_of, read_given, show_form
from app.registry.permissions import FIND_PERSON
from app.registry.queries import EnterpriseCard
from app.registry.queries import records as reading
from app.registry.queries.people import Finding, people_with
from app.registry.queries.records import RepresentativeLine
from app.web.forms import PostedForm, whole_number
from app.web.need import Holder
from app.web.pages.personal import PLACES, chosen, purposes_of
from app.web.personal_permissions import READ as READ_PERSONAL
from app.web.render import render, request_translator
from app.web.unit import DbSession, router

identities = router()

IDENTITY = "/enterprises/{enterprise_id}/representatives/{representative_id}/identity"
GIVEN = ("identity_kind", "identity_number", "reason", "revision")
LONGEST_NUMBER = 40

Reader = Annotated[Actor, Depends(Holder(READ_PERSONAL))]
Finder = Annotated[Actor, Depends(Holder(FIND_PERSON))]


@identities.get(IDENTITY, name="representative-identity", include_in_schema=False)
def identity_page(
    request: Request, session: DbSession, actor: Keeper, enterprise_id: UUID, representative_id: UUID
) -> Response:
    """Ask for the identity document of a representative; the one that is entered is not shown."""
    card = card_of(session, enterprise_id)
    line = _line(session, card, representative_id)
    given = dict.fromkeys(GIVEN, "") | {"revision": str(card.revision)}
    return _form(request, session, actor, card, line, given)


@identities.post(IDENTITY, include_in_schema=False)
def enter_identity(
    request: Request,
    session: DbSession,
    actor: Keeper,
    posted: PostedForm,
    enterprise_id: UUID,
    representative_id: UUID,
) -> Response:
    """Enter or exchange the document."""
    card, given = card_of(session, enterprise_id), read_given(posted, *GIVEN)
    line = _line(session, card, representative_id)

    def save() -> None:
        service.set_identity(
            session, party_id=enterprise_id, representative_id=representative_id,
            revision=whole_number(given["revision"]),
            kind=given["identity_kind"], number=given["identity_number"], actor=actor, now=utcnow(),
            reason=given["reason"],
        )  # fmt: skip

    if refusal := attempt(session, save, ()):
        return _form(request, session, actor, card, line, given, refusal=refusal)
    return RedirectResponse(f"/enterprises/{enterprise_id}?done=saved#representatives", 303)


@identities.get(f"{IDENTITY}/reading", name="identity-reading", include_in_schema=False)
def purpose_page(
    request: Request, session: DbSession, actor: Reader, enterprise_id: UUID, representative_id: UUID
) -> Response:
    """Ask what the number is read for."""
    card = visible_card(session, actor, enterprise_id)
    return _ask(request, actor, card, _line(session, card, representative_id))


@identities.post(f"{IDENTITY}/reading", include_in_schema=False)
def open_identity(
    request: Request,
    session: DbSession,
    actor: Reader,
    posted: PostedForm,
    enterprise_id: UUID,
    representative_id: UUID,
) -> Response:
    """Record the reading for the purpose stated; the record of the enterprise then shows the number for a while."""
    card = visible_card(session, actor, enterprise_id)
    line = _line(session, card, representative_id)
    given = read_given(posted, "purpose", "note")
    try:
        record_reading(
            session, what=read_of(line, card), purpose=chosen(given["purpose"]), note=given["note"], actor=actor,
            now=utcnow(),
        )  # fmt: skip
    except Invalid as refusal:
        return _ask(request, actor, card, line, given=given, problems=refusal.errors, status=refusal.status)
    return RedirectResponse(f"/enterprises/{enterprise_id}#representatives", 303)


@identities.get("/registry/people", name="find-person", include_in_schema=False)
def finder_page(request: Request, actor: Finder) -> Response:
    """Ask for a document number and the purpose."""
    return _finder(request, dict.fromkeys(("number", "purpose", "note"), ""))


@identities.post("/registry/people", include_in_schema=False)
def find_person(request: Request, session: DbSession, actor: Finder, posted: PostedForm) -> Response:
    """Say where a number is entered; the search and each finding are recorded before anything is shown."""
    given = read_given(posted, "number", "purpose", "note")
    try:
        found = _search(session, given, actor)
    except Invalid as refusal:
        session.rollback()
        return _finder(request, given, problems=refusal.errors, status=refusal.status)
    session.commit()  # before anything is shown: the reading stands even if the page breaks
    return _finder(request, given, found=found)


def _search(session: Session, given: Mapping[str, str], actor: Actor) -> list[Finding]:
    problems = []
    if not given["number"] or len(given["number"]) > LONGEST_NUMBER:
        problems.append(FieldProblem("number", "required", "Give the number of the document."))
    try:
        purpose = chosen(given["purpose"])
    except PurposeMissing as refusal:
        problems += refusal.errors
    if not given["note"]:
        problems.append(
            FieldProblem("note", "missing", "Name the paper or request, for example its number and date.")
        )
    if problems:
        raise PurposeMissing(errors=problems)
    now, found = utcnow(), people_with(session, given["number"])
    record_read(
        session, purpose=purpose.value, subject=Subject("person"), actor=actor, at=now, verb="search",
        digests={"number": given["number"], "note": given["note"]},
    )  # fmt: skip
    for each in found:
        record_reading(
            session, what=each.what, purpose=purpose, note=given["note"], actor=actor, now=now,
            how=ReadingKind.SEARCHED,
        )  # fmt: skip
    return found


def _line(session: Session, card: EnterpriseCard, representative_id: UUID) -> RepresentativeLine:
    entries = {each.id: each for each in reading.representatives(session, card.party_id)}
    if representative_id not in entries:
        raise NotFound
    return entries[representative_id]


def _form(
    request: Request,
    session: Session,
    actor: Actor,
    card: EnterpriseCard,
    line: RepresentativeLine,
    given: Mapping[str, str],
    *,
    refusal: DomainError | None = None,
) -> Response:
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Identity document"),
        "action": IDENTITY.format(enterprise_id=card.party_id, representative_id=line.id),
        "back": f"/enterprises/{card.party_id}",
        "person": {"name": line.name, "position": line.position},
        "identity_kinds": words.options(translator, words.IDENTITY_KINDS),
        "crumbs": crumbs_of(translator, actor, card),
    }
    return show_form(request, session, "registry/identity_form.html", view, given, card, refusal, ())


def _ask(
    request: Request,
    actor: Actor,
    card: EnterpriseCard,
    line: RepresentativeLine,
    *,
    given: Mapping[str, str] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    translator = request_translator(request)
    shown = given or {"purpose": "", "note": ""}
    view = {
        "title": translator.gettext("Show personal data"),
        "lead": translator.gettext("Number of the identity document of %(name)s.") % {"name": line.name},
        "action": IDENTITY.format(enterprise_id=card.party_id, representative_id=line.id) + "/reading",
        "back": f"/enterprises/{card.party_id}",
        "back_label": translator.gettext("Back to the enterprise"),
        "purposes": purposes_of(request),
        "given": shown["purpose"],
        "note": shown["note"],
        "problems": problems,
        "crumbs": crumbs_of(translator, actor, card),
    }
    return render(request, "personal/purpose.html", view, status=status)


def _finder(
    request: Request,
    given: Mapping[str, str],
    *,
    found: Sequence[Finding] | None = None,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    gettext = request_translator(request).gettext
    view: dict[str, Any] = {
        "title": gettext("Find a person"),
        "given": given,
        "purposes": purposes_of(request),
        "problems": problems,
        "found": None
        if found is None
        else [
            {
                "href": PLACES[each.what.kind].format(object=each.what.id, party=each.what.party_id),
                "name": each.name,
                "owner": each.owner,
                "role": each.role or gettext("Investor of a dossier"),
            }
            for each in found
        ],
    }
    return render(request, "registry/find_person.html", view, status=status)
