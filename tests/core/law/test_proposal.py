"""Reading law files: the shape, and every fault with its file, its key and what to do."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from app.core.errors import DomainError
from app.core.kit.ranges import Period
from app.core.law import (
    LawBook,
    LawValueMissing,
    LawValueWrongUnit,
    Limit,
    LimitUnit,
    Proposal,
    Status,
    check,
    law_files,
    law_value,
    load_yaml,
    say,
    upcoming,
)

APP = Path(__file__).parents[3] / "app"

HEAD = """
instruments:
  decree-1:
    {kind: DECREE, number: 1/2026/NĐ-CP, title: {vi: Nghị định, en: Decree}, status: CITED}
test.limit:
  description: {vi: Thời hạn, en: Limit}
"""


def read(tmp_path: Path, text: str, *, head: str = HEAD) -> Proposal:
    path = tmp_path / "test.yaml"
    path.write_text(head + text, encoding="utf-8")
    return load_yaml([path])


def codes(proposal: Proposal) -> list[str]:
    return [problem.code for problem in check(proposal)]


ENTRY = "{from: 2026-01-01, value: '1', source: {instrument: decree-1}, status: CITED}"


def test_the_files_of_this_release_have_no_fault() -> None:
    proposal = load_yaml(law_files(APP))
    assert [str(problem) for problem in check(proposal)] == []
    assert {"calendar.day", "investment.irc.limit"} <= proposal.values.keys()
    assert "wording.yaml" not in proposal.files


def test_an_entry_holds_until_the_next_one(tmp_path: Path) -> None:
    proposal = read(
        tmp_path,
        dedent("""\
          unit: count
          values:
            - {from: 2026-03-01, value: "2", source: {instrument: decree-1, article: "3"}, status: CITED}
            - {from: 2026-01-01, value: "1", source: {instrument: decree-1}, status: CITED}
        """)
        .replace("\n", "\n  ")
        .replace("unit", "  unit", 1),
    )
    assert codes(proposal) == []
    first, second = proposal.values["test.limit"]
    assert first.valid == Period(date(2026, 1, 1), date(2026, 3, 1))
    assert (first.article, second.article, second.valid.end) == (None, "3", None)
    assert first.decimal() == Decimal(1)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("unit: count\n  values: [{from: 2026-01-01, value: 15, status: ASSUMED}]", "law.value", "quotes"),
        ("unit: ratio\n  values: [{from: 2026-01-01, value: 1.5, status: ASSUMED}]", "law.value", '"1.5"'),
        (
            "unit: duration\n  values: [{from: 2026-01-01, value: {amount: 10, unit: day}, status: ASSUMED}]",
            "law.value",
            "quotes",
        ),
        (
            "unit: duration\n  values: [{from: 2026-01-01, value: {amount: '1.5', unit: day}, status: ASSUMED}]",
            "law.value",
            "whole",
        ),
        ("unit: furlong\n  values: []", "law.unit", "is no unit"),
        (
            "unit: boolean\n  values: [{from: 2026-01-01, value: 'true', status: ASSUMED}]",
            "law.value",
            "true",
        ),
        ("unit: day_kind\n  values: [{day: 2026-01-01, value: off, status: ASSUMED}]", "law.value", "OFF"),
        (
            "unit: day_kind\n  values: [{from: 2026-01-01, value: OFF, status: ASSUMED}]",
            "law.dates",
            "for ever",
        ),
        (
            "unit: weekdays\n  values: [{from: 2026-01-01, value: [MON, MON], status: ASSUMED}]",
            "law.value",
            "MON",
        ),
        (
            "unit: opening_hours\n  values: [{from: 2026-01-01, value: [{from: 07:30, to: 11:30}],"
            " status: ASSUMED}]",
            "law.value",
            "quotes",
        ),
        (
            "unit: count\n  values: [{from: 2026-02-01, to: 2026-01-01, value: '1', status: ASSUMED}]",
            "law.dates",
            "before it begins",
        ),
        ("unit: count\n  values: [{value: '1', status: ASSUMED}]", "law.dates", "needs either"),
        ("unit: count\n  values: [{from: 2026-01-01, value: '1', status: VERIFIED}]", "law.shape", "status"),
        ("unit: count\n  values: [{from: 2026-01-01, valeu: '1', status: CITED}]", "law.shape", "valeu"),
        ("unit: count\n  values: [{from: 2026-01-01, value: '1', status: CITED}]", "law.source", "CITED"),
        ("unit: count\n  values: [{from: 2026-01-01, value: '1', status: ASSUMED}]", "law.note", "ASSUMED"),
        (f"unit: count\n  values: [{ENTRY}, {ENTRY}]", "law.overlap", "two entries"),
        (
            "unit: count\n  values: [{from: 2026-01-01, value: '1', source: {instrument: nil}, status: CITED}]",
            "law.unknown-instrument",
            "nil",
        ),
        (
            "unit: count\n  values: [{from: 2026-01-01, value: '1', status: ASSUMED, note: {vi: chưa rõ}}]",
            "law.text",
            "vi and en",
        ),
        (
            f"unit: count\n  values: [{ENTRY}, {{from: 2025-01-01, value: '2', status: EXPECTED}}]",
            "law.expected",
            "future",
        ),
        ("unit: count\n  unit: ratio\n  values: []", "law.yaml", "twice"),
    ],
)
def test_each_fault_is_named_with_its_key(tmp_path: Path, body: str, code: str, words: str) -> None:
    problems = [problem for problem in check(read(tmp_path, "  " + body + "\n")) if problem.code == code]
    assert [problem for problem in problems if words in str(problem)]
    assert {problem.file for problem in problems} == {"test.yaml"}
    assert code == "law.yaml" or all(problem.key.startswith("test.limit") for problem in problems)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    body = "  unit: count\n  values: [{from: 2026-01-01, value: 1, status: ASSUMED}, {value: '1', status: CITED}]\n"
    assert set(codes(read(tmp_path, body))) == {"law.value", "law.note", "law.dates", "law.source"}


def test_a_key_stands_in_one_file_only(tmp_path: Path) -> None:
    body = f"  unit: count\n  values: [{ENTRY}]\n"
    read(tmp_path, body)
    other = tmp_path / "other.yaml"
    other.write_text((HEAD + body).split("status: CITED}", 1)[1].lstrip(), encoding="utf-8")
    assert codes(load_yaml([tmp_path / "test.yaml", other])) == ["law.twice"]


def test_what_is_expected_is_announced_and_never_holds(tmp_path: Path) -> None:
    expected = "{from: 2027-07-01, value: '7', status: EXPECTED}"
    proposal = read(tmp_path, f"  unit: count\n  values: [{ENTRY}, {expected}]\n")
    assert codes(proposal) == []
    (held,) = proposal.values["test.limit"]
    assert held.valid.end is None
    (coming,) = upcoming(proposal, today=date(2026, 6, 1))
    assert (coming[0], coming[1].text(), coming[2]) == (date(2027, 7, 1), "7", True)


def book(**values: object) -> LawBook:
    return LawBook(
        date(2026, 4, 1),
        {
            key: law_value(
                key=key,
                value=value,  # type: ignore[arg-type]
                unit="duration",
                valid=Period(date(2026, 1, 1)),
                status=Status.ASSUMED,
            )
            for key, value in values.items()
        },
    )


def test_a_book_remembers_what_was_read() -> None:
    law = book(a={"amount": "15", "unit": "day"}, b="1", c="2")
    assert law.days("a") == 15
    assert law.decimal("c") == Decimal(2)
    law.get("a")
    assert [value.key for value in law.used()] == ["a", "c"]
    assert law.used()[0].as_used()["valid_from"] == "2026-01-01"


def test_a_missing_value_names_key_day_and_what_to_do() -> None:
    with pytest.raises(LawValueMissing) as caught:
        book().get("x.y")
    assert isinstance(caught.value, DomainError)
    assert (caught.value.code, caught.value.status) == ("law.value-missing", 409)
    assert caught.value.params == {"key": "x.y", "day": "2026-04-01"}
    assert "x.y" in str(caught.value)


def test_a_value_is_not_read_as_something_else() -> None:
    law = book(a={"amount": "10", "unit": "working_day"}, b="x", c=True)
    assert law.limit("a") == Limit(Decimal(10), LimitUnit.WORKING_DAY)
    assert law.flag("c")
    for read_wrongly in (law.days, law.decimal, law.text, law.flag):
        with pytest.raises(LawValueWrongUnit):
            read_wrongly("a")
    with pytest.raises(LawValueWrongUnit):
        law.decimal("b")


def test_the_hash_binds_content_and_source_but_not_days_or_trust() -> None:
    def digest(**other: object) -> str:
        given: dict[str, object] = {
            "key": "a.b", "value": "1", "unit": "count", "valid": Period(date(2026, 1, 1)),
            "status": Status.ASSUMED, "instrument": "decree-1", "article": "1",
        }  # fmt: skip
        return law_value(**(given | other)).content_hash  # type: ignore[arg-type]

    assert digest() == digest(valid=Period(date(2020, 1, 1)), status=Status.VERIFIED)
    assert (
        len({digest(), digest(value="2"), digest(article="2"), digest(unit="ratio"), digest(key="a.c")}) == 5
    )


@pytest.mark.parametrize(
    ("unit", "value", "vi", "en"),
    [
        ("duration", {"amount": "10", "unit": "working_day"}, "10 ngày làm việc", "10 working days"),
        ("duration", {"amount": "480", "unit": "working_minute"}, "8 giờ làm việc", "8 working hours"),
        ("duration", {"amount": "1", "unit": "day"}, "1 ngày", "1 day"),
        ("money", {"amount": "1234567.5", "currency": "VND"}, "1.234.567,5 VND", "1,234,567.5 VND"),
        ("percent", "12.5", "12,5 %", "12.5 %"),
        ("boolean", True, "có", "yes"),
        ("day_kind", "OFF", "nghỉ", "off"),
        ("opening_hours", [{"from": "07:30", "to": "11:30"}], "07:30–11:30", "07:30–11:30"),
    ],
)
def test_values_are_said_in_both_languages(unit: str, value: object, vi: str, en: str) -> None:
    assert say(unit, value, "vi") == vi  # type: ignore[arg-type]
    assert say(unit, value, "en") == en  # type: ignore[arg-type]
