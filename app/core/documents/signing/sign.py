"""Signing a PDF: an incremental update that leaves every earlier byte, and so every earlier signature, intact."""

import io
from dataclasses import dataclass
from datetime import datetime, tzinfo

from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle

from app.core.documents.signing.keys import SignerIdentity, SigningKey
from app.core.documents.typeset import typeset
from app.core.errors import DomainError

_HUNDREDTHS = 100


class FieldNotFree(DomainError):
    """The place for this signature is signed already, or cannot be signed."""

    code = "documents.signature-field-not-free"
    status = 409
    title = "The paper cannot be signed here."
    detail = "The place “%(field)s” of this paper is already signed or does not take a signature."
    hint = "Look at the paper again: somebody may have signed it meanwhile."


@dataclass(frozen=True, slots=True)
class Appearance:
    """
    A visible signature: name, position, organisation, and the time in ``zone`` with its offset from UTC.

    ``box`` says where, if the paper has no field of that name yet: left, bottom, right, top in points from the
    lower left corner of ``page``, which counts from 0; -1 is the last. A field of the paper keeps its own place.
    """

    zone: tzinfo
    box: tuple[int, int, int, int] | None = None
    page: int = -1


def sign_pdf(
    pdf: bytes,
    *,
    key: SigningKey,
    field: str,
    at: datetime,
    reason: str = "",
    location: str = "",
    appearance: Appearance | None = None,
) -> bytes:
    """
    Sign a PDF as PAdES B-B, SHA-256.

    The time in the signature is ``at`` as the signer's system states it; no time-stamping authority confirms it.

    :param field: name of the signature field; made when the paper has none of that name.
    :param at: aware instant of signing.
    :param appearance: None signs without a visible mark.
    :raises FieldNotFree: the field is signed already.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    style, spec = None, None
    if appearance is not None:
        rectangle = _rectangle(writer.prev, field) or appearance.box
        if rectangle is None:
            raise ValueError(f"The paper has no field {field!r} and the appearance says no box.")
        style = _style(key.identity, at.astimezone(appearance.zone), rectangle)
        spec = fields.SigFieldSpec(field, on_page=appearance.page, box=appearance.box)
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        reason=reason or None,
        location=location or None,
        name=key.identity.name,
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    signer = _PdfSignerAt(metadata, key.signer, stamp_style=style, new_field_spec=spec)
    signer.at = at
    target = io.BytesIO()
    try:
        signer.sign_pdf(writer, output=target)
    except SigningError as error:
        raise FieldNotFree(field=field) from error
    return target.getvalue()


class _PdfSignerAt(signers.PdfSigner):
    """A signer whose clock is passed in; pyHanko reads the system's and its zone."""

    at: datetime

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


class _ImportedArt(ImportedPdfPage):
    """The first page of a PDF in memory (pyHanko's own class wants a file name)."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__(file_name="")  # type: ignore[no-untyped-call]
        self._pdf = pdf

    def render(self) -> bytes:
        writer = self._ensure_writer
        page = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)), page_ix=0)
        self.resources.xobject["/SignatureArt"] = page
        left, bottom, right, top = (float(value) for value in page.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/SignatureArt Do"


def _style(identity: SignerIdentity, at: datetime, rectangle: tuple[float, ...]) -> StaticStampStyle:
    left, bottom, right, top = rectangle
    offset = at.strftime("%z")
    data: dict[str, str | int] = {
        "name": identity.name,
        "position": identity.position,
        "organisation": identity.organisation,
        "time": f"{at:%d/%m/%Y %H:%M:%S} {offset[:3]}:{offset[3:]}",
        "width": round((right - left) * _HUNDREDTHS),
        "height": round((top - bottom) * _HUNDREDTHS),
    }
    art = typeset("signature", data, at=at, tagged=False)
    return StaticStampStyle(
        border_width=0,
        background=_ImportedArt(art),
        background_opacity=1.0,
        background_layout=layout.SimpleBoxLayoutRule(
            x_align=layout.AxisAlignment.ALIGN_MIN,
            y_align=layout.AxisAlignment.ALIGN_MIN,
            margins=layout.Margins(left=0, right=0, top=0, bottom=0),
        ),
    )


def _rectangle(reader: PdfFileReader, field: str) -> tuple[float, ...] | None:
    """Return the rectangle of a visible signature field of that name, if the paper has one."""
    for name, _value, reference in fields.enumerate_sig_fields(reader):
        if name == field:
            widget = reference.get_object()
            if not isinstance(widget, generic.DictionaryObject) or "/Rect" not in widget:
                return None
            rectangle = tuple(float(value) for value in widget["/Rect"])
            return rectangle if rectangle[2] > rectangle[0] and rectangle[3] > rectangle[1] else None
    return None
