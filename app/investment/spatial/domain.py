"""What a spatial check looks at, and in which words it says what it found.

A finding never refuses a request: shapes may be illustrative, and an officer decides. What the data do not say is said
to be unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.core.i18n import N_


class Verdict(StrEnum):
    """How a finding weighs."""

    FITS = "FITS"
    LOOK = "LOOK"
    UNKNOWN = "UNKNOWN"
    FACT = "FACT"


TITLES: Mapping[str, str] = {
    "SP-01": N_("Inside the zone"),
    "SP-02": N_("The site that the form names"),
    "SP-03": N_("The functional area that the form names"),
    "SP-04": N_("Line of business allowed there"),
    "SP-05": N_("Common ground with registered projects"),
    "SP-06": N_("Distance to the border"),
    "SP-07": N_("Area asked for and area drawn"),
}

OUTCOMES: Mapping[str, tuple[Verdict, str]] = {
    "no-place": (Verdict.UNKNOWN, N_("Cannot be checked: the form gives no place.")),
    "no-map": (Verdict.UNKNOWN, N_("Cannot be checked: there is no map.")),
    "inside": (Verdict.FITS, N_("The place lies inside site %(sites)s.")),
    "partly": (
        Verdict.LOOK,
        N_("%(share)s %% of the place lies inside the zone (%(sites)s), the rest outside."),
    ),
    "outside": (Verdict.LOOK, N_("The place lies outside the zone; site %(nearest)s is the nearest.")),
    "same-site": (Verdict.FITS, N_("The form names site %(asked)s, and there the place lies.")),
    "other-site": (Verdict.LOOK, N_("The form names site %(asked)s, the place lies in %(sites)s.")),
    "no-site": (Verdict.LOOK, N_("The form names site %(asked)s, the place lies in no site.")),
    "not-named": (Verdict.UNKNOWN, N_("Cannot be checked: the form does not name it yet.")),
    "same-function": (Verdict.FITS, N_("The place lies in %(areas)s, which is for this.")),
    "partly-function": (Verdict.LOOK, N_("%(share)s %% of the place lies in an area for this (%(areas)s).")),
    "other-function": (Verdict.LOOK, N_("The place lies in %(areas)s, which is for something else.")),
    "no-area": (Verdict.LOOK, N_("The place lies in no functional area.")),
    "allowed": (Verdict.FITS, N_("%(areas)s allows industry %(industry)s.")),
    "not-allowed": (Verdict.LOOK, N_("%(areas)s does not list industry %(industry)s.")),
    "no-industries": (
        Verdict.UNKNOWN,
        N_("Cannot be checked: the map does not say which industries are allowed."),
    ),
    "no-overlap": (Verdict.FITS, N_("No registered project lies on the same ground.")),
    "overlap": (Verdict.LOOK, N_("Registered projects on the same ground: %(count)s.")),
    "border": (Verdict.FACT, N_("%(metres)s m to the border of site %(nearest)s.")),
    "no-extent": (Verdict.UNKNOWN, N_("Cannot be compared: the place is a point.")),
    "area-fits": (Verdict.FITS, N_("Asked for %(asked_ha)s ha, drawn %(drawn)s ha (%(difference)s %%).")),
    "area-differs": (Verdict.LOOK, N_("Asked for %(asked_ha)s ha, drawn %(drawn)s ha (%(difference)s %%).")),
}
# Params that are numbers and are written in the format of the reader's language.
NUMBERS = frozenset({"share", "count", "metres", "asked_ha", "drawn", "difference"})

# The platform's own: shapes drawn by hand differ a little from what was measured.
TOLERANCE_PERCENT = Decimal(5)
M2_PER_HA = 10_000


@dataclass(frozen=True, slots=True)
class Touched:
    """A functional area that the place touches; ``industries`` None when the map does not say."""

    code: str
    function: str
    share: Decimal
    industries: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What the map says about a place; ``area_m2`` None for a point, ``sites`` code to share of the place."""

    area_m2: Decimal | None
    sites: Mapping[str, Decimal]
    areas: Sequence[Touched]
    nearest_site: str
    border_m: Decimal
    overlaps: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: which question, what came out, and what its sentence needs."""

    code: str
    outcome: str
    params: Mapping[str, str]

    @property
    def verdict(self) -> Verdict:
        """Return how it weighs."""
        return OUTCOMES[self.outcome][0]

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"code": self.code, "outcome": self.outcome, "params": dict(self.params)}


def inputs_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that a check looks at; what is not answered is None."""
    return {
        name: answers.get(name)
        for name in ("place", "site", "functional_area", "vsic", "vsic_other", "land_area")
    }


def check(inputs: Mapping[str, Any], ground: Ground | None) -> list[Finding]:
    """
    Return every finding in the order of its code.

    :param ground: None when the form gives no place, or when there is no map.
    """
    if ground is None:
        outcome = "no-map" if inputs["place"] else "no-place"
        return [Finding(code, outcome, {}) for code in TITLES]
    found = (
        _inside(ground), _site(inputs, ground), _function(inputs, ground), _industry(inputs, ground), _overlap(ground),
        ("border", {"metres": str(ground.border_m), "nearest": ground.nearest_site}), _area(inputs, ground),
    )  # fmt: skip
    return [Finding(code, *each) for code, each in zip(TITLES, found, strict=True)]


_Found = tuple[str, dict[str, str]]


def _inside(ground: Ground) -> _Found:
    share, sites = sum(ground.sites.values(), Decimal(0)), ", ".join(ground.sites)
    if not ground.sites:
        return "outside", {"nearest": ground.nearest_site}
    # The share is rounded to a hundredth of a percent.
    if share > Decimal("0.9999"):
        return "inside", {"sites": sites}
    return "partly", {"share": _percent(share), "sites": sites}


def _site(inputs: Mapping[str, Any], ground: Ground) -> _Found:
    asked = inputs["site"]
    if not asked:
        return "not-named", {}
    if not ground.sites:
        return "no-site", {"asked": asked}
    if set(ground.sites) == {asked}:
        return "same-site", {"asked": asked}
    return "other-site", {"asked": asked, "sites": ", ".join(ground.sites)}


def _function(inputs: Mapping[str, Any], ground: Ground) -> _Found:
    asked = inputs["functional_area"]
    if not asked:
        return "not-named", {}
    if not ground.areas:
        return "no-area", {}
    fitting = [area for area in ground.areas if area.function == asked]
    if not fitting:
        return "other-function", {"areas": _codes(ground.areas)}
    share = sum((area.share for area in fitting), Decimal(0))
    if share > Decimal("0.9999"):
        return "same-function", {"areas": _codes(fitting)}
    return "partly-function", {"share": _percent(share), "areas": _codes(fitting)}


def _industry(inputs: Mapping[str, Any], ground: Ground) -> _Found:
    industry = inputs["vsic_other"] if inputs["vsic"] == "OTHER" else inputs["vsic"]
    if not ground.areas or any(area.industries is None for area in ground.areas):
        return "no-industries", {}
    if not industry:
        return "not-named", {}
    code = str(industry).rpartition(":")[2]
    refusing = [
        area for area in ground.areas
        if not any(code.startswith(start.rpartition(":")[2]) for start in area.industries or ())
    ]  # fmt: skip
    outcome = "not-allowed" if refusing else "allowed"
    return outcome, {"areas": _codes(refusing or ground.areas), "industry": code}


def _overlap(ground: Ground) -> _Found:
    return ("overlap", {"count": str(ground.overlaps)}) if ground.overlaps else ("no-overlap", {})


def _area(inputs: Mapping[str, Any], ground: Ground) -> _Found:
    if ground.area_m2 is None:
        return "no-extent", {}
    if not inputs["land_area"]:
        return "not-named", {}
    asked = Decimal(inputs["land_area"])
    difference = (ground.area_m2 / asked - 1) * 100
    outcome = "area-fits" if abs(difference) <= TOLERANCE_PERCENT else "area-differs"
    sign = "+" if difference > 0 else ""
    return outcome, {
        "asked_ha": _hectares(asked), "drawn": _hectares(ground.area_m2),
        "difference": sign + f"{difference.quantize(Decimal('0.1')):f}",
    }  # fmt: skip


def _codes(areas: Sequence[Touched]) -> str:
    return ", ".join(sorted(area.code for area in areas))


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.1')):f}"


def _hectares(square_metres: Decimal) -> str:
    return f"{(square_metres / M2_PER_HA).quantize(Decimal('0.01')):f}"
