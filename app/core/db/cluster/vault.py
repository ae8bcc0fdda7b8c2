"""The secrets of an instance as JSON files that only their owner can read."""

import json
import os
from pathlib import Path
from typing import Any


class Vault:
    """The directory ``<var>/secrets`` (0700) and its files (0600)."""

    def __init__(self, var: Path) -> None:
        self.folder = var / "secrets"

    def make(self) -> None:
        """Make the directory."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_uid == os.geteuid():
            self.folder.chmod(0o700)

    def read(self, name: str) -> dict[str, Any]:
        """Return a file's content, empty when there is no such file."""
        path = self.folder / name
        if not path.exists():
            return {}
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replace a file in one step: a crash leaves the old one or the new one, never half of one."""
        draft = self.folder / f".{name}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        (self.folder / name).unlink(missing_ok=True)
