"""Papers: the layout of Decree 30/2020, every Vietnamese letter, no foreign font, and text that stays text."""

import io
import os
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from app.core.documents.typeset import TextNotPrintable, TypesettingFailed, clean, qr_svg, typeset
from app.core.settings import ROOT
from tests.core.documents import papers
from tests.core.documents.papers import AT

GOLDEN = Path(__file__).with_name("golden")
MM = 72 / 25.4
HOSTILE = r'#read("/etc/passwd") #{1+1} $x^2$ @ref \u{41} *bold* _slanted_ <label> `raw` // end /* x */ "'

needs_poppler = pytest.mark.skipif(not shutil.which("pdffonts"), reason="poppler-utils is not installed")


def template(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "own.typ"
    path.write_text(source, encoding="utf-8")
    return path


def words(pdf: bytes) -> list[tuple[int, float, float, str]]:
    """Page, left end, base line (points, from the upper left corner) and text of each piece."""
    found = []
    for number, page in enumerate(PdfReader(io.BytesIO(pdf)).pages, start=1):

        def visit(text: str, cm: list[float], tm: list[float], *_: object, page: int = number) -> None:
            if text.strip():
                found.append((page, tm[4] * cm[0] + cm[4], 842 - (tm[5] * cm[3] + cm[5]), text.strip()))

        page.extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize("name", ["letter", "decision"])
def test_text_of_a_paper(name: str) -> None:
    data = {"letter": papers.letter, "decision": papers.decision}[name]()
    text = papers.text_of(typeset("letter", data, at=AT))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("FTZ_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


def test_there_are_134_letters() -> None:
    assert len(set(papers.LETTERS)) == len(papers.LETTERS) == 134


@pytest.mark.parametrize("family", ["serif", "sans"])
@pytest.mark.parametrize(
    "style", ["", 'weight: "bold"', 'style: "italic"', 'weight: "bold", style: "italic"']
)
def test_every_vietnamese_letter_comes_back(tmp_path: Path, family: str, style: str) -> None:
    source = (
        '#import "@local/decree30:1.0.0": data, serif, sans\n'
        f"#set text(font: {family}, size: 10pt, fallback: false)\n"
        f"#text({style + ', ' if style else ''}data.letters)"
    )
    pdf = typeset(template(tmp_path, source), {"letters": papers.LETTERS}, at=AT)

    assert "".join(papers.text_of(pdf).split()) == papers.LETTERS
    names = {"serif": "NotoSerif", "sans": "BeVietnamPro"}
    assert all(font.startswith(names[family]) for font in papers.fonts_of(pdf))
    assert papers.fonts_of(pdf)


def test_only_the_fonts_of_the_installation_are_used() -> None:
    pdf = typeset("letter", papers.letter(), at=AT)

    assert {font.split("-")[0] for font in papers.fonts_of(pdf)} == {"NotoSerif", "BeVietnamPro"}


@needs_poppler
def test_poppler_sees_embedded_fonts_with_unicode(tmp_path: Path) -> None:
    pdf = typeset("letter", papers.letter(), at=AT)
    lines = papers.poppler("pdffonts", pdf, tmp_path).splitlines()[2:]

    assert lines
    for line in lines:
        assert re.search(r"\+(NotoSerif|BeVietnamPro)-\S+ +CID TrueType +Identity-H +yes yes yes ", line), (
            line
        )
    assert "Nguyễn Thị Ưởng" in papers.poppler("pdftotext", pdf, tmp_path)


def test_text_of_people_stays_text() -> None:
    data = papers.letter(
        subject=HOSTILE,
        addressees=[HOSTILE],
        content=[
            {"kind": "paragraph", "text": HOSTILE},
            {"kind": "facts", "rows": [[HOSTILE, HOSTILE]]},
            {"kind": "table", "columns": [HOSTILE], "rows": [[HOSTILE]]},
        ],
    )
    text = papers.text_of(typeset("letter", data, at=AT))

    assert "root:" not in text
    assert "".join(text.split()).count("".join(HOSTILE.split())) == 6


def test_decomposed_text_is_composed_and_marks_are_dropped() -> None:
    assert clean({"a": ["Ba\u0301o ca\u0301o", "abc\u202edef\u0000\ufeff", 1, True, None]}) == {
        "a": ["Báo cáo", "abcdef", 1, True, None]
    }


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_fractions_have_no_notation_of_their_own(value: object) -> None:
    with pytest.raises(TypeError):
        clean({"value": value})


def test_same_input_gives_same_bytes() -> None:
    assert typeset("letter", papers.letter(), at=AT) == typeset("letter", papers.letter(), at=AT)
    assert typeset("letter", papers.letter(), at=AT) != typeset(
        "letter", papers.letter(), at=AT + timedelta(days=1)
    )


def test_letters_that_no_font_has_are_an_error() -> None:
    data = papers.letter(addressees=["华为 Company"])

    with pytest.raises(TextNotPrintable) as error:
        typeset("letter", data, at=AT)
    assert error.value.params == {"characters": "华"}


@pytest.mark.parametrize(
    "source",
    [
        '#set text(font: "No Such Family")\nx',
        '#read("/etc/passwd")',
        '#read("../secret")',
        "#nothing",
    ],
)
def test_wrong_template_is_a_fault_of_the_program(tmp_path: Path, source: str) -> None:
    with pytest.raises(TypesettingFailed):
        typeset(template(tmp_path, source), {}, at=AT)


def test_templates_fetch_no_packages() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.typ")]

    assert sources
    assert not [source for source in sources if "@preview" in source]


def test_template_name_is_no_path() -> None:
    with pytest.raises(TypesettingFailed):
        typeset("../letter", {}, at=AT)


def test_declared_as_pdf_a_2b() -> None:
    with pikepdf.open(io.BytesIO(typeset("letter", papers.letter(), at=AT))) as document:
        metadata = document.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "B")
        assert metadata["dc:title"] == papers.letter()["subject"]
        assert document.Root.Lang == "vi"
        assert "/MarkInfo" in document.Root, "tagged for screen readers"


def test_layout_of_decree_30() -> None:
    pdf = typeset("letter", papers.decision(), at=AT)
    reader = PdfReader(io.BytesIO(pdf))
    pieces = words(pdf)

    assert len(reader.pages) > 1
    for page in reader.pages:
        assert (round(float(page.mediabox.width) / MM), round(float(page.mediabox.height) / MM)) == (210, 297)
    body = [piece for piece in pieces if piece[3] not in {"2", "3"}]
    assert min(left for _, left, _, _ in body) >= 30 * MM - 1, "left margin 30 to 35 mm"
    assert min(line for _, _, line, _ in body) >= 20 * MM, "top margin 20 to 25 mm"
    assert max(line for _, _, line, _ in body) <= (297 - 20) * MM, "bottom margin 20 to 25 mm"
    ((number, left, line, _),) = (piece for piece in pieces if piece[3] == "2")
    assert number == 2, "the first page shows no number"
    assert line < 20 * MM
    assert abs(left - (30 + 160 / 2) * MM) < 5 * MM, "in the middle of the text"


@needs_poppler
def test_right_margin(tmp_path: Path) -> None:
    boxes = papers.poppler("pdftotext", typeset("letter", papers.decision(), at=AT), tmp_path, "-bbox")
    rights = [float(value) for value in re.findall(r'xMax="([0-9.]+)"', boxes)]

    assert (210 - 20 - 2) * MM <= max(rights) <= (210 - 15) * MM, "right margin 15 to 20 mm"


def test_declared_places_become_signature_fields() -> None:
    with pikepdf.open(io.BytesIO(typeset("letter", papers.letter(), at=AT))) as document:
        (field,) = document.Root.AcroForm.Fields
        assert (str(field.T), str(field.FT)) == ("leader", "/Sig")
        left, bottom, right, top = (float(value) / MM for value in field.Rect)
        assert left > 105, "the right half"
        assert (round(right - left), round(top - bottom)) == (70, 26)
        assert "/N" in field.AP


def test_paper_without_a_signer_has_no_field() -> None:
    with pikepdf.open(io.BytesIO(typeset("letter", papers.letter(signature=None), at=AT))) as document:
        assert "/AcroForm" not in document.Root


def test_qr_is_a_picture_of_lines_only() -> None:
    svg = qr_svg("https://example.org/v/" + papers.CODE)

    assert svg.startswith("<svg ")
    assert "<image" not in svg
    assert qr_svg("a") != qr_svg("b")
