"""Notices as they are kept: from the document to JSON and back. Amounts stay decimal texts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.customs.declarations.models import Notice as NoticeRow
from app.customs.declarations.queries.gateway import SIMULATED
from app.customs.declarations.wire import (
    Fault,
    ItemTaxes,
    Notice,
    NoticeKind,
    Paper,
    PostedPayment,
    Tax,
    TaxKind,
)


def body_of(notice: Notice) -> dict[str, Any]:
    """Return what a notice says beside its columns; empty parts are left out."""
    said: dict[str, Any] = {
        "official_number": notice.official_number,
        "version": notice.version,
        "channel": notice.channel,
        "text": notice.text,
        "faults": [_fault(each) for each in notice.faults],
        "papers": [_paper(each) for each in notice.papers],
        "lines": [_line(each) for each in notice.taxes],
        "total": None if notice.total is None else f"{notice.total:f}",
        "due_on": notice.due_on.isoformat() if notice.due_on else "",
        "payment_reference": notice.reference_of_payment,
        SIMULATED: notice.simulated or None,
    }
    if notice.posted is not None:
        said["posted"] = {"reference": notice.posted.reference, "amount": f"{notice.posted.amount:f}"}
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def said_in(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a kept notice says, without who said it: a simulator is no other text."""
    return {name: value for name, value in body.items() if name != SIMULATED}


def _fault(fault: Fault) -> dict[str, Any]:
    told = {
        "rule": fault.rule, "field": fault.field, "line": fault.line, "text": fault.text, "article": fault.article,
        "fix": fault.fix,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in (None, "")}


def _paper(paper: Paper) -> Mapping[str, str]:
    return {"type_code": paper.type_code, "name": paper.name}


def _line(line: ItemTaxes) -> dict[str, Any]:
    return {
        "number": line.number,
        "taxes": [
            {
                "kind": tax.kind.value,
                "base": None if tax.base is None else f"{tax.base:f}",
                "rate": tax.rate,
                "amount": f"{tax.amount:f}",
            }
            for tax in line.taxes
        ],
    }


def notice_of(row: NoticeRow, reference: str) -> Notice:
    """Return a kept notice as it came."""
    body = row.body
    posted = body.get("posted")
    return Notice(
        id=row.gateway_id,
        sequence=row.sequence,
        kind=NoticeKind(row.kind),
        reference=reference,
        official_at=row.official_at,
        reply_to=str(row.dispatch_id or ""),
        official_number=body.get("official_number", ""),
        version=body.get("version"),
        channel=body.get("channel", ""),
        text=body.get("text", ""),
        faults=tuple(Fault(**{"rule": "", **each}) for each in body.get("faults", ())),
        papers=tuple(Paper(**each) for each in body.get("papers", ())),
        taxes=taxes_of_body(body),
        total=Decimal(body["total"]) if "total" in body else None,
        due_on=date.fromisoformat(body["due_on"]) if "due_on" in body else None,
        reference_of_payment=body.get("payment_reference", ""),
        posted=PostedPayment(posted["reference"], Decimal(posted["amount"])) if posted else None,
        simulated=bool(body.get(SIMULATED)),
    )


def taxes_of_body(body: Mapping[str, Any]) -> tuple[ItemTaxes, ...]:
    """Return the taxes by line of a kept notice or official assessment."""
    return tuple(
        ItemTaxes(
            int(line["number"]),
            tuple(
                Tax(
                    TaxKind(tax["kind"]),
                    Decimal(tax["amount"]),
                    None if tax.get("base") is None else Decimal(tax["base"]),
                    tax.get("rate") or "",
                )
                for tax in line["taxes"]
            ),
        )
        for line in body.get("lines", ())
    )
