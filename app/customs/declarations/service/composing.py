"""Composing messages: from the frozen rows to the document, always the same bytes for the same message."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customs.declarations.domain.parties import as_declared
from app.customs.declarations.models import Declaration, Dispatch, Line, Revision
from app.customs.declarations.wire import DeclarationMessage, MessageKind, PaidSlip, Paper, WireLine

_WITH_CONTENT = frozenset({MessageKind.DECLARE, MessageKind.AMEND})


def message(session: Session, dispatch: Dispatch) -> DeclarationMessage:
    """Return the message of a dispatch."""
    declaration = session.get_one(Declaration, dispatch.declaration_id)
    kind = MessageKind(dispatch.kind)
    content = dispatch.content
    revision = None if dispatch.revision_id is None else session.get_one(Revision, dispatch.revision_id)
    full = revision is not None and kind in _WITH_CONTENT
    return DeclarationMessage(
        message_id=str(dispatch.id),
        kind=kind,
        reference=declaration.code,
        version=revision.number if revision is not None else declaration.head,
        # What is corrected after a refusal has no number; an amendment names the one that it amends.
        official_number=content.get("official_number", ""),
        direction=declaration.direction,
        type_code=declaration.type_code,
        issued_at=dispatch.queued_at,
        header=as_declared(declaration.direction, texts(revision.header))
        if full and revision is not None
        else {},
        lines=lines_of(session, revision) if full and revision is not None else (),
        text=str(content.get("text") or (revision.reason if revision is not None else "")),
        answers=str(content.get("answers", "")),
        papers=tuple(_paper(each) for each in content.get("papers", ())),
        payment=_payment(content.get("payment")),
    )


def lines_of(session: Session, revision: Revision) -> tuple[WireLine, ...]:
    """Return the lines of a revision."""
    rows = session.scalars(select(Line).where(Line.revision_id == revision.id).order_by(Line.number))
    return tuple(
        WireLine(
            number=row.number, hs=row.hs, own_code=row.own_code, description=row.description, origin=row.origin,
            scheme=row.scheme, origin_proof=row.origin_proof, quantity=row.quantity, unit=row.unit,
            quantity2=row.quantity2, unit2=row.unit2, unit_price=row.unit_price, value=row.value, more=texts(row.more),
        )
        for row in rows
    )  # fmt: skip


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return coded values as texts, without the empty ones."""
    return {code: str(value) for code, value in sorted(values.items()) if value not in (None, "")}


def _paper(content: Mapping[str, Any]) -> Paper:
    return Paper(
        str(content.get("type_code") or content["slot"]),
        str(content.get("name") or content.get("number") or content.get("file_name") or ""),
        str(content.get("sha256") or ""),
        int(content.get("size") or 0),
    )


def _payment(content: Mapping[str, Any] | None) -> PaidSlip | None:
    if not content:
        return None
    return PaidSlip(
        content["reference"], Decimal(content["amount"]), date.fromisoformat(content["paid_on"]),
        content.get("transaction", ""),
    )  # fmt: skip
