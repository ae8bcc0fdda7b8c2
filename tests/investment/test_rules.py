"""Each numbered rule, kept and broken."""

from typing import Any

import pytest

from app.investment.domain.rules import RULES, violations
from tests.investment.requests import CONTEXT, commitment, investor, money, request


def broken(**changes: Any) -> list[tuple[str, str]]:
    return [(each.code, each.name) for each in violations(request(**changes), CONTEXT)]


def test_a_sound_request_breaks_none() -> None:
    assert broken() == []


def test_an_empty_request_is_not_judged() -> None:
    assert violations({}, CONTEXT) == []


def test_every_rule_has_a_number_of_its_own_and_a_sentence() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all((type(rule).__doc__ or "").strip() for rule in RULES)


def test_inv_01_capital_adds_up() -> None:
    assert broken(mobilised=money(999_999_999_999)) == [("INV-01", "mobilised")]


def test_inv_02_contributions_add_up() -> None:
    two = [
        investor(share="60", contribution=money(150_000_000_000)),
        investor(share="40", contribution=money(99)),
    ]
    assert broken(investors=two) == [("INV-02", "contributed")]


def test_inv_02_dollars_count_at_the_rate() -> None:
    two = [
        investor(share="50", contribution=money(125_000_000_000)),
        investor(share="50", contribution=money(5_000_000, "USD")),
    ]
    assert broken(investors=two) == []


def test_inv_03_shares_add_up() -> None:
    assert broken(investors=[investor(share="99.5")]) == [("INV-03", "investors-0-share")]


def test_inv_03_thirds_may_be_rounded() -> None:
    third = money(83_333_333_333)
    three = [investor(share="33.33", contribution=third) for _ in range(3)]
    found = broken(investors=three, contributed=money(249_999_999_999), mobilised=money(1_000_000_000_001))
    assert found == []


def test_inv_04_currencies_agree() -> None:
    assert broken(capital_usd=money(49_999_998, "USD")) == [("INV-04", "capital_usd")]
    assert broken(capital_usd=money(49_999_999, "USD")) == []


def test_inv_05_rate_is_known() -> None:
    assert broken(rate_on="2026-11-21") == [("INV-05", "rate_on")]


def test_inv_06_term_within_law_names_its_source() -> None:
    (problem,) = violations(request(term_years=71), CONTEXT)
    assert (problem.code, problem.name) == ("INV-06", "term_years")
    assert problem.params == {"limit": "70", "source": "143/2025/QH15"}
    assert "assumed" in problem.reason


def test_inv_07_milestones_in_order() -> None:
    milestones = [
        {"kind": "OPERATION", "on": "2027-01-01"},
        {"kind": "CONSTRUCTION_END", "on": "2027-06-01"},
        {"kind": "CONSTRUCTION_START", "on": "2026-12-01"},
    ]
    assert broken(milestones=milestones) == [("INV-07", "milestones-0-on")]


@pytest.mark.parametrize("code", ["26A0", "２６１０"])
def test_inv_08_industry_is_a_code(code: str) -> None:
    assert broken(vsic="OTHER", vsic_other=code) == [("INV-08", "vsic_other")]


def test_inv_09_investor_commits() -> None:
    assert broken(declaration=False) == [("INV-09", "declaration")]


def test_inv_10_commitments_cover_all_fields() -> None:
    three = [commitment(kind) for kind in ("CONSTRUCTION", "ENVIRONMENT", "ENVIRONMENT")]
    assert broken(commitments=three) == [("INV-10", "commitments")]
    assert broken(commitments=[*three, commitment("FIRE")]) == []
