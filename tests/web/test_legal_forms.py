"""Reading a proposal from its form: shapes of values, days, sources, and cells that spreadsheets leave alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from app.core.kit.ranges import Period
from app.core.law import Instrument, LawValue, Status, law_value
from app.core.law.units import fault, unit_names
from app.web.exports import as_typed, neutral
from app.web.pages.legal.drafts import END, NEW, SET, Draft, read_draft
from app.web.pages.legal.value_fields import Misread, fields_of, read_value

DECREE = Instrument("decree-1", "DECREE", "1/2026/NĐ-CP", {"vi": "Nghị định", "en": "Decree"}, Status.CITED)
HELD = (
    law_value(
        key="test.limit",
        value={"amount": "15", "unit": "day"},
        unit="duration",
        valid=Period(date(2026, 1, 1)),
        status=Status.CITED,
        instrument="decree-1",
        article="39",
    ),
)
GIVEN = {
    "action": SET,
    "start": "01/06/2026",
    "last": "",
    "value": "10",
    "value_unit": "working_day",
    "instrument": "decree-1",
    "article": "39",
    "status": "CITED",
    "reason": "Nghị định sửa đổi",
}


def draft(
    held: tuple[LawValue, ...] = HELD, unit: str = "duration", lang: str = "vi", **changed: str
) -> Draft:
    form = FormData([*({**GIVEN, **changed}).items()])
    return read_draft(form, key="test.limit", unit=unit, held=held, known={"decree-1": DECREE}, lang=lang)


def faults(found: Draft) -> set[tuple[str, str]]:
    return {(problem.name, problem.code) for problem in found.problems}


def test_a_complete_form_makes_one_item() -> None:
    found = draft()
    assert found.problems == []
    assert found.item is not None
    assert found.item.value is not None
    assert found.item.value.value == {"amount": "10", "unit": "working_day"}
    assert found.item.period == Period(date(2026, 6, 1))


def test_the_last_day_belongs_to_the_period() -> None:
    found = draft(last="30/06/2026")
    assert found.item is not None
    assert found.item.period == Period(date(2026, 6, 1), date(2026, 7, 1))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"reason": " "}, ("reason", "missing")),
        ({"start": ""}, ("start", "missing")),
        ({"start": "31/02/2026"}, ("start", "date")),
        ({"last": "mai"}, ("last", "date")),
        ({"last": "31/05/2026"}, ("last", "law.dates")),
        ({"value": "mười"}, ("value", "number")),
        ({"value": "-1"}, ("value", "number")),
        ({"value": "0,5", "value_unit": "day"}, ("value", "law.value")),
        ({"value_unit": "moon"}, ("value_unit", "missing")),
        ({"status": ""}, ("status", "missing")),
        ({"status": "VERIFIED"}, ("status", "missing")),
        ({"status": "ASSUMED"}, ("note_vi", "law.note")),
        ({"note_en": "only one language"}, ("note_vi", "law.text")),
        ({"instrument": "", "article": ""}, ("instrument", "law.source")),
        ({"instrument": "decree-99"}, ("instrument", "law.unknown-instrument")),
        ({"value": "15", "value_unit": "day"}, ("value", "law.no-change")),
        ({"instrument": NEW}, ("new_number", "missing")),
        (
            {"instrument": NEW, "new_kind": "DECREE", "new_number": "1/2026/NĐ-CP"},
            ("new_number", "law.known-instrument"),
        ),
        ({"action": END, "start": "01/01/2020", "last": "31/12/2020"}, ("start", "law.nothing-ends")),
    ],
)
def test_each_fault_stands_at_its_field_and_nothing_is_lost(
    changed: dict[str, str], expected: tuple[str, str]
) -> None:
    found = draft(**changed)
    assert expected in faults(found)
    assert found.item is None
    assert {name: found.given[name] for name in GIVEN} == {
        name: value.strip() for name, value in {**GIVEN, **changed}.items() if name in GIVEN
    }


def test_all_faults_are_found_at_once() -> None:
    found = draft(start="", value="", status="", reason="", value_unit="day")
    assert {name for name, _ in faults(found)} >= {"start", "value", "status", "reason"}


def test_an_end_needs_no_value() -> None:
    found = draft(action=END, value="", status="", instrument="")
    assert found.problems == []
    assert found.item is not None
    assert found.item.value is None


def test_a_day_off_needs_its_last_day() -> None:
    found = draft(held=(), unit="day_kind", value="OFF")
    assert ("last", "law.unbounded") in faults(found)


def test_a_new_instrument_gets_a_name_from_its_kind_and_number() -> None:
    found = draft(
        instrument=NEW, new_kind="DECISION", new_number="12/2027/QĐ-TTg", new_title_vi="Quyết định",
        new_title_en="Decision", new_in_force_from="01/02/2027",
    )  # fmt: skip
    assert found.problems == []
    assert found.instrument is not None
    assert found.instrument.id == "decision-12-2027-qd-ttg"
    assert found.item is not None
    assert found.item.value is not None
    assert found.item.value.instrument == found.instrument.id


SAMPLES = {
    "count": "1234",
    "ratio": "1.5",
    "percent": "80",
    "duration": {"amount": "6.75", "unit": "working_day"},
    "money": {"amount": "1250000", "currency": "VND"},
    "boolean": True,
    "text": "Văn bản",
    "day_kind": "WORK",
    "weekdays": ["MON", "SAT"],
    "opening_hours": [{"from": "07:30", "to": "11:30"}, {"from": "13:00", "to": "17:00"}],
    "weighted_condition": {
        "points": "-20",
        "when": {"all": [{"field": "a.b", "lt": "12"}, {"field": "c", "is": True}]},
    },
}


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("unit", sorted(unit_names()))
def test_a_value_survives_its_fields(unit: str, lang: str) -> None:
    value = SAMPLES.get(unit, "12.5")
    assert fault(unit, value) is None
    assert read_value(unit, fields_of(unit, value, lang), lang) == value


@pytest.mark.parametrize("unit", sorted(unit_names()))
def test_nothing_given_is_no_value(unit: str) -> None:
    with pytest.raises(Misread):
        read_value(unit, {}, "vi")


@pytest.mark.parametrize("text", ["13:00-17:00, 07:30-11:30", "07:30", "25:00-26:00", "08:00-08:00"])
def test_impossible_hours_are_refused(text: str) -> None:
    with pytest.raises(Misread):
        read_value("opening_hours", {"value": text}, "vi")


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    cell = neutral(text)
    assert as_typed(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text or cell == text
