"""Facts that the tariff publishes."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.outbox import DomainEvent


@dataclass(frozen=True, slots=True)
class HeadingsChanged(DomainEvent):
    """Lines of the nomenclature were added, renamed or ended; one event names some hundred codes."""

    name: ClassVar[str] = "tariff.headings.changed"

    codes: str

    def keys(self) -> set[str]:
        """Return the codes."""
        return set(self.codes.split())
