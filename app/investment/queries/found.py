"""What a search finds of investment."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.search import SearchDocument
from app.investment.models import Certificate


def certificate_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield what a search finds of certificates, by project: number, name and investor of the revision in force."""
    listed = select(Certificate, func.lower(Certificate.recorded)).where(
        func.upper_inf(Certificate.recorded), func.upper_inf(Certificate.valid)
    )
    if keys is not None:
        listed = listed.where(Certificate.project_id.in_([UUID(key) for key in keys]))
    for each, at in session.execute(listed.execution_options(yield_per=500)):
        yield SearchDocument(
            key=str(each.project_id), party_id=each.party_id, code=each.number, title=each.content["project_name_vi"],
            detail=each.content["investor_name"], url=f"/certificates/{each.number}", at=at,
        )  # fmt: skip
