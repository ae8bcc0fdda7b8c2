"""Bringing official results in that were declared elsewhere, and giving those of a firm out in the documented form."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from app.core.documents.intake import IntakeLimits, MediaType
from app.core.documents.refusals import FileTypeUnknown
from app.core.errors import Conflict, DomainError, FieldProblem, NotFound
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.core.workflow.papers.intake import keep_file
from app.customs.declarations.models import Declaration, OfficialResult
from app.customs.declarations.pages.access import Declarant
from app.customs.declarations.pages.words import HOME
from app.customs.declarations.queries.exchange import results_of
from app.customs.declarations.queries.firms import firms_of
from app.customs.declarations.queries.naming import TAX_NAMES
from app.customs.declarations.queries.reach import reach
from app.customs.declarations.service.giving import give_out
from app.customs.declarations.service.result_rows import rows_of
from app.customs.declarations.service.result_sheets import COLUMNS, read_results_sheet
from app.customs.declarations.service.results import MOST, Brought, ResultsRefused, bring_in
from app.customs.declarations.wire import LARGEST, Result, WireFault, read_results, write_results
from app.web.exports import xlsx_response
from app.web.forms import PostedForm, text
from app.web.kernel import Kernel
from app.web.render import Crumb, error_texts, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router
from app.web.uploads import sent_files, upload_router

result_pages = router()
result_uploads = upload_router()

ADDRESS = HOME + "/results"
LIMITS = IntakeLimits(max_bytes=10_000_000, max_unpacked_bytes=150_000_000)
SHOWN = 200
SHOWN_CHANGES = 20
FACTS: Mapping[str, str] = {
    "official_number": N_("Official number"),
    "state": N_("State"),
    "channel": N_("Channel"),
    "registered_at": N_("Registered"),
    "released_at": N_("Released"),
    "cleared_at": N_("Cleared"),
    "hs": N_("HS code"),
    "description": N_("Description"),
    "origin": N_("Origin"),
    "quantity": N_("Quantity"),
    "unit_price": N_("Unit price"),
    "value": N_("Value"),
}
XML = "application/xml"
NO_FILE = N_("Choose the file with the results, XML or XLSX.")
NO_FIRM = N_("Choose the firm whose declarations these are.")
NOT_READ = N_("This is no file of results in the documented form (%(code)s). %(message)s")


class NotInOneFile(Conflict):
    """The documented form has an end."""

    code = "declarations.not-in-one-file"
    title = "The results do not fit into one XML file."
    detail = "They are more than the documented form takes in one file, or one of them does not fit into it: %(why)s."
    hint = "Take the workbook, or the XML of single declarations on their pages."


@result_pages.get(ADDRESS, name="declaration-results", include_in_schema=False)
def results_page(request: Request, session: DbSession, actor: Declarant) -> Response:
    """Ask for a file of results, and offer those of the firm."""
    return _page(request, session, actor)


@result_pages.get(ADDRESS + "/template.xlsx", name="declaration-results-template", include_in_schema=False)
def template(actor: Declarant) -> Response:
    """Send an empty sheet with the columns."""
    return xlsx_response("results.xlsx", list(COLUMNS), [])


@result_pages.get(ADDRESS + "/export.xml", name="declaration-results-export", include_in_schema=False)
def export(session: DbSession, actor: Declarant, firm: UUID) -> Response:
    """Send the official results of a firm in the documented form."""
    if firm not in {each.id for each in firms_of(session, actor)}:
        raise NotFound
    try:
        content = write_results(give_out(session, party_id=firm, actor=actor))
    except WireFault as fault:
        raise NotInOneFile(why=fault.code) from fault
    headers = {
        "Content-Disposition": 'attachment; filename="results.xml"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=XML, headers=headers)


@result_pages.get(ADDRESS + "/export.xlsx", name="declaration-results-sheet", include_in_schema=False)
def export_sheet(session: DbSession, actor: Declarant, firm: UUID) -> Response:
    """Send the official results of a firm as a workbook, one row for each goods line."""
    if firm not in {each.id for each in firms_of(session, actor)}:
        raise NotFound
    results = give_out(session, party_id=firm, actor=actor)
    return xlsx_response("results.xlsx", list(COLUMNS), (row for each in results for row in rows_of(each)))


@result_uploads.post(ADDRESS, include_in_schema=False)
def take(
    request: Request, session: DbSession, actor: Declarant, zone: CurrentZone, posted: PostedForm
) -> Response:
    """Bring a file in, whole or not at all."""
    firms = {str(each.id): each.id for each in firms_of(session, actor)}
    firm, files = firms.get(text(posted, "firm")), sent_files(posted, "file")
    problems = []
    if firm is None:
        problems.append(FieldProblem("firm", "required", NO_FIRM))
    if not files:
        problems.append(FieldProblem("file", "required", NO_FILE))
    if problems or firm is None:
        return _page(request, session, actor, chosen=text(posted, "firm"), problems=problems, status=422)
    try:
        results, places = _read(request, files[0], zone)
        brought = bring_in(
            session, party_id=firm, results=results, places=places, actor=actor, now=utcnow(), zone=zone.tz
        )
    except WireFault as fault:
        params = {"code": fault.code, "message": fault.message[:300]}
        refusal = [FieldProblem("file", "form", NOT_READ, params)]
        return _page(request, session, actor, chosen=str(firm), problems=refusal, status=422)
    except ResultsRefused as refused:
        session.rollback()
        return _page(request, session, actor, chosen=str(firm), faults=refused.errors, status=422)
    except DomainError as other:
        if other.status >= 500 or other.status == 403:  # noqa: PLR2004 - no fault of the file
            raise
        words = error_texts(request_translator(request), other)
        told = [FieldProblem("file", other.code, f"{words['title']} {words['detail']}")]
        return _page(request, session, actor, chosen=str(firm), problems=told, status=422)
    return _page(request, session, actor, chosen=str(firm), brought=brought)


def _read(request: Request, file: UploadFile, zone: CurrentZone) -> tuple[Sequence[Result], Sequence[str]]:
    name = file.filename or "results"
    if name.lower().endswith(".xml"):
        return read_results(file.file.read(LARGEST + 1)), ()
    kernel: Kernel = request.app.state.kernel
    kept = keep_file(kernel.store, stream=file.file, filename=name, limits=LIMITS)
    if kept.media_type is not MediaType.XLSX:
        raise FileTypeUnknown(found=kept.media_type.value)
    with kernel.store.readable(kept.file.sha256) as path:
        return read_results_sheet(Path(path), zone=zone.tz)


def _page(
    request: Request, session: Session, actor: Actor, *, chosen: str = "", problems: Sequence[FieldProblem] = (),
    faults: Sequence[FieldProblem] = (), brought: Brought | None = None, status: int = 200,
) -> Response:  # fmt: skip
    gettext = request_translator(request).gettext
    firms = [(str(each.id), each.name) for each in firms_of(session, actor)]
    brought_in = brought or Brought()
    view = {
        "title": gettext("Results declared elsewhere"),
        "firms": firms,
        "chosen": chosen or (firms[0][0] if len(firms) == 1 else ""),
        "problems": problems,
        "fault_count": len(faults),
        "faults": list(faults[:SHOWN]),
        "made": [_row(each) for each in brought_in.made[:SHOWN]],
        "made_count": len(brought_in.made),
        "changed": [_row(each) for each in brought_in.changed[:SHOWN]],
        "changed_count": len(brought_in.changed),
        "known": brought_in.known,
        "older": brought_in.older,
        "done": brought is not None,
        "most": MOST,
        "crumbs": [Crumb(gettext("Declarations"), HOME)],
    }
    return render(request, "declarations/results.html", view, status=status)


def results_panel(session: Session, actor: Actor, declaration_id: UUID) -> Mapping[str, Any]:
    """Return the results from elsewhere of a declaration with what each changed, the newest first."""
    reach(session, declaration_id, actor)
    rows = results_of(session, declaration_id)
    return {"rows": [_result(each) for each in rows]} if rows else {}


def _row(each: Declaration) -> dict[str, Any]:
    return {
        "id": str(each.id), "number": each.official_number, "summary": each.summary, "lines": each.line_count,
    }  # fmt: skip


def _result(row: OfficialResult) -> dict[str, Any]:
    return {
        "brought_at": row.brought_at, "said_at": row.said_at, "outcome": row.outcome,
        "changes": [
            {"line": each["line"], "title": _title(each), "old": each["old"], "new": each["new"]}
            for each in row.changes[:SHOWN_CHANGES]
        ],
        "more": max(0, len(row.changes) - SHOWN_CHANGES),
    }  # fmt: skip


def _title(change: Mapping[str, Any]) -> str:
    if change["about"] == "tax":
        return TAX_NAMES.get(change["field"], change["field"])
    return FACTS.get(change["field"], str(change["field"]))
