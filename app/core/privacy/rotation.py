"""After a new line in the key file: data keys and blind digests that an older key made are made anew."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.privacy.models import DataKey
from app.core.privacy.ring import key_box
from app.core.privacy.sealing import key_purpose

BATCH = 500


def reseal(session: Session) -> int:
    """
    Seal every data key with the newest key of the file; return how many were changed. Runs as an officer.

    The values themselves stay as they are, whatever their number. Blind digests cannot be made anew without the
    values: they keep the key that made them, so the file keeps its older lines.
    """
    box, changed, after = key_box(), 0, None
    while True:
        query = select(DataKey.id, DataKey.wrapped).where(DataKey.wrapped.is_not(None))
        if after is not None:
            query = query.where(DataKey.id > after)
        rows = session.execute(query.order_by(DataKey.id).limit(BATCH)).all()
        for row in rows:
            if box.is_outdated(row.wrapped):
                purpose = key_purpose(row.id)
                fresh = box.seal(box.open(row.wrapped, purpose=purpose), purpose=purpose)
                session.execute(update(DataKey).where(DataKey.id == row.id).values(wrapped=fresh))
                changed += 1
        if len(rows) < BATCH:
            return changed
        after = rows[-1].id
