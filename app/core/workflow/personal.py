"""The personal answers of a dossier: sealed when saved, opened when it is loaded, covered until they are shown."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.kit.personal import MASK, Cover, Personal, personal_values
from app.core.privacy import Holder, Sealer, opens_on_load
from app.core.workflow.answers import Answers
from app.core.workflow.definition import Definition, FormField
from app.core.workflow.models import Case, Submission, Visit

HOLDER = "case"
SEALABLE = frozenset({"text", "textarea", "date", "email", "phone", "tax_code"})
"""Types of questions whose answers are texts; the checker refuses ``sensitive`` on any other."""

opens_on_load(Case, "answers")
opens_on_load(Submission, "answers")
opens_on_load(Visit, "presenter")


def protect(
    session: Session, case: Case, definition: Definition, answers: Mapping[str, Any], *, now: datetime
) -> Answers:
    """
    Return answers with those to ``sensitive`` questions sealed for the dossier.

    An answer that did not change keeps its sealed form. Dots that came back from a page on which the value was covered
    stand for the value that was there.
    """
    earlier = case.answers
    known = list(personal_values(earlier))
    sealer = Sealer(session, Holder(HOLDER, case.id), party_id=case.party_id, now=now)

    def sealed(name: str, value: Any, before: Any) -> Any:
        if not isinstance(value, str) or _is_kept(value, known):
            return value
        if value == MASK:
            return before
        return sealer.seal(name, str(value), earlier=known)

    protected = {
        code: _field(field, value, earlier.get(code), sealed)
        for code, value in answers.items()
        for field in (definition.fields()[code],)
    }
    sealer.finish()
    return protected


def _is_kept(value: str, known: list[Personal]) -> bool:
    """Tell whether a value is the dossier's own already, or one that cannot be opened and stays as it is."""
    if not isinstance(value, Personal):
        return False
    return value.cover is not Cover.OPEN or any(each.token == value.token for each in known)


def _field(field: FormField, value: Any, before: Any, sealed: Callable[[str, Any, Any], Any]) -> Any:
    if field.type != "rows":
        return sealed(field.code, value, before) if field.sensitive else value
    hidden = {part.code for part in field.fields if part.sensitive}
    rows_before = before if isinstance(before, list) else []
    return [
        {
            code: sealed(f"{field.code}.{code}", given, _cell(rows_before, number, code))
            if code in hidden
            else given
            for code, given in row.items()
        }
        for number, row in enumerate(value)
    ]


def _cell(rows: list[Any], number: int, code: str) -> Any:
    return rows[number].get(code) if number < len(rows) else None
