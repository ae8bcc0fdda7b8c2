"""What other modules may ask of investment."""

from datetime import date

from sqlalchemy.orm import Session

from app.core.workflow import procedures
from app.investment import queries


def offered_online(session: Session, day: date) -> tuple[int, int]:
    """Return how many procedures of the authority's catalogue can be filed online on a day, and how many there are."""
    listed = queries.catalogue_codes()
    online = {definition.catalogue for definition in procedures.catalogue(session, day)}
    return len(online & listed), len(listed)
