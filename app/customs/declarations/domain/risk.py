"""
An indication of risk: weighted conditions over what is known of a firm and a declaration, with every step explained.

It is advice to an officer of the zone. The official channel is the authority's, and nothing here moves a declaration.
Unknown is not false: a factor whose facts are missing adds nothing and is shown as unknown with what it lacks. Weights,
conditions and bands are values of the law mechanism; what is kept of an indication replays without asking it again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from app.core.kit.conditions import Condition, Result, Sentence, Truth, dump, evaluate, explain, parse
from app.core.law.book import LawValue, Status

FILE = Path(__file__).parent / "data" / "risk.yaml"
FACTORS = "customs.risk.factor."
BANDS: Mapping[str, "Band"]
Text = Mapping[str, str]


class Band(StrEnum):
    """In which of three bands a score lies."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


# Where the law mechanism says from which score a band begins; the lowest begins at nothing.
BANDS = {"customs.risk.band.medium": Band.MEDIUM, "customs.risk.band.high": Band.HIGH}


# How far facts look back, in calendar days: notes of inspections; what counts as one month of acquaintance.
FINDINGS_WINDOW, MONTH = "customs.risk.window.findings", "customs.risk.window.month"
WINDOWS = (FINDINGS_WINDOW, MONTH)


@dataclass(frozen=True, slots=True)
class Factor:
    """
    One weighted condition with its words. ``open``: the firm sees it.

    ``effort`` ranks the lawful ways to improve; 0: none. ``source`` is the content hash of the approved value.
    """

    code: str
    weight: int
    open: bool
    title: Text
    when: Condition
    improve: Text
    effort: int
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """
    The factors that count on a day. ``version`` names their exact content, ``since`` the newest of them.

    ``windows``: days by the keys of ``WINDOWS``; a fact whose window is missing is unknown.
    """

    version: str
    since: date
    assumed: bool
    bands: tuple[tuple[int, Band], ...]
    factors: tuple[Factor, ...]
    windows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A factor with its answer: its points count when the answer is True."""

    factor: Factor
    result: Result

    @property
    def value(self) -> Truth:
        """Whether the factor is there; None: not known."""
        return self.result.value

    @property
    def points(self) -> int:
        """What it adds to the score."""
        return self.factor.weight if self.value is True else 0

    def sentence(self, lang: Literal["vi", "en"]) -> Sentence:
        """Return how the answer came about, in a language."""
        return explain(self.result, lang, labels())


@dataclass(frozen=True, slots=True)
class Indication:
    """A score from 0 to 100 with every factor that led to it, and those that are not known."""

    rules: Rules
    facts: Mapping[str, Any]
    score: int
    band: Band
    factors: tuple[Weighed, ...]

    def open_to_firm(self) -> tuple[Weighed, ...]:
        """Return the factors that the firm sees."""
        return tuple(each for each in self.factors if each.factor.open)

    def ways(self) -> tuple[Weighed, ...]:
        """Return what the firm can lawfully do, the least effort for the most points first."""
        found = [each for each in self.open_to_firm() if each.points > 0 and each.factor.effort]
        return tuple(sorted(found, key=lambda each: (each.factor.effort, -each.points, each.factor.code)))

    def kept(self) -> dict[str, Any]:
        """Return the indication as it is recorded: all that ``replay`` needs to come to the same again."""
        return {
            "score": self.score,
            "band": self.band.value,
            "version": self.rules.version,
            "since": self.rules.since.isoformat(),
            "assumed": self.rules.assumed,
            "bands": [[start, band.value] for start, band in self.rules.bands],
            # What was kept before windows were values of the law has none, and replays to the same.
            **({"windows": dict(self.rules.windows)} if self.rules.windows else {}),
            "facts": {group: dict(facts) for group, facts in self.facts.items()},
            "factors": [
                {
                    "code": each.factor.code,
                    "weight": each.factor.weight,
                    "when": dump(each.factor.when),
                    "source": each.factor.source,
                    "value": each.value,
                    "points": each.points,
                    "missing": list(each.result.missing),
                    "vi": each.sentence("vi").to_json(),
                    "en": each.sentence("en").to_json(),
                }
                for each in self.factors
            ],
        }


def weigh(facts: Mapping[str, Any], rules: Rules, *, only_open: bool = False) -> Indication:
    """
    Weigh the factors of a version.

    :param only_open: leave the officers' factors out, also of the score: a firm's own view tells nothing about them.
    """
    chosen = [each for each in rules.factors if each.open or not only_open]
    weighed = tuple(Weighed(each, evaluate(each.when, facts)) for each in chosen)
    score = min(100, max(0, sum(each.points for each in weighed)))
    band = [band for start, band in rules.bands if score >= start][-1]
    return Indication(rules, facts, score, band, weighed)


def replay(kept: Mapping[str, Any]) -> Indication | None:
    """Weigh again what was kept, by the conditions and weights of then; None where too little was kept."""
    if "facts" not in kept:
        return None
    rules = Rules(
        version=kept["version"], since=date.fromisoformat(kept["since"]), assumed=kept["assumed"],
        bands=tuple((start, Band(band)) for start, band in kept["bands"]),
        factors=tuple(
            _factor(each["code"], each["weight"], parse(each["when"]), each["source"]) for each in kept["factors"]
        ),
        windows=kept.get("windows", {}),
    )  # fmt: skip
    return weigh(kept["facts"], rules)


def rules_of(
    values: Sequence[LawValue], starts: Mapping[str, LawValue], windows: Mapping[str, LawValue]
) -> Rules | None:
    """
    Make the rules from the values of the law that hold on a day.

    :param values: weighted conditions, by keys that begin with ``FACTORS``.
    :param starts: where the bands begin, by the keys of ``BANDS``.
    :param windows: how far facts look back, by the keys of ``WINDOWS``.
    :return: None where a band or every factor is missing: then nothing can be indicated.
    """
    if not values or set(starts) != set(BANDS):
        return None
    used = [*values, *starts.values(), *windows.values()]
    digest = hashlib.sha256("".join(sorted(each.content_hash for each in used)).encode()).hexdigest()
    since = max(each.valid.start for each in used)
    return Rules(
        version=f"{since.isoformat()}-{digest[:8]}",
        since=since,
        assumed=any(each.status is Status.ASSUMED for each in used),
        bands=((0, Band.LOW), *sorted((int(starts[key].decimal()), band) for key, band in BANDS.items())),
        factors=_in_order(tuple(_of_value(each) for each in values)),
        windows={key: windows[key].days() for key in WINDOWS if key in windows},
    )


def labels() -> Mapping[str, Text]:
    """Return the names of facts for explanations."""
    names: Mapping[str, Text] = _read()["labels"]
    return names


def window_names() -> Mapping[str, Text]:
    """Return what each window is called."""
    names: Mapping[str, Text] = _read()["windows"]
    return names


def known_factors() -> Mapping[str, Mapping[str, Any]]:
    """Return the words of factors by code."""
    words: Mapping[str, Mapping[str, Any]] = _read()["factors"]
    return words


@cache
def _read() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def _of_value(value: LawValue) -> Factor:
    content = value.value
    assert isinstance(content, dict), "the unit of the value makes sure of it"
    code = value.key.removeprefix(FACTORS).upper()
    return _factor(code, int(str(content["points"])), parse(content["when"]), value.content_hash)


def _in_order(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
    order = list(known_factors())
    return tuple(
        sorted(
            factors,
            key=lambda each: (order.index(each.code) if each.code in order else len(order), each.code),
        )
    )


def _factor(code: str, weight: int, when: Condition, source: str) -> Factor:
    """Return a factor with its words; one without words is the officers' own and goes by its code."""
    words = known_factors().get(code) or {"open": False, "title": {"vi": code, "en": code}}
    improve = words.get("improve") or {"text": {}, "effort": 0}
    return Factor(
        code=code, weight=weight, open=words["open"], title=words["title"], when=when, improve=improve["text"],
        effort=improve["effort"], source=source,
    )  # fmt: skip
