"""What a change of the tariff changes: sums, every row by filter, a file of it, and the panel at the legal desk."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.i18n import N_, Translator, translator
from app.core.i18n.countries import country_name
from app.core.kit.actor import Actor
from app.core.law import LawChangeSet
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.words import KIND_TITLES, dotted
from app.customs.tariff.schedules import queries
from app.customs.tariff.schedules.models import Effect, TariffImport
from app.customs.tariff.schedules.pages.words import EFFECTS, MEMBER_EFFECTS, Wording
from app.customs.tariff.schedules.queries import PAGE, Filter
from app.web.exports import csv_response
from app.web.legal_permissions import READ
from app.web.need import Holder
from app.web.render import Crumb, render, request_translator
from app.web.unit import DbSession, router

differences = router()

Reader = Annotated[Actor, Depends(Holder(READ))]
SHOWN = 8
LANGUAGES = ("vi", "en")
# Days of law are the same in every zone; only instants would need the right one.
_ANY_ZONE = ZoneInfo("UTC")
FILE_COLUMNS = (
    N_("Code"), N_("Rate"), N_("What happens"), N_("Days"), N_("Before"), N_("After"), N_("Points"), N_("Source"),
    N_("Status"),
)  # fmt: skip
MOST_PAGES = 6_000


@differences.get("/schedules/changes/{change_id}", name="tariff-change", include_in_schema=False)
def difference(
    request: Request,
    session: DbSession,
    actor: Reader,
    change_id: UUID,
    effect: str = "",
    chapter: str = "",
    column: str = "",
    q: str = "",
    page: int = 1,
) -> Response:
    """Show the rows of a change, what changes most first, by effect, chapter, column and word."""
    if queries.change_of(session, change_id) is None:
        raise NotFound
    wanted = _wanted(effect, chapter, column, q)
    page = max(1, min(page, MOST_PAGES))
    reader = request_translator(request)
    wording = Wording(reader, request.app.state.zone_config.tz)
    rows, count = queries.items(session, change_id, wanted, page=page)
    base = f"/schedules/changes/{change_id}"
    view = {
        "title": reader.gettext("What changes in the tariff"),
        "base": base,
        "rows": _rows(session, change_id, rows, wording),
        "count": count,
        "first": (page - 1) * PAGE + 1,
        "previous": _link(request, base, page - 1) if page > 1 else "",
        "next": _link(request, base, page + 1) if page * PAGE < count else "",
        "asked": {
            "effect": wanted.effect,
            "chapter": wanted.chapter,
            "column": wanted.column,
            "q": wanted.word,
        },
        "filtered": wanted.any,
        "effects": [(code.value, reader.gettext(EFFECTS[code][1])) for code in Effect],
        "chapters": list(queries.by_chapter(session, change_id)),
        "columns": [(code, _column_name(reader, code)) for code in queries.columns_of(session, change_id)],
        "export": f"{base}/rates.csv" + (f"?{request.url.query}" if request.url.query else ""),
        "crumbs": _crumbs(session, reader, change_id),
    }
    return render(request, "schedules/difference.html", view)


@differences.get(
    "/schedules/changes/{change_id}/rates.csv", name="tariff-change-file", include_in_schema=False
)
def as_file(
    request: Request,
    session: DbSession,
    actor: Reader,
    change_id: UUID,
    effect: str = "",
    chapter: str = "",
    column: str = "",
    q: str = "",
) -> Response:
    """Send the rows of a change as a table, in the order of the schedule."""
    if queries.change_of(session, change_id) is None:
        raise NotFound
    reader = request_translator(request)
    wording = Wording(reader, request.app.state.zone_config.tz)
    gettext = reader.gettext
    header = [gettext(name) for name in FILE_COLUMNS]
    found = queries.all_items(session, change_id, _wanted(effect, chapter, column, q))
    rows = (
        [
            row["code"], row["column"], row["effect"], row["days"], row["before"], row["after"], row["size"],
            row["source"], row["status"],
        ]
        for row in (wording.item(each, {}) for each in found)
    )  # fmt: skip
    return csv_response("tariff-change.csv", header, rows)


def change_panel(session: Session, actor: Actor, change_set_id: UUID) -> Mapping[str, Any]:
    """Return what the page of a change set shows of the tariff; empty for other sets."""
    if queries.change_of(session, change_set_id) is None:
        return {}
    return summary(session, change_set_id)


def summary(session: Session, change_id: UUID) -> dict[str, Any]:
    """Return sums, chapters and the largest changes of a change; rows are worded in each language."""
    told, heads_told = queries.sums(session, change_id), queries.heading_sums(session, change_id)
    rows, _ = queries.items(session, change_id, Filter(), size=SHOWN)
    titles = queries.titles(session, change_id, [each.hs8 for each in rows])
    worded = {
        lang: [Wording(translator(lang), _ANY_ZONE).item(each, titles) for each in rows] for lang in LANGUAGES
    }
    return {
        "base": f"/schedules/changes/{change_id}",
        "sums": [(code.value, *EFFECTS[code], told.get(code.value, 0)) for code in Effect],
        "total": sum(told.values()),
        "chapters": list(queries.by_chapter(session, change_id).items()),
        "rows": worded,
        "heading_sums": [(*EFFECTS[code], count) for code, count in sorted(heads_told.items())],
        "headings": [
            {
                "code": dotted(each.code), "effect": EFFECTS[each.effect], "after": each.title or {},
                "before": (each.was or {}).get("title", {}),
            }
            for each in queries.headings(session, change_id, limit=SHOWN)
            if each.effect != Effect.ADDED
        ],
        "groups": [{"code": each.code, "title": each.title} for each in queries.changed_groups(session, change_id)],
        "members": {lang: _members(session, change_id, lang) for lang in LANGUAGES},
    }  # fmt: skip


def _members(session: Session, change_id: UUID, lang: str) -> list[dict[str, Any]]:
    wording = Wording(translator(lang), _ANY_ZONE)
    return [
        {
            "group": each.group_code, "code": each.country, "name": country_name(each.country, lang),
            "tone": MEMBER_EFFECTS[each.effect][0], "effect": MEMBER_EFFECTS[each.effect][1],
            "days": wording.days(each.valid), "status": each.status, "note": each.note or {},
            "source": " · ".join(filter(None, (each.instrument_id, each.article))),
        }
        for each in queries.changed_members(session, change_id)
    ]  # fmt: skip


def _rows(session: Session, change_id: UUID, rows: Any, wording: Wording) -> list[dict[str, Any]]:
    titles = queries.titles(session, change_id, [each.hs8 for each in rows])
    return [wording.item(each, titles) for each in rows]


def _wanted(effect: str, chapter: str, column: str, word: str) -> Filter:
    return Filter(
        effect=effect if effect in set(Effect) else "",
        chapter=chapter if chapter.isdigit() and len(chapter) == 2 else "",  # noqa: PLR2004  as 01 to 97
        column=column[:40],
        word=word.strip()[:100],
    )


def _column_name(reader: Translator, code: str) -> str:
    return reader.gettext(KIND_TITLES[Kind(code)]) if code in Kind.__members__ else code


def _link(request: Request, base: str, page: int) -> str:
    return f"{base}?{request.url.include_query_params(page=page).query}"


def _crumbs(session: Session, reader: Translator, change_id: UUID) -> list[Crumb]:
    crumbs = [Crumb(reader.gettext("Schedules of the tariff"), "/schedules")]
    found = session.get(TariffImport, change_id)
    if found is not None:
        crumbs.append(Crumb(found.file_name, f"/schedules/{change_id}"))
    made = session.get(LawChangeSet, change_id)
    if made is not None:
        crumbs.append(Crumb(made.title, f"/law/changes/{change_id}"))
    return crumbs
