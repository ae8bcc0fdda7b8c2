"""The weekly rule of exchange, and what an expression may be."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.i18n import translator
from app.customs.tariff.domain.exchange import rate_day, week_of
from app.customs.tariff.domain.expressions import ExpressionFaulty, parse, to_json
from app.customs.tariff.domain.measures import Kind
from app.customs.tariff.domain.stack import assess
from app.customs.tariff.domain.words import arithmetic, rate_words, said, value_arithmetic
from tests.customs.tariff.making import each, facts, line, measure, pct, shipment

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ((), date(2026, 11, 19)),
        ((19,), date(2026, 11, 18)),
        ((19, 18, 17, 16, 15, 14), date(2026, 11, 13)),
    ],
)
def test_thursday_serves_the_next_week_and_the_working_day_before_a_holiday(
    off: tuple[int, ...], expected: date
) -> None:
    holidays = {date(2026, 11, day) for day in off}
    assert rate_day(MONDAY, "THU", lambda day: day not in holidays) == expected


@given(st.dates(min_value=date(2015, 1, 5), max_value=date(2100, 1, 1)))
def test_every_day_lies_in_one_week_that_begins_on_monday(day: date) -> None:
    week = week_of(day)
    assert week.contains(day)
    assert week.start.isoweekday() == 1
    assert week.end == week.start + timedelta(days=7)
    assert week_of(week.start) == week


numbers = st.decimals(min_value=0, max_value=10**9, places=4).map(lambda number: f"{number:f}")
leaves = st.builds(pct, numbers) | st.builds(each, numbers, st.sampled_from(["USD", "VND"]))
trees: st.SearchStrategy[dict[str, Any]] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda op, of: {"op": op, "of": of},
            st.sampled_from(["sum", "min", "max"]),
            st.lists(inner, min_size=2, max_size=3),
        )
        | st.builds(lambda of: {"op": "excluded", "origins": ["KH", "LA"], "of": of}, inner)
        | st.builds(lambda of: {"op": "by_subline", "lines": {"1234567890": of}, "else": of}, inner)
    ),
    max_leaves=4,
)


@given(trees)
def test_an_expression_is_written_as_it_was_read(raw: dict[str, Any]) -> None:
    expr = parse(raw)
    assert parse(to_json(expr)) == expr
    assert rate_words(expr, translator("vi"))


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "10",
        {"op": "pct"},
        {"op": "pct", "rate": 10},
        {"op": "pct", "rate": 1.5},
        {"op": "pct", "rate": "-1"},
        {"op": "pct", "rate": "1e3"},
        {"op": "pct", "rate": "NaN"},
        {"op": "pct", "rate": "1", "more": 1},
        {"op": "eval"},
        {"op": "amount", "amount": "1", "currency": "usd", "per": "KGM"},
        {"op": "amount", "amount": "1", "currency": "USD"},
        {"op": "sum", "of": []},
        {"op": "sum", "of": [pct("1")]},
        {"op": "sum", "of": "ab"},
        {"op": "by_subline", "lines": {"12": pct("1")}},
        {"op": "by_subline", "lines": {}},
        {"op": "excluded", "origins": []},
        {"op": "excluded", "origins": ["Cambodia"], "of": pct("1")},
    ],
)
def test_what_is_no_expression_is_refused(raw: object) -> None:
    with pytest.raises(ExpressionFaulty):
        parse(raw)


def test_an_expression_is_not_deeper_than_anybody_can_read() -> None:
    raw: dict[str, Any] = pct("1")
    for _ in range(20):
        raw = {"op": "sum", "of": [raw, pct("1")]}
    with pytest.raises(ExpressionFaulty, match="deep"):
        parse(raw)


def test_a_figure_says_how_it_came_about_in_both_languages() -> None:
    mixed = {"op": "sum", "of": [pct("30"), each("50")]}
    held = facts(
        (measure(Kind.MFN, mixed), measure(Kind.VAT, pct("10"), conditions={"vat_reduction": True})),
        rates={"USD": "22930"},
    )
    done = assess(shipment(line("35680", quantity=Decimal(20))), held)
    duty, vat = done.lines[0].taxes
    assert "818.142.400 × 30 % = 245.442.720" in arithmetic(duty, translator("vi"))
    assert "20 NMB × 50 USD × 22.930 = 22.930.000" in arithmetic(duty, translator("vi"))
    assert "818,142,400 × 30 % = 245,442,720" in arithmetic(duty, translator("en"))
    assert "reduced by 2 points" in arithmetic(vat, translator("en"))
    assert "35,680 USD × 22,930" in value_arithmetic(done.lines[0], translator("en"))


def test_a_problem_is_said_with_its_words_filled_in() -> None:
    done = assess(shipment(line("100"), incoterm="FOB"), facts((measure(Kind.MFN, pct("1")),)))
    assert done.problems, "FOB goods without freight"
    for told in done.problems:
        for lang in ("vi", "en"):
            what, fix = said(told, translator(lang))
            assert what
            assert fix
            assert "%(" not in what + fix
