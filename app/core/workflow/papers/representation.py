"""Who may sign for an applicant: those whom the dossier itself declares."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.kit.actor import ANONYMOUS, Actor, ActorKind
from app.core.kit.text import fold
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case

REPRESENTATIVE = "representative"
AUTHORISED = "authorised_signatory"
_NAMES = frozenset({REPRESENTATIVE, AUTHORISED})
_PERSON = ("kind", "INDIVIDUAL", "name")


def declared(definition: Definition, answers: Mapping[str, Any]) -> list[str]:
    """
    Return the names that the answers declare as signing for the applicant.

    They stand in questions, or columns of a table, of the code ``representative``; a person who acts for herself is a
    row of the kind INDIVIDUAL; who signs by power of attorney is the answer ``authorised_signatory``.
    """
    tables = [answers.get(field.code) for field in definition.fields().values() if field.type == "rows"]
    return [
        name for row in (answers, *(row for table in tables for row in table or ())) for name in _names(row)
    ]


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    for code in _NAMES:
        if row.get(code):
            yield str(row[code])
    column, person, name = _PERSON
    if row.get(column) == person and row.get(name):
        yield str(row[name])


def asks_for_representation(definition: Definition) -> bool:
    """Tell whether the form asks at all who represents the applicant."""
    parts = [part for field in definition.fields().values() for part in (field, *field.fields)]
    return any(part.code in _NAMES for part in parts)


def signatories(session: Session, case: Case, definition: Definition, actor: Actor) -> list[str]:
    """
    Return the names whose signature counts: those declared, and the applicant's own name, which a seal carries.

    Where the form asks for no representation, the role that an officer confirmed for the account stands for it.
    """
    applicant = session.scalar(select(Party.name).where(Party.id == case.party_id)) or ""
    names = [*declared(definition, case.answers), applicant]
    # A program's name is whatever its enterprise called it, so it counts for nobody.
    if not asks_for_representation(definition) and actor.kind is not ActorKind.CLIENT:
        names.append(actor.name)
    return [name for name in names if name.strip()]


def allowed_signers(session: Session, case: Case, definition: Definition) -> list[str] | None:
    """Return the names whose signature on a paper counts; None where the form asks for no representation."""
    return signatories(session, case, definition, ANONYMOUS) if asks_for_representation(definition) else None


def counts(name: str, allowed: Collection[str]) -> bool:
    """Tell whether a name in a certificate is one of the allowed ones, however it is written."""
    return fold(name) in {fold(each) for each in allowed}
