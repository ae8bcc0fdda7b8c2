"""Lines between their columns and the texts that forms and checks speak: nothing that was typed is lost on the way."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.customs.declarations.domain.content import decimals, number
from app.customs.declarations.models import Line

TEXTS = ("own_code", "hs", "description", "origin", "scheme", "origin_proof", "unit", "unit2")
# Digits behind the point that a column keeps.
NUMBERS: Mapping[str, int] = {"quantity": 2, "quantity2": 2, "unit_price": 6, "value": 4}
COLUMNS = (*TEXTS, *NUMBERS)
_OWN_COLUMN = frozenset(COLUMNS)
_TEXTS = (
    select(*(getattr(Line, name) for name in (*COLUMNS, "more", "typed")))
    .where(Line.revision_id == bindparam("revision"))
    .order_by(Line.number, Line.id)
)
_WHOLE_DIGITS = Decimal(10) ** 15


def to_columns(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a line's columns; a text that is no number, or one that would be rounded, goes to ``typed``."""
    columns: dict[str, Any] = {name: texts.get(name, "") for name in TEXTS}
    typed: dict[str, str] = {}
    for name, places in NUMBERS.items():
        given = texts.get(name, "")
        value = number(given) if given else None
        fits = value is not None and decimals(value) <= places and abs(value) < _WHOLE_DIGITS
        columns[name] = value if fits else None
        if given and not fits:
            typed[name] = given
    more = {name: text for name, text in texts.items() if name not in _OWN_COLUMN and text}
    return {**columns, "more": more, "typed": typed}


def to_texts(line: "Line | Row[Any]") -> dict[str, str]:
    """Return a line as texts: numbers in their plain form, what was typed wrongly as it was typed."""
    texts: dict[str, str] = {name: getattr(line, name) for name in TEXTS}
    for name in NUMBERS:
        value = getattr(line, name)
        texts[name] = line.typed.get(name, "") if value is None else plain(value)
    return {**texts, **line.more}


def plain(value: Decimal) -> str:
    """Write a number without exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lines_of(session: Session, revision_id: UUID) -> list[Line]:
    """Return the lines of a revision in their order."""
    return list(
        session.scalars(select(Line).where(Line.revision_id == revision_id).order_by(Line.number, Line.id))
    )


def texts_of(session: Session, revision_id: UUID) -> Sequence[Mapping[str, str]]:
    """Return the lines of a revision as texts."""
    # Columns, not mapped rows: the check reads all lines each time and changes none.
    return [to_texts(line) for line in session.execute(_TEXTS, {"revision": revision_id})]
