"""The laws of three-valued logic, over random conditions and random facts."""

import json
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.kit.conditions import (
    FieldKind,
    FieldType,
    check,
    dump,
    evaluate,
    explain,
    fields,
    parse,
)

SCHEMA = {
    "kind": FieldType(FieldKind.CODE, frozenset("ABC")),
    "other": FieldType(FieldKind.CODE, frozenset("ABC")),
    "size": FieldType(FieldKind.NUMBER),
    "since": FieldType(FieldKind.DATE),
    "listed": FieldType(FieldKind.BOOLEAN),
    "tags": FieldType(FieldKind.CODE, frozenset("ABC"), many=True),
    "deep.kind": FieldType(FieldKind.CODE, frozenset("ABC")),
    "rows": FieldType(FieldKind.ROWS),
    "rows[].kind": FieldType(FieldKind.CODE, frozenset("ABC")),
    "rows[].size": FieldType(FieldKind.NUMBER),
}
LAW_KEYS = {"limit.low", "limit.high"}

codes = st.sampled_from("ABC")
numbers = st.sampled_from([0, 1, 2, 3, 1.5, "2.5"])
days = st.sampled_from(["2026-01-01", "2026-06-30", "2026-12-31"])
number_operands = numbers | st.sampled_from(sorted(LAW_KEYS)).map(lambda key: {"law": key})
ordering = st.sampled_from(["gt", "ge", "lt", "le"])


def code_tests(paths, references):
    return st.builds(
        lambda path, test: {"field": path, **test},
        st.sampled_from(paths),
        st.one_of(
            (codes | st.sampled_from(references).map(lambda path: {"field": path})).map(
                lambda value: {"is": value}
            ),
            st.lists(codes, min_size=1, max_size=2).map(lambda values: {"in": values}),
            codes.map(lambda value: {"starts_with": value}),
        ),
    )


size_tests = st.one_of(
    st.builds(lambda operator, value: {"field": "size", operator: value}, ordering, number_operands),
    st.builds(lambda value: {"field": "size", "between": [value, {"law": "limit.high"}]}, numbers),
)
row_tests = code_tests(["kind"], ["$.kind"]) | size_tests
leaves = st.one_of(
    code_tests(["kind", "other", "deep.kind"], ["kind", "other"]),
    size_tests,
    st.builds(lambda operator, value: {"field": "since", operator: value}, ordering, days),
    st.booleans().map(lambda value: {"field": "listed", "is": value}),
    codes.map(lambda value: {"field": "tags", "contains": value}),
)


def composed(parts):
    return st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda items: {"all": items}),
        st.lists(parts, min_size=1, max_size=3).map(lambda items: {"any": items}),
        parts.map(lambda item: {"not": item}),
    )


row_trees = st.recursive(row_tests, composed, max_leaves=3)
quantified = st.builds(
    lambda quantifier, where: {quantifier: "rows", "where": where},
    st.sampled_from(["any_of", "all_of"]),
    row_trees,
)
trees = st.recursive(leaves | quantified, composed, max_leaves=5)

sizes = st.sampled_from([0, 1, 2.0, Decimal("2.5"), "1.5"])
rows = st.fixed_dictionaries({"kind": codes, "size": sizes})
full_facts = st.fixed_dictionaries(
    {
        "kind": codes,
        "other": codes,
        "size": sizes,
        "since": days | days.map(date.fromisoformat),
        "listed": st.booleans(),
        "tags": st.lists(codes, max_size=3),
        "deep": st.fixed_dictionaries({"kind": codes}),
        "rows": st.lists(rows, max_size=3),
    }
)
full_law = st.fixed_dictionaries({key: st.sampled_from([Decimal(1), Decimal("2.5")]) for key in LAW_KEYS})
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def weakened(draw, value):
    """Forget a part of the facts: whole fields, single rows, single columns, single items of a list."""
    if draw(st.integers(0, 3)) == 0:
        return None
    if isinstance(value, dict):
        return {key: draw(weakened(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [draw(weakened(item)) for item in value]
    return value


def truth(tree, facts, law):
    return evaluate(parse(tree), facts, law).value


def partial(data, facts):
    return {key: data.draw(weakened(value)) for key, value in facts.items()}


@settings(quick, max_examples=100)
@given(trees, full_facts, full_law, st.data())
def test_learning_a_fact_never_flips_an_answer(tree, facts, law, data):
    known = truth(tree, facts, law)
    early = truth(tree, partial(data, facts), partial(data, law))
    assert known is not None
    assert early is None or early is known


@settings(quick, max_examples=250)
@given(leaves | quantified, full_facts, full_law, st.data())
def test_learning_a_fact_never_flips_a_single_test(tree, facts, law, data):
    early = truth(tree, partial(data, facts), partial(data, law))
    assert early in (None, truth(tree, facts, law))


@quick
@given(trees, full_facts, full_law, st.data())
def test_what_is_missing_is_named_and_decides(tree, facts, law, data):
    facts, law = partial(data, facts), partial(data, law)
    condition = parse(tree)
    result = evaluate(condition, facts, law)
    assert (result.value is None) == bool(result.missing)
    assert {path for path in result.missing if not path.startswith("law:")} <= fields(condition)


@quick
@given(trees)
def test_knowing_nothing_answers_nothing(tree):
    assert truth(tree, {}, {}) is None


@quick
@given(trees, full_facts, full_law, st.data())
def test_double_negation(tree, facts, law, data):
    facts, law = partial(data, facts), partial(data, law)
    once, plain = truth({"not": tree}, facts, law), truth(tree, facts, law)
    assert truth({"not": {"not": tree}}, facts, law) is plain
    assert once is (None if plain is None else not plain)


@quick
@given(st.lists(trees, min_size=1, max_size=3), full_facts, full_law, st.data())
def test_de_morgan(parts, facts, law, data):
    facts, law = partial(data, facts), partial(data, law)
    opposites = [{"not": part} for part in parts]
    assert truth({"not": {"all": parts}}, facts, law) is truth({"any": opposites}, facts, law)
    assert truth({"not": {"any": parts}}, facts, law) is truth({"all": opposites}, facts, law)


@quick
@given(row_trees, full_facts, full_law, st.data())
def test_de_morgan_over_rows(where, facts, law, data):
    facts, law = partial(data, facts), partial(data, law)
    some_not = {"any_of": "rows", "where": {"not": where}}
    assert truth({"not": {"all_of": "rows", "where": where}}, facts, law) is truth(some_not, facts, law)


@quick
@given(st.lists(trees, min_size=1, max_size=3), full_facts, full_law, st.data())
def test_order_and_repetition_do_not_matter(parts, facts, law, data):
    facts, law = partial(data, facts), partial(data, law)
    for group in ("all", "any"):
        value = truth({group: parts}, facts, law)
        assert truth({group: [*reversed(parts), *parts]}, facts, law) is value
        assert truth({group: [{group: parts}]}, facts, law) is value


@quick
@given(trees)
def test_sound_conditions_pass_the_check_and_read_back(tree):
    condition = parse(tree)
    assert check(condition, SCHEMA, LAW_KEYS) == []
    assert parse(json.loads(json.dumps(dump(condition)))) == condition
    assert fields(condition) <= set(SCHEMA)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "size", "rows", "tags", "since", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@quick
@given(trees, st.dictionaries(st.sampled_from(["kind", "size", "rows", "tags", "since"]), junk, max_size=5))
def test_odd_facts_raise_nothing_and_are_told(tree, facts):
    result = evaluate(parse(tree), facts)
    assert result.value in (True, False, None)
    for lang in ("vi", "en"):
        sentence = explain(result, lang, {})
        assert sentence.text
        assert sentence.value is result.value
