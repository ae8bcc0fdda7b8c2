"""What a new dossier can take over: from the party's registration and from its last dossier (once only)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.workflow import procedures
from app.core.workflow.answers import Answers, merged
from app.core.workflow.definition import Definition, FormField
from app.core.workflow.models import Case


@dataclass(frozen=True, slots=True)
class Prefill:
    """Answers to offer, and the code of the dossier that they come from; empty when only the party gave some."""

    answers: Answers
    taken_from: str = ""


def prefill(
    session: Session, *, party_id: UUID, definition: Definition, exclude: UUID | None = None
) -> Prefill:
    """
    Return what may be offered to the party; nothing is saved, a person looks at it first.

    Only questions marked ``reuse`` are taken over, and only where the earlier version asked the very same question:
    an answer to another wording is no answer.

    :param exclude: the dossier that is being filled in.
    """
    last = session.scalars(
        select(Case)
        .where(Case.party_id == party_id, Case.code.is_not(None), Case.id != exclude)
        .order_by(Case.submitted_at.desc(), Case.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        earlier = procedures.definition_of(session, last.version_id).fields()
        taken = {
            code: last.answers[code]
            for code, field in definition.fields().items()
            if field.reuse and code in last.answers and _same(field, earlier.get(code))
        }
        if taken:
            return Prefill(merged(definition, {}, taken), last.code or "")
    return Prefill(_of_party(session, party_id, definition))


def _same(field: FormField, earlier: FormField | None) -> bool:
    return earlier is not None and field == earlier


def _of_party(session: Session, party_id: UUID, definition: Definition) -> Answers:
    known: Mapping[str, Any] = {
        "name": session.scalar(select(Party.name).where(Party.id == party_id)),
    }
    answers: Answers = {}
    for code, field in definition.fields().items():
        if field.party and known.get(field.party):
            answers[code] = known[field.party]
        row = {part.code: known[part.party] for part in field.fields if part.party and known.get(part.party)}
        if row:
            answers[code] = [row]
    return answers
