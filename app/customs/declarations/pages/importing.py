"""Taking lines from a spreadsheet, pasted or as a file; the answer names every cell that needs attention."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from app.core.documents.intake import IntakeLimits, MediaType
from app.core.documents.refusals import FileRefused, FileTypeUnknown
from app.core.errors import DomainError, FieldProblem
from app.core.i18n import N_, localise
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import keep_file
from app.customs.declarations.domain import dictionary, rules
from app.customs.declarations.models import Declaration, Revision
from app.customs.declarations.pages.access import Declarant, visible
from app.customs.declarations.pages.words import HOME, cell, lang_of, sentence
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.service import checking, drafting
from app.customs.declarations.service.importing import Sheet, read_text, read_workbook
from app.web.exports import xlsx_response
from app.web.forms import PostedForm, text, whole
from app.web.kernel import Kernel
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

template_pages = router()
import_pages = upload_router()

ADDRESS = HOME + "/{declaration_id}/lines/paste"
LIMITS = IntakeLimits(max_bytes=5_000_000, max_unpacked_bytes=50_000_000)
SHOWN = 200


@template_pages.get(HOME + "/lines-template.xlsx", name="declaration-lines-template", include_in_schema=False)
def template(request: Request, actor: Declarant) -> Response:
    """Send an empty sheet with the columns of the grid."""
    lang = lang_of(request)
    header = [localise(each.label, lang)[0] for each in dictionary.line_fields().values()]
    return xlsx_response("lines.xlsx", header, [])


@import_pages.get(ADDRESS, name="declaration-paste", include_in_schema=False)
def paste_page(request: Request, session: DbSession, actor: Declarant, declaration_id: UUID) -> Response:
    """Ask for rows or a file."""
    row = visible(session, actor, declaration_id)
    _draft(session, row)
    return _page(request, row)


@import_pages.post(ADDRESS, include_in_schema=False)
def take(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm, declaration_id: UUID
) -> Response:  # fmt: skip
    """Take the rows into the draft, faulty cells included, and name these."""
    row = visible(session, actor, declaration_id)
    draft = _draft(session, row)
    version = whole(posted, "version")
    files, pasted = sent_files(posted, "file"), text(posted, "text")
    try:
        sheet = _read(request, files, pasted)
    except DomainError as refusal:
        return _page(request, row, problems=_problems(request, refusal, files), pasted=pasted, status=422)
    stored = [] if text(posted, "mode") == "replace" else list(texts_of(session, draft.id))
    row = drafting.save_lines(
        session,
        declaration_id=row.id,
        version=version,
        lines=[*stored, *sheet.lines],
        actor=actor,
        now=utcnow(),
    )
    return _taken(request, session, row, draft, zone, sheet, before=len(stored))


def _draft(session: Session, row: Declaration) -> Revision:
    draft = reading.pending(session, row) or reading.head(session, row)
    if draft.state != "DRAFT":
        raise drafting.NoDraft
    return draft


def _read(request: Request, files: Sequence[UploadFile], pasted: str) -> Sheet:
    lang = lang_of(request)
    if not files:
        return read_text(pasted, lang=lang)
    name = files[0].filename or "sheet"
    if name.lower().endswith((".csv", ".txt")):
        raw = files[0].file.read(LIMITS.max_bytes)
        return read_text(raw.decode("utf-8-sig", errors="replace"), lang=lang)
    kernel: Kernel = request.app.state.kernel
    kept = keep_file(kernel.store, stream=files[0].file, filename=name, limits=LIMITS)
    if kept.media_type is not MediaType.XLSX:
        raise FileTypeUnknown(found=kept.media_type.value)
    with kernel.store.readable(kept.file.sha256) as path:
        return read_workbook(Path(path), lang=lang)


def _taken(
    request: Request, session: Session, row: Declaration, draft: Revision, zone: CurrentZone, sheet: Sheet, *,
    before: int,
) -> Response:  # fmt: skip
    gettext, lang = request_translator(request).gettext, lang_of(request)
    content = checking.content_of(session, row, draft, now=utcnow(), zone=zone.tz)
    found = [each for each in rules.check(content) if each.line is not None and each.line > before]
    labels = {code: localise(field.label, lang)[0] for code, field in dictionary.line_fields().items()}
    view = {
        "title": gettext("Lines taken from the sheet"),
        "id": str(row.id),
        "code": row.code,
        "count": len(sheet.lines),
        "total": len(content.lines),
        "too_many": len(content.lines) > content.limits.lines,
        "most": content.limits.lines,
        "fault_count": len(found),
        "faults": [_fault(each, sheet, before, labels, row, lang) for each in found[:SHOWN]],
        "unknown": [{"letter": each.letter, "name": each.name} for each in sheet.unknown],
        "known": [
            {"letter": each.letter, "name": each.name, "label": labels[each.field]}
            for each in sheet.columns
            if each.field
        ],
        "crumbs": _crumbs(request, row),
    }
    return render(request, "declarations/pasted.html", view)


def _fault(
    each: rules.Finding, sheet: Sheet, before: int, labels: Mapping[str, str], row: Declaration, lang: str
) -> dict[str, Any]:
    assert each.line is not None, "only findings of lines are shown here"
    column = sheet.column_of(each.field)
    return {
        **sentence(each, lang),
        "row": sheet.rows[each.line - before - 1],
        "column": column.letter if column else "",
        "label": labels.get(each.field, each.field),
        "line": each.line,
        "href": f"{HOME}/{row.id}/lines?check=1&at={each.line}#f-{cell(each.line, each.field)}",
        "error": rules.is_error(each),
    }


def _page(
    request: Request,
    row: Declaration,
    *,
    problems: Sequence[FieldProblem] = (),
    pasted: str = "",
    status: int = 200,
) -> Response:
    gettext, lang = request_translator(request).gettext, lang_of(request)
    view = {
        "title": gettext("Lines from a spreadsheet"),
        "id": str(row.id),
        "version": row.version,
        "line_count": row.line_count,
        "pasted": pasted,
        "columns": [localise(each.label, lang)[0] for each in dictionary.line_fields().values()],
        "problems": problems,
        "crumbs": _crumbs(request, row),
    }
    return render(request, "declarations/paste.html", view, status=status)


def _problems(request: Request, refusal: DomainError, files: Sequence[UploadFile]) -> Sequence[FieldProblem]:
    if isinstance(refusal, FileRefused) or not refusal.errors:
        texts = error_texts(request_translator(request), refusal)
        reason = {"reason": f"{texts['detail']} {texts['hint']}"}
        return [FieldProblem("file" if files else "text", refusal.code, "%(reason)s", reason)]
    return (
        [FieldProblem("file", each.code, each.reason, each.params) for each in refusal.errors]
        if files
        else refusal.errors
    )


def _crumbs(request: Request, row: Declaration) -> list[Crumb]:
    gettext = request_translator(request).gettext
    return [
        Crumb(gettext("Declarations"), HOME),
        Crumb(row.code, f"{HOME}/{row.id}"),
        Crumb(gettext(N_("Goods lines")), f"{HOME}/{row.id}/lines"),
    ]
