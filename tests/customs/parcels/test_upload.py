"""Workbooks of a small operator: read as a program's rows, taken row by row, refused as a whole when they are none."""

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from openpyxl import Workbook, load_workbook

from app.core.db.cluster import PrivateCluster
from tests.conftest import clone
from tests.faults.people import House, Person, house_on

HERE = "/customs/parcels"
HEADER = ("order_id", "platform", "buyer_reference", "buyer_name", "currency", "description", "quantity", "unit_price",
          "hs", "ordered_at")  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def house(cluster: PrivateCluster, ready_template: str, test_var: Path) -> Iterator[House]:
    with clone(cluster, ready_template) as target, house_on(target, test_var) as house:
        yield house


@pytest.fixture(scope="module")
def operator(house: House) -> Person:
    return house.person("nop.hoso")


def workbook(*rows: Any) -> bytes:
    book, target = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def upload(operator: Person, content: bytes, *, message: str = "ORDER", name: str = "a.xlsx") -> Response:
    return operator.post(f"{HERE}/upload", {"message": message}, files={"file": (name, content, XLSX)})


def line(number: str, **more: Any) -> tuple[Any, ...]:
    values = {
        "order_id": number, "platform": "Chợ Thử Nghiệm", "buyer_reference": "B1", "buyer_name": "Nguyễn Văn Thử",
        "currency": "USD", "description": "Ốp điện thoại", "quantity": 2, "unit_price": 10.25, "hs": "39269099",
        "ordered_at": datetime(2026, 11, 18, 9, 0),  # noqa: DTZ001  as a spreadsheet has it
    } | more  # fmt: skip
    return tuple(values[name] for name in HEADER)


def test_rows_become_orders_and_several_goods_one_order(operator: Person) -> None:
    content = workbook(HEADER, line("F-1"), line("F-1", description="Áo", unit_price=5), line("F-2"))
    answer = upload(operator, content)
    assert answer.status_code == 303, answer.text
    page = operator.get(HERE, params={"order": "F-1"}).text
    assert "30,50" in page


def test_a_bad_row_is_named_with_its_place_in_the_file(operator: Person) -> None:
    content = workbook(
        HEADER, line("G-1"), line("G-2", currency="XXX"), line("G-3", ordered_at="18/11/2026 09:00")
    )
    page = operator.get(upload(operator, content).headers["location"]).text
    assert "G-2" in page
    assert "currency" in page
    assert "G-3" not in page
    assert '<th scope="row" class="num" data-head>3</th>' in page


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"no workbook", "a.xlsx"),
        (workbook(HEADER), "a.xlsx"),
        (workbook(HEADER[1:], line("H-1")[1:]), "a.xlsx"),
        (workbook((*HEADER, "colour"), (*line("H-1"), "red")), "a.xlsx"),
        (workbook(HEADER, *(line(f"H-{number}") for number in range(1_001))), "a.xlsx"),
    ],
)
def test_what_is_no_workbook_of_messages_is_refused_beside_the_field(
    operator: Person, content: bytes, name: str
) -> None:
    answer = upload(operator, content, name=name)
    assert answer.status_code == 422
    assert 'id="f-file-error"' in answer.text


def test_without_a_file_or_a_kind_each_field_says_so(operator: Person) -> None:
    answer = operator.post(f"{HERE}/upload", {"message": ""}, files={"other": ("a", b"", XLSX)})
    assert answer.status_code == 422
    assert 'id="f-message-error"' in answer.text
    assert 'id="f-file-error"' in answer.text


@pytest.mark.parametrize("message", ["ORDER", "PAYMENT", "WAYBILL", "RETURN"])
def test_the_empty_workbook_has_the_columns_that_are_read(operator: Person, message: str) -> None:
    empty = operator.get(f"{HERE}/upload/empty.xlsx", params={"message": message})
    book = load_workbook(io.BytesIO(empty.content), read_only=True)
    header = next(iter(book.active.iter_rows(values_only=True)))
    filled = upload(operator, workbook(header, ["x"] * len(header)), message=message)
    assert filled.status_code == 303, "the columns are right, the row is not"
    assert operator.get(filled.headers["location"]).text.count("data-head") >= 1


def test_customs_sends_nothing(house: House) -> None:
    assert house.person("hai.quan.khu").get(f"{HERE}/upload").status_code == 403
