"""
Personal data: sealed where stored, covered where shown, opened for a recorded purpose, erased in time.

``Sealer`` seals the values of a holder; ``opened`` and ``opens_on_load`` open them, still covered; a reader's page
records the reading (``record_reading``) before it takes the cover off (``app.core.kit.personal.reveal``).
"""

from app.core.privacy.box import NotOpened, SecretsBox, UnsafeKeyFile
from app.core.privacy.erasing import erase_holders
from app.core.privacy.models import BlindIndex, DataKey, Reading
from app.core.privacy.readings import (
    CHOSEN,
    PURPOSES,
    Purpose,
    PurposeMissing,
    Read,
    ReadingKind,
    readings_of,
    recent_reading,
    record_reading,
)
from app.core.privacy.ring import bind_keys, key_box
from app.core.privacy.rotation import reseal
from app.core.privacy.sealing import Holder, Sealer, find, opened, opens_on_load

__all__ = [
    "CHOSEN",
    "PURPOSES",
    "BlindIndex",
    "DataKey",
    "Holder",
    "NotOpened",
    "Purpose",
    "PurposeMissing",
    "Read",
    "Reading",
    "ReadingKind",
    "Sealer",
    "SecretsBox",
    "UnsafeKeyFile",
    "bind_keys",
    "erase_holders",
    "find",
    "key_box",
    "opened",
    "opens_on_load",
    "readings_of",
    "recent_reading",
    "record_reading",
    "reseal",
]
