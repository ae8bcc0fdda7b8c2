"""Answers: read, shown, asked, missing, merged. Pure."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.money import parse_amount
from app.core.workflow import answers as form
from app.core.workflow.definition import FormField, FormSection, Option

VI = {"vi": "x", "en": "x"}


def field(code: str, kind: str = "text", **more: Any) -> FormField:
    return FormField.model_validate({"code": code, "type": kind, "label": VI, **more})


def section(*fields: FormField) -> FormSection:
    return FormSection(code="page", title=VI, fields=fields)


KIND = field("kind", "choice", options=(Option(code="ORG", label=VI), Option(code="MAN", label=VI)))
BOSS = field("boss", when={"field": "kind", "is": "ORG"})
SHARE = field("share", "decimal", unit="%", minimum="0", maximum="100")
CASH = field(
    "cash", "money", unit="VND", options=(Option(code="VND", label=VI), Option(code="USD", label=VI))
)
PEOPLE = field("people", "rows", fields=(KIND, BOSS, SHARE, CASH), maximum="2")
PAGE = section(PEOPLE)


def row(**cells: str) -> dict[str, str]:
    return {"kind": "", "boss": "", "share": "", "cash": "", "cash_currency": "VND", **cells}


class TestRows:
    def test_rows_are_read_and_empty_ones_left_out(self) -> None:
        raw = {"people": [row(kind="ORG", share="12,5"), row(), row(cash="1.000.000")]}
        answers, problems = form.read_section(PAGE, raw, lang="vi")
        assert problems == []
        assert answers == {
            "people": [
                {"kind": "ORG", "share": "12.5"},
                {"cash": {"amount": "1000000", "currency": "VND"}},
            ]
        }

    def test_each_fault_is_named_by_its_cell_in_the_order_shown(self) -> None:
        raw = {"people": [row(), row(share="viel", cash="1,5", cash_currency="VND"), row(kind="X")]}
        answers, problems = form.read_section(PAGE, raw, lang="vi")
        assert "people" not in answers
        assert [(each.name, each.code) for each in problems] == [
            ("people-1-share", "not-a-number"),
            ("people-1-cash", "bad-money"),
            ("people-2-kind", "not-an-option"),
        ]

    def test_more_rows_than_allowed_are_refused(self) -> None:
        raw = {"people": [row(boss=name) for name in "abc"]}
        assert [each.code for each in form.read_section(PAGE, raw, lang="en")[1]] == ["too-many"]

    def test_missing_cells_are_listed_where_they_are_asked(self) -> None:
        rows = [{"kind": "ORG", "share": "1", "cash": {}}, {"kind": "MAN", "share": "1"}]
        assert [each.name for each in form.missing([PAGE], {"people": rows})] == [
            "people-0-boss",
            "people-1-cash",
        ]

    def test_no_rows_at_all_is_one_problem(self) -> None:
        assert [each.name for each in form.missing([PAGE], {})] == ["people"]

    def test_fewer_rows_than_needed(self) -> None:
        three = section(field("people", "rows", fields=(BOSS,), minimum="3"))
        found = form.missing([three], {"people": [{"boss": "a"}]})
        assert [(each.code, each.params) for each in found] == [("too-few", {"limit": 3, "given": 1})]


class TestAsked:
    OPEN = section(field("yes", "boolean"), field("why", when={"field": "yes", "is": True}))

    @pytest.mark.parametrize(("answers", "names"), [
        ({}, ["yes", "why"]), ({"yes": True}, ["yes", "why"]), ({"yes": False}, ["yes"]),
    ])  # fmt: skip
    def test_an_open_condition_asks_and_a_false_one_does_not(
        self, answers: dict[str, Any], names: list[str]
    ) -> None:
        assert form.asked_names(self.OPEN, answers) == names

    def test_a_column_sees_its_own_row_first(self) -> None:
        names = form.asked_names(PAGE, {"kind": "MAN", "people": [{"kind": "ORG"}, {"kind": "MAN"}]})
        assert "people-0-boss" in names
        assert "people-1-boss" not in names


class TestVietnamese:
    NAME = section(field("name", lang="vi"))

    @pytest.mark.parametrize(
        "text", ["Nhà máy Đình Vũ (giai đoạn 1)", "ABC Electronics 2026", "Ưu đãi: 50 %"]
    )
    def test_latin_letters_pass(self, text: str) -> None:
        assert form.read_section(self.NAME, {"name": text}, lang="vi")[1] == []

    @pytest.mark.parametrize("text", ["株式会社ほし", "Завод", "하이퐁"])
    def test_other_scripts_are_sent_to_the_original_text(self, text: str) -> None:
        assert form.read_section(self.NAME, {"name": text}, lang="vi")[1][0].code == "not-vietnamese"


class TestRoundTrip:
    @given(
        value=st.decimals(min_value=0, max_value=Decimal(10**12), allow_nan=False, places=None).map(
            lambda each: each.quantize(Decimal(1).scaleb(-(abs(hash(str(each))) % 6)))
        ),
        lang=st.sampled_from(["vi", "en"]),
    )
    def test_a_number_shown_is_read_back(self, value: Decimal, lang: str) -> None:
        assert parse_amount(form.typed_number(value, lang=lang), "vi" if lang == "vi" else "en") == value

    @pytest.mark.parametrize("lang", ["vi", "en"])
    def test_a_page_shown_is_read_back(self, lang: str) -> None:
        page = section(
            PEOPLE, field("on", "date"), field("area", "decimal", unit="m²"), field("sure", "boolean"),
            field("usd", "money", unit="USD"), field("years", "integer", unit="year"),
        )  # fmt: skip
        answers: dict[str, Any] = {
            "people": [{"kind": "ORG", "boss": "A", "share": "33.333", "cash": {"amount": "10.50", "currency": "USD"}}],
            "on": "2026-03-27",
            "area": "1234.567",
            "sure": False,
            "usd": {"amount": "1250000.00", "currency": "USD"},
            "years": 1234,
        }  # fmt: skip
        again, problems = form.read_section(page, form.typed(page, answers, lang=lang), lang=lang)
        assert problems == []
        assert again == {
            **answers,
            # Three decimals would read as thousands in the other language: a fourth one stands behind them.
            "people": [{**answers["people"][0], "share": "33.3330"}],
        }
