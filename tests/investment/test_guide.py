"""The guide: its data are sound, every way through it ends, and its conclusions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import law
from app.core.kit import conditions
from app.core.kit.conditions import FieldKind, FieldType
from app.core.settings import ROOT
from app.core.workflow import procedures
from app.core.workflow.checker import form_schema
from app.core.workflow.definition import Definition
from app.investment.domain.guide import UNSURE, conclude, form_answers, walk
from app.investment.queries import guiding as queries

FOLDER = Path(queries.__file__).parents[1]
DEFINITION = procedures.read_file(FOLDER / "procedures" / "IRC" / "2026-03-31.yaml")
GUIDE = queries.guide(DEFINITION)
LAW = law.load_yaml(law.law_files(ROOT / "app"))
NEW = {
    "intent": "NEW", "place": "ZONE", "country": "JP", "vsic": "VSIC2025:2610", "approval": "NO", "special": "NO",
    "priority": "NO", "technology": "NO", "bcc": "YES", "land": "LEASE",
}  # fmt: skip


SCHEMA = {
    each.code: FieldType(FieldKind.CODE, frozenset(each.options) - {UNSURE}) for each in GUIDE.questions
}


class TestData:
    @pytest.mark.parametrize(
        "tree",
        [
            *(each.when for each in GUIDE.questions if each.when),
            *(each.when for each in GUIDE.tracks),
            *(each["when"] for each in GUIDE.incentives),
        ],
        ids=str,
    )
    def test_every_condition_fits_the_questions(self, tree: object) -> None:
        assert conditions.check(conditions.parse(tree), SCHEMA) == []

    def test_every_text_stands_in_both_languages_and_every_figure_in_the_law(self) -> None:
        for entry in GUIDE.incentives:
            keys = {lang: set(queries._LAW_KEY.findall(entry["text"][lang])) for lang in ("vi", "en")}
            assert keys["vi"] == keys["en"] <= set(LAW.values)
        for question in GUIDE.questions:
            for text in (question.title, question.why, *question.options.values()):
                assert text["vi"]
                assert text["en"]

    def test_the_catalogue_cites_known_instruments_and_holds_every_track(self) -> None:
        entries = queries._read("procedures/catalogue.yaml")
        assert [each["code"] for each in entries] == [f"P{number}" for number in range(1, 17)]
        assert {each["basis"]["instrument"] for each in entries} <= set(LAW.instruments)
        assert {each.code for each in GUIDE.tracks} <= {each["code"] for each in entries}
        online = {each["online"] for each in entries if "online" in each}
        assert {each.procedure for each in GUIDE.tracks if each.procedure} <= online

    def test_answers_for_the_form_are_answers_of_the_form(self) -> None:
        schema = form_schema(DEFINITION)
        for question in GUIDE.questions:
            if question.form:
                assert question.form.replace(".", "[].") in schema


class TestWays:
    @given(choices=st.lists(st.integers(0, 50), min_size=20, max_size=20))
    def test_every_way_ends_and_going_on_keeps_what_was_answered(self, choices: list[int]) -> None:
        state: dict[str, str] = {}
        for choice in choices:
            known, question = walk(GUIDE.questions, state)
            assert known == state
            if question is None:
                break
            options = list(question.options)
            state = {**state, question.code: options[choice % len(options)]}
        assert walk(GUIDE.questions, state)[1] is None
        conclusion = conclude(GUIDE.tracks, state)
        assert conclusion.track or conclusion.possible

    def test_answers_that_no_longer_stand_and_foreign_parameters_are_dropped(self) -> None:
        state, following = walk(GUIDE.questions, {**NEW, "intent": "CHANGE", "utm": "x", "at": "land"})
        assert state == {"intent": "CHANGE"}
        assert following is None


class TestConclusions:
    @pytest.mark.parametrize(("changes", "track", "possible"), [
        ({}, "P1", []),
        ({"special": "YES"}, "P3", []),
        ({"approval": "YES"}, "P4", []),
        ({"place": "ELSEWHERE"}, "P1", []),
        ({"special": "UNSURE"}, None, ["P3", "P1"]),
        ({"approval": "UNSURE"}, None, ["P4", "P1"]),
        ({"intent": "CHANGE"}, "P6", []),
        ({"intent": "ACQUIRE"}, "P11", []),
    ])  # fmt: skip
    def test_tracks(self, changes: dict[str, str], track: str | None, possible: list[str]) -> None:
        state, _ = walk(GUIDE.questions, {**NEW, **changes})
        found = conclude(GUIDE.tracks, state)
        assert (found.track.code if found.track else None) == track
        assert [each.code for each in found.possible] == possible

    def test_a_draft_takes_over_what_the_guide_knows(self) -> None:
        state, _ = walk(GUIDE.questions, NEW)
        assert form_answers(GUIDE.questions, state) == {
            "investors": [{"country": "JP"}],
            "vsic": "VSIC2025:2610",
            "restricted_technology": False,
            "bcc": True,
            "land_right": "LEASE",
        }


@pytest.mark.parametrize(("country", "sure"), [("JP", True), ("VN", False)])
def test_papers_depend_on_the_answers(country: str, sure: bool) -> None:
    facts = form_answers(GUIDE.questions, {**NEW, "country": country})
    papers = {part.code: _paper(DEFINITION, part.code, facts) for part in DEFINITION.components}
    assert (papers["LEGALISATION"] is not None) is sure
    assert papers["BCC"] is not None
    assert papers["TECHNOLOGY"] is None


def _paper(definition: Definition, code: str, facts: dict[str, object]) -> dict[str, object] | None:
    part = next(each for each in definition.components if each.code == code)
    return queries._paper(part, definition, facts, {}, "vi")
