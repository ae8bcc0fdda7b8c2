import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest

from app.core.kit.conditions import (
    InvalidCondition,
    Note,
    dump,
    evaluate,
    fields,
    law_keys,
    parse,
)


def truth(tree, facts, law=None):
    return evaluate(parse(tree), facts, law).value


class Kind(StrEnum):
    FOREIGN = "FOREIGN"


@pytest.mark.parametrize(
    ("test", "fact", "value"),
    [
        ({"is": "A"}, "A", True),
        ({"is": "A"}, "a", False),
        ({"is": "FOREIGN"}, Kind.FOREIGN, True),
        ({"is": str(UUID(int=1))}, UUID(int=1), True),
        ({"is": True}, True, True),
        ({"is": True}, False, False),
        ({"is": False}, False, True),
        ({"is": 3}, 3, True),
        ({"is": 3}, "3.00", True),
        ({"is": 0.1}, Decimal("0.1"), True),
        ({"is": 0.3}, 0.1 + 0.2, False),
        ({"is": "2026-01-01"}, date(2026, 1, 1), True),
        ({"is": date(2026, 1, 1)}, "2026-01-01", True),
        ({"is": ""}, "", True),
        ({"in": ["A", "B"]}, "B", True),
        ({"in": ["A", "B"]}, "C", False),
        ({"in": [1, 2]}, Decimal("2.0"), True),
        ({"gt": 10}, 10, False),
        ({"gt": 10}, 10.1, True),
        ({"gt": "10.5"}, "10.6", True),
        ({"ge": 10}, 10, True),
        ({"lt": 10}, 10, False),
        ({"le": 10}, Decimal("10.00"), True),
        ({"gt": 0.1}, 0.1, False),
        ({"gt": "2026-01-01"}, date(2026, 1, 2), True),
        ({"le": "2026-01-01"}, "2026-01-02", False),
        ({"lt": "2026-01-01T00:00:00Z"}, datetime(2025, 12, 31, tzinfo=UTC), True),
        ({"lt": "2026-01-01T00:00:00+07:00"}, "2025-12-31T17:00:00Z", False),
        ({"between": [1, 5]}, 1, True),
        ({"between": [1, 5]}, 5, True),
        ({"between": [1, 5]}, 5.01, False),
        ({"between": ["2026-01-01", "2026-12-31"]}, date(2026, 12, 31), True),
        ({"contains": "A"}, ["B", "A"], True),
        ({"contains": "A"}, {"B"}, False),
        ({"contains": "A"}, [], False),
        ({"contains": "A"}, ["A", None], True),
        ({"starts_with": "84"}, "8471", True),
        ({"starts_with": ["84", "85"]}, "8609", False),
        ({"known": True}, "", True),
        ({"known": False}, 0, False),
    ],
)
def test_operators(test, fact, value):
    assert truth({"field": "x", **test}, {"x": fact}) is value


@pytest.mark.parametrize(
    "test",
    [
        {"is": "A"},
        {"in": ["A"]},
        {"gt": 1},
        {"ge": 1},
        {"lt": "2026-01-01"},
        {"le": 1},
        {"between": [1, 2]},
        {"contains": "A"},
        {"starts_with": "A"},
    ],
)
@pytest.mark.parametrize("facts", [{}, {"a": None}, {"a": {}}, {"a": {"x": None}}])
def test_what_is_not_known_is_neither_true_nor_false(test, facts):
    tree = {"field": "a.x", **test}
    for whole in (tree, {"not": tree}, {"all": [tree, tree]}, {"any": [tree, {"not": tree}]}):
        result = evaluate(parse(whole), facts)
        assert result.value is None
        assert result.missing == ("a.x",)


@pytest.mark.parametrize(
    ("test", "fact"),
    [
        ({"is": "A"}, 5),
        ({"is": 5}, "five"),
        ({"is": 1}, True),
        ({"is": True}, 1),
        ({"is": True}, "true"),
        ({"gt": 5}, "many"),
        ({"gt": 5}, True),
        ({"gt": 5}, float("nan")),
        ({"gt": 5}, Decimal("Infinity")),
        ({"gt": 5}, date(2026, 1, 1)),
        ({"gt": "2026-01-01"}, datetime(2026, 1, 1, tzinfo=UTC)),
        ({"gt": "2026-01-01"}, "2026-02-30"),
        ({"gt": "2026-01-01T00:00:00Z"}, datetime(2026, 1, 1)),  # noqa: DTZ001
        ({"contains": "A"}, "ABC"),
        ({"contains": "A"}, [1]),
        ({"starts_with": "8"}, 84),
        ({"is": "A"}, {"kind": "A"}),
        ({"is": "A"}, object()),
    ],
)
def test_what_cannot_be_compared_stays_unknown_and_says_so(test, fact):
    result = evaluate(parse({"field": "x", **test}), {"x": fact})
    assert result.value is None
    assert result.trace.note is Note.MISMATCH
    assert result.missing == ()


def test_a_path_through_a_value_is_a_mismatch():
    result = evaluate(parse({"field": "x.kind", "is": "A"}), {"x": "A"})
    assert (result.value, result.trace.note) == (None, Note.MISMATCH)
    assert truth({"field": "x.kind", "known": True}, {"x": "A"}) is False


def test_known_asks_for_knowledge_itself():
    assert truth({"field": "x", "known": True}, {}) is False
    assert truth({"field": "x", "known": False}, {"x": None}) is True


def test_a_list_with_gaps_is_known_only_where_it_decides():
    tree = {"field": "tags", "contains": "A"}
    assert truth(tree, {"tags": ["A", None]}) is True
    result = evaluate(parse(tree), {"tags": ["B", None]})
    assert (result.value, result.trace.note, result.missing) == (None, Note.MISSING, ("tags",))


def test_a_known_part_decides_beside_unknown_ones():
    known, unknown = {"field": "x", "is": "A"}, {"field": "y", "is": "A"}
    assert truth({"any": [unknown, known]}, {"x": "A"}) is True
    assert truth({"all": [unknown, known]}, {"x": "B"}) is False
    assert truth({"any": [unknown, known]}, {"x": "B"}) is None
    assert evaluate(parse({"all": [unknown, known]}), {"x": "B"}).missing == ()


def test_a_known_bound_decides_beside_an_unknown_one():
    tree = {"field": "x", "between": [{"law": "area.low"}, 10]}
    assert truth(tree, {"x": 11}) is False
    result = evaluate(parse(tree), {"x": 5})
    assert (result.value, result.trace.note, result.missing) == (None, Note.LAW_MISSING, ("law:area.low",))
    assert truth(tree, {"x": 5}, {"area.low": Decimal(5)}) is True


def test_law_and_field_as_operands():
    tree = {"field": "overtime.hours", "le": {"law": "labor.overtime.year-hours"}}
    law = {"labor.overtime.year-hours": Decimal("7.5")}
    assert truth(tree, {"overtime": {"hours": 7.5}}, law) is True
    assert truth(tree, {"overtime": {"hours": 7.6}}, law) is False
    assert truth(tree, {"overtime": {"hours": 7.6}}) is None
    dates = {"field": "ends_on", "gt": {"field": "starts_on"}}
    assert truth(dates, {"starts_on": "2026-01-01", "ends_on": date(2026, 1, 2)}) is True
    assert truth(dates, {"starts_on": "2026-01-02", "ends_on": "2026-01-02"}) is False
    assert evaluate(parse(dates), {"ends_on": "2026-01-02"}).missing == ("starts_on",)


FOREIGN = {"field": "kind", "is": "FOREIGN"}


@pytest.mark.parametrize(
    ("rows", "any_of", "all_of"),
    [
        ([{"kind": "FOREIGN"}, {"kind": "LOCAL"}], True, False),
        ([{"kind": "FOREIGN"}, {"kind": "FOREIGN"}], True, True),
        ([{"kind": "LOCAL"}, {}], None, False),
        ([{"kind": "FOREIGN"}, {}], True, None),
        ([{"kind": "LOCAL"}, None], None, False),
        ([], False, True),
        (None, None, None),
        ("FOREIGN", None, None),
        (["FOREIGN"], None, None),
    ],
)
def test_quantifiers(rows, any_of, all_of):
    assert truth({"any_of": "investors", "where": FOREIGN}, {"investors": rows}) is any_of
    assert truth({"all_of": "investors", "where": FOREIGN}, {"investors": rows}) is all_of


def test_rows_nest_and_see_the_root():
    tree = {
        "any_of": "investors",
        "where": {"any_of": "owners", "where": {"field": "country", "is": {"field": "$.project.country"}}},
    }
    facts = {
        "project": {"country": "VN"},
        "investors": [{"owners": []}, {"owners": [{"country": "KR"}, {"country": "VN"}]}],
    }
    assert truth(tree, facts) is True
    condition = parse(tree)
    assert fields(condition) == {
        "investors",
        "investors[].owners",
        "investors[].owners[].country",
        "project.country",
    }
    trace = evaluate(condition, facts).trace
    assert [child.row for child in trace.children] == [1, 2]
    assert [child.value for child in trace.children[1].children] == [False, True]


def test_missing_names_what_to_ask_next():
    tree = {"all": [FOREIGN, {"any_of": "sites", "where": {"field": "area_m2", "gt": {"law": "a.b"}}}]}
    result = evaluate(parse(tree), {"sites": [{}, {"area_m2": 3}]})
    assert result.missing == ("kind", "sites[].area_m2", "law:a.b")
    assert fields(parse(tree)) == {"kind", "sites", "sites[].area_m2"}
    assert law_keys(parse(tree)) == {"a.b"}


def test_the_root_mark_means_nothing_outside_rows():
    assert parse({"field": "$.x", "is": 1}) == parse({"field": "x", "is": 1})


@pytest.mark.parametrize(
    ("tree", "paths"),
    [
        (None, [""]),
        ([], [""]),
        ("x > 5", [""]),
        ({}, [""]),
        ({1: 2}, [""]),
        ({"all": []}, ["/all"]),
        ({"all": {"field": "x", "is": 1}}, ["/all"]),
        ({"any": "x"}, ["/any"]),
        ({"all": [FOREIGN], "any": [FOREIGN]}, [""]),
        ({"not": FOREIGN, "field": "x"}, [""]),
        ({"not": []}, ["/not"]),
        ({"eval": "1"}, [""]),
        ({"field": "x"}, [""]),
        ({"field": "x", "is": 1, "gt": 1}, [""]),
        ({"field": "x", "matches": ".*"}, [""]),
        ({"field": "X", "is": 1}, ["/field"]),
        ({"field": "x..y", "is": 1}, ["/field"]),
        ({"field": "__class__", "is": 1}, ["/field"]),
        ({"field": 5, "is": None}, ["/field", "/is"]),
        ({"field": "x", "is": []}, ["/is"]),
        ({"field": "x", "is": float("inf")}, ["/is"]),
        ({"field": "x", "is": {"law": "Bad Key"}}, ["/is/law"]),
        ({"field": "x", "is": {"field": "Y"}}, ["/is/field"]),
        ({"field": "x", "is": {"sum": 1}}, ["/is"]),
        ({"field": "x", "in": "A"}, ["/in"]),
        ({"field": "x", "in": []}, ["/in"]),
        ({"field": "x", "in": ["A", 1]}, ["/in"]),
        ({"field": "x", "in": ["A", None, {}]}, ["/in/1", "/in/2"]),
        ({"field": "x", "gt": "soon"}, ["/gt"]),
        ({"field": "x", "gt": True}, ["/gt"]),
        ({"field": "x", "gt": "2026-13-01"}, ["/gt"]),
        ({"field": "x", "gt": "2026-01-01T00:00:00"}, ["/gt"]),
        ({"field": "x", "between": [1]}, ["/between"]),
        ({"field": "x", "between": [2, 1]}, ["/between"]),
        ({"field": "x", "between": [1, "2026-01-01"]}, ["/between"]),
        ({"field": "x", "between": ["a", 1]}, ["/between/0"]),
        ({"field": "x", "starts_with": ""}, ["/starts_with"]),
        ({"field": "x", "starts_with": []}, ["/starts_with"]),
        ({"field": "x", "starts_with": 84}, ["/starts_with"]),
        ({"field": "x", "known": 1}, ["/known"]),
        ({"any_of": "rows"}, [""]),
        ({"any_of": "rows", "where": FOREIGN, "is": 1}, [""]),
        ({"all_of": 5, "where": {}}, ["/all_of", "/where"]),
        (
            {"all": [FOREIGN, {"any": [{"not": 5}, {"field": "x", "is": None}]}]},
            ["/all/1/any/0/not", "/all/1/any/1/is"],
        ),
    ],
)
def test_faults_are_all_told_with_their_place(tree, paths):
    with pytest.raises(InvalidCondition) as caught:
        parse(tree)
    assert [problem.path for problem in caught.value.problems] == paths
    assert all(problem.reason for problem in caught.value.problems)
    assert str(caught.value)


def test_too_deep_and_too_large_trees_are_refused():
    deep = FOREIGN
    for _ in range(30):
        deep = {"not": deep}
    with pytest.raises(InvalidCondition, match="levels"):
        parse(deep)
    with pytest.raises(InvalidCondition) as caught:
        parse({"all": [FOREIGN] * 5000})
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "tree",
    [
        {"field": "x", "is": 0.25},
        {"field": "x", "gt": 0.25},
        {"field": "x", "between": ["0.25", {"law": "a"}]},
        {"field": "x", "lt": "2026-01-01T00:00:00+07:00"},
        {"field": "x", "starts_with": "84"},
        {"field": "x", "known": False},
        {"any_of": "rows", "where": {"not": {"field": "y", "is": {"field": "$.x"}}}},
    ],
)
def test_dump_reads_back(tree):
    condition = parse(tree)
    assert parse(json.loads(json.dumps(dump(condition)))) == condition
