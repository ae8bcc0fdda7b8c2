"""The plan of a project as it is drawn."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.investment.domain.plan import WIDTH, capital_parts, investor_parts, milestones
from tests.investment.requests import money


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_the_parts_fill_the_bar(contributed: int, mobilised: int) -> None:
    parts = capital_parts({"contributed": money(contributed), "mobilised": money(mobilised)})
    assert sum(part.length for part in parts) == WIDTH
    assert parts[1].start == parts[0].length
    assert abs(sum(part.percent for part in parts) - 100) <= Decimal("0.1")


def test_no_capital_draws_nothing() -> None:
    assert capital_parts({"contributed": money(0), "mobilised": money(0)}) == []


def test_investors_share_the_contributed_capital() -> None:
    content = {
        "contributed": money(250),
        "investors": [{"name": "A", "share": "60"}, {"name": "B", "share": "40"}],
    }
    assert [(part.name, part.amount) for part in investor_parts(content)] == [("A", 150), ("B", 100)]


def test_milestones_stand_between_the_first_and_the_last_day() -> None:
    rows = [
        {"label": "Vận hành", "on": "2028-01-01", "note": None},
        {"label": "Khởi công", "on": "2026-01-01", "note": "giai đoạn 1"},
        {"label": "Hoàn thành", "on": "2027-01-01"},
    ]
    found = milestones({"milestones": rows}, today=date(2026, 6, 1))
    assert [each.label["vi"] for each in found] == ["Khởi công", "Hoàn thành", "Vận hành"]
    assert [each.note for each in found] == ["giai đoạn 1", "", ""]
    assert [each.passed for each in found] == [True, False, False]
    assert [found[0].at, found[-1].at] == [0, WIDTH]
    words = {"milestones.kind:START": {"vi": "Bắt đầu", "en": "Start of construction"}}
    [said] = milestones({"milestones": [{**rows[1], "kind": "START"}]}, today=date(2026, 6, 1), words=words)
    assert said.label == {"vi": "Khởi công", "en": "Start of construction"}, (
        "the certificate says it in Vietnamese"
    )
    [only] = milestones({"milestones": rows[:1]}, today=date(2026, 6, 1))
    assert only.at == WIDTH // 2
