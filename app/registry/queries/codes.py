"""Code lists: which version was in force on a day, and its codes by what people type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core.kit.text import fold
from app.registry.models import Code, CodeList

COUNTRY, LEGAL_FORM, PROVINCE, WARD, VSIC = "COUNTRY", "LEGAL_FORM", "PROVINCE", "WARD", "VSIC"
PAGE_SIZE = 50
MOST_PICKED = 20


@dataclass(frozen=True, slots=True)
class ListVersion:
    """A version of a list with how many codes of it are loaded."""

    list: str
    version: str
    title: Mapping[str, str]
    start: date
    end: date | None
    source: str
    status: str
    partial: bool
    recorded_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A code with its labels by language."""

    code: str
    parent: str | None
    label: Mapping[str, str]

    def text(self, lang: str) -> str:
        """Return the label in a language, in Vietnamese where there is none."""
        return self.label.get(lang) or self.label["vi"]


def versions(session: Session, name: str | None = None) -> list[ListVersion]:
    """Return the versions of one list or of all, the newest of each first."""
    counted = (
        select(Code.list, Code.version, func.count().label("count"))
        .group_by(Code.list, Code.version)
        .subquery()
    )
    rows = (
        select(CodeList, func.coalesce(counted.c.count, 0))
        .outerjoin(counted, (counted.c.list == CodeList.list) & (counted.c.version == CodeList.version))
        .order_by(CodeList.list, func.lower(CodeList.valid).desc())
    )
    if name is not None:
        rows = rows.where(CodeList.list == name)
    found = []
    for row, count in session.execute(rows):
        assert row.valid.lower is not None, "a list version has a first day"
        found.append(
            ListVersion(
                row.list, row.version, row.title, row.valid.lower, row.valid.upper, row.source, row.status, row.partial,
                row.recorded_at, count,
            )
        )  # fmt: skip
    return found


def version_of_day(session: Session, name: str, day: date) -> str | None:
    """Return which version of a list was in force on a day."""
    return session.scalar(select(CodeList.version).where(CodeList.list == name, CodeList.valid.contains(day)))


def codes_of_day(session: Session, name: str, day: date, *, parent: str | None = None) -> list[CodeLine]:
    """Return the codes of the version in force on a day, by code; nothing without a version."""
    wanted = (
        _codes(name)
        .join(CodeList, (CodeList.list == Code.list) & (CodeList.version == Code.version))
        .where(CodeList.valid.contains(day))
    )
    if parent is not None:
        wanted = wanted.where(Code.parent == parent)
    return [CodeLine(*row) for row in session.execute(wanted.order_by(Code.code))]


def search_codes(
    session: Session, name: str, version: str, typed: str, *, after: str = "", most: int = PAGE_SIZE
) -> list[CodeLine]:
    """Return codes of a version whose words begin as typed, by code, one more than ``most`` if there are more."""
    wanted = _codes(name).where(Code.version == version, Code.code > after)
    for word in fold(typed).split():
        wanted = wanted.where(Code.folded.contains(f" {word}", autoescape=True))
    return [CodeLine(*row) for row in session.execute(wanted.order_by(Code.code).limit(most + 1))]


def label_of(session: Session, name: str, code: str | None, day: date, lang: str) -> str:
    """Return the label of a code on a day; the code itself when the version of that day has none."""
    if not code:
        return ""
    row = session.execute(
        _codes(name)
        .join(CodeList, (CodeList.list == Code.list) & (CodeList.version == Code.version))
        .where(CodeList.valid.contains(day), Code.code == code)
    ).one_or_none()
    return CodeLine(*row).text(lang) if row else code


def _codes(name: str) -> Select[Any]:
    return select(Code.code, Code.parent, Code.label).where(Code.list == name)
