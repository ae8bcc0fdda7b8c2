"""Several parcels for one order, several orders in one parcel, and what people find of them."""

import io
from typing import Any

from openpyxl import load_workbook

from tests.customs.parcels.listing import DAY, HERE, close, send, state
from tests.customs.parcels.rows import goes_back, order, payment, waybill
from tests.faults.people import House, Person
from tests.web.programs import Program


def bought(program: Program, number: str, price: str = "10.25") -> str:
    """Send an order of two pieces with its payment and return what it costs."""
    item = {"description": "Ốp điện thoại", "quantity": "2", "unit_price": price, "hs": "39269099"}
    goods = f"{2 * float(price):.2f}"
    send(program, "orders", order(number, items=[item], freight="0"))
    send(program, "payments", payment(f"P-{number}", number, amount=goods))
    return goods


def found(program: Program, number: str) -> dict[str, Any]:
    (each,) = program.get("/parcels", params={"order_id": number}).json()["items"]
    return dict(each)


def rows_of(operator: Person, href: str) -> list[Any]:
    book = load_workbook(io.BytesIO(operator.get(f"{href}/list.xlsx").content), read_only=True)
    return list(book.active.iter_rows(min_row=2, values_only=True))


def prepared(operator: Person, flight: str) -> str:
    return str(operator.get(f"{HERE}/lists/new", params={"day": DAY, "flight": flight}).text)


def test_an_order_in_two_parcels_is_one_import(operator: Person, program: Program) -> None:
    bought(program, "SPLIT-1")
    send(program, "waybills", waybill("SW-1", "SPLIT-1", declared_value="12.50", flight="TW 1"))
    assert [each["code"] for each in found(program, "SPLIT-1")["reasons"]] == ["value-differs"]
    send(program, "waybills", waybill("SW-2", "SPLIT-1", declared_value="8.00", flight="TW 2"))
    assert [each["code"] for each in found(program, "SPLIT-1")["reasons"]] == ["flights-differ"]
    send(program, "waybills", waybill("SW-2", "SPLIT-1", declared_value="8.00", flight="TW 1", revision=2))
    assert state(program, "SPLIT-1") == "MATCHED"
    (row,) = rows_of(operator, close(operator, "TW 1"))
    assert row[2] == "SW-1, SW-2"
    assert float(row[5]) == 0.7, "the weight of both"


def test_a_waybill_may_carry_several_orders(operator: Person, program: Program) -> None:
    one, two = bought(program, "TOG-1"), bought(program, "TOG-2", "5.00")
    shared = [{"order_id": "TOG-2", "declared_value": two}]
    send(
        program, "waybills",
        waybill("TW-1", "TOG-1", declared_value=one, flight="TO 1", weight_kg="0.100", further_orders=shared),
    )  # fmt: skip
    assert (state(program, "TOG-1"), state(program, "TOG-2")) == ("MATCHED", "MATCHED")
    rows = rows_of(operator, close(operator, "TO 1"))
    assert sorted((row[1], row[2]) for row in rows) == [("TOG-1", "TW-1"), ("TOG-2", "TW-1")]
    assert sum(round(float(row[5]) * 1000) for row in rows) == 100, "not a gram is lost"


def test_what_comes_in_one_parcel_counts_together(operator: Person, program: Program) -> None:
    one, two = bought(program, "SUM-1", "11.00"), bought(program, "SUM-2", "11.00")
    shared = [{"order_id": "SUM-2", "declared_value": two}]
    send(
        program,
        "waybills",
        waybill("SUMW", "SUM-1", declared_value=one, flight="SU 1", further_orders=shared),
    )
    page = prepared(operator, "SU 1")
    assert "list_id" not in page, "each is below the threshold, both together are not"
    assert page.count("SUM-1") >= 2


def test_an_order_waits_for_the_one_beside_it(operator: Person, program: Program) -> None:
    one = bought(program, "NEAR-1")
    shared = [{"order_id": "NEAR-2", "declared_value": "4.00"}]
    send(
        program,
        "waybills",
        waybill("NEARW", "NEAR-1", declared_value=one, flight="NE 1", further_orders=shared),
    )
    assert state(program, "NEAR-1") == "MATCHED"
    assert [each["code"] for each in found(program, "NEAR-2")["reasons"]] == ["order-missing"]
    assert "list_id" not in prepared(operator, "NE 1")
    bought(program, "NEAR-2", "2.00")
    assert len(rows_of(operator, close(operator, "NE 1"))) == 2


def test_a_correction_of_a_waybill_leaves_the_order_that_it_named(program: Program) -> None:
    one, two = bought(program, "MOVE-1"), bought(program, "MOVE-2")
    shared = [{"order_id": "MOVE-2", "declared_value": two}]
    send(program, "waybills", waybill("MOVEW", "MOVE-1", declared_value=one, further_orders=shared))
    assert state(program, "MOVE-2") == "MATCHED"
    send(program, "waybills", waybill("MOVEW", "MOVE-1", declared_value=one, revision=2))
    assert [each["code"] for each in found(program, "MOVE-2")["reasons"]] == ["waybill-missing"]


def test_a_waybill_without_further_orders_is_known_again(program: Program) -> None:
    row = waybill("AGAINW", "AGAIN-1")
    send(program, "waybills", row)
    again = program.post("/parcels/waybills", json={"rows": [row | {"further_orders": []}]}).json()
    assert (again["known"], again["changed"]) == (1, 0)
    twice = [{"order_id": "AGAIN-1", "declared_value": "1.00"}]
    bad = program.post(
        "/parcels/waybills", json={"rows": [waybill("X", "AGAIN-1", further_orders=twice)]}
    ).json()
    assert [each["code"] for each in bad["rows"][0]["errors"]] == ["order-twice"]


def test_people_find_a_parcel_by_any_number(operator: Person, program: Program) -> None:
    goods = bought(program, "FIND-1")
    send(program, "waybills", waybill("FIND-W1", "FIND-1", declared_value=goods))
    for typed in ("find-1", " FIND -1", "find-w1", "Fínd–1", "FIND W1", "find", "findw"):
        assert "FIND-1" in operator.get(HERE, params={"order": typed}).text, typed
    assert "FIND-1" not in operator.get(HERE, params={"order": "find-9"}).text
    assert "FIND-1" not in operator.get(HERE, params={"order": "fin"}).text, "too short for a beginning"


def test_a_number_of_mixed_capitals_is_found_as_anybody_types_it(operator: Person, program: Program) -> None:
    goods = bought(program, "MixEd.Case_7")
    send(program, "waybills", waybill("vN-MiX-7", "MixEd.Case_7", declared_value=goods))
    for typed in ("mixed case 7", "MIXEDCASE7", "mixed-case-7", "VN MIX 7", "vnmix7"):
        assert "MixEd.Case_7" in operator.get(HERE, params={"order": typed}).text, typed


def test_reasons_lead_to_their_parcels(operator: Person, program: Program) -> None:
    send(program, "waybills", waybill("WHYW", "WHY-1", flight="WH 1"))
    send(program, "orders", order("WHY-2"))
    send(program, "waybills", waybill("WHYW2", "WHY-2", flight="WH 1", declared_value="1.00"))
    page = operator.get(HERE, params={"day": DAY, "state": "OPEN", "reason": "value-differs"}).text
    assert "WHY-2" in page
    assert "WHY-1" not in page
    exported = operator.get(f"{HERE}/misses.csv", params={"day": DAY, "reason": "value-differs"}).text
    assert "WHY-2" in exported
    assert "WHY-1" not in exported
    assert operator.get(HERE, params={"reason": "no-such"}).status_code == 200


def test_refused_rows_are_taken_along(house: House, operator: Person, program: Program) -> None:
    bad = [order(f"BAD-{number}", currency="XXX") for number in range(3)]
    batch = program.post("/parcels/orders", json={"rows": bad}).json()["batch_id"]
    page = operator.get(f"{HERE}/batches/{batch}").text
    assert f"{HERE}/batches/{batch}/faults.xlsx" in page
    book = load_workbook(
        io.BytesIO(operator.get(f"{HERE}/batches/{batch}/faults.xlsx").content), read_only=True
    )
    rows = list(book.active.iter_rows(min_row=2, values_only=True))
    assert [(str(row[0]), row[1], row[2]) for row in rows] == [
        (str(number + 1), f"BAD-{number}", "currency") for number in range(3)
    ]
    assert house.person("hoshi").get(f"{HERE}/batches/{batch}/faults.xlsx").status_code == 404


def test_customs_sees_one_waybill_of_two_operators(house: House, program: Program) -> None:
    from tests.web.programs import registered  # noqa: PLC0415  only here a second operator sends

    other = registered(house.person("hoshi"), scopes=("parcels.read", "parcels.write")).enter()
    for each, number in ((program, "NAME-1"), (other, "NAME-2")):
        send(each, "waybills", waybill("SAME-W", number))
    officer = house.person("hai.quan.khu")
    board = officer.get(HERE, params={"order": "same-w"}).text
    assert "NAME-1" in board
    assert "NAME-2" in board


def test_more_back_than_was_sold_is_told_and_never_counts(program: Program) -> None:
    goods = bought(program, "OVER-1")
    send(program, "waybills", waybill("OVERW", "OVER-1", declared_value=goods))
    send(program, "returns", goes_back("OVERB", "OVER-1", amount="99.00"))
    assert [each["code"] for each in found(program, "OVER-1")["reasons"]] == ["return-exceeds"]


def test_lists_are_found_and_drafted_rules_are_shown_as_drafts(operator: Person, program: Program) -> None:
    goods = bought(program, "SEEK-1")
    send(program, "waybills", waybill("SEEKW", "SEEK-1", declared_value=goods, flight="SK 1"))
    href = close(operator, "SK 1")
    assert href in operator.get(f"{HERE}/lists", params={"find": "sk1", "state": "CLOSED"}).text
    assert href not in operator.get(f"{HERE}/lists", params={"find": "sk1", "state": "RELEASED"}).text
    page = operator.get(f"{HERE}/lists").text
    assert "expected-title" in page
    assert "2.000.000" in page
