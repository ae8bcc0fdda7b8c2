"""Low-value lists through the pages: prepared, closed once, taken along, corrected after a return."""

import io
import re

from openpyxl import load_workbook

from tests.customs.parcels.listing import DAY, FLIGHT, HERE, LIST_ID, close, send, vat_of, whole
from tests.customs.parcels.rows import goes_back, payment
from tests.faults.people import House, Person
from tests.web.programs import Program


def test_a_list_is_closed_and_taken_along(operator: Person, program: Program) -> None:
    whole(program, "L-1")
    whole(program, "L-2")
    whole(program, "L-3", price="400.00")
    whole(program, "L-4", hs="99999999")
    prepared = operator.get(f"{HERE}/lists/new", params={"day": DAY, "flight": FLIGHT}).text
    assert "L-3" in prepared
    assert "L-4" in prepared
    href = close(operator)
    book = load_workbook(io.BytesIO(operator.get(f"{href}/list.xlsx").content), read_only=True)
    rows = list(book.active.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["L-1", "L-2"]
    value, vat_rate, vat = (int(rows[1][9]), int(rows[1][11]), int(rows[1][12]))
    assert vat == (value * vat_rate + 50) // 100
    assert operator.get(f"{href}/list.pdf").content.startswith(b"%PDF")


def test_late_data_leave_the_list_and_show_on_the_parcel(operator: Person, program: Program) -> None:
    whole(program, "LATE-1", flight="XX 0002")
    close(operator, "XX 0002")
    send(program, "payments", payment("P-LATE-2", "LATE-1", amount="20.50"))
    (found,) = program.get("/parcels", params={"order_id": "LATE-1"}).json()["items"]
    assert (found["state"], [each["code"] for each in found["reasons"]]) == ("LISTED", ["paid-twice"])


def test_a_return_corrects_the_list(operator: Person, program: Program) -> None:
    whole(program, "BACK-1", flight="XX 0003")
    href = close(operator, "XX 0003")
    key = "00000000-0000-7000-8000-000000000001"
    assert operator.post(f"{href}/corrections", {"list_id": key}).status_code == 409
    send(program, "returns", goes_back("B-1", "BACK-1"))
    assert LIST_ID.search(operator.get(href).text)
    answer = operator.post(f"{href}/corrections", {"list_id": key})
    assert answer.status_code == 303
    before = vat_of(operator, href)
    after = vat_of(operator, str(answer.headers["location"]))
    assert abs(before - 2 * after) <= 1, "half of the goods went back"
    other = key.replace("1", "2")
    assert operator.post(f"{href}/corrections", {"list_id": other}).status_code == 409


def test_a_flight_without_matches_closes_nothing(operator: Person) -> None:
    form = {"list_id": "00000000-0000-7000-8000-000000000009", "day": DAY, "flight": "YY 1"}
    assert operator.post(f"{HERE}/lists", form).status_code == 409


def test_customs_reads_lists_and_closes_none(house: House, operator: Person, program: Program) -> None:
    whole(program, "C-1", flight="XX 0004")
    href = close(operator, "XX 0004")
    officer = house.person("hai.quan.khu")
    page = officer.get(href).text
    assert "C-1" in page
    assert "send" not in re.findall(r'action="[^"]*/(\w+)"', page)
    assert officer.post(f"{href}/send").status_code == 403
    assert house.person("hoshi").get(href).status_code == 404


def test_customs_reads_a_buyer_for_a_purpose_and_the_operator_sees_it(
    house: House, operator: Person, program: Program
) -> None:
    whole(program, "BUY-1", flight="XX 0005")
    officer = house.person("hai.quan.khu")
    board = officer.get(HERE, params={"order": "BUY-1"}).text
    href = re.findall(r'href="(/customs/parcels/[0-9a-f-]{36})"', board)[0]
    assert "Nguyễn Văn Thử" in operator.get(href).text
    assert "Nguyễn Văn Thử" not in officer.get(href).text
    assert officer.post(f"{href}/buyer", {"purpose": "INSPECTION", "note": ""}).status_code == 422
    assert officer.post(f"{href}/buyer", {"purpose": "INSPECTION", "note": "KH-1"}).status_code == 303
    assert "Nguyễn Văn Thử" in officer.get(href).text
    assert "BUY-1" in operator.get("/account/readings").text
