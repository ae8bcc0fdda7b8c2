"""The door for programs: batches row by row, late, twice, out of order, and only the own parcels out."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.customs.parcels.rows import goes_back, order, payment, waybill
from tests.faults.people import House, house_on
from tests.web.programs import Program, registered

SCOPES = ("parcels.read", "parcels.write")


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    return registered(house.person("nop.hoso"), scopes=SCOPES).enter()


def send(program: Program, kind: str, *rows: Any, **options: Any) -> dict[str, Any]:
    answer = program.post(f"/parcels/{kind}", json={"rows": list(rows)}, **options)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def state(program: Program, number: str) -> tuple[str, list[str]]:
    (found,) = program.get("/parcels", params={"order_id": number}).json()["items"]
    return found["state"], [each["code"] for each in found["reasons"]]


def test_a_parcel_matches_when_all_three_have_come(program: Program) -> None:
    send(program, "waybills", waybill("W-1", "A-1"))
    assert state(program, "A-1") == ("WAITING", ["order-missing"])
    send(program, "payments", payment("P-1", "A-1"))
    send(program, "orders", order("A-1"))
    assert state(program, "A-1") == ("MATCHED", [])
    page = program.get("/parcels", params={"day": "2026-11-20", "state": "MATCHED"}).json()
    assert "A-1" in [each["order_id"] for each in page["items"]]


@pytest.mark.parametrize("turn", range(6))
def test_any_order_of_arrival_ends_alike(program: Program, turn: int) -> None:
    number = f"T-{turn}"
    steps = [
        ("orders", [order(number, revision=2, freight="1.50"), order(number)]),
        ("payments", [payment(f"P-{number}", number), payment(f"P2-{number}", number, amount="5")]),
        ("waybills", [waybill(f"W-{number}", number, weight_kg="99")]),
    ]
    for kind, rows in list(itertools.permutations(steps))[turn]:
        for row in rows if turn % 2 else rows[::-1]:
            send(program, kind, row)
    assert state(program, number) == ("MISMATCH", ["amount-differs", "weight-absurd"])


def test_twice_is_known_and_another_content_is_refused(program: Program) -> None:
    send(program, "orders", order("D-1"))
    again = send(program, "orders", order("D-1"), order("D-1", platform="Khác"), order("D-2"), order("D-2"))
    assert [each["outcome"] for each in again["rows"]] == ["KNOWN", "CHANGED", "TAKEN", "KNOWN"]
    assert again["rows"][1]["errors"][0]["code"] == "content-changed"
    assert (again["taken"], again["known"], again["changed"], again["faulty"]) == (1, 2, 1, 0)


def test_the_same_key_twice_is_one_batch(program: Program) -> None:
    headers = {"Idempotency-Key": "parcels-once-0001"}
    first = send(program, "orders", order("K-1"), headers=headers)
    assert send(program, "orders", order("K-1"), headers=headers) == first
    assert program.post("/parcels/orders", json={"rows": [order("K-2")]}, headers=headers).status_code == 422


def test_a_correction_is_a_revision_and_moves_the_payment(program: Program) -> None:
    send(program, "orders", order("R-1"), order("R-2"))
    send(program, "payments", payment("P-R", "R-1"))
    assert state(program, "R-1") == ("WAITING", ["waybill-missing"])
    send(program, "payments", payment("P-R", "R-2", revision=2))
    assert state(program, "R-1") == ("WAITING", ["payment-missing", "waybill-missing"])
    assert state(program, "R-2") == ("WAITING", ["waybill-missing"])


def test_a_whole_return_ends_a_parcel(program: Program) -> None:
    send(program, "orders", order("Z-1"))
    send(program, "payments", payment("P-Z", "Z-1"))
    send(program, "waybills", waybill("W-Z", "Z-1"))
    send(program, "returns", goes_back("Q-1", "Z-1"))
    assert state(program, "Z-1")[0] == "MATCHED"
    send(program, "returns", goes_back("Q-2", "Z-1", kind="WHOLE", amount="20.50"))
    assert state(program, "Z-1")[0] == "RETURNED"


@pytest.mark.parametrize(
    ("kind", "row", "name", "code"),
    [
        ("orders", order("X 1"), "order_id", "wrong-form"),
        ("orders", order("X1", currency="XXX"), "currency", "not-an-option"),
        ("orders", order("X1", items=[]), "items", "missing"),
        ("orders", order("X1", ordered_at="2026-11-18T09:00:00"), "ordered_at", "no-offset"),
        ("orders", order("X1", surprise=1), "surprise", "unknown-field"),
        ("orders", order("X1", platform="a\u0000b"), "platform", "control-character"),
        ("orders", order("X1", platform=" "), "platform", "missing"),
        ("orders", order("X1", currency="VND", freight="1.5"), "freight", "decimals"),
        ("orders", order("X1", discount="99"), "discount", "discount-too-large"),
        ("orders", order("X1", buyer={"name": "A"}), "buyer.reference", "missing"),
        (
            "orders",
            order("X1", items=[{"description": "a", "quantity": "1.234", "unit_price": "1"}]),
            "items.0.quantity",
            "wrong-form",
        ),
        (
            "orders",
            order("X1", items=[{"description": "a", "quantity": "1", "unit_price": "1", "hs": "39"}]),
            "items.0.hs",
            "wrong-form",
        ),
        ("orders", "no object", "row", "wrong-type"),
        ("payments", payment("X1", "A", amount="-1"), "amount", "wrong-form"),
        ("payments", payment("X1", "A", amount=24.0), "amount", "wrong-type"),
        ("payments", payment("X1", "A", amount="1.005"), "amount", "decimals"),
        ("payments", payment("X1", "A", revision=0), "revision", "wrong-type"),
        ("waybills", waybill("X1", "A", weight_kg="0.1234"), "weight_kg", "wrong-form"),
        ("waybills", waybill("X1", "A", sender_country="China"), "sender_country", "wrong-form"),
        ("waybills", waybill("X1", "A", expected_arrival="tomorrow"), "expected_arrival", "wrong-type"),
        ("returns", goes_back("X1", "A", kind="SOME"), "kind", "not-an-option"),
    ],
)
def test_a_bad_row_is_named_and_the_good_one_taken(
    program: Program, kind: str, row: Any, name: str, code: str
) -> None:
    good = {"orders": order, "payments": payment, "waybills": waybill, "returns": goes_back}[kind]
    fine = good(f"G{abs(hash((kind, str(row))))}", *([] if kind == "orders" else ["G-0"]))
    found = send(program, kind, row, fine)
    assert [each["outcome"] for each in found["rows"]] == ["FAULTY", "TAKEN"]
    assert {"name": name, "code": code} in [
        {"name": each["name"], "code": each["code"]} for each in found["rows"][0]["errors"]
    ]


def test_a_batch_has_an_end(program: Program) -> None:
    rows = [payment(f"P{number}", "A") for number in range(1_001)]
    assert program.post("/parcels/payments", json={"rows": rows}).status_code == 422
    assert program.post("/parcels/payments", json={"rows": []}).status_code == 422


def test_the_scope_opens_the_door(house: House) -> None:
    dossiers = registered(house.person("nop.hoso"), scopes=("dossiers.read",), name="Khác").enter()
    assert dossiers.post("/parcels/orders", json={"rows": [order("S-1")]}).status_code == 403
    assert dossiers.get("/parcels").json()["code"] == "insufficient-scope"
    reader = registered(house.person("nop.hoso"), scopes=("parcels.read",), name="Đọc").enter()
    assert reader.get("/parcels").status_code == 200
    assert reader.post("/parcels/orders", json={"rows": [order("S-1")]}).status_code == 403


def test_another_operator_sees_nothing_and_may_use_the_same_numbers(house: House, program: Program) -> None:
    send(program, "orders", order("N-1"))
    other = registered(house.person("hoshi"), scopes=SCOPES).enter()
    assert other.get("/parcels", params={"order_id": "N-1"}).json()["items"] == []
    assert send(other, "orders", order("N-1", platform="Khác"))["taken"] == 1
    body = {"rows": [order("N-2")], "party_id": str(house.party_of("nop.hoso"))}
    assert other.post("/parcels/orders", json=body).json()["code"] == "parcels.no-operator"


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("orders", order("F-1", ordered_at="0001-01-01T00:00:00+14:00")),
        ("waybills", waybill("F-1", "F-1", expected_arrival="9999-12-31T23:59:59Z")),
        ("payments", payment("F-1", "F-1", paid_at="9999-12-31T23:59:59-12:00")),
        ("returns", goes_back("F-1", "F-1", returned_at="0001-01-01T00:00:00Z")),
        ("orders", order("F-2", items=[
            {"description": "x", "quantity": "999999999.99", "unit_price": "999999999999.999999"}])),
    ],
)  # fmt: skip
def test_a_row_that_no_column_holds_keeps_no_other_back(
    program: Program, kind: str, row: dict[str, Any]
) -> None:
    good = {"orders": order, "waybills": waybill, "payments": payment, "returns": goes_back}[kind]
    beside = good(f"G-{kind}") if kind == "orders" else good(f"G-{kind}", "G-orders")
    first, second = send(program, kind, row, beside)["rows"]
    assert (first["outcome"], second["outcome"] != "FAULTY") == ("FAULTY", True)
