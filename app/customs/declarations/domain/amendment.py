"""What an amendment changes, field by field and line by line, and which of it may not be changed at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.customs.declarations.domain.dictionary import fixed_fields


class ChangeKind(StrEnum):
    """What happened to a field or a line."""

    CHANGED = "CHANGED"
    ADDED = "ADDED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``line`` is None for the header. Texts are in their plain form, empty where there was nothing."""

    kind: ChangeKind
    line: int | None
    field: str
    old: str
    new: str


def changes(
    old_header: Mapping[str, str], new_header: Mapping[str, str], old_lines: Sequence[Mapping[str, str]],
    new_lines: Sequence[Mapping[str, str]],
) -> list[Change]:  # fmt: skip
    """Return every difference: the header by field, the lines by their number; lines are compared place by place."""
    found = list(_fields(None, old_header, new_header))
    for place in range(max(len(old_lines), len(new_lines))):
        old = old_lines[place] if place < len(old_lines) else {}
        new = new_lines[place] if place < len(new_lines) else {}
        found.extend(_fields(place + 1, old, new))
    return found


def forbidden(found: Sequence[Change]) -> list[Change]:
    """Return the changes of fields that no amendment may change once the declaration is registered."""
    fixed = fixed_fields(amendment=True)
    return [each for each in found if each.line is None and each.field in fixed]


def _fields(line: int | None, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for field in dict.fromkeys((*old, *new)):
        before, after = str(old.get(field, "") or ""), str(new.get(field, "") or "")
        if before == after:
            continue
        kind = ChangeKind.CHANGED if before and after else ChangeKind.ADDED if after else ChangeKind.REMOVED
        yield Change(kind, line, field, before, after)
