import pytest

from app.core.kit.conditions import FieldKind, FieldType, check, parse

SCHEMA = {
    "kind": FieldType(FieldKind.CODE, frozenset({"FOREIGN", "LOCAL"})),
    "sector": FieldType(FieldKind.CODE),
    "name": FieldType(FieldKind.TEXT),
    "area_m2": FieldType(FieldKind.NUMBER),
    "starts_on": FieldType(FieldKind.DATE),
    "ends_on": FieldType(FieldKind.DATE),
    "seen_at": FieldType(FieldKind.MOMENT),
    "listed": FieldType(FieldKind.BOOLEAN),
    "uses": FieldType(FieldKind.CODE, frozenset({"PORT", "DEPOT"}), many=True),
    "investors": FieldType(FieldKind.ROWS),
    "investors[].kind": FieldType(FieldKind.CODE, frozenset({"FOREIGN", "LOCAL"})),
    "investors[].share": FieldType(FieldKind.NUMBER),
}


def found(tree, law_keys=None):
    return [(problem.path, str(problem.code)) for problem in check(parse(tree), SCHEMA, law_keys)]


@pytest.mark.parametrize(
    "tree",
    [
        {"field": "kind", "is": "FOREIGN"},
        {"field": "kind", "starts_with": "FOR"},
        {"field": "kind", "known": True},
        {"field": "sector", "in": ["A", "B"]},
        {"field": "name", "is": {"field": "kind"}},
        {"field": "area_m2", "is": 5},
        {"field": "area_m2", "between": [1, {"law": "a.b"}]},
        {"field": "starts_on", "is": "2026-01-01"},
        {"field": "starts_on", "lt": {"field": "ends_on"}},
        {"field": "seen_at", "gt": "2026-01-01T00:00:00Z"},
        {"field": "listed", "is": False},
        {"field": "uses", "contains": "PORT"},
        {
            "any_of": "investors",
            "where": {
                "all": [
                    {"field": "kind", "is": {"field": "$.kind"}},
                    {"field": "share", "ge": {"field": "$.area_m2"}},
                ]
            },
        },
    ],
)
def test_sound_conditions_pass(tree):
    assert found(tree, law_keys={"a.b"}) == []


WHOLE = ("", "always-unknown")


@pytest.mark.parametrize(
    ("tree", "problems"),
    [
        ({"field": "colour", "is": "RED"}, [("/field", "unknown-field"), WHOLE]),
        ({"field": "colour", "known": True}, [("/field", "unknown-field"), WHOLE]),
        ({"field": "kind", "is": "ALIEN"}, [("/is", "value-not-listed")]),
        ({"field": "kind", "in": ["LOCAL", "ALIEN"]}, [("/in/1", "value-not-listed")]),
        ({"field": "kind", "starts_with": ["LOC", "AL"]}, [("/starts_with/1", "value-not-listed")]),
        ({"field": "uses", "contains": "FARM"}, [("/contains", "value-not-listed")]),
        ({"field": "kind", "is": 5}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "kind", "gt": 5}, [("/gt", "type-mismatch"), WHOLE]),
        ({"field": "kind", "contains": "LOCAL"}, [("/contains", "type-mismatch"), WHOLE]),
        ({"field": "uses", "is": "PORT"}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "area_m2", "is": "5"}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "area_m2", "gt": "2026-01-01"}, [("/gt", "type-mismatch"), WHOLE]),
        ({"field": "area_m2", "starts_with": "5"}, [("/starts_with", "type-mismatch"), WHOLE]),
        ({"field": "area_m2", "le": {"field": "starts_on"}}, [("/le/field", "type-mismatch"), WHOLE]),
        ({"field": "area_m2", "le": {"field": "size"}}, [("/le/field", "unknown-field"), WHOLE]),
        ({"field": "area_m2", "le": {"law": "c"}}, [("/le/law", "unknown-law"), WHOLE]),
        ({"field": "area_m2", "between": [{"law": "c"}, 5]}, [("/between/0/law", "unknown-law")]),
        ({"field": "starts_on", "le": {"law": "a.b"}}, [("/le/law", "type-mismatch"), WHOLE]),
        ({"field": "starts_on", "is": "soon"}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "starts_on", "gt": 5}, [("/gt", "type-mismatch"), WHOLE]),
        ({"field": "seen_at", "gt": "2026-01-01"}, [("/gt", "type-mismatch"), WHOLE]),
        ({"field": "seen_at", "is": "2026-01-01"}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "listed", "is": "yes"}, [("/is", "type-mismatch"), WHOLE]),
        ({"field": "investors", "is": "A"}, [("/is", "type-mismatch"), WHOLE]),
        (
            {"any_of": "kind", "where": {"field": "kind", "is": "LOCAL"}},
            [("/any_of", "type-mismatch"), ("/where/field", "unknown-field"), WHOLE],
        ),
        (
            {"all_of": "investors", "where": {"field": "area_m2", "gt": 1}},
            [("/where/field", "unknown-field"), WHOLE],
        ),
        (
            {"all": [{"field": "kind", "is": "LOCAL"}, {"not": {"field": "colour", "is": 1}}]},
            [("/all/1/not/field", "unknown-field")],
        ),
        (
            {"any": [{"field": "hue", "is": 1}, {"not": {"field": "colour", "is": 1}}]},
            [("/any/0/field", "unknown-field"), ("/any/1/not/field", "unknown-field"), WHOLE],
        ),
    ],
)
def test_problems_are_told_with_their_place(tree, problems):
    assert found(tree, law_keys={"a.b"}) == problems


def test_legal_values_stay_unchecked_without_a_list():
    assert found({"field": "area_m2", "le": {"law": "c"}}) == []
