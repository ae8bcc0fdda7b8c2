"""Writing the registry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.registry.models import Project


def register_project(
    session: Session,
    *,
    party_id: UUID,
    name_vi: str,
    site: str,
    actor: Actor,
    now: datetime,
    name_en: str | None = None,
) -> UUID:
    """
    Give a project its identity in the zone and return its key.

    :param site: code of the zone's site.
    """
    project = Project(
        id=uuid7(), party_id=party_id, code=None, name_vi=name_vi, name_en=name_en, site=site, created_at=now
    )
    session.add(project)
    record(
        session, "registry:project:register", subject=Subject("project", project.id), actor=actor, at=now,
        party_id=party_id,
    )  # fmt: skip
    return project.id
