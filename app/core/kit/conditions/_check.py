"""The static check of a condition against a schema: what can never work, before any fact is seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never

from app.core.kit.conditions._model import (
    ORDERING,
    Condition,
    FieldKind,
    FieldRef,
    FieldType,
    Group,
    LawRef,
    Not,
    Operand,
    Operator,
    Problem,
    ProblemCode,
    Rows,
    Scalar,
    Test,
)
from app.core.kit.conditions._values import ordered

_TEXTUAL = frozenset({FieldKind.TEXT, FieldKind.CODE})
_ORDERED = frozenset({FieldKind.NUMBER, FieldKind.DATE, FieldKind.MOMENT})
_EQUATABLE = _TEXTUAL | {FieldKind.NUMBER, FieldKind.DATE, FieldKind.BOOLEAN}
_SUBJECTS = {
    Operator.IS: _EQUATABLE,
    Operator.IN: _EQUATABLE,
    Operator.CONTAINS: _EQUATABLE,
    Operator.STARTS_WITH: _TEXTUAL,
} | dict.fromkeys(ORDERING, _ORDERED)


def check(
    condition: Condition, schema: Mapping[str, FieldType], law_keys: Collection[str] | None = None
) -> list[Problem]:
    """
    Find what is wrong with a condition for facts of a schema; an empty list means sound.

    :param schema: types by qualified path; columns of a list of rows as `investors[].kind`.
    :param law_keys: the keys of legal values that will be given; None leaves them unchecked.
    :return: unknown fields and legal values, operators and values that do not suit the type, values
        outside a closed list, each at its JSON pointer; and whether the whole can only be unknown.
    """
    checker = _Checker(schema, law_keys)
    if not checker.can_be_known(condition, "", ""):
        checker.report("", ProblemCode.ALWAYS_UNKNOWN, "This condition can never be true or false.")
    return checker.problems


@dataclass(slots=True)
class _Checker:
    """Walks the tree; each `can_be_known` reports faults and tells whether the node can get an answer."""

    schema: Mapping[str, FieldType]
    law_keys: Collection[str] | None
    problems: list[Problem] = field(default_factory=list)

    def report(self, path: str, code: ProblemCode, reason: str) -> None:
        self.problems.append(Problem(path, code, reason))

    def can_be_known(self, condition: Condition, path: str, prefix: str) -> bool:
        match condition:
            case Group():
                base = f"{path}/{condition.kind}"
                known = [
                    self.can_be_known(part, f"{base}/{index}", prefix)
                    for index, part in enumerate(condition.parts)
                ]
                # One part that gets an answer can decide the group, whatever the others are.
                return any(known)
            case Not():
                return self.can_be_known(condition.part, f"{path}/not", prefix)
            case Rows():
                return self.rows_can_be_known(condition, path, prefix)
            case Test():
                return self.test_can_be_known(condition, path, prefix)
            case _:
                assert_never(condition)

    def rows_can_be_known(self, rows: Rows, path: str, prefix: str) -> bool:
        subject = rows.subject.qualified(prefix)
        known = self.schema.get(subject)
        if known is None:
            self.unknown_field(f"{path}/{rows.kind}", subject)
        elif known.kind is not FieldKind.ROWS:
            self.mismatch(f"{path}/{rows.kind}", f"{subject} is no list of rows.")
        where = self.can_be_known(rows.where, f"{path}/where", subject)
        return where and known is not None and known.kind is FieldKind.ROWS

    def test_can_be_known(self, test: Test, path: str, prefix: str) -> bool:
        subject = test.subject.qualified(prefix)
        known = self.schema.get(subject)
        if known is None:
            self.unknown_field(f"{path}/field", subject)
        if test.operator is Operator.KNOWN:
            return known is not None
        suits = known is not None and self.operator_suits(test.operator, subject, known, path)
        many = test.operator in (Operator.IN, Operator.BETWEEN, Operator.STARTS_WITH)
        base = f"{path}/{test.operator}"
        usable = [
            self.operand_suits(
                operand, test.operator, known if suits else None, f"{base}/{index}" if many else base, prefix
            )
            for index, operand in enumerate(test.operands)
        ]
        # A bound of "between" or one listed value can still decide where the other cannot.
        return suits and any(usable)

    def operator_suits(self, operator: Operator, subject: str, known: FieldType, path: str) -> bool:
        if known.many != (operator is Operator.CONTAINS) or known.kind not in _SUBJECTS[operator]:
            what = f"a list of {known.kind}" if known.many else str(known.kind)
            self.mismatch(f"{path}/{operator}", f"{operator} does not suit {subject}, which is {what}.")
            return False
        return True

    def operand_suits(
        self, operand: Operand, operator: Operator, subject: FieldType | None, path: str, prefix: str
    ) -> bool:
        """Check one operand; `subject` is None when the field itself is at fault already."""
        match operand:
            case LawRef():
                return self.law_suits(operand, subject, path)
            case FieldRef():
                return self.reference_suits(operand.qualified(prefix), subject, path)
            case _:
                return subject is None or self.literal_suits(operand, operator, subject, path)

    def law_suits(self, operand: LawRef, subject: FieldType | None, path: str) -> bool:
        if self.law_keys is not None and operand.key not in self.law_keys:
            self.report(f"{path}/law", ProblemCode.UNKNOWN_LAW, f"No legal value has the key {operand.key}.")
            return False
        if subject is not None and subject.kind is not FieldKind.NUMBER:
            self.mismatch(f"{path}/law", f"A legal value is a number, the field is {subject.kind}.")
            return False
        return True

    def reference_suits(self, other: str, subject: FieldType | None, path: str) -> bool:
        known = self.schema.get(other)
        if known is None:
            self.unknown_field(f"{path}/field", other)
            return False
        alike = subject is None or (
            known.kind is subject.kind or (known.kind in _TEXTUAL and subject.kind in _TEXTUAL)
        )
        if known.many or not alike:
            self.mismatch(f"{path}/field", f"{other} cannot be compared: it is {known.kind}.")
            return False
        return True

    def literal_suits(self, value: Scalar, operator: Operator, subject: FieldType, path: str) -> bool:
        if not _is_of_kind(value, subject.kind):
            self.mismatch(path, f"{value!s} is no {subject.kind}.")
            return False
        if subject.kind is FieldKind.CODE and subject.values:
            matches = (
                any(code.startswith(str(value)) for code in subject.values)
                if operator is Operator.STARTS_WITH
                else value in subject.values
            )
            if not matches:
                self.report(path, ProblemCode.VALUE_NOT_LISTED, f"{value!s} is not in the list of the field.")
        return True

    def unknown_field(self, path: str, name: str) -> None:
        self.report(path, ProblemCode.UNKNOWN_FIELD, f"The schema has no field {name}.")

    def mismatch(self, path: str, reason: str) -> None:
        self.report(path, ProblemCode.TYPE_MISMATCH, reason)


def _is_of_kind(value: Scalar, kind: FieldKind) -> bool:
    match kind:
        case FieldKind.TEXT | FieldKind.CODE:
            return isinstance(value, str)
        case FieldKind.BOOLEAN:
            return isinstance(value, bool)
        case FieldKind.NUMBER:
            return isinstance(value, Decimal)
        case FieldKind.DATE:
            day = ordered(value)
            return isinstance(day, date) and not isinstance(day, datetime)
        case FieldKind.MOMENT:
            return isinstance(ordered(value), datetime)
        case FieldKind.ROWS:
            return False
