"""What other modules may ask of investment."""

from datetime import date
from pathlib import Path

import yaml
from sqlalchemy.orm import Session

from app.core.workflow import procedures

_CATALOGUE = Path(__file__).parent / "procedures" / "catalogue.yaml"


def offered_online(session: Session, day: date) -> tuple[int, int]:
    """Return how many procedures of the authority's catalogue can be filed online on a day, and how many there are."""
    listed = {entry["code"] for entry in yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))["procedures"]}
    online = {definition.catalogue for definition in procedures.catalogue(session, day)}
    return len(online & listed), len(listed)
