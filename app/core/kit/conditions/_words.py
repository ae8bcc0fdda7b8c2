"""The Vietnamese and English wording of explanations; nothing else is worded elsewhere."""

from collections.abc import Mapping
from typing import NamedTuple

from app.core.kit.conditions._model import GroupKind, Language, Note, Operator, RowsKind, Truth


class Phrase(NamedTuple):
    """How a test is told: as a clause, when it holds, and when it does not."""

    clause: str
    yes: str
    no: str


def _phrase(verb: str, yes: str, no: str) -> Phrase:
    return Phrase(
        f"{{field}} {verb} {{expected}}",
        f"{{field}} {yes} {{expected}}",
        f"{{field}} {no} {{expected}}",
    )


def _comparison(copula: str, relation: str, opposite: str) -> Phrase:
    return _phrase(
        # Vietnamese compares without a copula: "vốn lớn hơn", but "capital is more than".
        relation if copula == "là" else f"{copula} {relation}",
        f"{copula} {{actual}}, {relation}",
        f"{copula} {{actual}}, {opposite}",
    )


def _both(operator: Operator, phrase: Phrase) -> dict[tuple[Operator, bool], Phrase]:
    return {(operator, False): phrase, (operator, True): phrase}


# The second part of the key tells whether days or moments are compared.
PHRASES: Mapping[Language, Mapping[tuple[Operator, bool], Phrase]] = {
    "vi": {
        **_both(Operator.IS, _phrase("là", "là", "là {actual}, không phải")),
        **_both(Operator.IN, _comparison("là", "thuộc", "không thuộc")),
        **_both(Operator.CONTAINS, _phrase("gồm", "gồm", "gồm {actual}, không có")),
        **_both(Operator.STARTS_WITH, _comparison("là", "bắt đầu bằng", "không bắt đầu bằng")),
        (Operator.GT, False): _comparison("là", "lớn hơn", "không lớn hơn"),
        (Operator.GE, False): _comparison("là", "không dưới", "dưới"),
        (Operator.LT, False): _comparison("là", "nhỏ hơn", "không nhỏ hơn"),
        (Operator.LE, False): _comparison("là", "không quá", "vượt quá"),
        (Operator.BETWEEN, False): _comparison("là", "trong khoảng từ", "ngoài khoảng từ"),
        (Operator.GT, True): _comparison("là", "sau", "không sau"),
        (Operator.GE, True): _comparison("là", "không trước", "trước"),
        (Operator.LT, True): _comparison("là", "trước", "không trước"),
        (Operator.LE, True): _comparison("là", "không sau", "sau"),
        (Operator.BETWEEN, True): _comparison("là", "trong khoảng từ", "ngoài khoảng từ"),
    },
    "en": {
        **_both(Operator.IS, _phrase("is", "is", "is {actual}, not")),
        **_both(Operator.IN, _comparison("is", "one of", "not one of")),
        **_both(Operator.CONTAINS, _phrase("includes", "includes", "includes {actual}, not")),
        **_both(Operator.STARTS_WITH, _comparison("is", "starting with", "not starting with")),
        (Operator.GT, False): _comparison("is", "more than", "not more than"),
        (Operator.GE, False): _comparison("is", "at least", "less than"),
        (Operator.LT, False): _comparison("is", "less than", "not less than"),
        (Operator.LE, False): _comparison("is", "at most", "more than"),
        (Operator.BETWEEN, False): _comparison("is", "between", "not between"),
        (Operator.GT, True): _comparison("is", "after", "not after"),
        (Operator.GE, True): _comparison("is", "on or after", "before"),
        (Operator.LT, True): _comparison("is", "before", "not before"),
        (Operator.LE, True): _comparison("is", "on or before", "after"),
        (Operator.BETWEEN, True): _comparison("is", "between", "not between"),
    },
}

UNKNOWN: Mapping[Language, Mapping[Note, str]] = {
    "vi": {
        Note.MISSING: "Chưa biết: {clause}",
        Note.LAW_MISSING: "Chưa có giá trị theo luật để xét: {clause}",
        Note.MISMATCH: "Chưa xét được vì giá trị không so sánh được ({actual}): {clause}",
    },
    "en": {
        Note.MISSING: "Not known yet: {clause}",
        Note.LAW_MISSING: "The legal value needed is not available: {clause}",
        Note.MISMATCH: "Not known, because the value cannot be compared ({actual}): {clause}",
    },
}

KNOWN: Mapping[Language, Mapping[bool, str]] = {
    "vi": {True: "Đã có {field}", False: "Chưa có {field}"},
    "en": {True: "{field} is given", False: "{field} is not given yet"},
}

GROUPS: Mapping[Language, Mapping[tuple[GroupKind, Truth], str]] = {
    "vi": {
        (GroupKind.ALL, True): "Mọi điều sau đây đều đúng",
        (GroupKind.ALL, False): "Không phải mọi điều sau đây đều đúng",
        (GroupKind.ALL, None): "Chưa biết mọi điều sau đây có đều đúng hay không",
        (GroupKind.ANY, True): "Ít nhất một điều sau đây đúng",
        (GroupKind.ANY, False): "Không điều nào sau đây đúng",
        (GroupKind.ANY, None): "Chưa biết có điều nào sau đây đúng hay không",
    },
    "en": {
        (GroupKind.ALL, True): "All of the following hold",
        (GroupKind.ALL, False): "Not all of the following hold",
        (GroupKind.ALL, None): "It is not known yet whether all of the following hold",
        (GroupKind.ANY, True): "At least one of the following holds",
        (GroupKind.ANY, False): "None of the following holds",
        (GroupKind.ANY, None): "It is not known yet whether any of the following holds",
    },
}

NOT: Mapping[Language, Mapping[Truth, str]] = {
    "vi": {
        True: "Điều sau đây không đúng, như điều kiện yêu cầu",
        False: "Điều sau đây đúng, trái với điều kiện",
        None: "Chưa biết điều sau đây có đúng hay không",
    },
    "en": {
        True: "The following does not hold, as the condition asks",
        False: "The following holds, against the condition",
        None: "It is not known yet whether the following holds",
    },
}

ROWS: Mapping[Language, Mapping[tuple[RowsKind, Truth], str]] = {
    "vi": {
        (RowsKind.ANY_OF, True): "{field}: có ít nhất một dòng đáp ứng",
        (RowsKind.ANY_OF, False): "{field}: không dòng nào đáp ứng",
        (RowsKind.ANY_OF, None): "{field}: chưa biết có dòng nào đáp ứng hay không",
        (RowsKind.ALL_OF, True): "{field}: mọi dòng đều đáp ứng",
        (RowsKind.ALL_OF, False): "{field}: không phải mọi dòng đều đáp ứng",
        (RowsKind.ALL_OF, None): "{field}: chưa biết mọi dòng có đáp ứng hay không",
    },
    "en": {
        (RowsKind.ANY_OF, True): "{field}: at least one row satisfies the condition",
        (RowsKind.ANY_OF, False): "{field}: no row satisfies the condition",
        (RowsKind.ANY_OF, None): "{field}: not known yet whether any row satisfies the condition",
        (RowsKind.ALL_OF, True): "{field}: every row satisfies the condition",
        (RowsKind.ALL_OF, False): "{field}: not every row satisfies the condition",
        (RowsKind.ALL_OF, None): "{field}: not known yet whether every row satisfies the condition",
    },
}

LITERALS: Mapping[Language, Mapping[str, str]] = {
    "vi": {
        "true": "có",
        "false": "không",
        "unknown": "chưa biết",
        "other": "giá trị không đọc được",
        "row": "Dòng",
        "empty": "{field}: danh sách trống",
        "and": "đến",
        "or": "hoặc",
    },
    "en": {
        "true": "yes",
        "false": "no",
        "unknown": "not known",
        "other": "an unreadable value",
        "row": "Row",
        "empty": "{field}: the list is empty",
        "and": "and",
        "or": "or",
    },
}

NUMBER_MARKS: Mapping[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}
DAY_FORMAT: Mapping[Language, str] = {"vi": "%d/%m/%Y", "en": "%Y-%m-%d"}
MOMENT_FORMAT: Mapping[Language, str] = {"vi": "%H:%M %d/%m/%Y", "en": "%Y-%m-%d %H:%M"}
