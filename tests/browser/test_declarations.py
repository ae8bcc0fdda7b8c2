"""A broker's way to a declaration that is handed in: choose, type, paste, mend, see the tax, send, and copy it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import sign_in
from tests.customs.declarations.made import HEADER

pytestmark = pytest.mark.browser

SELECTED = ("EPO", "SKB", "CH", "MTC", "NOT", "GWT", "IV1", "IVP", "IP1", "IP2", "IP3", "VD1")
NUMBERS = {"vi": ("11.010", "550,5"), "en": ("11,010", "550.5")}
ROWS = (
    "Mã HS\tMã hàng\tMô tả hàng hóa\tXuất xứ\tSố lượng\tĐVT\tĐơn giá\n"
    "72083990\tTT-{lang}\tThép tấm cán nóng\tCN\tba\tTNE\t{price}"
)


@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_a_broker_prepares_and_hands_in(
    visit: Callable[..., Page], shoot: Callable[..., None], lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    name = f"declaration-{lang}-{'phone' if phone else 'wide'}"
    total, price = NUMBERS[lang]
    sign_in(page, "khai.bao", PASSWORD)
    page.goto("/declarations")
    shoot(page, f"{name}-1-list")
    page.goto("/declarations/new")
    page.locator("#f-party_id").select_option(index=1)
    page.locator("input[name=movement][value=ZONE_TO_INLAND]").check()
    shoot(page, f"{name}-2-movement")
    page.locator("main form button[type=submit]").first.click()
    page.locator("input[name=type_code][value=A11]").check()
    shoot(page, f"{name}-3-type")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile("/declarations/[0-9a-f-]{36}$"))
    address = page.url
    shoot(page, f"{name}-4-tasks")
    for part in ("parties", "office", "invoice"):
        page.goto(f"{address}/header/{part}")
        for code, value in HEADER.items():
            field = page.locator(f"#f-{code}")
            if field.count() and not (code == "IMC" and field.input_value()):
                if code in SELECTED:
                    field.select_option(value)
                else:
                    field.fill(total if code == "IP4" else value)
        shoot(page, f"{name}-5-{part}")
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(lambda url, part=part: not url.endswith(f"/header/{part}"))
    page.goto(f"{address}/lines/paste")
    page.locator("#f-text").fill(ROWS.format(lang=lang, price=price))
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("main table tbody tr").first).to_be_visible()
    shoot(page, f"{name}-6-pasted")
    page.goto(f"{address}/lines?check=1")
    quantity = page.locator("#f-l1-quantity")
    expect(quantity).to_have_value("ba")
    shoot(page, f"{name}-7-faults")
    quantity.fill("20")
    page.locator("#f-l1-value").fill(total)
    page.locator("button[name=then][value=check]").click()
    page.wait_for_url(re.compile("/check$"))
    shoot(page, f"{name}-8-check")
    expect(page.locator(".finding-bad")).to_have_count(0)
    page.locator("form[action$='/send'] button").click()
    page.wait_for_url(re.compile("done=sent"))
    shoot(page, f"{name}-9-sent")
    page.locator("form[action$='/copies'] button").click()
    page.wait_for_url(re.compile("done=copied"))
    page.goto(re.sub(r"\?.*", "", page.url) + "/check")
    shoot(page, f"{name}-10-copy")
    assert page.locator(".finding-bad").count() <= 10
    page.goto("/declarations")
    shoot(page, f"{name}-11-list")
