"""The pre-calculation on screens: taxes by kind, and by line with the arithmetic, the act and the rate."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from app.customs.tariff.facade import (
    TAX_TITLES,
    Assessment,
    Direction,
    LineAssessment,
    Shipment,
    ShipmentLine,
    Tax,
    TaxKind,
    arithmetic,
    said_rate,
    value_arithmetic,
)
from app.web.render import request_translator

CALCULATOR = "/tariff/calculator"
_LEGAL_ORDER = list(TaxKind)


def taxes_view(
    request: Request, assessment: Assessment | None, *, dutiable: bool
) -> Mapping[str, Any] | None:
    """Return what ``declarations/_taxes.html`` shows; None while nothing can be computed."""
    if assessment is None:
        return None
    translator = request_translator(request)
    return {
        "dutiable": dutiable,
        "complete": assessment.complete,
        "day": assessment.law_day,
        "total": assessment.total,
        "totals": [
            {"title": translator.gettext(TAX_TITLES[kind]), "amount": amount}
            for kind, amount in sorted(assessment.totals.items(), key=lambda each: _LEGAL_ORDER.index(each[0]))
        ],
        "rates": _rates(assessment),
        "lines": [_line(request, each, assessment.shipment) for each in assessment.lines],
    }  # fmt: skip


def _rates(assessment: Assessment) -> list[dict[str, Any]]:
    """Return the rates of exchange on which the figures rest."""
    shipment = assessment.shipment
    used = {shipment.currency, *(each.currency for each in shipment.components())}
    return [
        {
            "currency": rate.currency,
            "rate": Decimal(f"{rate.rate.normalize():f}"),
            "day": rate.rate_day,
            "assumed": rate.status == "ASSUMED",
        }
        for rate in assessment.facts.rates.values()
        if rate.currency in used
    ]


def options_href(shipment: Shipment, line: ShipmentLine) -> str:
    """Return the calculator's page with every lawful treatment of one line, ranked; empty for exports."""
    if shipment.direction is not Direction.IMPORT:
        return ""
    asked = {
        "on": shipment.on.isoformat(), "currency": shipment.currency, "incoterm": shipment.incoterm, "hs1": line.hs,
        "value1": f"{line.value:f}", "origin1": line.origin,
        "quantity1": "" if line.quantity is None else f"{line.quantity:f}", "lines": "1", "v": "1",
    }  # fmt: skip
    return f"{CALCULATOR}?{urlencode({name: text for name, text in asked.items() if text})}#result"


def _line(request: Request, line: LineAssessment, shipment: Shipment) -> dict[str, Any]:
    translator = request_translator(request)
    asked = next((each for each in shipment.lines if each.number == line.number), None)
    return {
        "number": line.number,
        "hs": line.hs,
        "scheme": line.scheme,
        "customs_value": line.customs_value,
        "value_arithmetic": value_arithmetic(line, translator),
        "taxes": [_tax(request, tax) for tax in line.taxes],
        "total": line.total,
        "complete": line.complete,
        "options": options_href(shipment, asked) if asked else "",
    }


def _tax(request: Request, tax: Tax) -> dict[str, Any]:
    translator = request_translator(request)
    trace = tax.trace
    return {
        "title": translator.gettext(TAX_TITLES[tax.kind]),
        "rate": said_rate(tax.rate, translator.lang),
        "amount": tax.amount,
        "arithmetic": arithmetic(tax, translator),
        "source": ", ".join(filter(None, (trace.act, trace.article, trace.annex))),
        "assumed": trace.status == "ASSUMED",
    }
