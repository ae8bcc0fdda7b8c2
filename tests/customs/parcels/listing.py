"""Parcels on lists, by API and pages, as operators do it."""

import io
import re

from openpyxl import load_workbook

from tests.customs.parcels.rows import order, payment, waybill
from tests.faults.people import Person
from tests.web.programs import Program

HERE = "/customs/parcels"
DAY, FLIGHT = "2026-11-20", "XX 0001"
LIST_ID = re.compile(r'name="list_id" value="([^"]+)"')


def send(program: Program, kind: str, *rows: object) -> None:
    answer = program.post(f"/parcels/{kind}", json={"rows": list(rows)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["taken"] == len(rows), answer.text


def whole(program: Program, number: str, *, flight: str = FLIGHT, **more: object) -> None:
    price = str(more.pop("price", "10.25"))
    item = {"description": "Ốp điện thoại", "quantity": "2", "unit_price": price, "hs": "39269099"}
    goods = f"{2 * float(price):.2f}"
    send(program, "orders", order(number, items=[item | more], freight="0"))
    send(program, "payments", payment(f"P-{number}", number, amount=goods))
    send(program, "waybills", waybill(f"W-{number}", number, declared_value=goods, flight=flight))


def close(operator: Person, flight: str = FLIGHT) -> str:
    page = operator.get(f"{HERE}/lists/new", params={"day": DAY, "flight": flight})
    assert page.status_code == 200, page.text
    key = LIST_ID.search(page.text)
    assert key, page.text
    form = {"list_id": key.group(1), "day": DAY, "flight": flight}
    answer = operator.post(f"{HERE}/lists", form)
    assert answer.status_code == 303, answer.text
    again = operator.post(f"{HERE}/lists", form)
    assert again.headers["location"] == answer.headers["location"], "twice means once"
    return str(answer.headers["location"])


def vat_of(operator: Person, href: str) -> int:
    book = load_workbook(io.BytesIO(operator.get(f"{href}/list.xlsx").content), read_only=True)
    return int(list(book.active.iter_rows(values_only=True))[1][12])


def state(program: Program, number: str) -> str:
    (found,) = program.get("/parcels", params={"order_id": number}).json()["items"]
    return str(found["state"])
