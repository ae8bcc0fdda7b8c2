"""Importing: many values at once from a table, such as the days off of a year; two officers approve them as usual."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core import law
from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.kit.text import nfc
from app.core.law import Origin
from app.web.exports import csv_response
from app.web.forms import PostedForm, text
from app.web.legal_permissions import PROPOSE
from app.web.need import Holder
from app.web.pages.legal import reading
from app.web.pages.legal.drafts import MAX_TEXT
from app.web.pages.legal.proposing import made
from app.web.pages.legal.tables import COLUMNS, MOST_ROWS, NEEDED, TABLE, Reading, read_table, table_rows
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession
from app.web.uploads import sent_files, upload_router

importing = upload_router()

Proposer = Annotated[Actor, Depends(Holder(PROPOSE))]
MOST_BYTES = 1_000_000


@importing.get("/law/import", name="law-import", include_in_schema=False)
def import_page(request: Request, session: DbSession, actor: Proposer) -> Response:
    """Ask for a table."""
    return _form(request, {"table": "", "reason": ""})


@importing.get("/law/import/values.csv", name="law-import-values", include_in_schema=False)
def values(request: Request, session: DbSession, actor: Proposer, key: str = "") -> Response:
    """Send the values of a key, or of all keys, as a table to be edited and sent back."""
    titles = reading.all_titles(session)
    known = law.current(session, [key] if key in titles else titles)
    rows = table_rows(value for timeline in known.values() for value in timeline)
    return csv_response("law-values.csv", COLUMNS, rows)


@importing.post("/law/import", include_in_schema=False)
def import_table(request: Request, session: DbSession, actor: Proposer, posted: PostedForm) -> Response:
    """Make one change set of a table; every fault is told at once, and the table stays in the form."""
    given = {
        "table": text(posted, "table")[:MOST_BYTES],
        "reason": nfc(text(posted, "reason")).strip()[:MAX_TEXT],
    }
    problems = []
    if files := sent_files(posted, "file"):
        content = files[0].file.read(MOST_BYTES + 1)
        try:
            given["table"] = content.decode("utf-8-sig") if len(content) <= MOST_BYTES else ""
        except UnicodeDecodeError:
            problems.append(FieldProblem("file", "law.encoding", N_("Save the table as CSV in UTF-8.")))
        if len(content) > MOST_BYTES:
            problems.append(
                FieldProblem("file", "law.too-long", N_("The file is too large for a table of values."))
            )
    if not given["reason"]:
        problems.append(
            FieldProblem("reason", "missing", N_("Say why this is changed, and where you read it."))
        )
    if not problems:
        found = _read(session, given["table"])
        if not found.problems:
            return made(session, actor, found.items, [], title=given["reason"], origin=Origin.IMPORT)
        problems = found.problems
    return _form(request, given, problems, status=422)


def _read(session: Session, table: str) -> Reading:
    titles = reading.all_titles(session)
    return read_table(table, timelines=law.current(session, titles), known=law.instruments(session))


def _form(
    request: Request, given: dict[str, str], problems: Sequence[FieldProblem] = (), *, status: int = 200
) -> Response:
    translator = request_translator(request)
    view = {
        "title": translator.gettext("Import values from a table"),
        "given": given,
        "columns": [(name, name in NEEDED, translator.gettext(about)) for name, about in _ABOUT.items()],
        "most": MOST_ROWS,
        "field": TABLE,
        "problems": problems,
        "crumbs": [Crumb(translator.gettext("Legal desk"), "/law")],
    }
    return render(request, "legal/import.html", view, status=status)


_ABOUT = dict(
    zip(
        COLUMNS,
        (
            N_("the key, as the legal desk shows it below the title"),
            N_("the value as it is stored, for example 10, OFF or WORK"),
            N_("the first day on which it holds"),
            N_("the last day; empty: until something else is decided"),
            N_("CITED (read in the instrument) or ASSUMED"),
            N_("the instrument's short name, as in the saved table"),
            N_("article, clause, point"),
            N_("what nobody has confirmed, in Vietnamese"),
            N_("the same in English"),
        ),
        strict=True,
    )
)
