"""When the last backup, drill, erasure and sweep were, as the operations page tells it: ``<var>/operations.json``."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Act = Literal["backup", "drill", "restored", "erasure", "sweep"]


def note(var: Path, act: Act, *, at: datetime, **facts: Any) -> None:
    """Remember the last act of a kind; the file is replaced in one step and only its owner can read it."""
    path = _path(var)
    content = {**read_record(var), act: {"at": at.isoformat(timespec="seconds"), **facts}}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)


def read_record(var: Path) -> dict[str, dict[str, Any]]:
    """Return the last act of each kind that there was: ``{"backup": {"at": …, …}, "drill": …}``."""
    try:
        content = json.loads(_path(var).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _path(var: Path) -> Path:
    return var / "operations.json"
