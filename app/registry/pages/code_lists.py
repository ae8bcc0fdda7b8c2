"""Code lists for everybody: which there are, which version was in force on a day, and what a code means."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import JSONResponse

from app.core.errors import NotFound
from app.core.i18n import N_, Translator
from app.core.i18n.formats import typed_day
from app.core.kit.time import local_day, utcnow
from app.registry.queries import codes as reading
from app.registry.queries.codes import MOST_PICKED, PAGE_SIZE, ListVersion
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

code_list_pages = router()

HERE = "/code-lists"
STATES = {
    "CITED": N_("compared with the source"),
    "ASSUMED": N_("assumed, not verified"),
    "ILLUSTRATIVE": N_("illustrative"),
}


@code_list_pages.get(HERE, name="code-lists", include_in_schema=False)
def lists_page(request: Request, session: DbSession, zone: CurrentZone) -> Response:
    """Show all lists with their versions."""
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    lists: dict[str, list[dict[str, Any]]] = {}
    for each in reading.versions(session):
        lists.setdefault(each.list, []).append(_version(each, translator, day))
    view = {
        "title": translator.gettext("Code lists"),
        "lists": [
            {"code": code, "title": rows[0]["title"], "versions": rows} for code, rows in lists.items()
        ],
    }
    return render(request, "registry/code_lists.html", view)


@code_list_pages.get("/code-lists/{code_list}", name="code-list", include_in_schema=False)
def list_page(
    request: Request,
    session: DbSession,
    zone: CurrentZone,
    code_list: str,
    version: str = "",
    q: str = "",
    on: str = "",
    after: str = "",
) -> Response:
    """Show the codes of one version, chosen by name or by the day on which it was in force."""
    translator, day = request_translator(request), local_day(utcnow(), zone.tz)
    found = reading.versions(session, code_list)
    if not found:
        raise NotFound
    asked = typed_day(on)
    version = "" if asked else version  # a day that was asked for is the answer to another question
    chosen = _chosen(found, version, asked or day)
    lines = (
        reading.search_codes(session, code_list, chosen.version, q[:100], after=after[:40]) if chosen else []
    )
    page = lines[:PAGE_SIZE]
    query = {"version": chosen.version if chosen else "", "q": q}
    view = {
        "title": chosen.title.get(translator.lang, chosen.title["vi"]) if chosen else code_list,
        "code": code_list,
        "versions": [_version(each, translator, day) for each in found],
        "chosen": _version(chosen, translator, day) if chosen else None,
        "q": q,
        "on": on,
        "on_wrong": bool(on) and asked is None,
        "version_named": chosen is not None and chosen.version == version,
        "rows": [
            {"code": each.code, "label": dict(each.label), "parent": each.parent or ""} for each in page
        ],
        "first": f"{HERE}/{code_list}?{urlencode(query)}" if after else "",
        "next": f"{HERE}/{code_list}?{urlencode({**query, 'after': page[-1].code})}"
        if len(lines) > PAGE_SIZE
        else "",
        "crumbs": [Crumb(translator.gettext("Code lists"), HERE)],
    }
    return render(request, "registry/code_list.html", view)


@code_list_pages.get("/code-lists/{code_list}/pick", name="pick-code", include_in_schema=False)
def pick(
    request: Request, session: DbSession, zone: CurrentZone, code_list: str, q: str = "", on: str = ""
) -> Response:
    """
    Return the codes of the version in force whose words begin as typed, for a field that suggests them.

    JSON: ``version`` and ``codes``, each with ``code`` and ``label`` in the reader's language; the first twenty.
    """
    lang = request_translator(request).lang
    day = typed_day(on) or local_day(utcnow(), zone.tz)
    version = reading.version_of_day(session, code_list, day)
    if version is None:
        raise NotFound
    lines = reading.search_codes(session, code_list, version, q[:100], most=MOST_PICKED)
    codes = [{"code": each.code, "label": each.text(lang)} for each in lines[:MOST_PICKED]]
    return JSONResponse({"version": version, "codes": codes, "more": len(lines) > MOST_PICKED})


def _chosen(found: list[ListVersion], version: str, day: date) -> ListVersion | None:
    """Return the version asked for by name, or the one in force on the day; the newest when nothing was asked."""
    named = next((each for each in found if each.version == version), None)
    if named:
        return named
    return next((each for each in found if each.start <= day and (each.end is None or day < each.end)), None)


def _version(each: ListVersion, translator: Translator, day: date) -> dict[str, Any]:
    return {
        "version": each.version,
        "title": dict(each.title),
        "since": each.start,
        "until": each.end,
        "in_force": each.start <= day and (each.end is None or day < each.end),
        "source": each.source,
        "status": each.status,
        "status_word": translator.gettext(STATES[each.status]),
        "partial": each.partial,
        "count": each.count,
        "href": f"{HERE}/{each.list}?{urlencode({'version': each.version})}",
    }
