"""From a JSON tree to a condition, with every fault named at its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.core.kit.conditions._model import (
    ORDERING,
    Condition,
    FieldRef,
    Group,
    GroupKind,
    InvalidCondition,
    LawRef,
    Not,
    Operand,
    Operator,
    Problem,
    ProblemCode,
    Rows,
    RowsKind,
    Scalar,
    Test,
)
from app.core.kit.conditions._values import below, ordered, scalar

_FIELD = re.compile(r"(\$\.)?([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)")
_LAW_KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")
_SHAPES = "all, any, not, field with one operator, any_of or all_of with where"
_KINDS = ("all", "any", "not", "any_of", "all_of", "field")
_MAX_DEPTH = 24
_MAX_NODES = 1000
_BOUNDS = 2


def parse(tree: object) -> Condition:
    """
    Read a condition from JSON.

    :raises InvalidCondition: with all faults, each with its JSON pointer; a tree deeper than 24 levels
        or of more than 1,000 nodes is refused too.
    """
    reader = _Reader()
    condition = reader.condition(tree, "", depth=0, in_row=False)
    if condition is None or reader.problems:
        raise InvalidCondition(reader.problems)
    return condition


@dataclass(slots=True)
class _Reader:
    """Reads the whole tree and goes on after a fault, so that one look shows all of them."""

    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def fail(self, path: str, reason: str) -> None:
        self.problems.append(Problem(path, ProblemCode.SYNTAX, reason))

    def condition(self, tree: object, path: str, *, depth: int, in_row: bool) -> Condition | None:
        self.nodes += 1
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            if self.nodes <= _MAX_NODES + 1:
                self.fail(path, f"A condition has at most {_MAX_DEPTH} levels and {_MAX_NODES} nodes.")
            return None
        if not isinstance(tree, Mapping) or not all(isinstance(key, str) for key in tree):
            self.fail(path, f"A condition is an object: {_SHAPES}.")
            return None
        kind = next((name for name in _KINDS if name in tree), None)
        if kind is None or (kind in ("all", "any", "not") and len(tree) > 1):
            found = ", ".join(sorted(tree)) or "nothing"
            self.fail(path, f"A condition is one of: {_SHAPES}. Found: {found}.")
            return None
        return self.shaped(kind, tree, path, depth=depth, in_row=in_row)

    def shaped(
        self, kind: str, tree: Mapping[str, object], path: str, *, depth: int, in_row: bool
    ) -> Condition | None:
        if kind == "field":
            return self.test(tree, path, in_row=in_row)
        if kind in set(RowsKind):
            return self.rows(RowsKind(kind), tree, path, depth=depth, in_row=in_row)
        if kind in set(GroupKind):
            return self.group(GroupKind(kind), tree[kind], f"{path}/{kind}", depth=depth, in_row=in_row)
        part = self.condition(tree["not"], f"{path}/not", depth=depth + 1, in_row=in_row)
        return None if part is None else Not(part)

    def group(
        self, kind: GroupKind, parts: object, path: str, *, depth: int, in_row: bool
    ) -> Condition | None:
        if not isinstance(parts, list | tuple) or not parts:
            self.fail(path, "A list of at least one condition stands here.")
            return None
        read = [
            self.condition(part, f"{path}/{index}", depth=depth + 1, in_row=in_row)
            for index, part in enumerate(parts)
        ]
        whole = tuple(part for part in read if part is not None)
        return Group(kind, whole) if len(whole) == len(read) else None

    def rows(
        self, kind: RowsKind, tree: Mapping[str, object], path: str, *, depth: int, in_row: bool
    ) -> Condition | None:
        if set(tree) != {kind, "where"}:
            self.fail(path, f"{kind} comes with where and nothing else.")
            return None
        subject = self.field(tree[kind], f"{path}/{kind}", in_row=in_row)
        where = self.condition(tree["where"], f"{path}/where", depth=depth + 1, in_row=True)
        return None if subject is None or where is None else Rows(kind, subject, where)

    def test(self, tree: Mapping[str, object], path: str, *, in_row: bool) -> Condition | None:
        subject = self.field(tree["field"], f"{path}/field", in_row=in_row)
        names = sorted(set(tree) - {"field"})
        if len(names) != 1 or names[0] not in set(Operator):
            self.fail(path, f"A field is tested by exactly one of: {', '.join(Operator)}.")
            return None
        operator = Operator(names[0])
        operands = self.operands(operator, tree[operator], f"{path}/{operator}", in_row=in_row)
        return None if subject is None or operands is None else Test(subject, operator, operands)

    def field(self, value: object, path: str, *, in_row: bool) -> FieldRef | None:
        match = _FIELD.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.fail(path, "A field is a dotted path of lower case names.")
            return None
        return FieldRef(match[2], root=match[1] is not None and in_row)

    def operands(
        self, operator: Operator, value: object, path: str, *, in_row: bool
    ) -> tuple[Operand, ...] | None:
        if operator is Operator.KNOWN:
            if not isinstance(value, bool):
                self.fail(path, "true or false stands here.")
                return None
            return (value,)
        if operator is Operator.STARTS_WITH:
            return self.beginnings(value, path)
        if operator is Operator.IN:
            return self.listed(value, path)
        if operator is Operator.BETWEEN:
            return self.bounds(value, path, in_row=in_row)
        operand = self.operand(value, path, in_row=in_row, ordering=operator in ORDERING)
        return None if operand is None else (operand,)

    def operand(self, value: object, path: str, *, in_row: bool, ordering: bool) -> Operand | None:
        if isinstance(value, Mapping):
            return self.reference(value, path, in_row=in_row)
        if not ordering:
            return self.literal(value, path)
        limit = ordered(value)
        if limit is None:
            self.fail(path, "A number, an ISO date or an ISO moment with an offset stands here.")
        return limit

    def reference(
        self, value: Mapping[object, object], path: str, *, in_row: bool
    ) -> FieldRef | LawRef | None:
        if set(value) == {"law"}:
            key = value["law"]
            if isinstance(key, str) and _LAW_KEY.fullmatch(key):
                return LawRef(key)
            self.fail(f"{path}/law", "The key of a legal value is a dotted lower case path.")
            return None
        if set(value) == {"field"}:
            return self.field(value["field"], f"{path}/field", in_row=in_row)
        self.fail(path, 'A reference is {"law": key} or {"field": path}.')
        return None

    def literal(self, value: object, path: str) -> Scalar | None:
        literal = scalar(value)
        if literal is None:
            self.fail(path, "A text, number, true, false or date stands here.")
        # YAML reads an unquoted day as a date; JSON knows texts only, and both mean the same condition.
        return literal.isoformat() if isinstance(literal, date) else literal

    def beginnings(self, value: object, path: str) -> tuple[Operand, ...] | None:
        texts = value if isinstance(value, list | tuple) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            self.fail(path, "A text that is not empty, or a list of such texts, stands here.")
            return None
        return tuple(str(text) for text in texts)

    def listed(self, value: object, path: str) -> tuple[Operand, ...] | None:
        if not isinstance(value, list | tuple) or not value:
            self.fail(path, "A list of at least one value stands here.")
            return None
        read = [self.literal(item, f"{path}/{index}") for index, item in enumerate(value)]
        literals = tuple(literal for literal in read if literal is not None)
        if len(literals) < len(read):
            return None
        if len({type(literal) for literal in literals}) > 1:
            self.fail(path, "All values of the list have one type.")
            return None
        return literals

    def bounds(self, value: object, path: str, *, in_row: bool) -> tuple[Operand, ...] | None:
        if not isinstance(value, list | tuple) or len(value) != _BOUNDS:
            self.fail(path, "A list of the lower and the upper bound stands here.")
            return None
        read = [
            self.operand(bound, f"{path}/{index}", in_row=in_row, ordering=True)
            for index, bound in enumerate(value)
        ]
        low, high = read
        if low is None or high is None:
            return None
        if isinstance(low, FieldRef | LawRef) or isinstance(high, FieldRef | LawRef):
            return (low, high)
        if type(low) is not type(high) or below(high, low):
            self.fail(path, "Both bounds have one type and the lower one comes first.")
            return None
        return (low, high)
