"""My account, the second factor and administration in a browser, with and without script."""

import re
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pyotp
import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db.cluster import PrivateCluster
from tests.browser.conftest import Site
from tests.browser.steps import SAVE, sign_in
from tests.browser.test_accessibility import serious

pytestmark = pytest.mark.browser

NEW = "bảy con vịt dưới ao"
SUBMIT = "main form button[type=submit]"
LOOKS = [("vi", False, False, True), ("en", True, True, True), ("vi", True, False, False)]
IDS = ["vi-wide-light", "en-phone-dark", "vi-phone-plain"]


def enter(page: Page, login: str, password: str = PASSWORD) -> None:
    """Type login and password and send them."""
    page.goto("/login")
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(password)
    page.locator(SUBMIT).click()


def fresh(device: pyotp.TOTP, used: str) -> str:
    """Return a code that is not the one used already; waits for the next step when it must."""
    while (code := device.now()) == used:
        time.sleep(0.5)
    return code


def opened(page: Page, login: str, shoot: Callable[[str], None]) -> str:
    """Open an officer's account as administrator and return the initial password."""
    enter(page, "quan.tri")
    page.wait_for_url(re.compile("/admin/users"))
    shoot("60-admin-users")
    page.goto("/admin/offices")
    shoot("61-admin-offices")
    page.goto("/admin/users/new")
    page.locator(SUBMIT).click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    shoot("62-admin-new-errors")
    page.locator("#f-full_name").fill("Trần Thị Mới")
    page.locator("#f-login").fill(login)
    page.locator("#f-office").select_option(index=2)
    page.locator("input[name=roles][value=INTAKE]").check()
    page.locator(SUBMIT).click()
    initial = page.locator(".initial-password").inner_text()
    shoot("63-admin-initial-password")
    page.locator("main .actions a.btn-primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trần Thị Mới")
    page.locator("details.give-roles summary").click()
    shoot("64-admin-user")
    page.goto("/admin/users?q=tran%20thi%20moi")
    expect(page.get_by_role("link", name="Trần Thị Mới").first).to_be_visible()
    page.goto("/admin/users?q=khongcoai")
    shoot("65-admin-nobody")
    return initial


@pytest.mark.parametrize(("lang", "phone", "dark", "script"), LOOKS, ids=IDS)
def test_from_the_initial_password_to_a_second_factor_and_back_after_a_loss(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    lang: str,
    phone: bool,
    dark: bool,
    script: bool,
) -> None:
    look = {"lang": lang, "phone": phone, "dark": dark, "script": script}
    tag = f"{lang}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}{'' if script else '-plain'}"
    admin, person = visit(**look), visit(**look)
    login = f"moi.{tag.replace('-', '.')}"

    def seen(page: Page) -> Callable[[str], None]:
        return lambda name: shoot(page, f"{name}-{tag}") if script else None

    initial = opened(admin, login, seen(admin))
    told = seen(person)
    enter(person, login, initial)
    person.wait_for_url(re.compile("/login/password"))
    told("70-initial-password")
    person.locator("#f-password").fill(NEW)
    person.locator("#f-again").fill(NEW)
    person.locator(SUBMIT).first.click()
    person.wait_for_url(re.compile("/inbox"))

    person.goto("/account")
    told("71-account")
    person.locator("form[action='/account/second-factor/begin'] button").click()
    picture = person.locator("img.totp-picture")
    expect(picture).to_be_visible()
    if script:
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 100
    person.locator(".how-to details summary").click()
    device = pyotp.TOTP(person.locator(".how-to .code").inner_text().replace(" ", ""))
    told("72-enrol")
    person.locator("#f-code").fill("12345")
    person.locator(".how-to button[type=submit]").click()
    expect(person.locator("[data-error-summary]")).to_be_visible()
    used = device.now()
    person.locator("#f-code").fill(used)
    person.locator(".how-to button[type=submit]").click()
    codes = person.locator(".recovery-codes li")
    expect(codes).to_have_count(10)
    told("73-recovery-codes")
    kept = codes.first.inner_text()
    person.locator("main a.btn-primary").click()
    person.wait_for_url(re.compile(r"/account\?done=factor"))
    told("74-account-with-factor")

    again = visit(**look)
    enter(again, login, NEW)
    again.wait_for_url(re.compile("/login/code"))
    seen(again)("75-code")
    again.locator("#f-code").fill("000000")
    again.locator(SUBMIT).first.click()
    expect(again.locator("[data-error-summary]")).to_be_visible()
    seen(again)("76-code-wrong")
    again.locator("#f-code").fill(fresh(device, used))
    again.locator(SUBMIT).first.click()
    again.wait_for_url(re.compile("/inbox"))

    lost = visit(**look)
    enter(lost, login, NEW)
    lost.locator("a[href^='/login/recovery']").click()
    lost.wait_for_url(re.compile("/login/recovery"))
    seen(lost)("77-recovery")
    lost.locator("#f-code").fill(kept)
    lost.locator(SUBMIT).first.click()
    lost.wait_for_url(re.compile("used=recovery"))
    seen(lost)("78-after-recovery")
    lost.locator("form[action='/account/sessions/end-others'] button").click()
    lost.wait_for_url(re.compile("done=sessions"))
    again.goto("/inbox")
    again.wait_for_url(re.compile("/login"))


def test_the_confirming_page_and_the_password_page(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    for lang, phone, dark in (("vi", False, True), ("en", True, False)):
        page = visit(lang=lang, phone=phone, dark=dark)
        tag = f"{lang}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}"
        enter(page, "hoshi")
        page.wait_for_url(re.compile("/my$"))
        page.goto("/account/confirm?next=/account/password")
        shoot(page, f"80-confirm-{tag}")
        page.locator("#f-presence_proof").fill("sai")
        page.locator(SUBMIT).first.click()
        expect(page.locator("[data-error-summary]")).to_be_visible()
        page.locator("#f-presence_proof").fill(PASSWORD)
        page.locator(SUBMIT).first.click()
        page.wait_for_url(re.compile("/account/password$"))
        page.locator(SUBMIT).first.click()
        expect(page.locator("[data-error-summary]")).to_be_visible()
        shoot(page, f"81-password-{tag}")


@pytest.mark.parametrize(
    "look", [{"lang": "vi"}, {"lang": "en", "phone": True, "dark": True, "script": False}]
)
def test_a_session_that_ends_in_a_long_form(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], site: Site, cluster: PrivateCluster,
    look: dict[str, Any],
) -> None:  # fmt: skip
    """Fill in a page of the form, lose the session, save, sign in and go on: nothing typed is lost."""
    person = visit(**look)
    sign_in(person, "nop.hoso", PASSWORD)
    person.locator("a[href='/dossiers/new?procedure=IRC']").click()
    person.locator("main form button[type=submit]").click()
    person.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    person.locator(".tasks a").nth(2).click()
    field = person.locator("main form textarea, main form input[type=text]").first
    field.wait_for()
    name, page = field.get_attribute("name"), person.url
    field.fill("Nhà máy giữa chừng")
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        connection.execute("update auth_session set last_seen_at = last_seen_at - interval '3 hours'")
    person.get_by_role("button", name=SAVE).click()
    person.wait_for_url(re.compile("/login"))
    tag = "-".join(str(value) for value in look.values())
    shoot(person, f"80-session-ended-{tag}")
    person.locator("#f-login_id").fill("nop.hoso")
    person.locator("#f-password").fill(PASSWORD)
    person.locator("main form button[type=submit]").click()
    person.wait_for_url(re.compile("/continue/"))
    person.locator("main details summary").click()
    expect(person.locator("main details").get_by_text("Nhà máy giữa chừng")).to_be_visible()
    shoot(person, f"81-go-on-{tag}")
    if look.get("script", True):
        assert serious(person) == []
    person.locator("main form button[type=submit]").click()
    person.wait_for_url(lambda url: "/continue/" not in url)
    person.goto(page)
    expect(person.locator(f"[name='{name}']")).to_have_value("Nhà máy giữa chừng")
