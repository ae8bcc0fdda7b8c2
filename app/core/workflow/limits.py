"""Which time limit a dossier has: the general one of its procedure, or one for its case (ADR 0030).

Chosen once, at acceptance, from the answers as filed, and kept with the reason. What is not known decides nothing: a
special limit applies only where its condition is known to hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.evidence.canonical import Canonical
from app.core.kit import conditions
from app.core.kit.conditions import FieldKind, FieldType
from app.core.kit.personal import Cover, personal_values
from app.core.law import LawBook, LawValue
from app.core.workflow.answers import Change
from app.core.workflow.bases import adjusted, base_answers
from app.core.workflow.definition import Definition, SpecialLimit, Text
from app.core.workflow.models import Case
from app.core.workflow.step import Step

CHANGED = "changed"
"""Name under which conditions of adjusting procedures see what differs from the result in force."""

LANGUAGES = ("vi", "en")
_MOST_NAMED = 8
_WORDS: Mapping[bool | None, Text] = {
    True: {"vi": "Thuộc trường hợp: {title}.", "en": "This is the case: {title}."},
    False: {"vi": "Không thuộc trường hợp: {title}.", "en": "This is not the case: {title}."},
    None: {
        "vi": "Chưa đủ thông tin để biết có thuộc trường hợp sau hay không, nên không áp dụng: {title}.",
        "en": "Too little is known to tell whether this is the case, so it does not apply: {title}.",
    },
}
_ADJUSTS: Text = {"vi": "Nội dung điều chỉnh: {names}.", "en": "What is adjusted: {names}."}


@dataclass(frozen=True, slots=True)
class Judged:
    """A special limit and whether its condition holds for a dossier; ``reason`` says why, by language."""

    special: SpecialLimit
    holds: bool | None
    reason: Text


def choose(step: Step) -> str:
    """Choose the limit of the dossier that is being accepted, keep it with its reason, and return its law key."""
    case, definition = step.case, step.definition
    found = judge(step.session, case, definition, book=step.book)
    case.limit_code = chosen(found)
    key = definition.limit_key(case.limit_code)
    if found:
        case.limit_reason = dict(why(found))
        judged: dict[str, Canonical] = {each.special.code: each.holds for each in found}
        step.facts["limit"] = {
            "key": key, "special": case.limit_code, "judged": judged,
            "changed": _answers(_changed(step.session, case, definition) or []),
        }  # fmt: skip
    return key


def judge(session: Session, case: Case, definition: Definition, *, book: LawBook) -> list[Judged]:
    """Return how each special limit of a procedure stands to a dossier's answers as they are now."""
    if not definition.special_limits:
        return []
    differences = _changed(session, case, definition)
    rows = None if differences is None else [{"answer": each} for each in _answers(differences)]
    facts = {**case.answers, CHANGED: rows}
    found = []
    for special in definition.special_limits:
        condition = conditions.parse(special.when)
        law = {key: value.decimal() for key in conditions.law_keys(condition) if (value := book.find(key))}
        holds = conditions.evaluate(condition, facts, law).value
        found.append(Judged(special, holds, _reason(special, holds, differences or [])))
    return found


def chosen(found: Sequence[Judged]) -> str | None:
    """Return the code of the first special limit that holds; None for the general one."""
    return next((each.special.code for each in found if each.holds), None)


def why(found: Sequence[Judged]) -> Text:
    """Say by language which limit applies and why: the first special one that holds, else why none does."""
    telling = [each for each in found if each.holds][:1] or found
    return {lang: " ".join(each.reason[lang] for each in telling) for lang in LANGUAGES}


def offered(definition: Definition, book: LawBook) -> list[tuple[Text | None, LawValue]]:
    """
    Return every limit of a procedure with the case that it is for; None names the general one, which is the first.

    :raises LawValueMissing: the law data of the day lack one.
    """
    special = ((each.title, book.get(each.limit)) for each in definition.special_limits)
    return [(None, book.get(definition.limit)), *special]


def schema(definition: Definition, form: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Return the types that conditions of limits see: those of the form, and what an adjustment changes."""
    if not definition.adjusts:
        return dict(form)
    answers = frozenset(
        path
        for field in definition.fields().values()
        for path in (field.code, *(f"{field.code}[].{part.code}" for part in field.fields))
    )
    changed = {CHANGED: FieldType(FieldKind.ROWS), f"{CHANGED}[].answer": FieldType(FieldKind.CODE, answers)}
    return {**form, **changed}


def _changed(session: Session, case: Case, definition: Definition) -> list[Change] | None:
    """Return the printed answers that differ from the result in force; None where nobody can tell."""
    before = base_answers(session, case)
    if before is None or any(
        each.cover is not Cover.OPEN for each in personal_values([dict(before), case.answers])
    ):
        return None
    return adjusted(definition, before, case.answers)


def _answers(differences: Sequence[Change]) -> list[str]:
    """Return the questions that differences are about, columns of a table as ``table[].column``."""
    return list(dict.fromkeys(_path(each.name) for each in differences))


def _path(name: str) -> str:
    table, _, column = name.partition("-")
    return f"{table}[].{column.partition('-')[2]}" if column else table


def _reason(special: SpecialLimit, holds: bool | None, differences: Sequence[Change]) -> Text:
    said = {}
    for lang, sentence in _WORDS[holds].items():
        labels = list(dict.fromkeys(each.label[lang] for each in differences))
        named = "; ".join(labels[:_MOST_NAMED]) + ("; …" if len(labels) > _MOST_NAMED else "")
        changed = f" {_ADJUSTS[lang].format(names=named)}" if named else ""
        said[lang] = sentence.format(title=special.title[lang]) + changed
    return said
