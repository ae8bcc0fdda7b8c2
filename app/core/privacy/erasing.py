"""Erasing: the data key of a holder is destroyed, and with it every copy of its values that this database holds."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.core.privacy.models import BlindIndex, DataKey


def erase_holders(session: Session, *, kind: str, ids: Collection[UUID], now: datetime) -> int:
    """
    Destroy the data keys of holders; return how many had one. The caller records why.

    Their blind digests go too, since equal values elsewhere would still show in them.
    """
    keys = select(DataKey.id).where(DataKey.holder_kind == kind, DataKey.holder_id.in_(ids))
    session.execute(update(BlindIndex).where(BlindIndex.key_id.in_(keys)).values(digest=None))
    erased = session.execute(
        update(DataKey)
        .where(DataKey.holder_kind == kind, DataKey.holder_id.in_(ids), DataKey.wrapped.is_not(None))
        .values(wrapped=None, erased_at=now)
    )
    return erased.rowcount if isinstance(erased, CursorResult) else 0
