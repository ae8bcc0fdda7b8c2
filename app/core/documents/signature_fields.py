"""Empty signature fields: places for signatures that a template has laid out (ISO 32000-2, 12.7.5.5)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, String

_PRINT = 4


@dataclass(frozen=True, slots=True)
class FieldBox:
    """Where a signature goes: lengths in points (1/72 inch), y from the top of the page, pages from 1."""

    name: str
    page: int
    x: float
    y: float
    width: float
    height: float


def add_signature_fields(pdf: bytes, fields: Sequence[FieldBox]) -> bytes:
    """
    Write empty signature fields into a PDF that nobody has signed yet.

    Each has an empty appearance, as PDF/A asks of every field. The result depends on the input only.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        references = [_add(document, field) for field in fields]
        document.Root.AcroForm = document.make_indirect(Dictionary(Fields=Array(references)))
        target = io.BytesIO()
        document.save(target, deterministic_id=True)
    return target.getvalue()


def _add(document: pikepdf.Pdf, field: FieldBox) -> pikepdf.Object:
    page = document.pages[field.page - 1]
    top = float(page.mediabox[3])
    left, bottom = round(field.x, 2), round(top - field.y - field.height, 2)
    appearance = pikepdf.Stream(document, b"")
    appearance.update({"/Type": Name.XObject, "/Subtype": Name.Form})
    appearance["/BBox"] = Array([0, 0, round(field.width, 2), round(field.height, 2)])
    widget = document.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(field.name),
            F=_PRINT,
            Rect=Array([left, bottom, round(left + field.width, 2), round(bottom + field.height, 2)]),
            P=page.obj,
            AP=Dictionary(N=document.make_indirect(appearance)),
        )
    )
    if Name.Annots not in page.obj:
        page.obj.Annots = document.make_indirect(Array())
    page.obj.Annots.append(widget)
    return widget
