"""The dossiers of investment on the page of an enterprise."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.core.workflow import inbox, procedures
from app.core.workflow.permissions import READ


def dossiers_panel(session: Session, actor: Actor, party_id: UUID) -> Mapping[str, Any]:
    """Return the dossiers of an enterprise; an officer sees what has been filed, never a draft."""
    if actor.is_officer and not actor.may(READ):
        return {}
    rows = []
    for line in inbox.of_party(session, party_ids=[party_id]):
        if actor.is_officer and not line.code:
            continue
        definition = procedures.definition_of(session, line.version_id)
        rows.append(
            {
                "id": str(line.id),
                "code": line.code or "",
                "title": line.title,
                "procedure": definition.title,
                "state": definition.states[line.state].title,
                "final": definition.states[line.state].final,
                "saved_at": line.saved_at,
            }
        )
    return {"rows": rows} if rows else {}
