"""Errors at the JSON edge: ``application/problem+json`` (RFC 9457). Imported by the web's edge only."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.responses import JSONResponse

from app.core.errors import DomainError, FieldProblem

Translate = Callable[[str], str]


def problem(error: DomainError, *, instance: str, translate: Translate) -> dict[str, Any]:
    """
    Return the problem document of an error.

    :param instance: the correlation id, to be quoted to the desk.
    :param translate: gettext of the caller's language.
    """
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": sentence(translate, error.title, error.params),
        "status": error.status,
        "code": error.code,
        "detail": sentence(translate, error.detail, error.params),
        "hint": sentence(translate, error.hint, error.params),
        "instance": instance,
    }
    if error.errors:
        document["errors"] = [field_problem(each, translate) for each in error.errors]
    return document


def field_problem(each: FieldProblem, translate: Translate) -> dict[str, str]:
    """Return one field's problem in the caller's language."""
    return {
        "name": each.name,
        "code": each.code,
        "reason": sentence(translate, each.reason, each.params or {}),
    }


def sentence(translate: Translate, message: str, params: Mapping[str, Any]) -> str:
    """Translate a message id and fill its placeholders; a text without placeholders is taken as it is."""
    if not message:
        return ""
    text = translate(message)
    return text % params if params else text


def problem_response(error: DomainError, *, instance: str, translate: Translate) -> JSONResponse:
    """Return the HTTP answer of an error, with Retry-After where the error knows a time."""
    headers = {}
    if "retry_after" in error.params:
        headers["Retry-After"] = str(error.params["retry_after"])
    elif error.status == 503:  # noqa: PLR2004  HTTP's "Service Unavailable"
        headers["Retry-After"] = "3"
    return JSONResponse(
        problem(error, instance=instance, translate=translate),
        status_code=error.status,
        media_type="application/problem+json",
        headers=headers,
    )
