"""
What a change set may carry besides values: content that another room keeps, such as the rates of a tariff.

The kernel owns the decision (who proposed, the hash, two officers, the base, rejection, the recorded instant); the
room owns the rows. A room writes the items of a change under the key of a set that does not exist yet, then calls
``law.propose_content``. Its table of items carries the trigger ``law_content_items_closed``, so that the items of a set
never grow; the room keeps them from being changed or deleted.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.errors import Conflict


class Content(Protocol):
    """A kind of content; what it returns is asked of the database each time, never remembered."""

    @property
    def kind(self) -> str:
        """Its name, for example ``tariff.measures``; it is stored and never changes."""

    def count(self, session: Session, change_set_id: UUID) -> int:
        """Return how many changes the items of a set are."""

    def digest(self, session: Session, change_set_id: UUID) -> str:
        """Return a hash of all items of a set; approvals bind to it."""

    def base(self, session: Session, change_set_id: UUID) -> str:
        """Return a hash of what is in force where the items of a set would change something."""

    def take_force(self, session: Session, change_set_id: UUID, *, taken: datetime) -> None:
        """Write what the items say; ``taken`` is the recorded instant of all that is written or closed."""


class ContentUnknown(Conflict):
    """A change set carries content of a kind that this composition does not know."""

    code = "law.content-unknown"
    title = "This change cannot be decided here."
    detail = "It holds content of the kind “%(kind)s”, which this version of the platform does not know."
    hint = "Start the version that proposed it, or reject the change."


_known: dict[str, Content] = {}


def install(contents: Iterable[Content]) -> None:
    """Make the kinds of this composition known, in place of those that were known before."""
    found = {each.kind: each for each in contents}
    _known.clear()
    _known.update(found)


def content_of_kind(kind: str) -> Content:
    """
    Return a kind of content.

    :raises ContentUnknown: no room offers it.
    """
    found = _known.get(kind)
    if found is None:
        raise ContentUnknown(kind=kind)
    return found
