"""
The one condition language of the platform.

A condition is a JSON tree of closed, typed operators. It is evaluated over facts (nested mappings) in
Kleene's three-valued logic: what is not known is neither true nor false, it stays unknown (None) until
the rest decides. There are no expression strings, and nothing is executed.

    {"all": [c, ...]}   {"any": [c, ...]}   {"not": c}
    {"field": "investor.kind", "is": "FOREIGN"}                  text, code, number, date, boolean
    {"field": "investor.kind", "in": ["FOREIGN", "MIXED"]}
    {"field": "staff.total", "gt": 10}                           gt, ge, lt, le: number, date, moment
    {"field": "opened_on", "between": ["2026-01-01", "2026-12-31"]}      both bounds included
    {"field": "site.uses", "contains": "PORT"}                   a list holds a value
    {"field": "goods.hs_code", "starts_with": ["84", "85"]}      codes that form a tree
    {"field": "investor.tax_code", "known": true}                never unknown itself
    {"any_of": "investors", "where": c}   {"all_of": "investors", "where": c}

A compared value may also be `{"law": "key"}`, a number given by the caller, or `{"field": "path"}`.
Inside `where` a path starts at the row, and `$.path` at the root of the facts. Dates are ISO texts,
moments ISO texts with an offset, exact numbers may be written as texts. An absent field, and one that
is None, is unknown; an empty text and an empty list are known. A fact of a type that cannot be compared
leaves its test unknown as well, and the trace says so.

All conditions without `known` are monotone: learning a fact never changes an answer already given.
"""

from app.core.kit.conditions._check import check
from app.core.kit.conditions._evaluate import evaluate
from app.core.kit.conditions._explain import explain
from app.core.kit.conditions._model import (
    Condition,
    FieldKind,
    FieldRef,
    FieldType,
    Group,
    GroupKind,
    InvalidCondition,
    LawRef,
    Not,
    Note,
    Operator,
    Problem,
    ProblemCode,
    Result,
    Rows,
    RowsKind,
    Sentence,
    Test,
    Trace,
    Truth,
)
from app.core.kit.conditions._parse import parse
from app.core.kit.conditions._tree import dump, fields, law_keys

__all__ = [
    "Condition",
    "FieldKind",
    "FieldRef",
    "FieldType",
    "Group",
    "GroupKind",
    "InvalidCondition",
    "LawRef",
    "Not",
    "Note",
    "Operator",
    "Problem",
    "ProblemCode",
    "Result",
    "Rows",
    "RowsKind",
    "Sentence",
    "Test",
    "Trace",
    "Truth",
    "check",
    "dump",
    "evaluate",
    "explain",
    "fields",
    "law_keys",
    "parse",
]
