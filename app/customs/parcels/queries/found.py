"""What a search finds of parcels: low-value lists by code, official number and flight."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.search import SearchDocument
from app.customs.parcels.models import ParcelList


def list_documents(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield lists; single parcels are found by their order or waybill number on the board of parcels."""
    listed = select(ParcelList, Party.name).join(Party, Party.id == ParcelList.party_id)
    if keys is not None:
        listed = listed.where(ParcelList.id.in_([UUID(key) for key in keys]))
    for row, firm in session.execute(listed.execution_options(yield_per=500)):
        said = " · ".join(filter(None, (row.official_number, firm, f"{row.day:%d/%m/%Y}")))
        yield SearchDocument(
            key=str(row.id), party_id=row.party_id, code=row.code, title=row.flight, detail=said,
            url=f"/customs/parcels/lists/{row.id}", at=row.closed_at,
        )  # fmt: skip
