"""Upload of a workbook, for an operator without a program."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core.auth.models import Party
from app.core.documents.intake import IntakeLimits
from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import keep_file
from app.customs.parcels.domain.facts import Message, Source
from app.customs.parcels.pages import words
from app.customs.parcels.pages.board import HERE
from app.customs.parcels.permissions import SEND
from app.customs.parcels.service.sheet import COLUMNS, read_sheet
from app.customs.parcels.service.taking import take
from app.web.exports import xlsx_response
from app.web.forms import PostedForm, text
from app.web.kernel import Kernel
from app.web.need import Holder
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

upload_pages = router()
upload_uploads = upload_router()

# A batch has a thousand messages; what a small file may become in memory is bounded with it.
LIMITS = IntakeLimits(max_bytes=5_000_000, max_unpacked_bytes=50_000_000)
UPLOAD = f"{HERE}/upload"
Sender = Annotated[Actor, Depends(Holder(SEND))]


@upload_pages.get(UPLOAD, name="parcels-upload", include_in_schema=False)
def upload_page(request: Request, session: DbSession, actor: Sender, message: str = "") -> Response:
    """Ask for a workbook."""
    return _page(request, session, actor, {"message": message})


@upload_pages.get(f"{UPLOAD}/empty.xlsx", name="parcels-upload-empty", include_in_schema=False)
def empty_workbook(actor: Sender, message: str = "") -> Response:
    """Send an empty workbook with the names of the columns."""
    kind = _message(message)
    if kind is None:
        raise NotFound
    return xlsx_response(f"{kind.value.lower()}.xlsx", COLUMNS[kind], [])


@upload_uploads.post(UPLOAD, include_in_schema=False)
def upload(
    request: Request, session: DbSession, actor: Sender, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Take the rows of a workbook; those that cannot be taken are named on the page of the batch."""
    given = {"message": text(posted, "message"), "party": text(posted, "party")}
    kind, party = _message(given["message"]), _party(actor, given["party"])
    files = sent_files(posted, "file")
    problems = []
    if kind is None:
        problems.append(FieldProblem("message", "missing", N_("Choose what the file holds.")))
    if party is None:
        problems.append(FieldProblem("party", "missing", N_("Choose the enterprise.")))
    if not files:
        problems.append(FieldProblem("file", "missing", N_("Choose the workbook, then send it.")))
    if problems or kind is None or party is None:
        return _page(request, session, actor, given, problems=problems, status=422)
    kernel: Kernel = request.app.state.kernel
    session.rollback()  # the file is inspected without a connection
    try:
        kept = keep_file(
            kernel.store, stream=files[0].file, filename=files[0].filename or "file", limits=LIMITS
        )
        with kernel.store.readable(kept.file.sha256) as path:
            sheet = read_sheet(path, kind, zone.tz)
    except (FileRefused, DomainError) as refusal:
        found = _problems(request, refusal)
        return _page(request, session, actor, given, problems=found, status=422)
    taken = take(
        session, message=kind, rows=sheet.rows, places=sheet.places, party_id=party, source=Source.FILE, actor=actor,
        now=utcnow(), zone=zone.tz,
    )  # fmt: skip
    return RedirectResponse(f"{HERE}/batches/{taken.batch_id}", 303)


def _page(
    request: Request, session: Session, actor: Actor, given: dict[str, str], *, problems: Any = (), status: int = 200
) -> Response:  # fmt: skip
    translator = request_translator(request)
    parties = [party for party in actor.party_ids if actor.may(SEND, party)]
    names = {party: session.get_one(Party, party).name for party in parties} if len(parties) > 1 else {}
    view = {
        "title": translator.gettext("Send parcel data by file"),
        "given": {"message": "", "party": "", **given},
        "messages": [(kind.value, translator.gettext(word)) for kind, word in words.MESSAGES.items()],
        "parties": [(str(party), name) for party, name in names.items()],
        "columns": [(word, COLUMNS[kind], kind.value) for kind, word in words.MESSAGES.items()],
        "problems": problems,
        "limit_bytes": LIMITS.max_bytes,
        "crumbs": [Crumb(translator.gettext("Low-value parcels"), HERE)],
    }
    return render(request, "parcels/upload.html", view, status=status)


def _message(given: str) -> Message | None:
    return Message(given) if given in set(Message) else None


def _party(actor: Actor, given: str) -> Any:
    parties = [party for party in actor.party_ids if actor.may(SEND, party)]
    chosen = [party for party in parties if str(party) == given] or (parties if len(parties) == 1 else [])
    return chosen[0] if chosen else None


def _problems(request: Request, refusal: DomainError) -> Any:
    if refusal.errors:
        return refusal.errors
    texts = error_texts(request_translator(request), refusal)
    return [
        FieldProblem("file", refusal.code, "%(reason)s", {"reason": f"{texts['detail']} {texts['hint']}"})
    ]
