"""A place as an answer of a form."""

import pytest

from app.core.workflow import answers as form
from app.core.workflow.definition import FormField, FormSection
from app.core.workflow.papers.form import printed_value

FIELD = FormField(code="place", type="place", label={"vi": "Vị trí", "en": "Place"}, required=False)
PAGE = FormSection(code="site", title={"vi": "Địa điểm", "en": "Location"}, fields=(FIELD,))
AREA = "20.80; 106.80\n20.81; 106.80\n20.81; 106.82"


def test_what_was_typed_comes_back_as_it_was_understood() -> None:
    answers, problems = form.read_section(PAGE, {"place": AREA}, lang="vi")
    assert problems == []
    assert answers["place"]["points"][0] == ["106.80", "20.80"]
    assert form.typed(PAGE, answers, lang="en") == {"place": AREA}
    assert form.read_section(PAGE, form.typed(PAGE, answers, lang="en"), lang="en") == (answers, [])


def test_nothing_typed_is_no_answer() -> None:
    assert form.read_section(PAGE, {"place": "  "}, lang="vi") == ({"place": None}, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [("somewhere", "not-coordinates"), ("20.8 106.8\n20.9 106.8", "two-points"), ('{"type": 1}', "bad-geojson"),
     ("20.80 106.80\n20.82 106.82\n20.82 106.80\n20.80 106.82", "crossing"), ("2" * 30_000, "too-long"),
     ("20.8 106.8\n2301203 614316", "two-systems")],
)  # fmt: skip
def test_a_fault_stands_beside_the_field_with_a_sentence_that_is_filled(text: str, code: str) -> None:
    answers, (problem,) = form.read_section(PAGE, {"place": text}, lang="vi")
    assert "place" not in answers
    assert (problem.name, problem.code) == ("place", code)
    assert problem.reason % (problem.params or {})


def test_a_paper_names_the_system() -> None:
    answers, _ = form.read_section(PAGE, {"place": "2301203.17; 614316.76"}, lang="vi")
    assert printed_value(FIELD, answers["place"], "vi") == "VN-2000 TM-3 105°45′: 2301203.17; 614316.76"
