"""
Workbooks of a small operator: one kind of message a file, one row for each message, columns named as in the API.

An order with several kinds of goods has a row for each. Cells become what a program would have sent and go its way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.core.documents.refusals import FileDamaged
from app.core.documents.workbooks import sheet_rows
from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_
from app.customs.parcels.domain.facts import Message
from app.customs.parcels.schemas import KEYS, MAX_ROWS

_BUYER = ("buyer_reference", "buyer_name", "buyer_identity", "buyer_phone", "buyer_address")
_ITEM = ("description", "quantity", "unit_price", "hs", "unit", "origin")
COLUMNS: Mapping[Message, tuple[str, ...]] = {
    Message.ORDER: (
        "order_id", "revision", "platform", *_BUYER, "currency", *_ITEM, "freight", "insurance", "discount",
        "ordered_at",
    ),
    Message.PAYMENT: ("payment_id", "revision", "order_id", "amount", "currency", "paid_at"),
    Message.WAYBILL: (
        "waybill_id", "revision", "order_id", "weight_kg", "sender_country", "consignee_name", "consignee_phone",
        "consignee_address", "declared_value", "currency", "flight", "expected_arrival",
    ),
    Message.RETURN: ("return_id", "revision", "order_id", "kind", "amount", "reason", "returned_at"),
}  # fmt: skip
_OPTIONAL = frozenset(
    {"revision", "buyer_identity", "buyer_phone", "buyer_address", "hs", "unit", "origin", "freight", "insurance",
     "discount", "consignee_phone", "consignee_address"}
)  # fmt: skip
_INSTANTS = frozenset({"ordered_at", "paid_at", "expected_arrival", "returned_at"})
_WRITTEN = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_MAX_COLUMNS = 60


class SheetFaulty(Invalid):
    """The file is no workbook with the columns that the kind of message needs."""

    code = "parcels.sheet-faulty"
    title = "The file cannot be read."
    hint = "Take the empty workbook of this page, fill it in and send it again."


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows as a program would have sent them, and where each stands in the file (the first row is 1)."""

    rows: tuple[dict[str, Any], ...]
    places: tuple[int, ...]


def read_sheet(path: Path, message: Message, zone: ZoneInfo) -> Sheet:
    """
    Read the first sheet of a workbook.

    :raises SheetFaulty: no workbook, a column is missing or unknown, no row, or more than a batch takes.
    """
    found = list(_rows(path))
    if not found:
        raise _fault("empty", N_("The first sheet is empty."))
    header = [each.strip().lower() for each in map(_text, found[0])]
    while header and not header[-1]:
        header.pop()
    _refuse_columns(message, header)
    rows: list[dict[str, Any]] = []
    places: list[int] = []
    for place, cells in enumerate(found[1:], start=2):
        values = {name: cell for name, cell in zip(header, cells, strict=False) if name and _text(cell)}
        if values:
            _add(message, _said(values, zone), place, rows, places)
    if not rows:
        raise _fault("empty", N_("There is no row below the names of the columns."))
    if len(rows) > MAX_ROWS:
        raise _fault("too-many", N_("A file holds at most %(most)s messages."), most=MAX_ROWS)
    return Sheet(tuple(rows), tuple(places))


def _rows(path: Path) -> Iterator[Sequence[Any]]:
    try:
        # An order may have many kinds of goods; what is beyond is more than a batch in any case.
        yield from sheet_rows(path, most_rows=20 * MAX_ROWS, most_columns=_MAX_COLUMNS)
    except FileDamaged:
        raise _fault("no-workbook", N_("The file is no workbook (.xlsx).")) from None


def _refuse_columns(message: Message, header: Sequence[str]) -> None:
    known = COLUMNS[message]
    missing = [each for each in known if each not in header and each not in _OPTIONAL]
    if missing:
        raise _fault("columns-missing", N_("Columns are missing: %(names)s."), names=", ".join(missing))
    surplus = [each for each in header if each and each not in known]
    if surplus:
        names = ", ".join(each[:30] for each in surplus[:5])
        raise _fault("columns-unknown", N_("Columns are unknown: %(names)s."), names=names)


def _said(values: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        name: _instant(cell, zone)
        if name in _INSTANTS
        else _whole(cell)
        if name == "revision"
        else _text(cell)
        for name, cell in values.items()
    }


def _add(
    message: Message, values: dict[str, Any], place: int, rows: list[dict[str, Any]], places: list[int]
) -> None:
    shape: Callable[[dict[str, Any]], dict[str, Any]] = {
        Message.ORDER: _order,
        Message.WAYBILL: _waybill,
    }.get(message, dict)
    row = shape(values)
    key = row.get(KEYS[message])
    before = rows[-1] if rows and message is Message.ORDER else {}
    if key and (before.get(KEYS[message]), before.get("revision")) == (key, row.get("revision")):
        before["items"] += row["items"]
        return
    rows.append(row)
    places.append(place)


def _order(values: dict[str, Any]) -> dict[str, Any]:
    buyer = {name.removeprefix("buyer_"): values.pop(name) for name in _BUYER if name in values}
    item = {name: values.pop(name) for name in _ITEM if name in values}
    return {**values, "buyer": buyer, "items": [item]}


def _waybill(values: dict[str, Any]) -> dict[str, Any]:
    names = ("consignee_name", "consignee_phone", "consignee_address")
    consignee = {name.removeprefix("consignee_"): values.pop(name) for name in names if name in values}
    return {**values, "consignee": consignee}


def _instant(cell: Any, zone: ZoneInfo) -> str:
    """Return an instant with its offset; what has none is local time of the zone."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=zone)).isoformat()
    text = _text(cell)
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone).isoformat()
        except ValueError:
            continue
    return text


def _whole(cell: Any) -> Any:
    text = _text(cell)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000000") else text


def _text(cell: Any) -> str:
    """Return a cell as text; a number as it is written, never in the form of a machine."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        found = Decimal(repr(cell))
        return f"{found.normalize():f}" if found.is_finite() else ""
    return str(cell).strip()


def _fault(code: str, reason: str, **params: str | int) -> SheetFaulty:
    return SheetFaulty(errors=[FieldProblem("file", code, reason, params)])
