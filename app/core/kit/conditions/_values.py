"""Values as conditions compare them: exact, and only like with like."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from app.core.kit.conditions._model import Scalar, Truth

_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})")


def scalar(value: object) -> Scalar | None:
    """Return a fact as a comparable value: numbers as Decimal, floats by their shortest text; else None."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
        return number if number.is_finite() else None
    if isinstance(value, str | UUID):
        return str(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    return value if isinstance(value, bool | date) else None


def ordered(value: object) -> Decimal | date | datetime | None:
    """Return a number, day or moment, also from its text; None for anything else."""
    known = scalar(value)
    if isinstance(known, str):
        return _read(known)
    return None if isinstance(known, bool) else known


def align(left: Scalar, right: Scalar) -> tuple[Scalar, Scalar] | None:
    """Bring two values to one type, reading the text of a number, day or moment; None if they have none."""
    first, second = _kind(left), _kind(right)
    if first == second:
        return left, right
    if isinstance(left, str):
        read = _read(left)
        return (read, right) if read is not None and _kind(read) == second else None
    if isinstance(right, str):
        read = _read(right)
        return (left, read) if read is not None and _kind(read) == first else None
    return None


def equal(left: Scalar | None, right: Scalar | None) -> Truth:
    """Compare two values; unknown when one is unknown or they cannot be compared."""
    if left is None or right is None:
        return None
    pair = align(left, right)
    return None if pair is None else pair[0] == pair[1]


def below(left: Scalar | None, right: Scalar | None) -> Truth:
    """Tell whether left comes before right; unknown when they have no common order."""
    first, second = ordered(left), ordered(right)
    match first, second:
        case Decimal(), Decimal():
            return first < second
        case datetime(), datetime():
            return first < second
        case (datetime(), _) | (_, datetime()):
            return None
        case date(), date():
            return first < second
    return None


def conjunction(values: Iterable[Truth]) -> Truth:
    """Combine by Kleene's strong "and": one False decides, else one unknown leaves it open."""
    known = True
    for value in values:
        if value is False:
            return False
        known = known and value is not None
    return True if known else None


def negation(value: Truth) -> Truth:
    """Return the opposite; the opposite of unknown is unknown."""
    return None if value is None else not value


def disjunction(values: Iterable[Truth]) -> Truth:
    """Combine by Kleene's strong "or": one True decides, else one unknown leaves it open."""
    return negation(conjunction(negation(value) for value in values))


def _read(text: str) -> Decimal | date | datetime | None:
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        return None
    return None


def _kind(value: Scalar) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "text"
        case Decimal():
            return "number"
        case datetime():
            return "moment"
        case date():
            return "day"
