"""
The key ring of this process: where the key file of personal data is.

It is bound once when the process is composed, as a log is. Sealed values name their key, so a process that was bound
to another file covers them instead of opening something else.
"""

from pathlib import Path

from app.core.privacy.box import SecretsBox

KEY_FILE = "personal.key"
_bound: dict[str, SecretsBox] = {}


def bind_keys(secrets_dir: Path) -> SecretsBox:
    """Bind this process to the key file of an installation, which is made when there is none, and return it."""
    _bound["box"] = SecretsBox(secrets_dir / KEY_FILE)
    return _bound["box"]


def key_box() -> SecretsBox:
    """
    Return the keys of this process.

    :raises RuntimeError: the process was composed without them.
    """
    try:
        return _bound["box"]
    except KeyError:
        raise RuntimeError("No key file of personal data is bound: call bind_keys first.") from None


def has_keys() -> bool:
    """Tell whether this process can open anything."""
    return "box" in _bound
