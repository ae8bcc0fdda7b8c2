"""The tariff browser: search by code or words, the nomenclature, a line with its rates on a day and over time."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import JSONResponse

from app.core.errors import NotFound
from app.core.i18n import Translator, formats
from app.core.i18n.countries import country_name
from app.core.kit.time import local_day, utcnow
from app.customs.tariff import queries
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.words import KIND_TITLES, dotted, rate_words, unit_words
from app.customs.tariff.queries import Heading, MeasureLine, Scheme
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

browsing_pages = router()

TARIFF = "/tariff"
LINE = 8
MOST = 50
PICKED = 20


@browsing_pages.get(TARIFF, name="tariff", include_in_schema=False)
def tariff_page(
    request: Request, session: DbSession, zone: CurrentZone, q: str = "", on: str = ""
) -> Response:
    """Show the chapters, or what a search found."""
    translator, day, wrong = _asked(request, zone.tz, on)
    asked = q.strip()[:100]
    found = queries.search_headings(session, asked, day, limit=MOST + 1) if asked else []
    view = {
        "title": translator.gettext("Tariff"),
        "q": asked,
        "on": on,
        "on_wrong": wrong,
        "day": day,
        "rows": [_row(each, day, on) for each in found[:MOST]],
        "more": len(found) > MOST,
        "chapters": [] if asked else [_row(each, day, on) for each in queries.below(session, "", day)],
        "crumbs": [Crumb(translator.gettext("Start page"), "/")],
    }
    return render(request, "tariff/browse.html", view)


@browsing_pages.get("/tariff/pick", name="pick-heading", include_in_schema=False)
def pick(request: Request, session: DbSession, zone: CurrentZone, q: str = "", on: str = "") -> Response:
    """
    Return the lines whose code or words begin as typed, for a field that suggests them.

    JSON: ``codes``, each with ``code``, ``label`` in the reader's language and ``unit``; the first twenty.
    """
    translator, day, _ = _asked(request, zone.tz, on)
    found = queries.search_headings(session, q[:100], day, limit=PICKED + 1, lines_only=True)
    codes = [
        {"code": each.code, "label": _title(each, translator.lang), "unit": each.unit}
        for each in found[:PICKED]
    ]
    return JSONResponse({"codes": codes, "more": len(found) > PICKED})


@browsing_pages.get("/tariff/{code}", name="tariff-code", include_in_schema=False)
def code_page(request: Request, session: DbSession, zone: CurrentZone, code: str, on: str = "") -> Response:
    """Show a chapter or heading with what it holds, or a line with all its rates."""
    translator, day, wrong = _asked(request, zone.tz, on)
    lineage = queries.lineage(session, code, day) if code.isascii() and code.isdigit() else []
    known = bool(lineage) and lineage[-1].code == code
    if not known and not (
        code.isascii() and code.isdigit() and queries.measure_lines(session, code[:LINE], None)
    ):
        raise NotFound
    view: dict[str, Any] = {
        "title": _title(lineage[-1], translator.lang) if known else dotted(code),
        "code": code,
        "dotted": dotted(code),
        "known": known,
        "on": on,
        "on_wrong": wrong,
        "day": day,
        "crumbs": [
            Crumb(translator.gettext("Tariff"), _here("", on)),
            *(Crumb(_title(each, translator.lang), _here(each.code, on)) for each in lineage[:-1]),
        ],
    }
    if len(code) < LINE:
        view["rows"] = [_row(each, day, on) for each in queries.below(session, code, day)]
        return render(request, "tariff/chapter.html", view)
    view |= _line_view(session, code, day, translator)
    view["heading"] = _row(lineage[-1], day, on) if known else None
    return render(request, "tariff/line.html", view)


def _line_view(session: DbSession, code: str, day: date, translator: Translator) -> dict[str, Any]:
    hs8 = code[:LINE]
    rows = queries.measure_lines(session, hs8, None)
    schemes, groups = queries.schemes(session), queries.group_titles(session)
    current = [row for row in rows if row.recorded_to is None]
    told = [_measure(row, translator, schemes, groups) for row in current if row.valid.contains(day)]
    note = _usual_note(told)
    histories = []
    for slot, same in groupby(current, key=_slot):
        over_time = list(same)
        if len(over_time) > 1:
            histories.append(_history(slot, over_time, day, translator, schemes, groups))
    sublines = [
        {"code": each.code, "title": each.title}
        for each in queries.below(session, hs8, day)
        if len(each.code) > LINE
    ]
    return {
        "general": sorted((row for row in told if not row["preference"]), key=lambda row: row["order"]),
        "preferences": [row for row in told if row["preference"]],
        "note": note,
        "histories": histories,
        "closed": sum(row.recorded_to is not None for row in rows),
        "sublines": sublines,
        "members": _members(session, day, told, translator),
        "calculator": "/tariff/calculator?" + urlencode({"hs1": code}),
    }


def _usual_note(told: list[dict[str, Any]]) -> dict[str, str] | None:
    """Take the note that most rows share off them, to be said once for the page."""
    notes = Counter(tuple(sorted(row["note"].items())) for row in told if row["note"])
    if not notes:
        return None
    usual = dict(notes.most_common(1)[0][0])
    for row in told:
        if row["note"] == usual:
            row["note"] = None
    return usual


def _members(
    session: DbSession, day: date, told: Sequence[dict[str, Any]], translator: Translator
) -> dict[str, str]:
    """Return the countries of each group that the page names."""
    named = {row["geo"] for row in told}
    return {
        group: ", ".join(sorted(country_name(code, translator.lang) for code in countries))
        for group, countries in queries.members(session, day).items()
        if group in named
    }


def _slot(row: MeasureLine) -> tuple[str, ...]:
    return (row.kind.value, row.scheme, row.geo, row.subline10, row.variant)


def _measure(
    row: MeasureLine, translator: Translator, schemes: dict[str, Scheme], groups: dict[str, dict[str, str]]
) -> dict[str, Any]:
    preference = row.kind in (Kind.PREFERENCE, Kind.EXPORT_PREFERENCE)
    scheme = schemes.get(row.scheme)
    return {
        "preference": preference,
        "order": list(Kind).index(row.kind),
        "kind": translator.gettext(KIND_TITLES[row.kind]),
        "scheme": row.scheme,
        "scheme_title": scheme.title if scheme else None,
        "papers": [_paper(paper, translator) for paper in scheme.papers] if scheme else [],
        "geo": row.geo,
        "where": _where(row.geo, groups, translator.lang),
        "variant": variant_words(row.variant, translator),
        "subline": row.subline10,
        "rate": rate_words(row.expr, translator),
        "reducible": bool(row.conditions.get("vat_reduction")),
        "since": row.valid.start,
        "until": row.valid.end,
        "source": source_words(row.act, row.article, row.annex, translator),
        "status": row.status,
        "note": row.note or None,
        "id": str(row.id),
    }


def _history(
    slot: tuple[str, ...],
    rows: Sequence[MeasureLine],
    day: date,
    translator: Translator,
    schemes: dict[str, Scheme],
    groups: dict[str, dict[str, str]],
) -> dict[str, Any]:
    told = [_measure(row, translator, schemes, groups) for row in rows]
    entries = [
        {
            "title": each["rate"],
            "at": each["since"],
            "state": "now" if row.valid.contains(day) else "done" if row.valid.start <= day else "ahead",
            "text": each["source"],
        }
        for each, row in zip(told, rows, strict=True)
    ]
    first = told[0]
    title = " ".join(part for part in (first["kind"], first["scheme"], first["variant"]) if part)
    return {"title": title, "entries": entries}


def _where(geo: str, groups: dict[str, dict[str, str]], lang: str) -> str:
    if not geo:
        return ""
    return groups[geo].get(lang, geo) if geo in groups else country_name(geo, lang)


def _paper(code: str, translator: Translator) -> str:
    return translator.gettext("self-certification of origin") if code == "SELF" else code


def variant_words(variant: str, translator: Translator) -> str:
    """Return the words for what tells rates of one line apart."""
    return translator.gettext("out of quota") if variant == "OUT_OF_QUOTA" else variant


def source_words(act: str, article: str, annex: str, translator: Translator) -> str:
    """Write where a figure comes from: the act with article or annex; empty where none is named."""
    if not act:
        return ""
    said = act
    if article:
        said += ", " + translator.gettext("Article %(number)s", number=article)
    if annex:
        said += ", " + translator.gettext("Annex %(number)s", number=annex)
    return said


def _row(each: Heading, day: date, on: str) -> dict[str, Any]:
    return {
        "code": dotted(each.code),
        "title": each.title,
        "unit": each.unit,
        "unit_words": unit_words(each.unit),
        "status": each.status,
        "line": len(each.code) >= LINE,
        "depth": len(each.code),
        "href": _here(each.code, on),
    }


def _here(code: str, on: str) -> str:
    return f"{TARIFF}{'/' + code if code else ''}{'?' + urlencode({'on': on}) if on else ''}"


def _title(each: Heading, lang: str) -> str:
    return str(each.title.get(lang, each.title["vi"]))


def _asked(request: Request, tz: Any, on: str) -> tuple[Translator, date, bool]:
    translator, today = request_translator(request), local_day(utcnow(), tz)
    if not on:
        return translator, today, False
    try:
        return translator, formats.parse_date(on), False
    except ValueError:
        return translator, today, True
