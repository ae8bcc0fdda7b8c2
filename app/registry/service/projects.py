"""Projects get their identity here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import outbox
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.registry.domain import Verification
from app.registry.events import ProjectRegistered
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
    code: str | None = None,
    verification: Verification = Verification.VERIFIED,
    takeover_id: UUID | None = None,
) -> UUID:
    """
    Give a project its identity in the zone and return its key.

    :param site: code of the zone's site.
    :param code: lifelong code of the national investment registry, ten digits, once it is known.
    :param verification: a certificate vouches for its project; a take-over says TAKEN_OVER and its batch.
    """
    project = Project(
        id=uuid7(), party_id=party_id, code=code, name_vi=name_vi, name_en=name_en, site=site,
        verification=verification, takeover_id=takeover_id, created_at=now,
    )  # fmt: skip
    session.add(project)
    record(
        session, "registry:project:register", subject=Subject("project", project.id), actor=actor, at=now,
        party_id=party_id, facts={"code": code or ""},
    )  # fmt: skip
    outbox.publish(session, ProjectRegistered(project.id), actor=actor, at=now, party_id=party_id)
    return project.id
