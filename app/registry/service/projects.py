"""Projects get their identity here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import outbox
from app.core.errors import NotFound
from app.core.evidence import Subject, record
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.registry.domain import Verification
from app.registry.events import ProjectChanged, ProjectRegistered
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


def update_project(
    session: Session,
    *,
    project_id: UUID,
    name_vi: str,
    name_en: str | None,
    site: str,
    code: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """
    Let a project's identity follow its certificate; a code that it has stays for life.

    :raises NotFound: no such project.
    """
    project = session.get(Project, project_id, with_for_update=True, populate_existing=True)
    if project is None:
        raise NotFound
    project.name_vi, project.name_en, project.site = name_vi, name_en, site
    project.code = project.code or code
    record(
        session, "registry:project:update", subject=Subject("project", project.id), actor=actor, at=now,
        party_id=project.party_id, facts={"code": project.code or ""},
    )  # fmt: skip
    outbox.publish(session, ProjectChanged(project.id), actor=actor, at=now, party_id=project.party_id)
