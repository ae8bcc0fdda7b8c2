"""Asking the index, under the policies of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.kit.text import fold
from app.core.search.documents import SearchProvider

MOST_WORDS = 8
LONGEST = 100
# A kind is looked through this far; beyond, the reader is asked for another word.
MOST_FOUND = 100
_NEAR = 40
_SHORTEST_REPAIR = 3
_COLUMNS = "kind, key, code, title, title_en, detail, url, at"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is compared: the typed text, its folded words, and the words as patterns."""

    typed: str
    words: tuple[str, ...]

    @property
    def folded(self) -> str:
        """Return the words in one text."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found."""

    kind: str
    key: str
    code: str
    title: str
    title_en: str
    detail: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of a kind, the best first; ``more`` says that it was not looked through to the end."""

    provider: SearchProvider
    items: tuple[Found, ...]
    more: bool


def ask(typed: str) -> Asked:
    """Read a question; one without letters and digits has no words."""
    kept = typed.strip()[:LONGEST]
    return Asked(kept, tuple(dict.fromkeys(fold(kept).split()))[:MOST_WORDS])


def find(
    session: Session, asked: Asked, providers: Sequence[SearchProvider], *, most: int = MOST_FOUND
) -> list[Group]:
    """
    Return what fits a question, by kind in the order of the providers; kinds without anything are left out.

    Each word must begin a word of the document. The caller names the providers that the reader may search; whose
    documents are seen is for the policies.

    :param most: how far each kind is looked through, 1 to ``MOST_FOUND``.
    """
    if not asked.words or not providers:
        return []
    parameters: dict[str, Any] = {"most": most + 1}
    fits = _fits(asked.words, parameters)
    parts = []
    for number, provider in enumerate(providers):
        table = "search_shared" if provider.shared else "search_tenant"
        parameters[f"kind{number}"] = provider.kind
        # The newest first: where a word is everywhere, the planner walks the index by time and stops early.
        parts.append(
            f"(select {_COLUMNS} from {table} where kind = :kind{number} and {fits}"  # noqa: S608  own names
            " order by at desc limit :most)"
        )
    _plan_each_time(session)
    found: dict[str, list[Found]] = {}
    for row in session.execute(text(" union all ".join(parts)), parameters):
        found.setdefault(row.kind, []).append(Found(*row))
    groups = []
    for provider in providers:
        if items := found.get(provider.kind):
            items.sort(key=lambda each: (_rank(asked, each), -each.at.timestamp(), each.key))
            groups.append(Group(provider, tuple(items[:most]), len(items) > most))
    return groups


def suggest_spelling(session: Session, asked: Asked, providers: Sequence[SearchProvider]) -> str:
    """
    Return the question with mistyped words replaced by words of what the reader may find; empty when there are none.

    It is asked for when nothing fits. Words that begin something stay as they are.
    """
    if not asked.words or not providers:
        return ""
    _plan_each_time(session)
    session.execute(text("select set_config('pg_trgm.word_similarity_threshold', '0.4', true)"))
    mended, changed = [], False
    for typed in asked.typed.split():
        word = fold(typed)
        better = "" if len(word) < _SHORTEST_REPAIR else _nearest(session, word, providers)
        changed = changed or bool(better)
        mended.append(better or typed)
    return " ".join(mended) if changed else ""


def _nearest(session: Session, word: str, providers: Sequence[SearchProvider]) -> str:
    """Return the word, as written in a title, that a mistyped one most likely means; empty when it is none."""
    parameters: dict[str, Any] = {
        "word": word,
        "begins": f"% {_literal(word)}%",
        "near": [f"% {_literal(each)}%" for each in slips(word)],
        "most": _NEAR,
        "shared": [each.kind for each in providers if each.shared],
        "own": [each.kind for each in providers if not each.shared],
    }
    tables = (("search_shared", "shared"), ("search_tenant", "own"))
    known = " union all ".join(
        f"(select 1 as one from {table} where kind = any(:{kinds}) and folded like :begins limit 1)"  # noqa: S608
        for table, kinds in tables
    )
    if session.execute(text(known), parameters).first() is not None:
        return ""
    near = " union all ".join(
        f"(select title, title_en, detail from {table} where kind = any(:{kinds})"  # noqa: S608  own names
        " and (:word <% folded or folded like any(:near)) order by at desc limit :most)"
        for table, kinds in tables
    )
    best, closest = "", float(len(word)) / 2
    for row in session.execute(text(near), parameters):
        for written in " ".join(row).split():
            distance = edits(word, fold(written))
            if 0 < distance < closest:
                best, closest = written.strip("().,;:“”\"'"), distance
    return best


def slips(word: str) -> list[str]:
    """Return the words from which a word comes by two letters swapped or one too many: what trigrams do not see."""
    swapped = [word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)]
    shorter = [word[:n] + word[n + 1 :] for n in range(len(word)) if len(word) > _SHORTEST_REPAIR]
    return [each for each in dict.fromkeys([*swapped, *shorter]) if each != word]


def edits(left: str, right: str) -> int:
    """Return how many letters must be changed, added, taken out or swapped with the next to make one the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for n, letter in enumerate(left, 1):
        earlier, before, row = before, row, [n]
        for m, other in enumerate(right, 1):
            cost = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (letter != other))
            if n > 1 and m > 1 and letter == right[m - 2] and left[n - 2] == other:
                cost = min(cost, earlier[m - 2] + 1)
            row.append(cost)
    return row[-1]


def _fits(words: Sequence[str], parameters: dict[str, Any]) -> str:
    conditions = []
    for number, word in enumerate(words):
        parameters[f"word{number}"] = f"% {_literal(word)}%"
        conditions.append(f"folded like :word{number}")
    return " and ".join(conditions)


def _literal(word: str) -> str:
    # Folded words have letters, digits and marks only, but the pattern must not rely on it.
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _rank(asked: Asked, found: Found) -> int:
    """Return how well something fits: 0 is its very code or name, 4 is words somewhere."""
    code, titles = fold(found.code).replace(" ", ""), [fold(found.title), fold(found.title_en)]
    joined = asked.folded.replace(" ", "")
    if joined == code or asked.folded in titles:
        return 0
    if code and code.startswith(joined):
        return 1
    if any(title.startswith(asked.folded) for title in titles):
        return 2
    if any(all(f" {word}" in f" {title}" for word in asked.words) for title in titles):
        return 3
    return 4


def _plan_each_time(session: Session) -> None:
    # How rare the words are decides which index serves; a plan kept for any words would be right for none.
    session.execute(text("select set_config('plan_cache_mode', 'force_custom_plan', true)"))


def searchable(providers: Sequence[SearchProvider], actor: Actor) -> list[SearchProvider]:
    """Return the kinds that an actor may search, in their order; visitors find what is everybody's."""

    def may(provider: SearchProvider) -> bool:
        if actor.is_officer:
            return provider.shared or actor.may(provider.permission)
        return provider.shared or (bool(actor.grants) and not provider.officers_only)

    return sorted(filter(may, providers), key=lambda each: each.order)
