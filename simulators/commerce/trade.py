"""What is traded: invented orders, made from a number alone, so that the same number gives the same order."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

_Row = dict[str, Any]

ICT = timezone(timedelta(hours=7))
_GOODS = (
    ("Ốp điện thoại mẫu", "39269099", "4.20"),
    ("Áo phông mẫu", "61091010", "7.90"),
    ("Giày đi mưa mẫu", "64029990", "16.50"),
    ("Tai nghe mẫu", "85183010", "19.00"),
    ("Kem dưỡng da mẫu", "33049930", "11.40"),
    ("Thẻ nhớ mẫu", "85235111", "9.80"),
    # A heading that the starter schedule lacks, and goods above the threshold: both stay off the list.
    ("Đồ chơi mẫu", "95030099", "6.30"),
    ("Điện thoại mẫu", "85171300", "185.00"),
)
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng")
_GIVEN = ("Thử Một", "Thử Hai", "Mẫu Ba", "Mẫu Bốn", "Giả Định")
_PLATFORMS = ("Chợ Thử Nghiệm", "Sàn Mẫu")
# Of a hundred orders so many are troubled in each way; the others agree.
_TROUBLES = (
    ("late-payment", 6),
    ("late-waybill", 8),
    ("no-order", 2),
    ("paid-twice", 3),
    ("underpaid", 3),
    ("other-currency", 2),
    ("other-value", 3),
    ("other-name", 3),
    ("heavy", 2),
    ("no-hs", 3),
    ("goes-back", 4),
    ("part-back", 3),
    ("two-parcels", 3),
    ("two-orders", 3),
    ("changed", 2),
    ("corrected", 2),
)


@dataclass
class Traded:
    """The messages of one order by kind, and how many turns each kind comes late."""

    trouble: str
    messages: dict[str, list[dict[str, Any]]]
    late: dict[str, int] = field(default_factory=dict)


def trade(number: int, *, run: str, now: datetime) -> Traded:
    """
    Make an order with its payment and waybill.

    :param run: tells one run of the simulator from another, so that numbers never meet.
    """
    chance = random.Random(f"{run}:{number}")  # noqa: S311  a demo, no secret
    trouble = _trouble(chance)
    order_id = f"{run}-{number:06d}"
    name = f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)}"
    item, goods = _item(chance, with_hs=trouble != "no-hs")
    freight = Decimal(chance.choice(("0", "2.50", "3.00")))
    ordered = (now - timedelta(hours=chance.randint(20, 70))).astimezone(ICT).replace(microsecond=0)
    arrives = (now + timedelta(hours=chance.randint(-2, 14))).astimezone(ICT).replace(microsecond=0)
    order = {
        "order_id": order_id, "platform": chance.choice(_PLATFORMS), "currency": "USD", "items": [item],
        "buyer": {"reference": f"KH-{chance.randint(1, 400):04d}", "name": name, "phone": "0900 000 000",
                  "address": f"Số {chance.randint(1, 99)} Phố Không Có"},
        "freight": str(freight), "ordered_at": ordered.isoformat(),
    }  # fmt: skip
    payment = {
        "payment_id": f"TT-{order_id}", "order_id": order_id, "amount": str(goods + freight), "currency": "USD",
        "paid_at": (ordered + timedelta(minutes=2)).isoformat(),
    }  # fmt: skip
    waybill = {
        "waybill_id": f"VD-{order_id}", "order_id": order_id, "weight_kg": f"0.{chance.randint(120, 980)}",
        "sender_country": "CN", "consignee": {"name": name.upper(), "address": "Số 1 Phố Không Có"},
        "declared_value": str(goods), "currency": "USD", "flight": f"ZZ {101 + chance.randint(0, 2)}",
        "expected_arrival": arrives.isoformat(),
    }  # fmt: skip
    made = Traded(trouble, {"orders": [order], "payments": [payment], "waybills": [waybill]})
    for upset in (_upset_payment, _upset_waybill, _upset_order):
        upset(made, order, payment, waybill, goods)
    return made


def _item(chance: random.Random, *, with_hs: bool) -> tuple[dict[str, str], Decimal]:
    """Return the goods of an order and their price."""
    description, hs, price = chance.choice(_GOODS)
    quantity = chance.choice((1, 1, 1, 2))
    item = {
        "description": description,
        "quantity": str(quantity),
        "unit_price": price,
        "hs": hs,
        "origin": "CN",
    }
    if not with_hs:
        del item["hs"]
    return item, Decimal(price) * quantity


def _trouble(chance: random.Random) -> str:
    drawn = chance.randrange(100)
    for name, share in _TROUBLES:
        drawn -= share
        if drawn < 0:
            return name
    return ""


def _upset_payment(made: Traded, order: _Row, payment: _Row, waybill: _Row, goods: Decimal) -> None:
    payments = made.messages["payments"]
    match made.trouble:
        case "late-payment":
            made.late["payments"] = 3
        case "paid-twice":
            payments.append(payment | {"payment_id": payment["payment_id"] + "-2"})
        case "underpaid":
            payment["amount"] = str(goods * Decimal("0.5"))
        case "other-currency":
            payment["currency"] = "EUR"
        case "corrected":
            payment["amount"] = "1.00"
            payments.append(payment | {"amount": str(goods + Decimal(order["freight"])), "revision": 2})


def _upset_waybill(made: Traded, order: _Row, payment: _Row, waybill: _Row, goods: Decimal) -> None:
    match made.trouble:
        case "late-waybill":
            made.late["waybills"] = 4
        case "other-value":
            waybill["declared_value"] = "1.00"
        case "other-name":
            waybill["consignee"] = {"name": "VO DANH MAU"}
        case "heavy":
            waybill["weight_kg"] = "350"
        case "two-parcels":
            part = (goods / 3).quantize(Decimal("0.01"))
            waybill["declared_value"] = str(goods - part)
            second = {"waybill_id": waybill["waybill_id"] + "-2", "declared_value": str(part)}
            made.messages["waybills"].append(waybill | second)
        case "two-orders":
            other = order | {"order_id": order["order_id"] + "B"}
            made.messages["orders"].append(other)
            paid = {"payment_id": payment["payment_id"] + "B", "order_id": other["order_id"]}
            made.messages["payments"].append(payment | paid)
            waybill["further_orders"] = [{"order_id": other["order_id"], "declared_value": str(goods)}]


def _upset_order(made: Traded, order: _Row, payment: _Row, waybill: _Row, goods: Decimal) -> None:
    match made.trouble:
        case "no-order":
            made.messages["orders"] = []
        case "changed":
            # The same number with another content: refused, and the first one stays.
            made.messages["orders"].append(order | {"freight": "9.00"})
        case "goes-back":
            made.messages["returns"] = [_back(order, waybill, goods)]
            made.late["returns"] = 6
        case "part-back":
            back = _back(order, waybill, goods / 2) | {"kind": "PART", "reason": "Thiếu phụ kiện (mẫu)"}
            made.messages["returns"] = [back]
            made.late["returns"] = 8


def _back(order: dict[str, Any], waybill: dict[str, Any], amount: Decimal) -> dict[str, Any]:
    return {
        "return_id": f"TL-{order['order_id']}", "order_id": order["order_id"], "kind": "WHOLE",
        "amount": str(amount.quantize(Decimal("0.01"))), "reason": "Không đúng mô tả (mẫu)",
        "returned_at": waybill["expected_arrival"],
    }  # fmt: skip
