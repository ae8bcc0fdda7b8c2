"""Steps that people take, for journeys: by role and label, as a reader of the screen would."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

SAVE = re.compile("^(Lưu và tiếp tục|Save and continue)$")
CODE = re.compile(r"HS-\d{4}-\d{6}-[0-9X]")


def sign_in(page: Page, login: str, password: str, *, shoot: Callable[[], None] = lambda: None) -> None:
    """Sign in and land on the own desk."""
    page.goto("/login")
    shoot()
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(password)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/(my|inbox)$"))


def fill_form(page: Page, *, lang: str, seen: Callable[[str], None] = lambda name: None) -> str:
    """Fill and file a dossier with one wrong turn on the way; return its code."""
    page.locator("a[href='/dossiers/new?procedure=IRC']").click()
    seen("05-new")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    seen("06-tasks")
    page.locator(".tasks a").first.click()
    page.get_by_role("button", name=SAVE).wait_for()
    page.locator("#f-investor_name").fill("Công ty TNHH Thử nghiệm Sao Biển")
    page.locator("#f-investor_country").select_option("JP")
    page.get_by_role("button", name=SAVE).click()
    page.locator("#f-project_name_vi").fill("Nhà máy thử nghiệm linh kiện Đình Vũ")
    page.locator("#f-objective").fill("Sản xuất linh kiện điện tử, 2 triệu sản phẩm mỗi năm.")
    page.locator("input[name=site]").first.check()
    page.get_by_role("button", name=SAVE).click()
    page.locator("#f-capital").fill("rất nhiều")
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("#f-capital")).to_have_value("rất nhiều")
    seen("07-error")
    page.locator("#f-capital").fill("1.250.000.000.000" if lang == "vi" else "1,250,000,000,000")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    page.locator("form[action$='/actions/submit'] button").click()
    page.wait_for_url(re.compile("done=submit"))
    found = CODE.search(page.locator("main").inner_text())
    assert found, page.locator("main").inner_text()
    return found.group()


def act(page: Page, code: str, action: str, *, reason: str = "") -> None:
    """Open a dossier from the inbox, or stay on it, and take an action."""
    if code not in page.locator("main").inner_text() or page.url.endswith("/inbox"):
        page.goto("/inbox")
        page.get_by_role("link", name=code).click()
        page.wait_for_url(re.compile("/dossiers/"))
    form = page.locator(f"form[action$='/actions/{action}']")
    if reason:
        page.locator("details.reason-action", has=form).locator("summary").click()
        form.locator("textarea").fill(reason)
    form.locator("button[type=submit]").click()
    page.wait_for_url(re.compile(f"done={action}"))
