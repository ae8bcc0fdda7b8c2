"""Rules that are only drafted: read from the law files, for what is expected is never in force and never loaded."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from app.core import law

_FILES = Path(__file__).parent.parent / "law"


@dataclass(frozen=True, slots=True)
class Drafted:
    """A drafted rule: what it is about, its figure and the remark of its source, by language."""

    key: str
    title: dict[str, str]
    value: law.LawValue


@cache
def _proposal() -> law.Proposal:
    return law.load_yaml(sorted(_FILES.glob("*.yaml")))


def drafted(today: date) -> list[Drafted]:
    """Return what is expected after a day."""
    proposal = _proposal()
    return [
        Drafted(value.key, dict(proposal.titles.get(value.key, {})), value)
        for _, value, hoped in law.upcoming(proposal, today=today)
        if hoped
    ]
