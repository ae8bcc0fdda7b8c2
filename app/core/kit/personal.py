"""
Personal values: texts that are sealed where they are stored and covered where they are shown.

A ``Personal`` behaves as the text it holds, so rules and papers work with it as with any answer. It differs in two
places: a JSON column stores its sealed form instead of the text, and markup shows dots instead of it. Only
:func:`reveal` takes the cover off; whoever calls it has recorded the reading (``app.core.privacy``).
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

MASK = "••••••"
SEALED = "$sealed"


class Cover(StrEnum):
    """How a personal value stands: its text is at hand, its key was not fetched or is missing, or it was erased."""

    OPEN = "OPEN"
    LOCKED = "LOCKED"
    ERASED = "ERASED"


class Personal(str):
    """
    A personal text with its sealed form.

    ``token`` is ``{"k": data key, "f": field, "c": sealed bytes in base64}``. A value that is not open reads as dots
    and keeps its token, so that saving it again loses nothing.
    """

    __slots__ = ("cover", "token")

    token: Mapping[str, str]
    cover: Cover

    def __new__(cls, text: str, token: Mapping[str, str], cover: Cover = Cover.OPEN) -> "Personal":
        """Make a value; one that is not open reads as dots, whatever text is given."""
        made = super().__new__(cls, text if cover is Cover.OPEN else MASK)
        made.token, made.cover = token, cover
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, str], Cover]:  # type: ignore[override]
        return (str(self), self.token, self.cover)

    def __html__(self) -> str:
        """Return what markup shows: templates cover a value that nobody revealed."""
        return MASK

    def __repr__(self) -> str:
        return f"Personal({self.token.get('f', '')!r}, {self.cover})"


def reveal(value: Any) -> Any:
    """Return a value without covers: plain texts for open ones, the empty text for what cannot be opened."""
    return _mapped(value, lambda each: str.__str__(each) if each.cover is Cover.OPEN else "")


def covered(value: Any) -> Any:
    """Return a value with dots in place of every personal text, for readers who see that there is one."""
    return _mapped(value, lambda _: MASK)


def to_stored(value: Any) -> Any:
    """Return a JSON value as columns keep it: personal texts by their sealed form."""
    return _mapped(value, lambda each: {SEALED: dict(each.token)})


def from_stored(value: Any) -> Any:
    """Return a stored JSON value with a locked ``Personal`` in place of every sealed form."""
    if isinstance(value, dict):
        if value.keys() == {SEALED} and _is_token(value[SEALED]):
            return Personal(MASK, value[SEALED], Cover.LOCKED)
        return {name: from_stored(part) for name, part in value.items()}
    if isinstance(value, list):
        return [from_stored(part) for part in value]
    return value


def personal_values(value: Any) -> Iterator[Personal]:
    """Yield every personal text within a JSON value."""
    if isinstance(value, Personal):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from personal_values(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from personal_values(part)


def replaced(value: Any, change: Callable[[Personal], Any]) -> Any:
    """Return a value with every personal text replaced by what ``change`` makes of it."""
    return _mapped(value, change)


# Most of a JSON value is of these very types; asking that first is what a large value's cost hangs on.
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _mapped(value: Any, change: Callable[[Personal], Any]) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Personal):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(part, change) for part in value]
    return value


def _is_token(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.keys() == {"k", "f", "c"}
        and all(isinstance(part, str) for part in found.values())
    )
