"""Keyset pages: the cursor that says after which row a page starts, and the page itself."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")
U = TypeVar("U")
A = TypeVar("A", str, datetime, date)
B = TypeVar("B", str, UUID)

CursorValue = str | int | datetime | date | Decimal | UUID

_MAX_LENGTH = 2000
_INT64 = range(-(2**63), 2**63)
_PAIR = 2
_MAX_MAGNITUDE = 60


class InvalidCursor(ValueError):
    """The text is no cursor of this list."""

    def __init__(self, message: str = "The page cursor is damaged or belongs to another list.") -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list with the cursors of its neighbours, None where there is no neighbour."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    previous_cursor: str | None = None

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        """Return the same page with every item changed."""
        return Page(tuple(change(item) for item in self.items), self.next_cursor, self.previous_cursor)


def encode_cursor(values: tuple[CursorValue, ...]) -> str:
    """
    Write the sort key of a row as an opaque text for an address: URL-safe base64 of canonical JSON.

    The cursor is neither secret nor signed: whoever decodes it learns and may change the key only,
    and the rows behind it stay subject to the reader's own permissions.

    :param values: the key in sort order; moments are aware, integers fit 64 bits.
    :raises TypeError: a value of another type, a bool among them.
    :raises ValueError: nothing to encode, a naive moment, a too large integer or a too long key.
    """
    if not values:
        raise ValueError("A cursor holds at least one value.")
    pairs = [_tagged(value) for value in values]
    canonical = json.dumps(pairs, separators=(",", ":"), ensure_ascii=False)
    text = base64.urlsafe_b64encode(canonical.encode()).rstrip(b"=").decode("ascii")
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"A cursor has at most {_MAX_LENGTH} characters: sort by something shorter.")
    return text


def decode_cursor(
    text: str, expected: tuple[type[CursorValue], ...] | None = None
) -> tuple[CursorValue, ...]:
    """
    Read a cursor back.

    :param expected: the types of the list's sort key; a cursor of another list is refused by them.
    :raises InvalidCursor: anything that `encode_cursor` did not write, or other types than expected.
    """
    try:
        values = _decoded(text)
        genuine = encode_cursor(values) == text
    except (ValueError, TypeError, InvalidOperation, binascii.Error, RecursionError) as error:
        raise InvalidCursor from error
    if not genuine or (expected is not None and tuple(type(value) for value in values) != expected):
        raise InvalidCursor
    return values


def position(text: str, first: type[A], second: type[B]) -> tuple[A, B] | None:
    """
    Return where a page of an address begins: the two values of the list's sort key.

    None is the beginning: no cursor, or one that is damaged or of another list, which an old address may hold.
    """
    try:
        at, key = decode_cursor(text, expected=(first, second)) if text else (None, None)
    except InvalidCursor:
        return None
    return (at, key) if isinstance(at, first) and isinstance(key, second) else None


def _decoded(text: str) -> tuple[CursorValue, ...]:
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise ValueError("no cursor")
    padded = text + "=" * (-len(text) % 4)
    pairs = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(pairs, list):
        raise TypeError("no list")
    return tuple(_untagged(pair) for pair in pairs)


def _tagged(value: CursorValue) -> tuple[str, str | int]:
    match value:
        case bool():
            raise TypeError("A bool is no sort key of a cursor.")
        case str():
            if "\0" in value:
                raise ValueError("PostgreSQL text holds no NUL character.")
            return "s", str(value)
        case int():
            if value not in _INT64:
                raise ValueError("Integers of a cursor fit 64 bits.")
            return "i", int(value)
        case datetime():
            if value.tzinfo is None:
                raise ValueError("Moments of a cursor are aware.")
            return "t", value.isoformat()
        case date():
            return "d", value.isoformat()
        case Decimal():
            if not value.is_finite() or abs(value.adjusted()) > _MAX_MAGNITUDE:
                raise ValueError("Numbers of a cursor are finite and of a size that a column holds.")
            return "n", str(value)
        case UUID():
            return "u", str(value)
    raise TypeError(f"A cursor cannot hold {type(value).__name__}.")


_READERS: dict[str, Callable[[str], CursorValue]] = {
    "s": str,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "n": Decimal,
    "u": UUID,
}


def _untagged(pair: object) -> CursorValue:
    if not isinstance(pair, list) or len(pair) != _PAIR:
        raise TypeError("no pair")
    tag, value = pair
    if tag == "i" and isinstance(value, int):
        return value
    if isinstance(tag, str) and tag in _READERS and isinstance(value, str):
        return _READERS[tag](value)
    raise TypeError("unknown tag")
