"""The public tariff in a browser: from words to a line to the taxes of a shipment under two days."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
RESULT = (
    "/tariff/calculator?hs1=22030091&value1=25000&origin1=DE&quantity1=20000&incoterm=FOB&currency=EUR&freight=1200"
    "&insurance=80&on=2026-12-31&on2=2027-01-01&v=1"
)


def test_a_visitor_finds_goods_and_compares_two_days(visit: Visit, shoot: Shoot) -> None:
    page = visit()
    page.goto("/tariff")
    shoot(page, "tariff-vi")
    page.get_by_label("Mã hoặc từ khóa").fill("bia nong do")
    page.get_by_role("button", name="Tìm kiếm", exact=True).click()
    page.get_by_role("link", name="2203.00.91").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bia")
    shoot(page, "tariff-line-vi")
    page.get_by_role("link", name="Tính thuế cho hàng hóa này").click()
    page.get_by_label("Trị giá hóa đơn").fill("25.000")
    page.get_by_label("Nước xuất xứ").select_option("DE")
    page.get_by_label("Ngày đăng ký tờ khai").fill("31/12/2026")
    page.get_by_label("So sánh với ngày").fill("1/1/2027")
    page.get_by_role("button", name="Tính thuế").click()
    expect(page.get_by_role("heading", name="So sánh hai ngày")).to_be_visible()
    shoot(page, "tariff-calculator-vi")


def test_the_calculator_serves_a_phone_in_english_without_script(visit: Visit, shoot: Shoot) -> None:
    page = visit(lang="en", phone=True, dark=True, script=False)
    page.goto(RESULT)
    expect(page.get_by_role("heading", name="The two days side by side")).to_be_visible()
    shoot(page, "tariff-calculator-en-phone")
    page.goto("/tariff/87032359")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Motor cars")
    shoot(page, "tariff-line-en-phone")


def test_faults_stand_in_a_summary_that_leads_to_the_fields(visit: Visit, shoot: Shoot) -> None:
    page = visit()
    page.goto("/tariff/calculator?hs1=22&value1=x&origin1=")
    expect(page.locator(".error-summary")).to_be_visible()
    shoot(page, "tariff-calculator-faults")
