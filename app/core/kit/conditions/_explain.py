"""A trace told in Vietnamese or English sentences, from labels that the caller gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.core.kit.conditions._model import (
    ORDERING,
    FieldRef,
    Group,
    Language,
    LawRef,
    Not,
    Note,
    Operand,
    Operator,
    Result,
    Rows,
    Scalar,
    Sentence,
    Test,
    Texts,
    Trace,
)
from app.core.kit.conditions._values import ordered, scalar
from app.core.kit.conditions._words import (
    DAY_FORMAT,
    GROUPS,
    KNOWN,
    LITERALS,
    MOMENT_FORMAT,
    NOT,
    NUMBER_MARKS,
    PHRASES,
    ROWS,
    UNKNOWN,
)

_MAX_SHOWN = 8


def explain(
    result: Result,
    lang: Language,
    labels: Mapping[str, Texts],
    value_labels: Mapping[str, Mapping[str, Texts]] | None = None,
) -> Sentence:
    """
    Tell how the answer came about, one sentence for each node of the condition.

    :param labels: names of fields by qualified path (`investors[].kind`) and of legal values by
        `law:<key>`, each `{"vi": ..., "en": ...}`; without a name the path itself is shown.
    :param value_labels: names of the values of a field, by qualified path and value.
    :return: plain text with values as given, not escaped for HTML. Moments are shown in the time zone
        that the fact has.
    """
    return _Teller(lang, labels, value_labels or {}).tell(result.trace)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Knows the language and the names."""

    lang: Language
    labels: Mapping[str, Texts]
    value_labels: Mapping[str, Mapping[str, Texts]]

    def tell(self, trace: Trace) -> Sentence:
        match trace.condition:
            case Group():
                text = GROUPS[self.lang][trace.condition.kind, trace.value]
            case Not():
                text = NOT[self.lang][trace.value]
            case Rows():
                text = self.rows(trace, trace.condition)
            case Test():
                text = self.test(trace, trace.condition)
        if trace.row is not None:
            text = f"{LITERALS[self.lang]['row']} {trace.row}: {text}"
        return Sentence(text, trace.value, tuple(self.tell(child) for child in trace.children))

    def rows(self, trace: Trace, rows: Rows) -> str:
        name = self.name(trace.subject)
        if trace.note is not None:
            return UNKNOWN[self.lang][trace.note].format(
                field=name, clause=name, actual=LITERALS[self.lang]["other"]
            )
        if not trace.children:
            return LITERALS[self.lang]["empty"].format(field=name)
        return ROWS[self.lang][rows.kind, trace.value].format(field=name)

    def test(self, trace: Trace, test: Test) -> str:
        name = self.name(trace.subject)
        if test.operator is Operator.KNOWN:
            known = test.operands == (True,)
            return KNOWN[self.lang][known is trace.value].format(field=name)
        phrase = PHRASES[self.lang][test.operator, _is_time(trace.expected)]
        read = ordered(trace.actual) if test.operator in ORDERING else None
        values = {
            "field": name,
            "actual": self.shown(trace.actual if read is None else read, trace.subject),
            "expected": self.expected(trace, test),
        }
        if trace.value is not None:
            return (phrase.yes if trace.value else phrase.no).format(**values)
        note = trace.note or Note.MISSING
        return UNKNOWN[self.lang][note].format(clause=phrase.clause.format(**values), **values)

    def expected(self, trace: Trace, test: Test) -> str:
        shown = [
            self.operand(operand, value, trace)
            for operand, value in zip(test.operands, trace.expected, strict=True)
        ]
        joint = f" {LITERALS[self.lang]['and' if test.operator is Operator.BETWEEN else 'or']} "
        return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + joint + shown[-1]

    def operand(self, operand: Operand, value: Scalar | None, trace: Trace) -> str:
        if not isinstance(operand, FieldRef | LawRef):
            return self.shown(value, trace.subject)
        path = f"law:{operand.key}" if isinstance(operand, LawRef) else operand.qualified(trace.prefix)
        known = LITERALS[self.lang]["unknown"] if value is None else self.shown(value, path)
        return f"{self.name(path)} ({known})"

    def name(self, path: str) -> str:
        return self.labels.get(path, {}).get(self.lang) or path.removeprefix("law:")

    def shown(self, fact: object, path: str) -> str:
        if isinstance(fact, list | tuple | set | frozenset):
            items = [self.shown(item, path) for item in list(fact)[:_MAX_SHOWN]]
            return ", ".join([*items, "…"] if len(fact) > _MAX_SHOWN else items) or "∅"
        value = scalar(fact)
        if value is None:
            return LITERALS[self.lang]["unknown" if fact is None else "other"]
        label = self.value_labels.get(path, {}).get(str(value), {}).get(self.lang)
        return label or self.plain(value)

    def plain(self, value: Scalar) -> str:
        match value:
            case bool():
                return LITERALS[self.lang]["true" if value else "false"]
            case Decimal():
                group, point = NUMBER_MARKS[self.lang]
                return f"{value:,f}".translate({ord(","): group, ord("."): point})
            case datetime():
                return value.strftime(MOMENT_FORMAT[self.lang])
            case date():
                return value.strftime(DAY_FORMAT[self.lang])
            case _:
                return value


def _is_time(expected: tuple[Scalar | None, ...]) -> bool:
    return any(isinstance(value, date) for value in expected)
