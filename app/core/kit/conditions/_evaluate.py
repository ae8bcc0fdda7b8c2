"""The answer to a condition over given facts, with its trace."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from app.core.kit.conditions._model import (
    Condition,
    FieldRef,
    Group,
    GroupKind,
    LawRef,
    Not,
    Note,
    Operand,
    Operator,
    Result,
    Rows,
    RowsKind,
    Scalar,
    Test,
    Trace,
    Truth,
)
from app.core.kit.conditions._values import below, conjunction, disjunction, equal, negation, scalar


def evaluate(
    condition: Condition, facts: Mapping[str, object], law: Mapping[str, Decimal] | None = None
) -> Result:
    """
    Answer a condition over nested facts in three-valued logic.

    All parts are judged, also where one of them decides, so that the trace tells everything.

    :param facts: nested mappings; a missing or None field is unknown. Floats are read by their shortest
        decimal text, never compared in binary.
    :param law: legal values by key, of the unit that the condition's field has; a missing key is unknown.
    :return: True, False or None for unknown. Nothing is raised for odd facts: the trace notes a mismatch.
    """
    trace = _judge(condition, _Scope(root=facts, here=facts, law=law or {}))
    return Result(trace.value, trace)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where paths start: at the root of the facts, or at a row of a list."""

    root: Mapping[str, object]
    here: Mapping[str, object]
    law: Mapping[str, Decimal]
    prefix: str = ""

    def find(self, reference: FieldRef) -> tuple[object, Note | None]:
        """Return the fact, or None with the note why it is not there."""
        found: object = self.root if reference.root else self.here
        for name in reference.path.split("."):
            if not isinstance(found, Mapping):
                return None, Note.MISMATCH
            found = found.get(name)
            if found is None:
                return None, Note.MISSING
        return found, None

    def resolve(self, operand: Operand) -> Scalar | None:
        """Return the value of an operand, None when it is not known."""
        match operand:
            case FieldRef():
                return scalar(self.find(operand)[0])
            case LawRef():
                return scalar(self.law.get(operand.key))
            case _:
                return operand

    def lacks(self, operand: Operand) -> str | None:
        """Name the reference that has no value, None when it has one."""
        if isinstance(operand, FieldRef) and self.find(operand)[1] is Note.MISSING:
            return operand.qualified(self.prefix)
        if isinstance(operand, LawRef) and self.law.get(operand.key) is None:
            return f"law:{operand.key}"
        return None


def _judge(condition: Condition, scope: _Scope) -> Trace:
    match condition:
        case Group():
            children = tuple(_judge(part, scope) for part in condition.parts)
            values = [child.value for child in children]
            value = conjunction(values) if condition.kind is GroupKind.ALL else disjunction(values)
            return Trace(condition, value, children=children, prefix=scope.prefix)
        case Not():
            child = _judge(condition.part, scope)
            return Trace(condition, negation(child.value), children=(child,), prefix=scope.prefix)
        case Rows():
            return _judge_rows(condition, scope)
        case Test():
            return _judge_test(condition, scope)
        case _:
            assert_never(condition)


def _judge_rows(rows: Rows, scope: _Scope) -> Trace:
    subject = rows.subject.qualified(scope.prefix)
    found, note = scope.find(rows.subject)
    listed = _rows(found)
    if listed is None:
        missing = (subject,) if note is Note.MISSING else ()
        return Trace(
            rows, None, subject, found, note=note or Note.MISMATCH, missing=missing, prefix=scope.prefix
        )
    children = tuple(
        replace(_judge(rows.where, replace(scope, here=row, prefix=subject)), row=position)
        for position, row in enumerate(listed, start=1)
    )
    values = [child.value for child in children]
    value = disjunction(values) if rows.kind is RowsKind.ANY_OF else conjunction(values)
    return Trace(rows, value, subject, found, children=children, prefix=scope.prefix)


def _rows(found: object) -> tuple[Mapping[str, object], ...] | None:
    """Return the rows of a list; a row that is None is one of which nothing is known."""
    if not isinstance(found, list | tuple):
        return None
    rows = tuple({} if row is None else row for row in found)
    return rows if all(isinstance(row, Mapping) for row in rows) else None


def _judge_test(test: Test, scope: _Scope) -> Trace:
    subject = test.subject.qualified(scope.prefix)
    actual, note = scope.find(test.subject)
    expected = tuple(scope.resolve(operand) for operand in test.operands)
    if test.operator is Operator.KNOWN:
        known = test.operands == (True,)
        return Trace(test, (note is None) == known, subject, actual, expected, prefix=scope.prefix)
    value = None if note is not None else _TESTS[test.operator](actual, expected)
    if value is not None:
        return Trace(test, value, subject, actual, expected, prefix=scope.prefix)
    missing = [subject] if note is Note.MISSING else []
    missing += [lack for operand in test.operands if (lack := scope.lacks(operand)) is not None]
    if note is None:
        note = _note(actual, missing)
    if note is Note.MISSING and not missing:
        missing.append(subject)
    return Trace(test, None, subject, actual, expected, note, tuple(missing), prefix=scope.prefix)


def _note(actual: object, missing: Sequence[str]) -> Note:
    if missing:
        return Note.LAW_MISSING if all(path.startswith("law:") for path in missing) else Note.MISSING
    # A list with gaps is not fully known; any other fact that was found could not be compared.
    return Note.MISSING if None in (_items(actual) or ()) else Note.MISMATCH


def _items(value: object) -> tuple[object, ...] | None:
    return tuple(value) if isinstance(value, list | tuple | Set) else None


def _contains(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    items = _items(actual)
    return None if items is None else disjunction(equal(scalar(item), expected[0]) for item in items)


def _is_one_of(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    return disjunction(equal(scalar(actual), value) for value in expected)


def _starts_with(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    fact = scalar(actual)
    return fact.startswith(tuple(str(value) for value in expected)) if isinstance(fact, str) else None


def _above(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    return below(expected[0], scalar(actual))


def _below(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    return below(scalar(actual), expected[0])


def _between(actual: object, expected: Sequence[Scalar | None]) -> Truth:
    low, high = expected
    return conjunction((negation(_below(actual, [low])), negation(_above(actual, [high]))))


_TESTS: Mapping[Operator, Callable[[object, Sequence[Scalar | None]], Truth]] = {
    Operator.IS: _is_one_of,
    Operator.IN: _is_one_of,
    Operator.GT: _above,
    Operator.GE: lambda actual, expected: negation(_below(actual, expected)),
    Operator.LT: _below,
    Operator.LE: lambda actual, expected: negation(_above(actual, expected)),
    Operator.BETWEEN: _between,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: _starts_with,
}
