"""Which questions are asked, which lack an answer, and what stays when answers change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.conditions import evaluate, parse
from app.core.workflow.answers._reading import Answers, cell
from app.core.workflow.definition import Definition, FormField, FormSection

_EMPTY: tuple[Any, ...] = (None, "", [])


def asked(field: FormField, answers: Mapping[str, Any]) -> bool:
    """
    Tell whether a question is asked: it has no condition, or the condition is not known to be false.

    :param answers: of the form, or for a column of a table what :func:`of_row` gives.
    """
    return field.when is None or evaluate(parse(field.when), answers).value is not False


def surely_asked(field: FormField, answers: Mapping[str, Any]) -> bool:
    """Tell whether a question is asked whatever else is answered; otherwise its condition is still open."""
    return field.when is None or evaluate(parse(field.when), answers).value is True


def of_row(answers: Mapping[str, Any], row: Mapping[str, Any]) -> Answers:
    """Return the facts that a column's condition sees: its own row first, then the form."""
    return {**answers, **row}


def asked_names(section: FormSection, answers: Mapping[str, Any]) -> list[str]:
    """Return the names of all questions of a page that are asked, those of tables cell by cell."""
    return [name for field in section.fields if asked(field, answers) for name in _names(field, answers)]


def _names(field: FormField, answers: Mapping[str, Any]) -> Iterator[str]:
    yield field.code
    for number, row in enumerate(answers.get(field.code) or [] if field.type == "rows" else []):
        facts = of_row(answers, row)
        yield from (cell(field.code, number, part.code) for part in field.fields if asked(part, facts))


def missing(sections: Sequence[FormSection], answers: Mapping[str, Any]) -> list[FieldProblem]:
    """Return a problem for every required question that is asked and has no answer, tables cell by cell."""
    return [
        problem
        for section in sections
        for field in section.fields
        if asked(field, answers)
        for problem in _lacking(field, answers)
    ]


def _lacking(field: FormField, answers: Mapping[str, Any]) -> Iterator[FieldProblem]:
    value = answers.get(field.code)
    if field.required and value in _EMPTY:
        yield _unanswered(field.code)
    if field.type != "rows":
        return
    rows = value or []
    least = int(field.minimum or 0)
    if rows and len(rows) < least:
        reason = N_("At least %(limit)s entries are needed; there are %(given)s.")
        yield FieldProblem(field.code, "too-few", reason, {"limit": least, "given": len(rows)})
    for number, row in enumerate(rows):
        facts = of_row(answers, row)
        for part in field.fields:
            if part.required and asked(part, facts) and row.get(part.code) in _EMPTY:
                yield _unanswered(cell(field.code, number, part.code))


def _unanswered(name: str) -> FieldProblem:
    return FieldProblem(name, "missing", N_("This question has no answer yet."))


_NEEDED = N_("This has to be filled in before the step can be taken.")
# Where nothing is typed but chosen, the reason says what to choose.
_WANTED: Mapping[str, str] = {
    "gaps": N_("Nothing is marked as wanting. Choose what is wrong with at least one part."),
    "agencies": N_("No agency is chosen. Choose at least one, with days to answer and a question."),
    "compared": N_("Compare the scan with the printed text, then tick this."),
}


def missing_input(name: str) -> FieldProblem:
    """Return the problem of an action that was taken without something that it needs."""
    return FieldProblem(name, "missing", _WANTED.get(name, _NEEDED))


def merged(definition: Definition, before: Mapping[str, Any], changed: Mapping[str, Any]) -> Answers:
    """
    Lay changed answers over earlier ones.

    Only questions of the procedure are kept, and of those only the ones that are asked: an answer to a question that
    no longer stands would be filed and printed without anybody seeing it.
    """
    known = definition.fields()
    answers = {
        code: value for code, value in {**before, **changed}.items() if code in known and value is not None
    }
    # A dropped answer may close the next question: at most as many rounds as there are questions.
    for _ in known:
        kept = {
            code: _kept_rows(known[code], value, answers)
            for code, value in answers.items()
            if asked(known[code], answers)
        }
        if kept == answers:
            break
        answers = kept
    return answers


def _kept_rows(field: FormField, value: Any, answers: Mapping[str, Any]) -> Any:
    if field.type != "rows":
        return value
    parts = {part.code: part for part in field.fields}
    return [
        {
            code: given
            for code, given in row.items()
            if code in parts and asked(parts[code], of_row(answers, row))
        }
        for row in value
    ]
