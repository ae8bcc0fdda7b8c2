"""Which pages of a scan become which paper: no page is lost without a word."""

import io

import pikepdf
import pytest

from app.core.workflow.papers import scans
from app.core.workflow.papers.scans import PagesFaulty, read_ranges, shortly


def faults(typed: dict[str, str], *, pages: int = 10, leave_rest: bool = True) -> set[tuple[str, str]]:
    with pytest.raises(PagesFaulty) as refusal:
        read_ranges(typed, pages=pages, leave_rest=leave_rest)
    return {(problem.name, problem.code) for problem in refusal.value.errors}


@pytest.mark.parametrize(
    ("typed", "pages"),
    [
        ("1-3, 7", [1, 2, 3, 7]),
        (" 2 ", [2]),
        ("4–6", [4, 5, 6]),
        ("1;3", [1, 3]),
        ("1-2,2-3,", [1, 2, 3]),
        ("9 - 10", [9, 10]),
    ],
)
def test_pages_are_read_as_people_write_them(typed: str, pages: list[int]) -> None:
    assert read_ranges({"A": typed}, pages=10, leave_rest=True).pages == {"A": pages}


@pytest.mark.parametrize("typed", ["3-1", "a", "1--3", "1,,2", "-1", "1.5", "99999", "٣"])
def test_what_cannot_be_read_is_told_at_its_paper(typed: str) -> None:
    assert faults({"A": typed, "B": "1-10"}) == {("pages-A", "not-pages")}


@pytest.mark.parametrize("typed", ["0", "11", "8-12"])
def test_there_is_no_page_beyond_the_scan(typed: str) -> None:
    assert faults({"A": typed}) == {("pages-A", "no-such-page")}


def test_a_page_belongs_to_one_paper() -> None:
    assert faults({"A": "1-4", "B": "4-10"}) == {("pages-B", "page-twice")}


def test_pages_left_over_are_told_until_somebody_says_that_they_are_nothing() -> None:
    typed = {"A": "1-4", "B": "6"}
    assert faults(typed, leave_rest=False) == {("leave_rest", "pages-left")}
    assert read_ranges(typed, pages=10, leave_rest=True).left == [5, 7, 8, 9, 10]
    assert read_ranges({"A": "1-10"}, pages=10, leave_rest=False).left == []


def test_every_fault_is_told_at_once() -> None:
    found = faults({"A": "x", "B": "1-12", "C": "1"}, leave_rest=False)
    assert {name for name, _ in found} == {"pages-A", "pages-B", "pages-C"}


def test_nothing_assigned_is_a_fault_at_the_first_paper() -> None:
    assert faults({"A": "", "B": " "}) == {("pages-A", "missing")}


@pytest.mark.parametrize(
    ("numbers", "text"), [([1, 2, 3, 7], "1-3, 7"), ([], ""), ([5], "5"), ([2, 4], "2, 4")]
)
def test_pages_are_written_shortly(numbers: list[int], text: str) -> None:
    assert shortly(numbers) == text


def test_a_part_has_its_pages_in_their_order_and_is_the_same_each_time() -> None:
    whole = many_pages(5)
    part = scans._part(whole, [4, 2])
    with pikepdf.open(io.BytesIO(part)) as read:
        assert [int(page.mediabox[2]) for page in read.pages] == [104, 102]
    assert scans._part(whole, [4, 2]) == part


def many_pages(count: int) -> bytes:
    """Return a PDF whose n-th page is 100 + n points wide."""
    with pikepdf.new() as pdf:
        for number in range(1, count + 1):
            pdf.add_blank_page(page_size=(100 + number, 200))
        target = io.BytesIO()
        pdf.save(target, deterministic_id=True)
    return target.getvalue()
