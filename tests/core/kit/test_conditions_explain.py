from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.core.kit.conditions import evaluate, explain, parse

LABELS = {
    "kind": {"vi": "Loại nhà đầu tư", "en": "Investor kind"},
    "capital": {"vi": "Vốn đầu tư", "en": "Capital"},
    "filed_on": {"vi": "Ngày nộp", "en": "Filing date"},
    "uses": {"vi": "Mục đích sử dụng", "en": "Uses"},
    "investors": {"vi": "Nhà đầu tư", "en": "Investors"},
    "investors[].share": {"vi": "Tỷ lệ góp", "en": "Share"},
    "law:capital.floor": {"vi": "mức vốn tối thiểu", "en": "lowest capital"},
}
VALUES = {"kind": {"FOREIGN": {"vi": "nước ngoài", "en": "foreign"}}}


def told(tree, facts, lang, law=None):
    return explain(evaluate(parse(tree), facts, law), lang, LABELS, VALUES)


@pytest.mark.parametrize(
    ("test", "facts", "vi", "en"),
    [
        (
            {"field": "kind", "is": "FOREIGN"},
            {"kind": "FOREIGN"},
            "Loại nhà đầu tư là nước ngoài",
            "Investor kind is foreign",
        ),
        (
            {"field": "kind", "is": "FOREIGN"},
            {"kind": "LOCAL"},
            "Loại nhà đầu tư là LOCAL, không phải nước ngoài",
            "Investor kind is LOCAL, not foreign",
        ),
        (
            {"field": "kind", "is": "FOREIGN"},
            {},
            "Chưa biết: Loại nhà đầu tư là nước ngoài",
            "Not known yet: Investor kind is foreign",
        ),
        (
            {"field": "kind", "in": ["FOREIGN", "MIXED"]},
            {"kind": "LOCAL"},
            "Loại nhà đầu tư là LOCAL, không thuộc nước ngoài hoặc MIXED",
            "Investor kind is LOCAL, not one of foreign or MIXED",
        ),
        (
            {"field": "capital", "gt": "1000000.5"},
            {"capital": "2000000"},
            "Vốn đầu tư là 2.000.000, lớn hơn 1.000.000,5",
            "Capital is 2,000,000, more than 1,000,000.5",
        ),
        (
            {"field": "capital", "ge": 10},
            {"capital": 9},
            "Vốn đầu tư là 9, dưới 10",
            "Capital is 9, less than 10",
        ),
        (
            {"field": "capital", "ge": 10},
            {},
            "Chưa biết: Vốn đầu tư không dưới 10",
            "Not known yet: Capital is at least 10",
        ),
        (
            {"field": "capital", "ge": 10},
            {"capital": {}},
            "Chưa xét được vì giá trị không so sánh được (giá trị không đọc được): Vốn đầu tư không dưới 10",
            "Not known, because the value cannot be compared (an unreadable value): Capital is at least 10",
        ),
        (
            {"field": "filed_on", "le": "2026-03-31"},
            {"filed_on": "2026-04-01"},
            "Ngày nộp là 01/04/2026, sau 31/03/2026",
            "Filing date is 2026-04-01, after 2026-03-31",
        ),
        (
            {"field": "filed_on", "between": ["2026-01-01", "2026-03-31"]},
            {},
            "Chưa biết: Ngày nộp trong khoảng từ 01/01/2026 đến 31/03/2026",
            "Not known yet: Filing date is between 2026-01-01 and 2026-03-31",
        ),
        (
            {"field": "uses", "contains": "PORT"},
            {"uses": ["DEPOT", "FARM"]},
            "Mục đích sử dụng gồm DEPOT, FARM, không có PORT",
            "Uses includes DEPOT, FARM, not PORT",
        ),
        (
            {"field": "hs_code", "starts_with": ["84", "85"]},
            {"hs_code": "8471"},
            "hs_code là 8471, bắt đầu bằng 84 hoặc 85",
            "hs_code is 8471, starting with 84 or 85",
        ),
        ({"field": "kind", "known": True}, {}, "Chưa có Loại nhà đầu tư", "Investor kind is not given yet"),
        (
            {"field": "kind", "known": False},
            {"kind": "A"},
            "Đã có Loại nhà đầu tư",
            "Investor kind is given",
        ),
        (
            {"field": "listed", "is": True},
            {"listed": False},
            "listed là không, không phải có",
            "listed is no, not yes",
        ),
    ],
)
def test_sentences(test, facts, vi, en):
    assert told(test, facts, "vi").text == vi
    assert told(test, facts, "en").text == en


def test_legal_values_and_fields_are_shown_by_name_and_value():
    tree = {"field": "capital", "ge": {"law": "capital.floor"}}
    law = {"capital.floor": Decimal(5000)}
    assert told(tree, {"capital": 1}, "vi", law).text == "Vốn đầu tư là 1, dưới mức vốn tối thiểu (5.000)"
    assert (
        told(tree, {"capital": 1}, "en").text
        == "The legal value needed is not available: Capital is at least lowest capital (not known)"
    )
    other = {"field": "filed_on", "lt": {"field": "due_on"}}
    facts = {"filed_on": datetime(2026, 1, 2, 8, tzinfo=UTC), "due_on": datetime(2026, 1, 1, 8, tzinfo=UTC)}
    assert (
        told(other, facts, "vi").text == "Ngày nộp là 08:00 02/01/2026, không trước due_on (08:00 01/01/2026)"
    )


def test_the_tree_is_told_from_the_top():
    tree = {
        "all": [
            {"any": [{"field": "kind", "is": "FOREIGN"}]},
            {"not": {"field": "kind", "is": "FOREIGN"}},
            {"any_of": "investors", "where": {"field": "share", "gt": 50}},
            {"all_of": "sites", "where": {"field": "x", "is": 1}},
            {"all_of": "empty", "where": {"field": "x", "is": 1}},
        ]
    }
    facts = {"kind": "FOREIGN", "investors": [{"share": 40}, {}], "empty": []}
    assert told(tree, facts, "en").to_json() == {
        "text": "Not all of the following hold",
        "value": False,
        "children": [
            {
                "text": "At least one of the following holds",
                "value": True,
                "children": [{"text": "Investor kind is foreign", "value": True, "children": []}],
            },
            {
                "text": "The following holds, against the condition",
                "value": False,
                "children": [{"text": "Investor kind is foreign", "value": True, "children": []}],
            },
            {
                "text": "Investors: not known yet whether any row satisfies the condition",
                "value": None,
                "children": [
                    {"text": "Row 1: Share is 40, not more than 50", "value": False, "children": []},
                    {"text": "Row 2: Not known yet: Share is more than 50", "value": None, "children": []},
                ],
            },
            {"text": "Not known yet: sites", "value": None, "children": []},
            {"text": "empty: the list is empty", "value": True, "children": []},
        ],
    }
    vi = told(tree, facts, "vi")
    assert vi.text == "Không phải mọi điều sau đây đều đúng"
    assert vi.children[2].children[1].text == "Dòng 2: Chưa biết: Tỷ lệ góp lớn hơn 50"


def test_braces_in_facts_and_labels_are_plain_text():
    result = evaluate(parse({"field": "x", "is": "{actual}"}), {"x": "{0}{lang}"})
    assert explain(result, "en", {"x": {"en": "{x}"}}).text == "{x} is {0}{lang}, not {actual}"


def test_long_lists_are_cut():
    tree = {"field": "uses", "contains": "PORT"}
    assert (
        told(tree, {"uses": list("ABCDEFGHIJ")}, "en").text
        == "Uses includes A, B, C, D, E, F, G, H, …, not PORT"
    )
