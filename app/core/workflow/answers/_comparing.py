"""What differs between two sets of answers to the same questions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.kit.personal import MASK
from app.core.workflow.answers._asking import asked, of_row
from app.core.workflow.answers._reading import cell
from app.core.workflow.definition import FormField, FormSection, Text

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """
    One answer that differs.

    ``name`` is the answer's name on the form as it is now (the table's for a row that is gone); ``before`` and
    ``after`` are None where there was or is no answer.
    """

    name: str
    section: str
    label: Text
    field: FormField
    before: Any
    after: Any


def changes(
    sections: Sequence[FormSection],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    printed: bool = False,
) -> list[Change]:
    """
    Return what differs, in the order of the form; tables are compared row by row.

    Rows that are the same are matched wherever they stand; the others by their order, so that a changed row shows its
    changed cells and a new or dropped one stands as a whole.

    :param printed: only questions that a paper shows.
    """
    return [
        change
        for section in sections
        for field in section.fields
        if not printed or field.printed
        for change in _of_field(section, field, before, after, printed)
    ]


def _of_field(
    section: FormSection, field: FormField, before: Mapping[str, Any], after: Mapping[str, Any], printed: bool
) -> Iterator[Change]:
    old = before.get(field.code) if asked(field, before) else None
    new = after.get(field.code) if asked(field, after) else None
    if old == new or MASK in (old, new):
        return
    if field.type != "rows":
        yield Change(field.code, section.code, field.label, field, old, new)
        return
    parts = [part for part in field.fields if not printed or part.printed] or list(field.fields)
    for number, was, now in _paired(old or [], new or []):
        yield from _of_row(section, field, parts, number, (was, before), (now, after))


def _of_row(
    section: FormSection,
    field: FormField,
    parts: Sequence[FormField],
    number: int | None,
    was: tuple[_Row | None, Mapping[str, Any]],
    now: tuple[_Row | None, Mapping[str, Any]],
) -> Iterator[Change]:
    entry = field.entry or field.label
    suffix = f" {number + 1}" if number is not None else ""
    for part in parts:
        old, new = _cell(part, *was), _cell(part, *now)
        if old == new or MASK in (old, new):  # what is covered for this reader tells nothing
            continue
        name = field.code if number is None else cell(field.code, number, part.code)
        label = {lang: f"{text}{suffix}: {part.label.get(lang, part.code)}" for lang, text in entry.items()}
        yield Change(name, section.code, label, part, old, new)


def _cell(part: FormField, row: _Row | None, answers: Mapping[str, Any]) -> Any:
    if row is None or not asked(part, of_row(answers, row)):
        return None
    return row.get(part.code)


def _paired(
    before: Sequence[_Row], after: Sequence[_Row]
) -> Iterator[tuple[int | None, _Row | None, _Row | None]]:
    """Yield number (of the row now), row before and row now, for rows that are not the same on both sides."""
    old = list(before)
    fresh: list[tuple[int, _Row]] = []
    for number, row in enumerate(after):
        if row in old:
            old.remove(row)
        else:
            fresh.append((number, row))
    for number, row in fresh:
        yield number, old.pop(0) if old else None, row
    for row in old:
        yield None, row, None
