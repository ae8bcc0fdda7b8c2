"""The public board of statutory clocks: how long customs and firms take, without any firm or declaration."""

from typing import Any

from fastapi import Request, Response

from app.core import law
from app.core.i18n import N_
from app.core.i18n.formats import format_duration
from app.core.kit.time import local_day, utcnow
from app.customs.declarations.domain.lifecycle import Who
from app.customs.declarations.domain.timelimits import LIMITS, ClockKind, TimeLimit
from app.customs.declarations.models import ClockFigure
from app.customs.declarations.queries import exchange as queries
from app.customs.declarations.service.figures import TO_CLEARANCE, YEAR
from app.web.render import Crumb, render, request_translator
from app.web.services import CurrentZone
from app.web.unit import DbSession, router

board_pages = router()
BOARD = "/customs/clocks"
# Fewer ended clocks than this could point at a firm; they are not shown.
FEWEST = 5
_SECONDS = 60
CLEARANCE = TimeLimit(ClockKind.VALIDITY, Who.AUTHORITY, "", N_("From registration to clearance"))
"""The whole way; the law has no limit for it: in time is what ran over no limit of the authority."""


@board_pages.get(BOARD, name="customs-clocks", include_in_schema=False)
def board_page(request: Request, session: DbSession, zone: CurrentZone) -> Response:
    """Show each time limit with its article, how many ended in a year, how many in time, and the median."""
    translator = request_translator(request)
    book = law.at(session, local_day(utcnow(), zone.tz))
    figures = {each.kind: each for each in queries.clock_figures(session) if each.month == YEAR}
    months: dict[str, list[ClockFigure]] = {}
    for each in queries.clock_figures(session):
        if each.month != YEAR and each.ended >= FEWEST:
            months.setdefault(each.kind, []).append(each)
    cited = law.instruments(session)
    rows = [
        _row(limit, book, figures.get(kind), months.get(kind, []), lang=translator.lang, cited=cited)
        for kind, limit in LIMITS.items()
        if not limit.window
    ]
    whole = _row(
        CLEARANCE,
        book,
        figures.get(TO_CLEARANCE),
        months.get(TO_CLEARANCE, []),
        lang=translator.lang,
        cited={},
    )
    rows.insert(0, whole | {"no_limit": True})
    counted = max((each.counted_at for each in figures.values()), default=None)
    view = {
        "title": translator.gettext("Clocks of customs"),
        "rows": rows,
        "counted_at": counted,
        "fewest": FEWEST,
        "crumbs": [Crumb(translator.gettext("Start page"), "/")],
    }
    return render(request, "declarations/clocks.html", view)


def _row(
    limit: TimeLimit, book: law.LawBook, figure: ClockFigure | None, months: list[ClockFigure], *, lang: str,
    cited: dict[str, law.Instrument],
) -> dict[str, Any]:  # fmt: skip
    try:
        value = book.get(limit.key)
        said, source = law.say(value.unit, value.value, lang), law.say_source(value, cited, lang)
        assumed = value.status is law.Status.ASSUMED
    except law.LawValueMissing:
        said, source, assumed = "", "", False
    shown = figure is not None and figure.ended >= FEWEST
    return {
        "name": limit.name,
        "whose": limit.whose.value,
        "limit": said,
        "source": source,
        "assumed": assumed,
        "no_limit": False,
        "ended": figure.ended if shown and figure else None,
        "share": _share(figure) if shown and figure else None,
        "median": _took(figure, lang) if shown and figure else "",
        "months": [
            {"month": each.month, "ended": each.ended, "share": _share(each), "median": _took(each, lang)}
            for each in months
        ],
    }


def _share(figure: ClockFigure) -> int:
    return 100 * figure.in_time // figure.ended


def _took(figure: ClockFigure, lang: str) -> str:
    return format_duration((figure.median_minutes or 0) * _SECONDS, lang=lang)
