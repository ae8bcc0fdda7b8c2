"""The error tree of the domain.

Raising code knows nothing about HTTP pages or JSON: it says what happened, why, and what to do next.
``app.core.errors.handlers`` and ``app.web`` turn the same object into ``application/problem+json``
(RFC 9457) or a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

Param = str | int


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault of one field: where, a stable code, and a sentence that says how to mend it."""

    name: str
    code: str
    reason: str
    params: Mapping[str, Param] | None = None


class DomainError(Exception):
    """
    An anticipated failure that a person can act on.

    Subclasses stand beside the code that raises them and set ``code`` (stable, tested), ``status``
    (HTTP status used at the edge), ``title``, ``detail`` and ``hint`` as English message ids with
    ``%(name)s`` placeholders; ``params`` fills them after translation.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be carried out."
    detail: str = ""
    hint: str = ""

    def __init__(
        self,
        detail: str | None = None,
        *,
        hint: str | None = None,
        errors: Sequence[FieldProblem] = (),
        **params: Param,
    ) -> None:
        if detail is not None:
            self.detail = detail
        if hint is not None:
            self.hint = hint
        self.errors = tuple(errors)
        self.params = params
        super().__init__(self.code)

    def __str__(self) -> str:
        text = " ".join(part for part in (self.title, self.detail, self.hint) if part)
        return f"[{self.code}] " + (text % self.params if self.params else text)


class NotFound(DomainError):
    """Nothing of that name is visible to the one who asks; says the same whether it exists or not."""

    code = "not-found"
    status = 404
    title = "Not found."
    detail = "There is nothing here under this address, or it is not yours to see."
    hint = "Check the address or the code, or go back to the start page."


class Forbidden(DomainError):
    """The actor lacks a permission; ``params['permission']`` names it."""

    code = "forbidden"
    status = 403
    title = "You may not do this."
    detail = "The action needs the permission “%(permission)s”."
    hint = "Ask the administrator of your organisation for it."


class Invalid(DomainError):
    """The payload does not fit; ``errors`` lists every fault, not the first one."""

    code = "invalid"
    status = 422
    title = "Some answers need attention."
    hint = "Correct the fields that are listed and send again; nothing that you typed is lost."


class Conflict(DomainError):
    """The request collides with the present state."""

    code = "conflict"
    status = 409
    title = "The state has changed meanwhile."
    hint = "Look at the current state and decide again."
