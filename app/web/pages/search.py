"""Search everything: the page of results, and what is suggested while somebody types."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.search import Asked, Group, SearchProvider, ask, find, searchable, suggest_spelling
from app.web.render import render, request_translator
from app.web.unit import CurrentActor, DbSession, router

search_pages = router()

IN_A_GROUP = 6
SUGGESTED = 3
_SHORTEST = 2


@search_pages.get("/search", name="search", include_in_schema=False)
def search_page(
    request: Request, session: DbSession, actor: CurrentActor, q: str = "", kind: str = ""
) -> Response:
    """Show what was found in groups, or all of one kind."""
    asked, translator = ask(q), request_translator(request)
    mine = _providers(request, actor)
    chosen = [each for each in mine if each.kind == kind]
    groups = find(session, asked, chosen or mine) if _enough(asked) else []
    view = {
        "title": translator.gettext("Search"),
        "asked": asked.typed,
        "enough": _enough(asked),
        "shortest": _SHORTEST,
        "kind": chosen[0].kind if chosen else "",
        "kinds": [{"kind": each.kind, "title": translator.gettext(each.title)} for each in mine],
        "groups": [
            _group(each, asked, translator.lang, translator.gettext, None if chosen else IN_A_GROUP)
            for each in groups
        ],
        "total": sum(len(each.items) for each in groups),
        "more": any(each.more for each in groups),
        "better": _better(session, asked, mine) if _enough(asked) and not groups else None,
    }
    return render(request, "search/search.html", view)


@search_pages.get("/search/suggest", name="search-suggest", include_in_schema=False)
def suggestions(request: Request, session: DbSession, actor: CurrentActor, q: str = "") -> Response:
    """Show the best few of each kind below the search box; nothing for a question that is too short."""
    asked, translator = ask(q), request_translator(request)
    mine = _providers(request, actor)
    groups = find(session, asked, mine, most=20) if _enough(asked) else []
    view = {
        "asked": asked.typed,
        "enough": _enough(asked),
        "href": f"/search?{urlencode({'q': asked.typed})}",
        "groups": [_group(each, asked, translator.lang, translator.gettext, SUGGESTED) for each in groups],
    }
    return render(request, "search/_suggestions.html", view)


def _providers(request: Request, actor: Actor) -> list[SearchProvider]:
    providers: Sequence[SearchProvider] = request.app.state.search
    return searchable(providers, actor)


def _enough(asked: Asked) -> bool:
    return len(asked.folded) >= _SHORTEST


def _group(group: Group, asked: Asked, lang: str, gettext: Any, most: int | None) -> dict[str, Any]:
    provider = group.provider
    return {
        "kind": provider.kind,
        "title": gettext(provider.title),
        "icon": provider.icon,
        "count": len(group.items),
        "more": group.more,
        "all": f"/search?{urlencode({'q': asked.typed, 'kind': provider.kind})}",
        "cut": most is not None and len(group.items) > most,
        "items": [
            {
                "code": each.code,
                "title": each.title_en if lang != "vi" and each.title_en else each.title,
                "detail": each.detail,
                "url": each.url,
            }
            for each in group.items[:most]
        ],
    }


def _better(session: Session, asked: Asked, providers: Sequence[SearchProvider]) -> dict[str, str] | None:
    """Return another spelling with its address, if it finds something."""
    text = suggest_spelling(session, asked, providers)
    if not text or not find(session, ask(text), providers, most=1):
        return None
    return {"text": text, "href": f"/search?{urlencode({'q': text})}"}
