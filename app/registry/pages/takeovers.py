"""Pages of a take-over: batches, a file, its columns, the dry run, rows that may double, import and undo."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from app.core.auth.models import User
from app.core.documents.intake import IntakeLimits, MediaType
from app.core.documents.refusals import FileRefused, FileTypeUnknown
from app.core.documents.store import FileStore
from app.core.errors import DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import clean_name, keep_file
from app.registry.domain import RowDecision, RowState, TakeOverKind, TakeOverState
from app.registry.models import TakeOver
from app.registry.pages import takeover_view as view_of
from app.registry.pages.takeover_view import HOME
from app.registry.permissions import TAKE_OVER
from app.registry.service import takeover
from app.web.exports import csv_response
from app.web.forms import PostedForm, text, whole_number
from app.web.kernel import Kernel
from app.web.need import Holder
from app.web.render import error_texts, is_htmx, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

takeovers = upload_router()

LIMITS = IntakeLimits(max_bytes=20_000_000)
PAGE = 50
TakeOverOfficer = Annotated[Actor, Depends(Holder(TAKE_OVER))]


@takeovers.get(HOME, name="take-overs", include_in_schema=False)
def list_page(request: Request, session: DbSession, actor: TakeOverOfficer) -> Response:
    """Show the batches, the newest first."""
    return _list(request, session)


@takeovers.post(HOME, include_in_schema=False)
def upload(request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm) -> Response:
    """Begin a batch with a file; a file that is known leads to its batch."""
    kind, files = text(posted, "kind"), sent_files(posted, "file")
    problems = []
    if kind not in set(TakeOverKind):
        problems.append(FieldProblem("kind", "missing", N_("Choose what the rows of the file are.")))
    if not files:
        problems.append(FieldProblem("file", "missing", N_("Choose a file.")))
    if problems:
        return _list(request, session, kind=kind, problems=problems, status=422)
    session.rollback()  # the file is inspected without a connection
    store = _kernel(request).store
    try:
        sha256, name, workbook = _receive(store, files[0])
        with store.readable(sha256) as path:
            found = takeover.Upload(path, sha256, name, workbook)
            batch = takeover.begin(session, upload=found, kind=TakeOverKind(kind), actor=actor, now=utcnow())
    except (FileRefused, takeover.TableUnreadable) as refusal:
        session.rollback()
        return _list(request, session, kind=kind, problems=_as_problem(request, refusal, "file"), status=422)
    target = "/columns" if batch.state is TakeOverState.UPLOADED else ""
    return RedirectResponse(f"{HOME}/{batch.id}{target}", 303)


@takeovers.get(HOME + "/{batch_id}/columns", name="take-over-columns", include_in_schema=False)
def columns_page(request: Request, session: DbSession, actor: TakeOverOfficer, batch_id: UUID) -> Response:
    """Ask which column says what."""
    batch = _batch(session, batch_id)
    return _columns(request, batch, {code: int(column) for code, column in batch.mapping.items()})


@takeovers.post(HOME + "/{batch_id}/columns", include_in_schema=False)
def choose(
    request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm, batch_id: UUID
) -> Response:
    """Take the columns and start the dry run."""
    batch = _batch(session, batch_id)
    chosen = _chosen(batch, posted)
    try:
        takeover.choose_columns(session, batch_id=batch_id, mapping=chosen, actor=actor, now=utcnow())
    except takeover.ColumnsInvalid as refusal:
        return _columns(request, batch, chosen, problems=refusal.errors, status=422)
    return RedirectResponse(f"{HOME}/{batch_id}", 303)


@takeovers.get(HOME + "/{batch_id}", name="take-over", include_in_schema=False)
def batch_page(
    request: Request,
    session: DbSession,
    actor: TakeOverOfficer,
    batch_id: UUID,
    after: int = 0,
    doubles: int = 0,
) -> Response:
    """Show how far a batch is, its faults and the rows that may double a record."""
    return _show(request, session, _batch(session, batch_id), after=after, doubles=doubles)


@takeovers.post(HOME + "/{batch_id}/decisions", include_in_schema=False)
def decide(
    request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm, batch_id: UUID
) -> Response:
    """Take the decisions on rows that may double a record."""
    decisions = {
        number: RowDecision(value)
        for name, value in posted.items()
        if name.startswith("row-")
        and (number := whole_number(name.removeprefix("row-")))  # rows are counted as spreadsheets do, from 1
        and isinstance(value, str)
        and value in set(RowDecision)
    }
    rest = text(posted, "rest")
    takeover.decide(
        session, batch_id=batch_id, decisions=decisions,
        rest=RowDecision(rest) if rest in set(RowDecision) else None, actor=actor,
    )  # fmt: skip
    return RedirectResponse(f"{HOME}/{batch_id}#doubles", 303)


@takeovers.post(HOME + "/{batch_id}/import", include_in_schema=False)
def start_import(
    request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm, batch_id: UUID
) -> Response:
    """Start the import, or say what stands against it."""
    try:
        takeover.start_import(session, batch_id=batch_id, actor=actor, now=utcnow())
    except takeover.Undecided as refusal:
        return _show(request, session, _batch(session, batch_id), refusal=refusal, status=refusal.status)
    return RedirectResponse(f"{HOME}/{batch_id}", 303)


@takeovers.post(HOME + "/{batch_id}/undo", include_in_schema=False)
def undo(
    request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm, batch_id: UUID
) -> Response:
    """Start taking the batch out again."""
    takeover.start_undo(session, batch_id=batch_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{batch_id}", 303)


@takeovers.post(HOME + "/{batch_id}/cancel", include_in_schema=False)
def cancel(
    request: Request, session: DbSession, actor: TakeOverOfficer, posted: PostedForm, batch_id: UUID
) -> Response:
    """Give the batch up, or stop its pass."""
    takeover.cancel(session, batch_id=batch_id, actor=actor, now=utcnow())
    return RedirectResponse(f"{HOME}/{batch_id}", 303)


@takeovers.get(HOME + "/{batch_id}/faults.csv", name="take-over-faults", include_in_schema=False)
def faults(request: Request, session: DbSession, actor: TakeOverOfficer, batch_id: UUID) -> Response:
    """Send the rows with faults as they were, each with what to correct, to be sent again as another file."""
    batch = _batch(session, batch_id)
    gettext = request_translator(request).gettext
    fields = [field for field in takeover.FIELDS[batch.kind] if field.code in batch.mapping]
    header = [
        *(str(batch.header[batch.mapping[field.code]]) for field in fields),
        gettext("Row"),
        gettext("What to correct"),
    ]
    rows = takeover.rows_of(session, batch_id, states=(RowState.FAULTY,), limit=takeover.MAX_ROWS)
    table = [
        [
            *(str(row.cells.get(field.code, "")) for field in fields),
            str(row.number),
            "; ".join(
                f"{each['label']}: {each['what']} {each['remedy']}"
                for each in view_of.problems(request, batch, row)
            ),
        ]
        for row in rows
    ]
    return csv_response("rows-to-correct.csv", header, table)


def _receive(store: FileStore, sent: UploadFile) -> tuple[str, str, bool]:
    """
    Keep a workbook after inspection, or a CSV, which has no marks by which it could be recognised.

    :returns: address and name of the file, and whether it is a workbook.
    """
    name = sent.filename or "table"
    if name.lower().endswith((".csv", ".txt")):
        return store.put(sent.file, limit_bytes=LIMITS.max_bytes).sha256, clean_name(name), False
    kept = keep_file(store, stream=sent.file, filename=name, limits=LIMITS)
    if kept.media_type is not MediaType.XLSX:
        raise FileTypeUnknown(found=kept.media_type.value)
    return kept.file.sha256, kept.name, True


def _list(
    request: Request,
    session: Session,
    *,
    kind: str = "",
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:
    gettext = request_translator(request).gettext
    found = session.execute(
        select(TakeOver, User.full_name)
        .join(User, User.id == TakeOver.created_by)
        .order_by(TakeOver.created_at.desc())
        .limit(PAGE)
    )
    view = {
        "title": gettext("Take-over of older records"),
        "kinds": [(code.value, gettext(label)) for code, label in view_of.KINDS.items()],
        "kind": kind,
        "rows": [{**view_of.head(request, batch), "by": name} for batch, name in found],
        "problems": problems,
    }  # fmt: skip
    return render(request, "registry/takeovers.html", view, status=status)


def _columns(
    request: Request, batch: TakeOver, chosen: Mapping[str, int], *, problems: Sequence[FieldProblem] = (),
    status: int = 200,
) -> Response:  # fmt: skip
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Which column says what?"),
        "batch": view_of.head(request, batch),
        "fields": [
            {
                "name": f"field-{field.code}", "label": gettext(field.label), "required": field.required,
                "value": str(chosen[field.code]) if field.code in chosen else "",
            }
            for field in takeover.FIELDS[batch.kind]
        ],
        "options": view_of.columns(batch),
        "problems": problems,
        "crumbs": view_of.crumbs(request, batch),
    }  # fmt: skip
    return render(request, "registry/takeover_columns.html", view, status=status)


def _show(
    request: Request,
    session: Session,
    batch: TakeOver,
    *,
    after: int = 0,
    doubles: int = 0,
    refusal: DomainError | None = None,
    status: int = 200,
) -> Response:
    gettext = request_translator(request).gettext
    counted = takeover.counts(session, batch.id)
    faulty = takeover.rows_of(session, batch.id, states=(RowState.FAULTY,), after=after, limit=PAGE + 1)
    open_doubles = takeover.rows_of(
        session, batch.id, states=(RowState.DOUBLE,), after=doubles, limit=PAGE + 1
    )
    base = f"{HOME}/{batch.id}"
    view = {
        "title": batch.file_name,
        "batch": view_of.head(request, batch),
        "base": base,
        "running": batch.state in takeover.PASSES,
        "counts": [(gettext(view_of.ROW_STATES[state]), counted[state]) for state in RowState if counted.get(state)],
        "ready": counted.get(RowState.READY, 0) + counted.get(RowState.DOUBLE, 0),
        "fault": view_of.fault(request, batch),
        "refusal": error_texts(request_translator(request), refusal) if refusal else None,
        "faults": [
            {"number": row.number, "problems": view_of.problems(request, batch, row)} for row in faulty[:PAGE]
        ],
        "faults_next": f"{base}?after={faulty[PAGE - 1].number}#faults" if len(faulty) > PAGE else "",
        "doubles": [view_of.double(row) for row in open_doubles[:PAGE]],
        "doubles_next": f"{base}?doubles={open_doubles[PAGE - 1].number}#doubles" if len(open_doubles) > PAGE else "",
        "crumbs": view_of.crumbs(request),
    }  # fmt: skip
    fragment = is_htmx(request) and request.headers.get("hx-target") == "batch-state"
    return render(
        request,
        "registry/_takeover_state.html" if fragment else "registry/takeover.html",
        view,
        status=status,
    )


def _as_problem(request: Request, refusal: DomainError, field: str) -> list[FieldProblem]:
    texts = error_texts(request_translator(request), refusal)
    return [
        FieldProblem(
            field, refusal.code, "%(reason)s", {"reason": f"{texts['detail']} {texts['hint']}".strip()}
        )
    ]


def _chosen(batch: TakeOver, posted: FormData) -> dict[str, int]:
    columns = {str(column): column for column in range(len(batch.header))}
    said = {field.code: text(posted, f"field-{field.code}") for field in takeover.FIELDS[batch.kind]}
    return {code: columns[column] for code, column in said.items() if column in columns}


def _batch(session: Session, batch_id: UUID) -> TakeOver:
    batch = session.get(TakeOver, batch_id)
    if batch is None:
        raise NotFound
    return batch


def _kernel(request: Request) -> Kernel:
    kernel: Kernel = request.app.state.kernel
    return kernel
