"""How much a file may be, and may become when it is opened."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """
    Technical limits of one door; none of them comes from a law.

    ``max_ratio`` is unpacked size over packed size of a whole Office file or of one of its large parts.
    """

    max_bytes: int = 50_000_000
    max_megapixels: int = 100
    max_entries: int = 5_000
    max_unpacked_bytes: int = 300_000_000
    max_ratio: int = 150
    pdf_seconds: int = 20
    pdf_memory_bytes: int = 1 << 30
