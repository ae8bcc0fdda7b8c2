"""Indications of risk: weights, unknown facts, what a firm sees, the replay, and the soundness of every condition."""

import json
from datetime import date
from typing import Any

from app.core import law
from app.core.kit.conditions import FieldKind, FieldType, check
from app.core.law import LawValue
from app.customs.declarations.domain.risk import (
    BANDS,
    FACTORS,
    FILE,
    WINDOWS,
    Band,
    Rules,
    known_factors,
    labels,
    replay,
    rules_of,
    weigh,
    window_names,
)

LAW = law.load_yaml([FILE.parents[2] / "law" / "risk.yaml"])
VALUES = [each for each in LAW.values.values() for each in each]
CALM = {
    "firm": {
        "months": 30, "cleared": 25, "amended_share": 0, "refused_share": 0, "overdue_debt": False,
        "open_differences": 0, "findings": 0, "questions_open": 0,
    },
    "declaration": {"papers_missing": 0, "lines": 3, "preference": False, "new_codes": 0},
}  # fmt: skip
STARTS = {each.key: each for each in VALUES if each.key in BANDS}
LENGTHS = {each.key: each for each in VALUES if each.key in WINDOWS}
CONDITIONS = [each for each in VALUES if each.key.startswith(FACTORS)]


def rules(values: list[LawValue] | None = None) -> Rules:
    found = rules_of(CONDITIONS if values is None else values, STARTS, LENGTHS)
    assert found is not None
    return found


def facts(**firm: Any) -> dict[str, Any]:
    return {"firm": {**CALM["firm"], **firm}, "declaration": CALM["declaration"]}


def test_a_good_record_scores_nothing() -> None:
    found = weigh(CALM, rules())
    assert (found.score, found.band, found.ways()) == (0, Band.LOW, ())


def test_points_add_up_and_the_cheapest_way_comes_first() -> None:
    found = weigh(facts(months=2, cleared=0, overdue_debt=True, open_differences=2), rules())
    assert (found.score, found.band) == (60, Band.HIGH)
    assert [each.factor.code for each in found.ways()] == ["OPEN_DIFFERENCES", "OVERDUE_DEBT", "NEW_FIRM"]


def test_windows_are_values_of_the_law_and_part_of_the_version() -> None:
    assert set(LENGTHS) == set(WINDOWS) == set(window_names())
    assert all(each.status is law.Status.ASSUMED and each.note for each in LENGTHS.values())
    without = rules_of(CONDITIONS, STARTS, {})
    assert without is not None
    assert without.version != rules().version
    kept = weigh(CALM, rules()).kept()
    assert kept["windows"] == {key: LENGTHS[key].days() for key in WINDOWS}
    # What was kept before the windows were values replays to itself.
    old = weigh(CALM, without).kept()
    again = replay(json.loads(json.dumps(old)))
    assert again is not None
    assert again.kept() == old
    assert "windows" not in old


def test_unknown_is_not_false_and_adds_nothing() -> None:
    found = weigh(facts(overdue_debt=None), rules())
    (debt,) = [each for each in found.factors if each.factor.code == "OVERDUE_DEBT"]
    assert (debt.value, debt.points, debt.result.missing) == (None, 0, ("firm.overdue_debt",))


def test_a_firm_sees_open_factors_only_and_its_score_tells_no_others() -> None:
    seen = facts(findings=3, cleared=2)
    officer, firm = weigh(seen, rules()), weigh(seen, rules(), only_open=True)
    assert officer.score == firm.score + 25
    assert {each.factor.code for each in firm.factors} < {each.factor.code for each in officer.factors}
    assert "FINDINGS" not in {each["code"] for each in firm.kept()["factors"]}


def test_what_is_kept_explains_itself_in_both_languages() -> None:
    factors = weigh(facts(months=None), rules()).kept()["factors"]
    assert factors, "the new firm is a factor"
    for each in factors:
        assert each["vi"]["text"]
        assert each["en"]["text"] != each["vi"]["text"]


def test_what_is_kept_replays_without_the_law_of_today() -> None:
    for seen in (CALM, facts(months=None, overdue_debt=True, findings=2)):
        kept = json.loads(json.dumps(weigh(seen, rules()).kept()))
        again = replay(kept)
        assert again is not None
        assert again.kept() == kept
    assert replay({"score": 3, "factors": []}) is None


def test_another_weight_is_another_version_and_a_key_that_ended_is_out_of_use() -> None:
    changed = [
        law.law_value(
            key=each.key, value={"points": "40", "when": each.value["when"]}, unit=each.unit, valid=each.valid,
            status=law.Status.VERIFIED,
        )
        if each.key == FACTORS + "new_firm" and isinstance(each.value, dict) else each
        for each in CONDITIONS
    ]  # fmt: skip
    assert rules(changed).version != rules().version
    assert weigh(facts(months=2, cleared=0), rules(changed)).score == 40
    fewer = [each for each in CONDITIONS if each.key != FACTORS + "new_firm"]
    assert "NEW_FIRM" not in {each.code for each in rules(fewer).factors}
    assert rules_of([], STARTS, LENGTHS) is None
    assert rules_of(CONDITIONS, {}, LENGTHS) is None


def test_a_factor_without_words_is_for_officers_only() -> None:
    own = law.law_value(
        key=FACTORS + "zone_s_own", value={"points": "5", "when": {"field": "declaration.lines", "gt": "1"}},
        unit="weighted_condition", valid=CONDITIONS[0].valid, status=law.Status.ASSUMED,
    )  # fmt: skip
    found = weigh(CALM, rules([own]))
    assert (found.score, [each.factor.open for each in found.factors]) == (5, [False])


def test_every_condition_is_sound_named_and_assumed() -> None:
    number, truth = FieldType(FieldKind.NUMBER), FieldType(FieldKind.BOOLEAN)
    schema = {
        name: truth if name in ("firm.overdue_debt", "declaration.preference") else number
        for name in labels()
    }
    known = {f"{group}.{name}" for group, names in CALM.items() for name in names}
    assert known == set(schema)
    assert not LAW.problems
    assert rules().assumed
    for each in rules().factors:
        assert not check(each.when, schema), each.code
        assert set(each.title) == {"vi", "en"}, each.code
    assert {each.code for each in rules().factors} == set(known_factors())
    assert min(each.valid.start for each in VALUES) == date(2026, 1, 1)
