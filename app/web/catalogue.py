"""The catalogues of procedures that modules bring: read once, and how each procedure is called in short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import Request

from app.core.i18n import LocalText
from app.core.workflow.definition import Definition


@cache
def read_catalogue(file: Path) -> list[dict[str, Any]]:
    """Return the entries of a catalogue."""
    entries: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return entries


@dataclass(frozen=True, slots=True)
class ShortNames:
    """What procedures are called where room is short."""

    names: Mapping[str, LocalText]

    def of(self, definition: Definition) -> LocalText:
        """Return the short name of a procedure, or its title where its catalogue gives none."""
        return self.names.get(definition.code, definition.title)


def short_names(request: Request) -> ShortNames:
    """Return the short names of all procedures that are online."""
    return _short_names(tuple(request.app.state.catalogue))


@cache
def _short_names(files: Sequence[Path]) -> ShortNames:
    entries = (entry for file in files for entry in read_catalogue(file))
    return ShortNames({entry["online"]: entry["short"] for entry in entries if "short" in entry})
