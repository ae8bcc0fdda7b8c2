"""
A declaration as a file, in the forms that come back in.

Its lines go as a sheet (the import of lines reads it), what customs registered as ``Results`` in XML or as a workbook
(the import of results reads both). A draft goes in the same XML with a remark that it is no declaration.
"""

from collections.abc import Iterator
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.i18n import localise
from app.core.kit.actor import Actor
from app.customs.declarations.domain.dictionary import line_fields
from app.customs.declarations.models import Declaration
from app.customs.declarations.pages.access import Reader, visible
from app.customs.declarations.pages.words import HOME, lang_of
from app.customs.declarations.queries import reading
from app.customs.declarations.queries.lines import texts_of
from app.customs.declarations.service.reading import shown
from app.customs.declarations.service.result_rows import rows_of
from app.customs.declarations.service.result_sheets import COLUMNS
from app.customs.declarations.service.stating import result_of
from app.customs.declarations.wire import WireFault, write_results
from app.web.exports import csv_response, xlsx_response
from app.web.unit import DbSession, router

export_pages = router()

XML = "application/xml"
NOT_DECLARED = b"<!-- KHONG PHAI TO KHAI HAI QUAN. NOT A CUSTOMS DECLARATION: REGISTERED BY NOBODY. -->\n"


class NotWritable(Conflict):
    """A draft holds something that the form has no place for."""

    code = "declarations.not-writable"
    title = "The draft cannot be written in the form of the exchange yet."
    detail = "At least one answer does not fit the form: %(why)s."
    hint = (
        "Mend what the check names, then export it again. The lines can be exported as a sheet at any time."
    )


@export_pages.get(HOME + "/{declaration_id}/lines.csv", name="declaration-lines-csv", include_in_schema=False)
def lines_csv(request: Request, session: DbSession, actor: Reader, declaration_id: UUID) -> Response:
    """Send the lines that count as CSV."""
    return csv_response("lines.csv", *_table(request, session, actor, declaration_id))


@export_pages.get(
    HOME + "/{declaration_id}/lines.xlsx", name="declaration-lines-xlsx", include_in_schema=False
)
def lines_xlsx(request: Request, session: DbSession, actor: Reader, declaration_id: UUID) -> Response:
    """Send the lines that count as a spreadsheet."""
    return xlsx_response("lines.xlsx", *_table(request, session, actor, declaration_id))


@export_pages.get(HOME + "/{declaration_id}/export.xml", name="declaration-xml", include_in_schema=False)
def declaration_xml(session: DbSession, actor: Reader, declaration_id: UUID) -> Response:
    """Send the declaration with what customs said of it, WCO-named."""
    row = visible(session, actor, declaration_id)
    try:
        content = write_results((result_of(session, row),))
    except WireFault as fault:
        raise NotWritable(why=fault.message[:200]) from fault
    if row.official_number is None:
        head, _, rest = content.partition(b"?>")
        content = head + b"?>\n" + NOT_DECLARED + rest.lstrip()
    return Response(content, media_type=XML, headers=_attached(row, "xml"))


@export_pages.get(HOME + "/{declaration_id}/export.xlsx", name="declaration-xlsx", include_in_schema=False)
def declaration_xlsx(request: Request, session: DbSession, actor: Reader, declaration_id: UUID) -> Response:
    """Send what customs registered as a workbook; of a draft the lines only, for there is no more to state."""
    row = visible(session, actor, declaration_id)
    if row.official_number is None:
        return xlsx_response(_name(row, "xlsx"), *_table(request, session, actor, declaration_id))
    return xlsx_response(_name(row, "xlsx"), list(COLUMNS), rows_of(result_of(session, row)))


def _name(row: Declaration, ending: str) -> str:
    """Return the name of a file; that of what is not registered says so."""
    said = "" if row.official_number is not None else "-not-a-declaration"
    return f"{row.code}{said}.{ending}"


def _attached(row: Declaration, ending: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{_name(row, ending)}"', "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }  # fmt: skip


def _table(
    request: Request, session: Session, actor: Actor, declaration_id: UUID
) -> tuple[list[str], Iterator[list[str]]]:
    row, lang = visible(session, actor, declaration_id), lang_of(request)
    fields = list(line_fields().values())
    lines = texts_of(session, reading.head(session, row).id)
    header = [localise(each.label, lang)[0] for each in fields]
    return header, ([shown(each, line.get(each.code, ""), lang=lang) for each in fields] for line in lines)
