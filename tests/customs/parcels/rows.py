"""Rows as an operator's program sends them; plainly fictitious."""

from typing import Any


def order(number: str, **more: Any) -> dict[str, Any]:
    return {
        "order_id": number,
        "platform": "Chợ Thử Nghiệm",
        "buyer": {"reference": f"B-{number}", "name": "Nguyễn Văn Thử", "identity": "000000000001"},
        "currency": "USD",
        "items": [{"description": "Ốp điện thoại", "quantity": "2", "unit_price": "10.25", "hs": "39269099"}],
        "freight": "3.50",
        "ordered_at": "2026-11-18T09:00:00+07:00",
    } | more


def payment(number: str, order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "payment_id": number,
        "order_id": order_id,
        "amount": "24.00",
        "currency": "USD",
        "paid_at": "2026-11-18T09:01:00+07:00",
    } | more


def waybill(number: str, order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "waybill_id": number,
        "order_id": order_id,
        "weight_kg": "0.350",
        "sender_country": "CN",
        "consignee": {"name": "NGUYEN VAN THU", "address": "1 Phố Không Có"},
        "declared_value": "20.50",
        "currency": "USD",
        "flight": "XX 0001",
        "expected_arrival": "2026-11-20T08:00:00+07:00",
    } | more


def goes_back(number: str, order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "return_id": number,
        "order_id": order_id,
        "kind": "PART",
        "amount": "10.25",
        "reason": "Sai màu",
        "returned_at": "2026-11-25T08:00:00+07:00",
    } | more
