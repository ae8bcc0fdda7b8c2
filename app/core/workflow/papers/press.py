"""What making a paper takes."""

from dataclasses import dataclass

from app.core.documents.signing import DevelopmentAuthority
from app.core.documents.store import FileStore
from app.core.settings.zone import ZoneConfig


@dataclass(frozen=True, slots=True)
class Press:
    """Where files go, whose keys sign, for which zone, and under which address papers can be verified."""

    store: FileStore
    signing: DevelopmentAuthority
    zone: ZoneConfig
    origin: str
