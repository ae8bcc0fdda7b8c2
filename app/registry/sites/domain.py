"""The file of a zone's map: what it must hold, read with every fault named."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.evidence import canonical_json
from app.core.geo import GeoFault, Ring, read_polygon
from app.core.i18n import N_

Text = Mapping[str, str]

# What a functional area is for, as the decision on the zone names it.
FUNCTIONS: Mapping[str, str] = {
    "PRODUCTION": N_("Production"),
    "PORT": N_("Port and port logistics"),
    "LOGISTICS": N_("Logistics centre"),
    "TRADE": N_("Trade and services"),
    "OTHER": N_("Another function"),
}
STATUSES = ("ILLUSTRATIVE", "OFFICIAL")
MAX_FEATURES = 5_000


class MapFileFaulty(ValueError):
    """The file of the map cannot be taken in; ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class AnnouncedSite:
    """A site as the zone's configuration names it; ``area_ha`` in hectares as announced."""

    code: str
    name: Text
    area_ha: Decimal


@dataclass(frozen=True, slots=True)
class DrawnSite:
    """A site with its rings in degrees."""

    code: str
    rings: Sequence[Ring]


@dataclass(frozen=True, slots=True)
class DrawnArea:
    """A functional area with its rings in degrees; ``industries`` None when the data do not say."""

    code: str
    site: str
    function: str
    name: Text
    industries: Sequence[str] | None
    rings: Sequence[Ring]


@dataclass(frozen=True, slots=True)
class MapFile:
    """A map as its file has it."""

    hash: str
    status: str
    as_of: date
    source: Text
    sites: tuple[DrawnSite, ...]
    areas: tuple[DrawnArea, ...]


def read_map(text: str, announced: Sequence[str]) -> MapFile:
    """
    Read the file of a map.

    :param announced: codes of the sites that the zone has; each must be drawn, and no other.
    :raises MapFileFaulty: listing all faults.
    """
    try:
        document = json.loads(text)
        source = document["source"]
        status, as_of, features = source["status"], date.fromisoformat(source["as_of"]), document["features"]
        words = {lang: str(source["text"][lang]) for lang in ("vi", "en")}
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise MapFileFaulty([f"no GeoJSON with a source (status, as_of, text): {fault!r}"]) from None
    faults = [] if status in STATUSES else [f"source: status {status!r} is not one of {', '.join(STATUSES)}"]
    if not isinstance(features, list) or len(features) > MAX_FEATURES:
        raise MapFileFaulty([f"features: a list of at most {MAX_FEATURES} is needed"])
    sites: list[DrawnSite] = []
    areas: list[DrawnArea] = []
    for number, feature in enumerate(features):
        try:
            drawn = _feature(feature)
        except (GeoFault, KeyError, TypeError, ValueError) as fault:
            faults.append(f"feature {number}: {fault if isinstance(fault, GeoFault) else repr(fault)}")
        else:
            (sites if isinstance(drawn, DrawnSite) else areas).append(drawn)  # type: ignore[arg-type]
    faults += _disagreements(sites, areas, announced)
    if faults:
        raise MapFileFaulty(faults)
    return MapFile(_digest(text), status, as_of, words, tuple(sites), tuple(areas))


def _feature(feature: Mapping[str, Any]) -> DrawnSite | DrawnArea:
    about = feature["properties"]
    rings = read_polygon(feature["geometry"])
    if about["kind"] == "SITE":
        return DrawnSite(about["code"], rings)
    if about["kind"] != "AREA" or about["function"] not in FUNCTIONS:
        raise GeoFault(f"kind {about['kind']!r} with function {about.get('function')!r} is not known")
    allowed = about.get("industries")
    if allowed is not None and not (
        isinstance(allowed, list) and all(isinstance(each, str) for each in allowed)
    ):
        raise GeoFault("industries: a list of beginnings of codes, or null")
    name = {lang: str(about["name"][lang]) for lang in ("vi", "en")}
    return DrawnArea(about["code"], about["site"], about["function"], name, allowed, rings)


def _disagreements(
    sites: Sequence[DrawnSite], areas: Sequence[DrawnArea], announced: Sequence[str]
) -> list[str]:
    drawn = [site.code for site in sites]
    faults = [f"site {code} is not drawn" for code in announced if code not in drawn]
    faults += [f"site {code} is not one of the zone" for code in drawn if code not in announced]
    codes = drawn + [area.code for area in areas]
    faults += [
        f"code {code} stands twice" for code in sorted({code for code in codes if codes.count(code) > 1})
    ]
    faults += [f"area {area.code}: no site {area.site}" for area in areas if area.site not in drawn]
    return faults


def _digest(text: str) -> str:
    """Return the digest of the content: spelling and order of keys do not count, digits of numbers do."""
    return hashlib.sha256(canonical_json(json.loads(text, parse_float=str))).hexdigest()
