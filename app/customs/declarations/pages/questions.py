"""Questions to firms: the lists of both sides, one question with its answers, asking, answering, closing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import Party
from app.core.documents import service as documents
from app.core.documents.intake import ACCEPTED
from app.core.errors import FieldProblem, Forbidden, Invalid, NotFound
from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor, position
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import LIMITS
from app.customs.declarations.models import Declaration
from app.customs.declarations.pages.intake import problems_of, received
from app.customs.declarations.pages.reading import PaperReading, take_along
from app.customs.declarations.permissions import FILE, INSPECT, READ
from app.customs.declarations.queries import questions as queries
from app.customs.declarations.queries.questions import QuestionLine, SaidPaper
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.service import questions as service
from app.web.forms import PostedForm, needed_key, text
from app.web.need import CustomerActor, Holder, SignedInActor
from app.web.pages.downloads import DOWNLOAD_HEADERS, disposition
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

question_pages = router()
question_uploads = upload_router()

LIST = "/customs/questions"
Inspector = Annotated[Actor, Depends(Holder(INSPECT))]


async def _party(actor: SignedInActor) -> Actor:
    if not actor.may(READ if actor.is_officer else FILE):
        raise Forbidden(permission=READ if actor.is_officer else FILE)
    return actor


Taker = Annotated[Actor, Depends(_party)]

STATES: Mapping[str, tuple[str, str, str]] = {
    "FIRM": ("wait", N_("The firm is waited for"), "hourglass"),
    "ASKER": ("active", N_("Answered, with the one who asked"), "player-play"),
    "CLOSED": ("neutral", N_("Closed"), "check"),
}
SIDES = {
    "AUTHORITY": N_("Customs authority"),
    "OFFICER": N_("Customs officer of the zone"),
    "FIRM": N_("Firm"),
}


@question_pages.get(LIST, name="customs-questions", include_in_schema=False)
def list_page(
    request: Request, session: DbSession, actor: Taker, after: str = "", all: str = "", q: str = ""
) -> Response:
    """List the open questions by who is waited for and until when; all of them by when they were asked."""
    parties = None if actor.is_officer else [each for each in actor.party_ids if actor.may(FILE, each)]
    typed = q.replace("\0", "")[:100]
    if all:
        found = queries.questions(
            session, party_ids=parties, after=position(after, datetime, UUID), typed=typed
        )
    else:
        found = queries.waiting(
            session, officer=actor.is_officer, party_ids=parties, typed=typed, after=_place(after)
        )
    page, more = found[: queries.PAGE_SIZE], len(found) > queries.PAGE_SIZE
    last = page[-1] if more else None
    spot = (
        (last.asked_at, last.id)
        if all and last
        else queries.place_of(last, officer=actor.is_officer)
        if last
        else ()
    )
    view = {
        "title": request_translator(request).gettext("Questions of customs"),
        "rows": [row_view(each, actor) for each in page],
        "all": bool(all),
        "q": typed,
        "officer": actor.is_officer,
        "next": f"{LIST}?{urlencode({'all': all, 'q': typed, 'after': encode_cursor(spot)})}" if spot else "",
    }
    return render(request, "declarations/questions.html", view)


@question_pages.get(LIST + "/new", name="customs-question-new", include_in_schema=False)
def new_page(
    request: Request, session: DbSession, actor: Inspector, firm: str = "", declaration: str = ""
) -> Response:
    """Show the form on which an officer asks a firm."""
    return _ask(request, session, actor, firm, declaration)


@question_uploads.post(LIST, include_in_schema=False)
def ask(
    request: Request, session: DbSession, actor: Inspector, posted: PostedForm, zone: CurrentZone
) -> Response:
    """Ask a firm something, with papers."""
    firm, declaration = text(posted, "firm"), text(posted, "declaration")
    session.rollback()  # the files are inspected without a connection
    kept, problems = received(request, sent_files(posted, "files"))
    if not problems:
        try:
            due_at = _due_at(text(posted, "due_on"), zone.tz)
            row = service.ask(
                session, party_id=needed_key(firm), declaration_id=needed_key(declaration) if declaration else None,
                text=text(posted, "text"), due_at=due_at, actor=actor, now=utcnow(),
                question_id=needed_key(text(posted, "question_id")), files=kept,
            )  # fmt: skip
            return RedirectResponse(f"{LIST}/{row.id}?done=asked", 303)
        except Invalid as refusal:
            session.rollback()
            problems = problems_of(request, refusal, "text")
    return _ask(request, session, actor, firm, declaration, typed=posted, problems=problems)


@question_pages.get(LIST + "/{question_id}", name="customs-question", include_in_schema=False)
def page(request: Request, session: DbSession, actor: Taker, question_id: UUID, done: str = "") -> Response:
    """Show a question with everything that was said to it."""
    return _page(request, session, actor, question_id, done=done)


@question_uploads.post(LIST + "/{question_id}/answers", include_in_schema=False)
def answer(
    request: Request, session: DbSession, actor: CustomerActor, posted: PostedForm, question_id: UUID
) -> Response:
    """Answer for the firm, with papers."""
    queries.question(session, question_id, actor)
    session.rollback()  # the files are inspected without a connection
    kept, problems = received(request, sent_files(posted, "files"))
    if not problems:
        try:
            service.answer(
                session, question_id=question_id, text=text(posted, "text"), files=kept, actor=actor, now=utcnow()
            )  # fmt: skip
        except Invalid as refusal:
            session.rollback()
            problems = problems_of(request, refusal, "text")
    if problems:
        return _page(request, session, actor, question_id, typed=posted, problems=problems, status=422)
    return RedirectResponse(f"{LIST}/{question_id}?done=answered", 303)


@question_uploads.post(LIST + "/{question_id}/replies", include_in_schema=False)
def go_on(
    request: Request, session: DbSession, actor: Inspector, posted: PostedForm, question_id: UUID
) -> Response:
    """Go on asking, with papers."""
    queries.question(session, question_id, actor)
    session.rollback()  # the files are inspected without a connection
    kept, problems = received(request, sent_files(posted, "files"))
    if not problems:
        try:
            service.go_on(
                session, question_id=question_id, text=text(posted, "text"), files=kept, actor=actor, now=utcnow()
            )  # fmt: skip
        except Invalid as refusal:
            session.rollback()
            problems = problems_of(request, refusal, "text")
    if problems:
        return _page(request, session, actor, question_id, typed=posted, problems=problems, status=422)
    return RedirectResponse(f"{LIST}/{question_id}?done=asked", 303)


@question_pages.post(LIST + "/{question_id}/close", include_in_schema=False)
def close(session: DbSession, actor: Inspector, posted: PostedForm, question_id: UUID) -> Response:
    """Close a question."""
    service.close(session, question_id=question_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{LIST}/{question_id}", 303)


@question_pages.get(LIST + "/{question_id}/papers/{document_id}", include_in_schema=False)
def paper(
    request: Request, session: DbSession, actor: Taker, question_id: UUID, document_id: UUID
) -> Response:
    """Send a paper of the thread; where an officer takes one of the firm's, the reading is recorded first."""
    found, answers = queries.question(session, question_id, actor)
    said = queries.paper_of(found, answers, document_id)
    document, file = documents.file_of(session, document_id=document_id)
    if actor.is_officer and said.from_firm:
        what = PaperReading("question", found.id, found.code, found.party_id, "question_paper")
        asked = take_along(request, session, what, actor)
        if asked is not None:
            return asked
    body = request.app.state.kernel.store.read(file.sha256)
    headers = DOWNLOAD_HEADERS | {"Content-Disposition": disposition(document.title)}
    return Response(body, media_type=file.media_type, headers=headers)


def questions_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the view of the panel on a declaration's page; nothing where nothing was asked."""
    reach(session, declaration_id, actor)
    found = queries.questions(session, declaration_id=declaration_id)
    ask_here = f"{LIST}/new?declaration={declaration_id}" if actor.may(INSPECT) else ""
    return {"rows": [row_view(each, actor) for each in found], "ask": ask_here} if found or ask_here else {}


def my_zone_panel(session: Session, actor: Actor, _: UUID) -> Mapping[str, Any]:
    """Return the view of the panel in My zone: questions that wait for the actor's firms."""
    parties = [each for each in actor.party_ids if actor.may(FILE, each)]
    if actor.is_officer or not parties:
        return {}
    waiting = [
        each for each in queries.questions(session, party_ids=parties, open_only=True) if each.state == "FIRM"
    ]
    return {"rows": [row_view(each, actor) for each in waiting], "ask": ""} if waiting else {}


def row_view(each: QuestionLine, actor: Actor) -> dict[str, Any]:
    """Return a question as lists take it."""
    tone, word, symbol = STATES[each.state]
    mine = each.state == ("ASKER" if actor.is_officer else "FIRM") and (
        not actor.is_officer or each.side == "OFFICER"
    )
    return {
        "id": str(each.id),
        "href": f"{LIST}/{each.id}",
        "firm": each.firm,
        "code": each.code,
        "declaration_id": str(each.declaration_id) if each.declaration_id else "",
        "side": SIDES[each.side],
        "text": each.text,
        "official": each.side == "AUTHORITY",
        "asked_at": each.asked_at,
        "due_at": each.due_at,
        "late": each.state == "FIRM" and each.due_at is not None and each.due_at < utcnow(),
        "mine": mine,
        "chip": {"tone": "soon" if mine else tone, "word": word, "symbol": symbol},
    }


def _page(
    request: Request, session: Session, actor: Actor, question_id: UUID, *, done: str = "", typed: Any = None,
    problems: Sequence[FieldProblem] = (), status: int = 200,
) -> Response:  # fmt: skip
    found, answers = queries.question(session, question_id, actor)
    gettext = request_translator(request).gettext
    title = (
        gettext("Question about %(code)s", code=found.code) if found.code else gettext("Question to the firm")
    )
    mine = not actor.is_officer and actor.may(FILE, found.party_id)
    asks = actor.is_officer and actor.may(INSPECT) and found.side == "OFFICER"
    view = {
        "title": title,
        "row": row_view(found, actor),
        "to_authority": found.side == "AUTHORITY",
        "said": [
            {
                "side": SIDES[each.side],
                "text": each.text,
                "at": each.at,
                "papers": [_paper(found, one) for one in each.papers],
            }
            for each in answers
        ],
        "papers": [_paper(found, each) for each in found.papers],
        "can_answer": mine and found.state == "FIRM",
        "can_go_on": asks,
        "closed": found.state == "CLOSED",
        "text": text(typed, "text") if typed is not None else "",
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "done": done,
        "problems": problems,
        "crumbs": [Crumb(gettext("Questions of customs"), LIST)],
    }
    return render(request, "declarations/question.html", view, status=status)


def _paper(question: QuestionLine, paper: SaidPaper) -> dict[str, str]:
    return {"href": f"{LIST}/{question.id}/papers/{paper.document_id}", "title": paper.title}


def _ask(
    request: Request, session: Session, actor: Actor, firm: str, declaration: str, *, typed: Any = None,
    problems: Sequence[FieldProblem] = (),
) -> Response:  # fmt: skip
    about: Declaration | None = None
    if declaration:
        about = reach(session, needed_key(declaration), actor).declaration
    party = session.get(Party, about.party_id if about is not None else needed_key(firm))
    if party is None:
        raise NotFound
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Ask the firm"),
        "firm": {"id": str(party.id), "name": party.name},
        "declaration": {"id": str(about.id), "code": about.code} if about is not None else None,
        "question_id": text(typed, "question_id") if typed is not None else str(uuid7()),
        "text": text(typed, "text") if typed is not None else "",
        "due_on": text(typed, "due_on") if typed is not None else "",
        "accept": ",".join(ACCEPTED),
        "limit_bytes": LIMITS.max_bytes,
        "problems": problems,
        "crumbs": [Crumb(party.name, f"/customs/firms/{party.id}")],
    }
    return render(request, "declarations/ask.html", view, status=422 if problems else 200)


def _due_at(typed: str, zone: ZoneInfo) -> datetime | None:
    """
    Return the end of the day that was typed, in the zone's time; None where none was.

    :raises Invalid: it is no day.
    """
    if not typed.strip():
        return None
    try:
        day = formats.parse_date(typed)
    except ValueError:
        reason = N_("Type the day as day/month/year, or leave it empty.")
        raise Invalid(errors=[FieldProblem("due_on", "day", reason)]) from None
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone)


def _place(cursor: str) -> queries.Place | None:
    try:
        rank, due, asked, row = (
            decode_cursor(cursor, expected=(int, datetime, datetime, UUID)) if cursor else (None,) * 4
        )
    except (InvalidCursor, ValueError):
        return None
    if (
        isinstance(rank, int)
        and isinstance(due, datetime)
        and isinstance(asked, datetime)
        and isinstance(row, UUID)
    ):
        return rank, due, asked, row
    return None
