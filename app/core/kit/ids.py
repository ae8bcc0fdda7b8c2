"""Identifiers: UUIDv7 keys (RFC 9562 §5.7) that nobody sees: making them, reading them, and nothing else."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """
    Make a time-ordered UUID: 48 bits of Unix milliseconds, then 74 random bits.

    Python 3.11 has none of its own. Keys made within one millisecond are not ordered among
    themselves; nothing relies on that.
    """
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def key_of(text: str) -> uuid.UUID | None:
    """Return the key that a text holds, ``None`` when it holds none; an address or a message may say anything."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
