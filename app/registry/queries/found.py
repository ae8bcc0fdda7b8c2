"""What a search finds of the registry."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.search import SearchDocument
from app.registry.models import Enterprise, Project

BATCH = 500


def enterprise_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield what a search finds of enterprises: names, tax code, number in the register of their country."""
    listed = select(Enterprise)
    if keys is not None:
        listed = listed.where(Enterprise.party_id.in_([UUID(key) for key in keys]))
    for each in session.scalars(listed.execution_options(yield_per=BATCH)):
        yield SearchDocument(
            key=str(each.party_id), party_id=each.party_id, code=each.tax_code or "", title=each.name_vi,
            title_en=each.name_en or "", words=(each.registration_number or "",),
            url=f"/enterprises/{each.party_id}", at=each.updated_at,
        )  # fmt: skip


def project_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield what a search finds of projects: names, code, and whose they are."""
    listed = select(Project, Party.name).join(Party, Party.id == Project.party_id)
    if keys is not None:
        listed = listed.where(Project.id.in_([UUID(key) for key in keys]))
    for project, owner in session.execute(listed.execution_options(yield_per=BATCH)):
        yield SearchDocument(
            key=str(project.id), party_id=project.party_id, code=project.code or "", title=project.name_vi,
            title_en=project.name_en or "", detail=owner, url=f"/projects/{project.id}",
            at=project.created_at,
        )  # fmt: skip
