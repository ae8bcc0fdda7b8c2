"""Official results as rows of a workbook: the same columns that ``result_sheets`` reads."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from app.customs.declarations.service.result_sheets import COLUMNS, TAX_COLUMNS
from app.customs.declarations.service.results import MOVEMENT
from app.customs.declarations.wire import Notice, NoticeKind, Result, WireLine

_INSTANTS = {
    "registered_at": NoticeKind.REGISTERED, "released_at": NoticeKind.RELEASED, "cleared_at": NoticeKind.CLEARED,
    "cancelled_at": NoticeKind.CANCELLED,
}  # fmt: skip


def rows_of(result: Result) -> Iterator[list[str]]:
    """Yield one row for each goods line; what belongs to the declaration stands in each."""
    declaration, last = result.declaration, {notice.kind: notice for notice in result.notices}
    firm = declaration.header.get("IMC" if declaration.direction == "IMPORT" else "EPC", "")
    channel = last.get(NoticeKind.CHANNEL)
    own = {
        "official_number": declaration.official_number, "direction": declaration.direction,
        "type_code": declaration.type_code, "movement": declaration.header.get(MOVEMENT, ""), "firm": firm,
        "channel": channel.channel if channel is not None else "", "currency": declaration.header.get("IP3", ""),
        "incoterm": declaration.header.get("IP2", ""),
        **{column: _instant(last, kind) for column, kind in _INSTANTS.items()},
    }  # fmt: skip
    taxes = _taxes(last.get(NoticeKind.TAX))
    for line in declaration.lines:
        row = {**own, **_line(line), **taxes.get(line.number, {})}
        yield [row.get(column, "") for column in COLUMNS]


def _line(line: WireLine) -> dict[str, str]:
    return {
        "line": str(line.number), "hs": line.hs, "own_code": line.own_code, "description": line.description,
        "origin": line.origin, "scheme": line.scheme, "origin_proof": line.origin_proof,
        "quantity": _number(line.quantity), "unit": line.unit, "unit_price": _number(line.unit_price),
        "value": _number(line.value),
    }  # fmt: skip


def _taxes(notice: Notice | None) -> Mapping[int, Mapping[str, str]]:
    found: dict[int, dict[str, Decimal]] = {}
    for item in notice.taxes if notice is not None else ():
        for tax in item.taxes:
            if tax.kind.value in TAX_COLUMNS:
                sums = found.setdefault(item.number, {})
                sums[tax.kind.value] = sums.get(tax.kind.value, Decimal(0)) + tax.amount
    return {line: {kind: _number(amount) for kind, amount in sums.items()} for line, sums in found.items()}


def _instant(last: Mapping[NoticeKind, Notice], kind: NoticeKind) -> str:
    at: datetime | None = last[kind].official_at if kind in last else None
    return at.isoformat() if at is not None else ""


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
