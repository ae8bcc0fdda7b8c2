"""What can be found: a document of the index, and who makes documents of a kind."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.text import fold


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """
    One thing that can be found.

    :ivar key: of the thing within its kind.
    :ivar party_id: whose it is; ``None`` for what everybody may see.
    :ivar words: more texts by which it is found and that are not shown.
    :ivar at: the newer stands first among equals.
    """

    key: str
    title: str
    url: str
    at: datetime
    party_id: UUID | None = None
    code: str = ""
    title_en: str = ""
    detail: str = ""
    words: tuple[str, ...] = ()


Documents = Callable[[Session, Collection[str] | None], Iterable[SearchDocument]]
# Event classes after which a party may be called otherwise, each with how it names the party.
Renames = Mapping[type[Any], Callable[[Any], UUID]]


@dataclass(frozen=True, slots=True)
class SearchProvider:
    """
    What a module lets people find.

    :ivar kind: stable name, in addresses and in the index.
    :ivar title: message id of the group's heading.
    :ivar documents: makes the documents of some keys, or of all for ``None``; runs as officer.
    :ivar shared: everybody may find them; otherwise a party finds its own, and officers with ``permission`` all.
    :ivar officers_only: the pages behind are the officers' own, so nobody else finds the kind.
    :ivar events: event classes after which a document is made anew, each with how it names the keys.
    """

    kind: str
    title: str
    icon: str
    documents: Documents
    shared: bool = False
    permission: str = ""
    order: int = 100
    officers_only: bool = False
    events: Mapping[type[Any], Callable[[Any], Collection[str]]] = field(default_factory=dict)


def folded_text(document: SearchDocument) -> str:
    """
    Return what a search compares: folded words, each with a space before it, so that words are found by how they begin.

    Codes stand in pieces and in one: HS-2026-000012-3 is found by 000012 and by hs20260000123.
    """
    joined = [text.replace(" ", "") for text in map(fold, (document.code, *document.words)) if " " in text]
    texts = (document.code, document.title, document.title_en, document.detail, *document.words)
    seen = dict.fromkeys(word for text in (*map(fold, texts), *joined) for word in text.split())
    return "".join(f" {word}" for word in seen)
