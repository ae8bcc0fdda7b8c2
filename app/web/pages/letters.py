"""The register of outgoing letters for officers, on the page and as a file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from app.core.i18n import N_, formats
from app.core.kit.actor import Actor
from app.core.kit.pagination import encode_cursor, position
from app.core.payments.receipts import KIND as RECEIPT
from app.core.workflow.papers import LetterKind
from app.core.workflow.papers.register import PAGE_SIZE, LetterLine, all_letters, letters, years
from app.core.workflow.permissions import READ
from app.web.exports import csv_response
from app.web.need import Holder
from app.web.papers_view import PAPER_TITLES
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

letter_pages = router()

# Everything that takes a number of the register: letters, and the results of procedures.
KINDS = (*(each.value for each in LetterKind), "IRC", RECEIPT)

Reader = Annotated[Actor, Depends(Holder(READ))]


@letter_pages.get("/letters", name="letters", include_in_schema=False)
def register_page(
    request: Request, session: DbSession, actor: Reader, year: str = "", kind: str = "", after: str = ""
) -> Response:
    """Show the letters of a year and kind, the newest first, fifty a page."""
    chosen_year, chosen_kind = _year(year), _kind(kind)
    found = letters(session, year=chosen_year, kind=chosen_kind, after=position(after, datetime, UUID))
    page = found[:PAGE_SIZE]
    query = f"year={chosen_year or ''}&kind={chosen_kind}"
    cursor = encode_cursor((page[-1].issued_at, page[-1].id)) if len(found) > PAGE_SIZE else ""
    gettext = request_translator(request).gettext
    view = {
        "title": gettext("Register of letters"),
        "rows": [_row(request, each) for each in page],
        "years": [(str(each), str(each)) for each in years(session)],
        "kinds": [(each, gettext(PAPER_TITLES[each])) for each in KINDS],
        "year": str(chosen_year or ""),
        "kind": chosen_kind,
        "export": f"/letters.csv?{query}",
        "next": f"/letters?{query}&after={cursor}" if cursor else "",
    }
    return render(request, "papers/letters.html", view)


@letter_pages.get("/letters.csv", name="letters-export", include_in_schema=False)
def register_file(
    request: Request, session: DbSession, actor: Reader, zone: CurrentZone, year: str = "", kind: str = ""
) -> Response:
    """Send the register as CSV."""
    translator = request_translator(request)
    chosen = _year(year)
    header = [
        translator.gettext(name)
        for name in (
            "Number",
            "Date",
            "Kind",
            "Subject",
            "State",
            "Verification code",
            N_("Medium"),
            N_("Why the number is void"),
        )
    ]
    rows = (
        [
            line.number,
            formats.format_datetime(line.issued_at, lang=translator.lang, timezone=zone.tz).replace(
                formats.NBSP, " "
            ),
            _kind_title(request, line.kind),
            line.subject,
            line.state or "",
            line.verification_code or "",
            line.medium or "",
            line.void_reason or "",
        ]
        for line in all_letters(session, year=chosen, kind=_kind(kind))
    )
    return csv_response(f"letters-{chosen or 'all'}.csv", header, rows)


def _row(request: Request, line: LetterLine) -> Mapping[str, Any]:
    return {
        "number": line.number,
        "kind": _kind_title(request, line.kind),
        "at": line.issued_at,
        "subject": line.subject,
        "document_id": str(line.document_id) if line.document_id else "",
        "code": line.verification_code or "",
        "state": line.state or "",
        "on_paper": line.medium == "PAPER",
        "voided_at": line.voided_at,
        "void_reason": line.void_reason or "",
    }


def _kind_title(request: Request, kind: str) -> str:
    known = PAPER_TITLES.get(kind)
    return request_translator(request).gettext(known) if known else kind


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) == len("2026") else None


def _kind(text: str) -> str:
    return text if text in KINDS else ""
