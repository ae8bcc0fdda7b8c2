"""The spatial check: what it says of a place, and what is kept of it."""

from decimal import Decimal
from typing import Any

import pytest

from app.investment.spatial.domain import (
    OUTCOMES,
    TITLES,
    Ground,
    Touched,
    Verdict,
    check,
    inputs_of,
)
from tests.investment.requests import request

PLACE = {"system": "WGS84", "points": [["106.811", "20.795"]]}


def area(code: str = "A-1", function: str = "PRODUCTION", share: str = "1", allowed: Any = None) -> Touched:
    return Touched(code, function, Decimal(share), allowed)


def ground(**changes: Any) -> Ground:
    facts: dict[str, Any] = {
        "area_m2": Decimal(25_000), "sites": {"S1": Decimal(1)}, "areas": (area(),), "nearest_site": "S1",
        "border_m": Decimal(120), "overlaps": 0,
    }  # fmt: skip
    return Ground(**{**facts, **changes})


def outcomes(found: Ground | None, **answers: Any) -> dict[str, str]:
    inputs = inputs_of(request(**{"place": PLACE, **answers}))
    return {finding.code: finding.outcome for finding in check(inputs, found)}


def test_a_place_that_fits_is_said_to_fit() -> None:
    assert outcomes(ground()) == {
        "SP-01": "inside", "SP-02": "same-site", "SP-03": "same-function", "SP-04": "no-industries",
        "SP-05": "no-overlap", "SP-06": "border", "SP-07": "area-fits",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"sites": {}, "areas": ()}, "SP-01", "outside"),
        ({"sites": {}, "areas": ()}, "SP-02", "no-site"),
        ({"sites": {}, "areas": ()}, "SP-03", "no-area"),
        ({"sites": {"S1": Decimal("0.4")}}, "SP-01", "partly"),
        ({"sites": {"S1": Decimal("0.5"), "S2": Decimal("0.5")}}, "SP-01", "inside"),
        ({"sites": {"S2": Decimal(1)}}, "SP-02", "other-site"),
        ({"areas": (area(function="PORT"),)}, "SP-03", "other-function"),
        ({"areas": (area(share="0.7"), area("A-2", "PORT", "0.3"))}, "SP-03", "partly-function"),
        ({"areas": (area(allowed=("VSIC2025:26",)),)}, "SP-04", "allowed"),
        ({"areas": (area(allowed=("27", "2610")),)}, "SP-04", "allowed"),
        ({"areas": (area(allowed=("27",)),)}, "SP-04", "not-allowed"),
        ({"areas": (area(allowed=()),)}, "SP-04", "not-allowed"),
        ({"areas": (area(allowed=("26",)), area("A-2"))}, "SP-04", "no-industries"),
        ({"overlaps": 2}, "SP-05", "overlap"),
        ({"area_m2": None}, "SP-07", "no-extent"),
        ({"area_m2": Decimal(26_250)}, "SP-07", "area-fits"),
        ({"area_m2": Decimal(26_251)}, "SP-07", "area-differs"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], code: str, outcome: str) -> None:
    assert outcomes(ground(**changes))[code] == outcome


@pytest.mark.parametrize(
    ("answers", "code"),
    [({"site": None}, "SP-02"), ({"functional_area": None}, "SP-03"), ({"land_area": None}, "SP-07")],
)
def test_what_the_form_does_not_say_yet_is_unknown(answers: dict[str, Any], code: str) -> None:
    assert outcomes(ground(), **answers)[code] == "not-named"


def test_without_place_or_map_nothing_is_claimed() -> None:
    assert set(outcomes(None, place=None).values()) == {"no-place"}
    assert set(outcomes(None).values()) == {"no-map"}


def test_a_code_that_the_form_spells_out_is_used() -> None:
    allowed = ground(areas=(area(allowed=("52",)),))
    assert outcomes(allowed, vsic="OTHER", vsic_other="5210")["SP-04"] == "allowed"


def test_every_outcome_has_a_sentence_that_its_params_fill() -> None:
    cases = [ground(), ground(sites={}, areas=()), ground(sites={"S2": Decimal("0.4")}, overlaps=1, area_m2=None),
             ground(areas=(area(function="PORT", allowed=("1",)),), area_m2=Decimal(1)),
             ground(areas=(area(share="0.5", allowed=("26",)),))]  # fmt: skip
    for case in cases:
        for finding in check(inputs_of(request(place=PLACE)), case):
            verdict, sentence = OUTCOMES[finding.outcome]
            assert sentence % finding.params
            assert finding.verdict is verdict
            assert finding.code in TITLES


def test_nothing_found_ever_refuses() -> None:
    assert {verdict for verdict, _ in OUTCOMES.values()} == set(Verdict)
    assert "FAIL" not in Verdict.__members__
