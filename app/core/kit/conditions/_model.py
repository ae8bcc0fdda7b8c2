"""What a condition, an answer, a fault and a schema are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Truth = bool | None
Scalar = bool | str | Decimal | date | datetime
Language = Literal["vi", "en"]


class GroupKind(StrEnum):
    """How the parts of a group combine."""

    ALL = "all"
    ANY = "any"


class RowsKind(StrEnum):
    """How many rows of a list must satisfy a condition."""

    ANY_OF = "any_of"
    ALL_OF = "all_of"


class Operator(StrEnum):
    """The closed list of tests of a field."""

    IS = "is"
    IN = "in"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    KNOWN = "known"


ORDERING = frozenset({Operator.GT, Operator.GE, Operator.LT, Operator.LE, Operator.BETWEEN})


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A dotted path into the facts; from the root even inside a row when `root` is set."""

    path: str
    root: bool = False

    def __str__(self) -> str:
        return f"$.{self.path}" if self.root else self.path

    def qualified(self, prefix: str) -> str:
        """Return the path as schemas and labels write it: `investors[].kind` inside a row of `investors`."""
        return self.path if self.root or not prefix else f"{prefix}[].{self.path}"


@dataclass(frozen=True, slots=True)
class LawRef:
    """A number of the law, given by the caller under this key."""

    key: str


Operand = Scalar | FieldRef | LawRef


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of several conditions, at least one."""

    kind: GroupKind
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition; of an unknown one it is unknown."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Test:
    """One field against one or several operands."""

    __test__ = False  # pytest would take the name for a test class

    subject: FieldRef
    operator: Operator
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A condition over the rows of a list."""

    kind: RowsKind
    subject: FieldRef
    where: "Condition"


Condition = Group | Not | Test | Rows


class ProblemCode(StrEnum):
    """What is wrong with a condition."""

    SYNTAX = "syntax"
    UNKNOWN_FIELD = "unknown-field"
    TYPE_MISMATCH = "type-mismatch"
    VALUE_NOT_LISTED = "value-not-listed"
    UNKNOWN_LAW = "unknown-law"
    ALWAYS_UNKNOWN = "always-unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault at a place of the tree, the path as a JSON pointer (RFC 6901), "" for the whole."""

    path: str
    code: ProblemCode
    reason: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.reason}"


class InvalidCondition(ValueError):
    """The tree is no condition; `problems` lists every fault with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "TEXT"
    CODE = "CODE"
    NUMBER = "NUMBER"
    DATE = "DATE"
    MOMENT = "MOMENT"
    BOOLEAN = "BOOLEAN"
    ROWS = "ROWS"


@dataclass(frozen=True, slots=True)
class FieldType:
    """
    The type of one field of a schema.

    A schema maps paths to types; the columns of a list of rows have paths like `investors[].kind`.

    :param values: the closed list of a CODE; empty means that the list is not known here.
    :param many: the field holds a list of such values.
    """

    kind: FieldKind
    values: frozenset[str] = frozenset()
    many: bool = False


class Note(StrEnum):
    """Why a test is unknown."""

    MISSING = "missing"
    LAW_MISSING = "law-missing"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Trace:
    """
    The answer of one node of the tree and how it came about.

    It holds the facts that were compared, personal ones too: treat it as the facts themselves.

    :param subject: qualified path of the field or list; empty for groups.
    :param actual: the fact as it was given.
    :param expected: the operands with references resolved, None where nothing is known.
    :param missing: qualified paths, and keys as `law:key`, that this node lacks to be known.
    :param row: position of the row, from 1, when the node judges one row of a list.
    :param prefix: path of the list in whose rows the node stands.
    """

    condition: Condition
    value: Truth
    subject: str = ""
    actual: object = None
    expected: tuple[Scalar | None, ...] = ()
    note: Note | None = None
    missing: tuple[str, ...] = ()
    children: tuple["Trace", ...] = ()
    row: int | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer: True, False or None for unknown, and the trace that led to it."""

    value: Truth
    trace: Trace

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be learned to get from unknown to an answer, in the order of the condition; else empty."""
        return tuple(dict.fromkeys(_missing(self.trace)))


def _missing(trace: Trace) -> list[str]:
    if trace.value is not None:
        return []
    return [*trace.missing, *(path for child in trace.children for path in _missing(child))]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of an explanation with the lines below it."""

    text: str
    value: Truth
    children: tuple["Sentence", ...] = field(default=())

    def to_json(self) -> dict[str, object]:
        """Write the explanation as nested plain objects."""
        return {
            "text": self.text,
            "value": self.value,
            "children": [child.to_json() for child in self.children],
        }


Texts = Mapping[str, str]
Schema = Mapping[str, FieldType]
