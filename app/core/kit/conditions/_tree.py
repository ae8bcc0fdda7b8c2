"""What can be read off a condition without any facts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from app.core.kit.conditions._model import (
    ORDERING,
    Condition,
    FieldRef,
    Group,
    LawRef,
    Not,
    Operand,
    Operator,
    Rows,
    Test,
)

_LISTS = frozenset({Operator.IN, Operator.BETWEEN, Operator.STARTS_WITH})


def fields(condition: Condition) -> frozenset[str]:
    """Return the qualified paths of all fields used; a column of a list is `investors[].kind`."""
    return frozenset(path for path in _references(condition, "") if not path.startswith("law:"))


def law_keys(condition: Condition) -> frozenset[str]:
    """Return the keys of all legal values used."""
    return frozenset(
        path.removeprefix("law:") for path in _references(condition, "") if path.startswith("law:")
    )


def dump(condition: Condition) -> dict[str, object]:
    """Write the condition as JSON that `parse` reads back to an equal one; fractions become texts."""
    match condition:
        case Group():
            return {str(condition.kind): [dump(part) for part in condition.parts]}
        case Not():
            return {"not": dump(condition.part)}
        case Rows():
            return {str(condition.kind): str(condition.subject), "where": dump(condition.where)}
        case Test():
            exact = condition.operator in ORDERING
            written = [_written(operand, exact=exact) for operand in condition.operands]
            value = written if condition.operator in _LISTS else written[0]
            return {"field": str(condition.subject), str(condition.operator): value}


def _written(operand: Operand, *, exact: bool) -> object:
    match operand:
        case LawRef():
            return {"law": operand.key}
        case FieldRef():
            return {"field": str(operand)}
        case Decimal():
            if operand == operand.to_integral_value():
                return int(operand)
            # Where order is asked a text is read as a number; where equality is, it would stay a text.
            return f"{operand:f}" if exact else float(operand)
        case date():
            return operand.isoformat()
        case _:
            return operand


def _references(condition: Condition, prefix: str) -> Iterator[str]:
    match condition:
        case Group():
            for part in condition.parts:
                yield from _references(part, prefix)
        case Not():
            yield from _references(condition.part, prefix)
        case Rows():
            rows = condition.subject.qualified(prefix)
            yield rows
            yield from _references(condition.where, rows)
        case Test():
            yield condition.subject.qualified(prefix)
            for operand in condition.operands:
                if isinstance(operand, FieldRef):
                    yield operand.qualified(prefix)
                elif isinstance(operand, LawRef):
                    yield f"law:{operand.key}"
