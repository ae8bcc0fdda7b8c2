"""The certificate as a paper: typeset in Vietnamese, and signed with a key or left for a signature by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.core import law
from app.core.documents.signing import Appearance, DevelopmentAuthority, SignerIdentity, SigningKey, sign_pdf
from app.core.documents.store import FileStore
from app.core.documents.typeset import qr_svg, typeset
from app.core.kit.time import local_day
from app.core.settings.zone import ZoneConfig
from app.core.workflow.definition import Definition

PAPER = Path(__file__).parents[1] / "papers" / "certificate.typ"
SIGNATURE_FIELD = "signer"


@dataclass(frozen=True, slots=True)
class PressRoom:
    """What making a signed paper takes: where files go, whose keys sign, for which zone and address."""

    store: FileStore
    signing: DevelopmentAuthority
    zone: ZoneConfig
    origin: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed: the number, the body, the legal basis, and the code by which anybody can verify it."""

    number: str
    parts: Sequence[Mapping[str, Any]]
    basis: Sequence[str]
    code: str


def signed_pdf(room: PressRoom, key: SigningKey, sheet: Sheet, *, now: datetime) -> bytes:
    """Return the paper with the signature of a key."""
    return sign_pdf(
        typeset(PAPER, _paper(room, key.identity, sheet, field=SIGNATURE_FIELD, now=now), at=now),
        key=key,
        field=SIGNATURE_FIELD,
        at=now,
        reason=sheet.number,
        location=room.zone.city["vi"],
        appearance=Appearance(zone=room.zone.tz),
    )


def unsigned_pdf(room: PressRoom, signer: SignerIdentity, sheet: Sheet, *, now: datetime) -> bytes:
    """Return the paper with room for a signature by hand and the seal."""
    return typeset(PAPER, _paper(room, signer, sheet, field=None, now=now), at=now)


def _paper(
    room: PressRoom, signer: SignerIdentity, sheet: Sheet, *, field: str | None, now: datetime
) -> dict[str, Any]:
    """Return the data of the paper; every text is Vietnamese, the authentic language of the certificate."""
    zone, day = room.zone, local_day(now, room.zone.tz)
    url = f"{room.origin}/verify/{sheet.code}"
    return {
        "header": {
            "parent": zone.authority.parent["vi"],
            "agency": zone.authority.name["vi"],
            "number": sheet.number,
            "place": zone.city["vi"],
            "date": f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}",
        },
        "zone": zone.name["vi"],
        "basis": list(sheet.basis),
        "parts": list(sheet.parts),
        "signature": {
            "authority": zone.authority.name["vi"],
            "position": signer.position,
            "field": field,
            "name": signer.name,
        },
        "verification": {"qr": qr_svg(url), "caption": "Xác thực tại:", "code": sheet.code, "url": url},
    }


def basis_lines(session: Session, definition: Definition) -> list[str]:
    """Return the legal basis as a paper cites it."""
    known = law.instruments(session)
    found = [(known[each.instrument], each.article) for each in definition.basis]
    cited = [(f"{instrument.title['vi']} số {instrument.number}", article) for instrument, article in found]
    return [f"Căn cứ {title}, Điều {article};" if article else f"Căn cứ {title};" for title, article in cited]
