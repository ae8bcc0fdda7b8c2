"""The time limits of a procedure and of a dossier as pages show them, each with its source."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import law
from app.core.kit.time import local_day
from app.core.workflow import limits
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case


def limits_view(definition: Definition, book: law.LawBook) -> list[dict[str, Any]]:
    """
    Return every limit of a procedure, the general one first; ``case`` names when a special one applies.

    :raises LawValueMissing: the law data of the day lack one.
    """
    return [{"case": case, **_value_view(value)} for case, value in limits.offered(definition, book)]


def stated_limit(
    session: Session, definition: Definition, code: str | None, *, day: date
) -> dict[str, Any] | None:
    """Return a limit as it was in force on a day, with the case that it is for; None when the law data lack it."""
    value = law.at(session, day).find(definition.limit_key(code))
    if value is None:
        return None
    case = next((each.title for each in definition.special_limits if each.code == code), None)
    return {"case": case, **_value_view(value)}


def limit_of_dossier(
    session: Session, case: Case, definition: Definition, *, now: datetime, zone: ZoneInfo
) -> dict[str, Any] | None:
    """
    Return which limit a dossier has and why; before it is received, the one that it would have as it stands.

    ``overtaken`` names the reason for another limit, where later changes would have led to one: what was promised
    stays. None where the procedure has one limit only, or before acceptance when the law data lack the day.
    """
    if not definition.special_limits:
        return None
    if case.accepted_at is None:
        day = local_day(now, zone)
        judged = limits.judge(session, case, definition, book=law.at(session, day))
        code, reason = limits.chosen(judged), limits.why(judged)
        expected, overtaken = True, None
    else:
        day = local_day(case.accepted_at, zone)
        judged = limits.judge(session, case, definition, book=law.at(session, day))
        code, reason = case.limit_code, case.limit_reason or {}
        expected = False
        overtaken = limits.why(judged) if limits.chosen(judged) != code else None
    stated = stated_limit(session, definition, code, day=day)
    return stated and {**stated, "reason": reason, "expected": expected, "overtaken": overtaken}


def _value_view(value: law.LawValue) -> dict[str, Any]:
    said: Mapping[str, str] = {lang: law.say(value.unit, value.value, lang) for lang in law.LANGUAGES}
    return {
        "said": said,
        "assumed": value.status is law.Status.ASSUMED,
    }
