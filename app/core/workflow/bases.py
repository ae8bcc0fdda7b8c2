"""What a dossier adjusts: the answers behind the result in force, and what differs from them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.core.workflow.answers import Change, changes
from app.core.workflow.definition import Definition
from app.core.workflow.models import Case


def base_answers(session: Session, case: Case) -> Mapping[str, Any] | None:
    """Return the answers of the dossier that led to the result; None where nothing is adjusted."""
    if case.base_id is None:
        return None
    base = session.get(Case, case.base_id)
    return base.answers if base is not None else None


def adjusted(
    definition: Definition, before: Mapping[str, Any], after: Mapping[str, Any], *, printed: bool = True
) -> list[Change]:
    """
    Return what an adjustment changes. Its first section asks about the adjustment itself and is no change.

    :param printed: only what stands on papers; the contact of a dossier is its own.
    """
    return changes(definition.sections[1:], before, after, printed=printed)
