"""An e-commerce operator in a browser: a file with one wrong row, the board, a list closed and handed to customs."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
HERE = "/customs/parcels"
NOW = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%Y-%m-%d %H:%M")
ORDER = (
    "order_id", "platform", "buyer_reference", "buyer_name", "currency", "description", "quantity", "unit_price", "hs",
    "ordered_at",
)  # fmt: skip
PAYMENT = ("payment_id", "order_id", "amount", "currency", "paid_at")
WAYBILL = (
    "waybill_id", "order_id", "weight_kg", "sender_country", "consignee_name", "declared_value", "currency", "flight",
    "expected_arrival",
)  # fmt: skip


def workbook(folder: Path, name: str, header: tuple[str, ...], *rows: tuple[str, ...]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(row)
    path = folder / f"{name}.xlsx"
    book.save(path)
    return path


def upload(page: Page, message: str, path: Path) -> None:
    page.goto(f"{HERE}/upload?message={message}")
    page.locator("#f-message").select_option(message)
    page.locator("#f-file").set_input_files(path)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/batches/**")


@pytest.mark.parametrize(
    ("lang", "phone", "dark", "script"), [("vi", False, False, True), ("en", True, True, False)]
)
def test_an_operator_sends_matches_and_lists(
    visit: Visit, shoot: Shoot, tmp_path: Path, lang: str, phone: bool, dark: bool, script: bool
) -> None:
    mark, flight = f"BR-{lang}", "ZZ 801" if lang == "vi" else "ZZ 802"
    buyer = ("Sàn Mẫu", "KH-1", "Nguyễn Văn Thử", "USD", "Ốp điện thoại", "1", "10.00", "39269099", NOW)
    orders = workbook(
        tmp_path, "orders", ORDER, (f"{mark}-1", *buyer), (f"{mark}-2", *buyer), ("sai số", *buyer)
    )
    payments = workbook(
        tmp_path, "payments", PAYMENT, (f"P-{mark}-1", f"{mark}-1", "10.00", "USD", NOW),
        (f"P-{mark}-2", f"{mark}-2", "4.00", "USD", NOW),
    )  # fmt: skip
    goes = ("0.350", "CN", "Nguyễn Văn Thử", "10.00", "USD", flight, NOW)
    waybills = workbook(
        tmp_path,
        "waybills",
        WAYBILL,
        (f"W-{mark}-1", f"{mark}-1", *goes),
        (f"W-{mark}-2", f"{mark}-2", *goes),
    )
    page = visit(lang=lang, phone=phone, dark=dark, script=script)
    sign_in(page, "nop.hoso", PASSWORD)

    def seen(step: str) -> None:
        if script:  # axe and the picture need script
            assert serious(page) == []
            shoot(page, f"parcels-{lang}-{step}")

    page.goto(f"{HERE}/upload")
    seen("01-upload")
    upload(page, "ORDER", orders)
    expect(page.locator("a[href$='/faults.xlsx']")).to_be_visible()
    seen("02-refused-row")
    upload(page, "PAYMENT", payments)
    upload(page, "WAYBILL", waybills)
    page.goto(f"{HERE}?state=OPEN")
    page.locator("a[href*='reason=amount-differs']").click()
    expect(page.get_by_role("link", name=f"{mark}-2")).to_be_visible()
    seen("03-board")
    page.locator("#f-order").fill(f"W- {mark}-2")
    page.locator("form[role=search] button").click()
    page.get_by_role("link", name=f"{mark}-2").click()
    expect(page.locator("#reasons-title")).to_be_visible()
    seen("04-parcel")
    page.goto(f"{HERE}/lists")
    expect(page.locator("#expected-title")).to_be_visible()
    seen("05-lists")
    page.locator(f"a[href*='/lists/new'][href*='{flight.replace(' ', '+')}']").click()
    seen("06-prepared")
    page.locator(f"form[action='{HERE}/lists'] button").click()
    page.locator("form[action$='/send'] button").wait_for()
    seen("07-closed")
    page.locator("form[action$='/send'] button").click()
    expect(page.locator("form[action$='/send']")).to_have_count(0)
    seen("08-queued")
