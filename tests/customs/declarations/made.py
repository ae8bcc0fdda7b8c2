"""Declarations made for tests, straight into the tables."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.kit.codes import format_code
from app.core.kit.ids import uuid7
from app.customs.declarations.models import Declaration, Line, Revision

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def declaration(session: Session, party_id: UUID, *, number: int = 1, **facts: Any) -> Declaration:
    """Make a declaration with its first revision and one line."""
    row = Declaration(
        **{
            "id": uuid7(), "party_id": party_id, "code": format_code("TK", 2026, number), "direction": "IMPORT",
            "movement": "ZONE_TO_INLAND", "type_code": "A11", "origin": "OURS", "state": "DRAFT", "head": 0,
            "created_at": NOW, "updated_at": NOW, "version": 1, **facts,
        }
    )  # fmt: skip
    session.add(row)
    session.flush()  # the revision refers to it
    revision = Revision(
        id=uuid7(), party_id=party_id, declaration_id=row.id, number=0, kind="FIRST", state="DRAFT", header={},
        created_at=NOW,
    )  # fmt: skip
    session.add(revision)
    session.flush()  # the line refers to it
    session.add(
        Line(id=uuid7(), party_id=party_id, revision_id=revision.id, number=1, description="Thép tấm")
    )
    session.flush()  # what was made is looked at
    return row


# A header and a line that pass every rule, as a Vietnamese reader types them.
HEADER = {
    "IMC": "0100233488",
    "IMA": "Số 1 đường Thử Nghiệm, Hải Phòng",
    "EPN": "Cong ty Khu Thu Nghiem (hu cau)",
    "EPA": "Lot 9, Demo Road",
    "EPO": "VN",
    "SKB": "4",
    "CH": "03CC",
    "MTC": "4",
    "NO": "20",
    "NOT": "PK",
    "GW": "20000",
    "GWT": "KGM",
    "ARR": "20/11/2026",
    "DST": "VNZZZ",
    "PSC": "VNZZZ",
    "IV1": "A",
    "IV3": "INV-2026-001",
    "IVD": "19/11/2026",
    "IVP": "TTR",
    "IP1": "A",
    "IP2": "CIF",
    "IP3": "USD",
    "IP4": "11.010",
    "VD1": "6",
}
LINE = {
    "own_code": "TT-10",
    "hs": "72083990",
    "description": "Thép tấm cán nóng",
    "origin": "CN",
    "quantity": "20",
    "unit": "TNE",
    "unit_price": "550,5",
    "value": "11.010",
}
