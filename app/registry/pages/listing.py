"""The list of enterprises for officers, on the page and as a file."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.kit.pagination import InvalidCursor, decode_cursor, encode_cursor
from app.core.kit.time import local_day, utcnow
from app.registry.domain import EnterpriseKind, Source, Verification
from app.registry.pages.words import FIELDS, KINDS, SHORT_KINDS, SOURCES, VERIFICATIONS, code_options, options
from app.registry.permissions import MANAGE, READ
from app.registry.queries import listing as reading
from app.registry.queries.codes import COUNTRY, LEGAL_FORM
from app.registry.queries.listing import PAGE_SIZE, SORTS, EnterpriseFilter, EnterpriseLine, Key
from app.web.exports import csv_response, xlsx_response
from app.web.need import Holder
from app.web.render import render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

listing = router()

Reader = Annotated[Actor, Depends(Holder(READ))]
HERE = "/enterprises"
_EXPORTED = ("name_vi", "name_en", "tax_code", "kind", "country", "legal_form", "address", "phone", "email")


@listing.get(HERE, name="enterprises", include_in_schema=False)
def enterprises_page(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    q: str = "",
    kind: str = "",
    country: str = "",
    verification: str = "",
    sort: str = "name",
    after: str = "",
) -> Response:
    """List enterprises, fifty a page, narrowed and sorted."""
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    wanted, sort = _filter(q, kind, country, verification), sort if sort in SORTS else "name"
    found = reading.enterprises(session, wanted, day=day, sort=sort, after=_position(after, sort))
    page = found[:PAGE_SIZE]
    chosen = {"q": q, "kind": wanted.kind, "country": wanted.country, "verification": wanted.verification}
    countries = dict(code_options(session, COUNTRY, day, translator.lang))
    view = {
        "title": translator.gettext("Enterprises"),
        "rows": [_row(each, countries) for each in page],
        "chosen": {**chosen, "sort": sort},
        "narrowed": any(chosen.values()),
        "none_yet": not found and reading.is_empty(session),
        "kinds": options(translator, KINDS),
        "kind_words": dict(options(translator, SHORT_KINDS)),
        "verifications": options(translator, VERIFICATIONS),
        "countries": [(code, countries.get(code, code)) for code in reading.countries_of(session)],
        "sorts": {name: _sorted_by(chosen, sort, name) for name in ("name", "updated")},
        "export": urlencode({**chosen, "sort": sort}),
        "may_manage": actor.may(MANAGE),
        "first": f"{HERE}?{urlencode({**chosen, 'sort': sort})}" if after else "",
        "next": _next(page[-1], chosen, sort) if len(found) > PAGE_SIZE else "",
    }
    return render(request, "registry/list.html", view)


@listing.get("/enterprises.csv", name="enterprises-csv", include_in_schema=False)
def enterprises_csv(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    q: str = "",
    kind: str = "",
    country: str = "",
    verification: str = "",
    sort: str = "name",
) -> Response:
    """Send the list as CSV."""
    wanted, sort = _filter(q, kind, country, verification), sort if sort in SORTS else "name"
    header, rows = _table(request, session, local_day(utcnow(), zone.tz), wanted, sort)
    return csv_response("enterprises.csv", header, rows)


@listing.get("/enterprises.xlsx", name="enterprises-xlsx", include_in_schema=False)
def enterprises_xlsx(
    request: Request,
    session: DbSession,
    actor: Reader,
    zone: CurrentZone,
    q: str = "",
    kind: str = "",
    country: str = "",
    verification: str = "",
    sort: str = "name",
) -> Response:
    """Send the list as a spreadsheet."""
    wanted, sort = _filter(q, kind, country, verification), sort if sort in SORTS else "name"
    header, rows = _table(request, session, local_day(utcnow(), zone.tz), wanted, sort)
    return xlsx_response("enterprises.xlsx", header, rows)


def _filter(q: str, kind: str, country: str, verification: str) -> EnterpriseFilter:
    return EnterpriseFilter(
        query=q[:100],
        kind=kind if kind in set(EnterpriseKind) else "",
        country=country if len(country) == len("VN") else "",
        verification=verification if verification in set(Verification) else "",
    )


def _row(line: EnterpriseLine, countries: dict[str, str]) -> dict[str, Any]:
    return {
        "id": str(line.party_id),
        "name": line.name_vi,
        "name_en": line.name_en if line.name_en != line.name_vi else "",
        "tax_code": line.tax_code or "",
        "kind": str(line.kind),
        "country": countries.get(line.country, line.country),
        "place": ", ".join(filter(None, (line.ward, line.province))),
        "verification": str(line.verification),
        "demo": line.source == Source.DEMO,
        "updated_at": line.updated_at,
    }


def _table(
    request: Request, session: Session, day: date, wanted: EnterpriseFilter, sort: str
) -> tuple[list[str], Iterator[list[str]]]:
    """Return header and rows of the file, in the reader's language."""
    translator = request_translator(request)
    gettext, lang = translator.gettext, translator.lang
    countries = dict(code_options(session, COUNTRY, day, lang))
    forms = dict(code_options(session, LEGAL_FORM, day, lang))
    kinds, sources = dict(options(translator, KINDS)), dict(options(translator, SOURCES))
    states = dict(options(translator, VERIFICATIONS))
    header = [gettext(FIELDS[name]) for name in _EXPORTED] + [
        gettext("Reliability"),
        gettext("Source of the record"),
    ]
    rows = (
        [
            line.name_vi,
            line.name_en or "",
            line.tax_code or "",
            kinds[line.kind],
            countries.get(line.country, line.country),
            forms.get(line.legal_form or "", line.legal_form or ""),
            ", ".join(filter(None, (line.street, line.ward, line.province))),
            line.phone or "",
            line.email or "",
            states[line.verification],
            sources[line.source],
        ]
        for line in reading.all_enterprises(session, wanted, day=day, sort=sort)
    )
    return header, rows


def _sorted_by(chosen: dict[str, str], sort: str, name: str) -> dict[str, str]:
    """Return where the heading of a column leads, and how it is sorted now."""
    turned = f"-{name}" if sort == name else name
    state = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    return {"href": f"{HERE}?{urlencode({**chosen, 'sort': turned})}", "sort": state}


def _next(last: EnterpriseLine, chosen: dict[str, str], sort: str) -> str:
    key = last.name_vi if sort.endswith("name") else last.updated_at
    cursor = encode_cursor((key, last.party_id))
    return f"{HERE}?{urlencode({**chosen, 'sort': sort, 'after': cursor})}"


def _position(cursor: str, sort: str) -> Key | None:
    if not cursor:
        return None
    try:
        first, key = decode_cursor(cursor, expected=(str if sort.endswith("name") else datetime, UUID))
    except InvalidCursor:
        return None
    assert isinstance(key, UUID)
    if isinstance(first, str):
        return first, key
    assert isinstance(first, datetime)
    return first, key
