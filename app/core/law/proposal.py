"""A proposal: what the YAML files of a release say the law is, with every fault that they have.

A file holds law values by key, and may hold instruments::

    instruments:
      decree-96-2026:
        {kind: DECREE, number: 96/2026/NĐ-CP, title: {vi: …, en: …}, in_force_from: 2026-03-31, status: CITED}
    investment.irc.limit:
      description: {vi: …, en: …}
      unit: duration
      values:
        - from: 2026-03-31          # half-open: holds until `to`, or until the next entry
          value: {amount: "10", unit: working_day}
          source: {instrument: decree-96-2026, article: "39"}
          status: CITED             # CITED | ASSUMED | EXPECTED
        - day: 2026-11-24           # short for one single day

An EXPECTED entry announces a change that is not law yet: it is listed under what comes next and never takes force.
Reading a proposal touches no database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from app.core.errors import FieldProblem, Invalid
from app.core.law.book import LawValue, Status
from app.core.law.units import Text


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, decree, circular or decision; days that nobody could confirm are left empty."""

    id: str
    kind: str
    number: str
    title: Text
    status: Status
    issued_on: date | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A value that is announced for a day to come but is not law yet."""

    key: str
    start: date
    value: LawValue


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a file: where, a stable code, why, and how to mend it."""

    file: str
    key: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.reason} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that some files say together; ``problems`` must be empty before it can be proposed."""

    files: tuple[str, ...]
    instruments: Mapping[str, Instrument] = field(default_factory=lambda: MappingProxyType({}))
    titles: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, tuple[LawValue, ...]] = field(default_factory=lambda: MappingProxyType({}))
    expected: tuple[Expected, ...] = ()
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def all_values(self) -> Iterable[LawValue]:
        """Yield every value, key by key in their order, each key by date."""
        for key in sorted(self.values):
            yield from self.values[key]


class LawProposalInvalid(Invalid):
    """The files of a proposal have faults; ``errors`` lists every one with file and key."""

    code = "law.proposal-invalid"
    title = "The legal values that were proposed have faults."
    hint = "Correct the files that are listed and load them again; nothing has been changed."

    def __init__(self, problems: Iterable[Problem]) -> None:
        errors = [FieldProblem(f"{p.file}: {p.key}", p.code, p.reason) for p in problems]
        super().__init__(errors=errors)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {error.name}: {error.reason}" for error in self.errors)])


def check(proposal: Proposal, *, known_instruments: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """
    Return all faults of a proposal, those of single files and those between files.

    :param known_instruments: ids that the database holds already and that files may cite.
    """
    known = known_instruments | proposal.instruments.keys()
    dangling = (
        Problem(
            proposal.origins.get(value.key, ""),
            value.key,
            "law.unknown-instrument",
            f"the source “{value.instrument}” is no instrument; add it to an instruments: section",
        )
        for value in [*proposal.all_values(), *(entry.value for entry in proposal.expected)]
        if value.instrument is not None and value.instrument not in known
    )
    return tuple(dict.fromkeys([*proposal.problems, *dangling]))


def upcoming(proposal: Proposal, *, today: date) -> list[tuple[date, LawValue, bool]]:
    """List what changes after a day as (day, value, expected only), nearest first."""
    sure = [(value.valid.start, value, False) for value in proposal.all_values() if value.valid.start > today]
    hoped = [(entry.start, entry.value, True) for entry in proposal.expected if entry.start > today]
    return sorted([*sure, *hoped], key=lambda found: (found[0], found[1].key, found[2]))
