"""Reading the YAML files of a release into a proposal. Every fault is collected; none stops the reading."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.kit.ranges import Period
from app.core.law.book import LawValue, Status, law_value
from app.core.law.proposal import Expected, Instrument, Problem, Proposal
from app.core.law.units import LANGUAGES, Text, fault, is_bounded, unit_names

_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_INSTRUMENT_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_Kind = Literal["LAW", "RESOLUTION", "DECREE", "CIRCULAR", "DECISION"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Source(_Strict):
    instrument: str = ""
    article: str = ""


class _Entry(_Strict):
    start: date | None = Field(default=None, alias="from")
    to: date | None = None
    day: date | None = None
    value: Any
    source: _Source = _Source()
    status: Literal["CITED", "ASSUMED", "EXPECTED"]
    note: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Dated:
    start: date
    end: date | None
    entry: _Entry


class _Key(_Strict):
    description: dict[str, str]
    unit: str
    values: list[Any]


class _Instrument(_Strict):
    kind: _Kind
    number: str
    title: dict[str, str]
    issued_on: date | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    status: Literal["CITED", "ASSUMED"]
    note: dict[str, str] | None = None


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: only true and false are booleans, and a key stands once in a mapping."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _word in ("true", "false"):
    _Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(f"^{_word}$"), [_word[0]])


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [key.value for key, _ in node.value]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise yaml.constructor.ConstructorError(
            None, None, f"the key {', '.join(twice)} stands twice", node.start_mark
        )
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@dataclass(slots=True)
class _Reading:
    instruments: dict[str, Instrument] = field(default_factory=dict)
    titles: dict[str, Text] = field(default_factory=dict)
    values: dict[str, tuple[LawValue, ...]] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)

    def blame(self, file: str, key: str, code: str, reason: str) -> None:
        self.problems.append(Problem(file, key, f"law.{code}", reason))


def law_files(app_dir: Path) -> list[Path]:
    """Return the law files of a release below the package directory: the kernel's, then those of each module."""
    kernel = app_dir / "core" / "law"
    modules = [path for path in sorted(app_dir.glob("**/law/*.yaml")) if kernel != path.parent]
    return [*sorted(kernel.glob("values/*.yaml")), *modules]


def load_yaml(paths: Iterable[Path]) -> Proposal:
    """
    Read law files into one proposal. Faults are in ``problems``, each with file and key; nothing is raised for them.

    :raises OSError: a file cannot be read.
    """
    reading = _Reading()
    files = list(dict.fromkeys(paths))
    for path in files:
        _read_file(reading, path)
    return Proposal(
        files=tuple(path.name for path in files),
        instruments=MappingProxyType(reading.instruments),
        titles=MappingProxyType(reading.titles),
        values=MappingProxyType(reading.values),
        expected=tuple(reading.expected),
        problems=tuple(reading.problems),
        origins=MappingProxyType(reading.origins),
    )


def _read_file(reading: _Reading, path: Path) -> None:
    name = path.name
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        return reading.blame(name, "-", "yaml", f"is no readable YAML: {' '.join(str(error).split())}")
    if not isinstance(content, dict):
        return reading.blame(name, "-", "yaml", "holds no mapping of keys")
    for key, body in content.items():
        if key == "instruments":
            _read_instruments(reading, name, body)
        else:
            _read_key(reading, name, str(key), body)
    return None


def _read_instruments(reading: _Reading, file: str, body: Any) -> None:
    if not isinstance(body, dict):
        return reading.blame(file, "instruments", "shape", "is a mapping from id to instrument")
    for ident, raw in body.items():
        where = f"instruments.{ident}"
        parsed = _parse(reading, file, where, _Instrument, raw)
        if parsed is None:
            continue
        if not _INSTRUMENT_ID.fullmatch(str(ident)):
            reading.blame(
                file, where, "key", "an id is lower case words with hyphens, such as decree-96-2026"
            )
        if ident in reading.instruments:
            reading.blame(file, where, "twice", "is described in two places; keep one")
        _check_texts(reading, file, where, parsed.title, parsed.note)
        if parsed.in_force_from and parsed.in_force_to and parsed.in_force_to <= parsed.in_force_from:
            reading.blame(file, where, "dates", "ends before it is in force")
        if parsed.status == "ASSUMED" and not parsed.note:
            reading.blame(file, where, "note", "is ASSUMED: a note must say what was not confirmed")
        reading.instruments[ident] = Instrument(
            id=str(ident), **{**parsed.model_dump(), "status": Status(parsed.status)}
        )
    return None


def _read_key(reading: _Reading, file: str, key: str, body: Any) -> None:
    parsed = _parse(reading, file, key, _Key, body)
    if parsed is None:
        return None
    if not _KEY.fullmatch(key):
        reading.blame(file, key, "key", "a key is lower case words with dots, such as investment.irc.limit")
    if key in reading.origins:
        return reading.blame(file, key, "twice", f"stands in {reading.origins[key]} as well; keep one")
    reading.origins[key] = file
    _check_texts(reading, file, key, parsed.description, None)
    if parsed.unit not in unit_names():
        return reading.blame(file, key, "unit", str(fault(parsed.unit, None)))
    entries = [
        entry
        for position, raw in enumerate(parsed.values, start=1)
        if (entry := _read_entry(reading, file, f"{key} (entry {position})", raw, parsed.unit)) is not None
    ]
    _place(reading, file, key, parsed.unit, entries)
    reading.titles[key] = parsed.description
    return None


def _read_entry(reading: _Reading, file: str, where: str, raw: Any, unit: str) -> _Dated | None:
    entry = _parse(reading, file, where, _Entry, raw)
    if entry is None:
        return None
    start = entry.day or entry.start
    end = entry.day + timedelta(days=1) if entry.day else entry.to
    found = _faulty_days(entry, start, end, bounded=is_bounded(unit))
    reason = fault(unit, entry.value)
    if found is not None:
        reading.blame(file, where, "dates", found)
    if reason is not None:
        reading.blame(file, where, "value", reason)
    _check_trust(reading, file, where, entry)
    return None if start is None or found or reason else _Dated(start, end, entry)


def _faulty_days(entry: _Entry, start: date | None, end: date | None, *, bounded: bool) -> str | None:
    if start is None or (entry.day is not None and (entry.start or entry.to)):
        return "needs either from: (and to:), or day:"
    if end is not None and end <= start:
        return f"ends on {end}, before it begins on {start}"
    if bounded and end is None:
        return "needs day: or to:, a day off does not hold for ever"
    return None


def _check_trust(reading: _Reading, file: str, where: str, entry: _Entry) -> None:
    _check_texts(reading, file, where, entry.note)
    if entry.status == "CITED" and not entry.source.instrument:
        reading.blame(file, where, "source", "is CITED: source.instrument must name where it was read")
    if entry.status == "ASSUMED" and not entry.note:
        reading.blame(file, where, "note", "is ASSUMED: a note must say what was not confirmed")


def _place(reading: _Reading, file: str, key: str, unit: str, entries: Sequence[_Dated]) -> None:
    """Turn entries into values: an entry without an end holds until the next one."""
    firm = sorted(
        (found for found in entries if found.entry.status != "EXPECTED"), key=lambda found: found.start
    )
    values: list[LawValue] = []
    for found, later in zip_longest(firm, firm[1:]):
        following = later.start if later else None
        if following is not None and (following == found.start or (found.end and found.end > following)):
            reading.blame(file, key, "overlap", f"two entries hold on {following}")
            continue
        values.append(_value(key, unit, found.entry, Period(found.start, found.end or following)))
    reading.values[key] = tuple(values)
    last = max((found.start for found in firm), default=None)
    for found in (found for found in entries if found.entry.status == "EXPECTED"):
        if last is not None and found.start <= last:
            reading.blame(file, key, "expected", f"what is expected for {found.start} is not in the future")
        announced = _value(key, unit, found.entry, Period(found.start, found.end))
        reading.expected.append(Expected(key, found.start, announced))


def _value(key: str, unit: str, entry: _Entry, period: Period) -> LawValue:
    return law_value(
        key=key,
        value=entry.value,
        unit=unit,
        valid=period,
        status=Status.ASSUMED if entry.status == "EXPECTED" else Status(entry.status),
        instrument=entry.source.instrument,
        article=entry.source.article,
        note=entry.note,
    )


def _check_texts(reading: _Reading, file: str, where: str, *texts: dict[str, str] | None) -> None:
    for text in texts:
        if text is not None and (set(text) != set(LANGUAGES) or not all(map(str.strip, text.values()))):
            reading.blame(file, where, "text", "texts are given in vi and en, both not empty")


_Model = TypeVar("_Model", bound=BaseModel)


def _parse(reading: _Reading, file: str, where: str, model: type[_Model], raw: Any) -> _Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            path = ".".join(map(str, found["loc"])) or "it"
            reading.blame(file, where, "shape", f"{path}: {found['msg']}")
        return None
