"""Forms that rules compare with: lengths, digits and lists of terms, as dated data with the text behind each."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from app.customs.declarations.domain.dictionary import load


@cache
def _rows() -> Mapping[str, tuple[tuple[date, Any], ...]]:
    """Return the rows of each form, the newest first."""
    return {
        name: tuple(
            sorted(
                ((row["from"], row["value"]) for row in form["rows"]), key=lambda row: row[0], reverse=True
            )
        )
        for name, form in load("forms").items()
    }


def form(name: str, day: date) -> Any:
    """
    Return the value of a form on a day.

    :raises LookupError: no row of it has begun.
    """
    for since, value in _rows()[name]:
        if since <= day:
            return value
    raise LookupError(name)


def number_of(name: str, day: date) -> int:
    """Return a form that is one number."""
    return int(form(name, day))


def listed(name: str, day: date) -> tuple[Any, ...]:
    """Return a form that is a list."""
    return tuple(form(name, day))
