"""Papers: a Typst template and data become a PDF (produced as PDF/A-2b; conformance not independently validated).

Data reach a template as JSON in ``sys.inputs`` and stay values there; no text is ever put into Typst source.
Only the fonts that the installation brings are used, none of the system's, and a character that they lack is
an error, never an empty box on a paper with legal force.
"""

import io
import json
import os
import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import fontpkg_be_vietnam_pro
import fontpkg_noto_serif
import segno
import typst

from app.core.documents.signature_fields import FieldBox, add_signature_fields
from app.core.errors import DomainError

TEMPLATES = Path(__file__).with_name("templates")
FONT_DIRS = (
    Path(fontpkg_noto_serif.__file__).parent / "files",
    Path(fontpkg_be_vietnam_pro.__file__).parent / "files",
)

JSON = str | int | bool | None | Sequence["JSON"] | Mapping[str, "JSON"]

_PACKAGES = TEMPLATES / "packages"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_LACKING = re.compile(r'the text `?"(.+?)"`? could not be displayed', re.DOTALL)
# Marks that turn the direction of text could make a paper read otherwise than its data.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_KEPT_CONTROLS = frozenset("\n\t")
# The compiler memoises across calls in one cache; two compilations at once are not worth two copies of it.
_LOCK = threading.Lock()


class TextNotPrintable(DomainError):
    """A text holds characters that no font of the installation has."""

    code = "documents.text-not-printable"
    status = 422
    title = "The paper cannot be made."
    detail = "No font of this installation has the characters “%(characters)s”, which stand in a text of the paper."
    hint = "Write the name or word in Latin letters, or ask the operator to add a font."


class TypesettingFailed(RuntimeError):
    """A template is wrong: a fault of the program, not of the data. Carries the compiler's diagnosis."""


def typeset(
    template: Path | str,
    data: Mapping[str, JSON],
    *,
    at: datetime,
    font_dirs: Iterable[Path] = (),
    tagged: bool = True,
) -> bytes:
    """
    Make a PDF; the same template, data and instant give the same bytes.

    Signature fields that the template declares (``signature-field`` of the package ``decree30``) become
    empty signature fields of the PDF, ready for ``signing.sign_pdf`` under their names.

    :param template: name of a template of this room, or the path of a module's own ``.typ`` file, which
        imports ``@local/decree30:1.0.0`` and may read files beside it only.
    :param data: text, whole numbers, truth values, lists and mappings; text is normalised (NFC), control and
        direction marks are dropped. Fractions must come as text in the notation of the paper.
    :param at: aware instant written into the PDF as its creation.
    :param font_dirs: further directories of fonts, after those of the installation.
    :param tagged: write the structure for screen readers; off only for art that goes into another page.
    :raises TextNotPrintable: a character that no font has.
    :raises TypesettingFailed: the template is wrong.
    """
    path = TEMPLATES / f"{_checked_name(template)}.typ" if isinstance(template, str) else template
    inputs = {"data": json.dumps(clean(data), ensure_ascii=False, separators=(",", ":"))}
    fonts = _fonts((*FONT_DIRS, *font_dirs))
    with _LOCK:
        pdf, fields = _compile(path, inputs, fonts, at, tagged=tagged)
    return add_signature_fields(pdf, fields) if fields else pdf


def qr_svg(text: str) -> str:
    """Draw a QR code (ISO/IEC 18004, error correction M) as SVG for a template's ``verification`` block."""
    target = io.BytesIO()
    segno.make_qr(text, error="m").save(target, kind="svg", border=2, xmldecl=False, svgns=True)
    return target.getvalue().decode("ascii")


def clean(value: Any) -> JSON:
    """
    Normalise all text within a value (NFC) and drop control and direction marks.

    :raises TypeError: a fraction or another type that has no one notation on paper.
    """
    if isinstance(value, str):
        return "".join(filter(_is_kept, unicodedata.normalize("NFC", value)))
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [clean(item) for item in value]
    raise TypeError(f"A template takes text, whole numbers, lists and mappings, not {type(value).__name__}.")


def _is_kept(character: str) -> bool:
    if character in _KEPT_CONTROLS:
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _DIRECTION_MARKS


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise TypesettingFailed(f"{name!r} is no name of a template.")
    return name


@lru_cache(maxsize=8)
def _fonts(directories: tuple[Path, ...]) -> Any:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(path) for path in directories],
    )


def _compile(
    path: Path, inputs: dict[str, str], fonts: Any, at: datetime, *, tagged: bool
) -> tuple[bytes, list[FieldBox]]:
    compiler = typst.Compiler(
        str(path),
        root=str(path.parent),
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs=inputs,
        package_path=str(_PACKAGES),
        # Nowhere to keep a download: a template must not fetch packages from the network.
        package_cache_path=os.devnull,
    )
    try:
        pdf, warnings = compiler.compile_with_warnings(
            format="pdf",
            pdf_standards=["a-2b"],
            timestamp=at.astimezone(UTC).replace(microsecond=0),
            pdf_tags=tagged,
        )
        found = json.loads(compiler.query("<signature-field>", field="value"))
    except typst.TypstError as error:
        raise _explained(error) from error
    if warnings or not isinstance(pdf, bytes):
        raise TypesettingFailed("; ".join(warning.message for warning in warnings))
    return pdf, [FieldBox(**field) for field in found]


def _explained(error: typst.TypstError) -> Exception:
    lacking = _LACKING.search(error.message)
    if lacking:
        return TextNotPrintable(characters=lacking.group(1)[:20])
    return TypesettingFailed(f"{error.message}\n{error.diagnostic}")
