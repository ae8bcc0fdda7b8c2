"""Going away with a substitute, as officers do it on their screens."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.kit.time import utcnow
from tests.browser.steps import sign_in
from tests.browser.test_account import enter

SUBMIT = "main form button[type=submit]"

pytestmark = pytest.mark.browser


def second_at_the_desk(admin: Page, login: str, name: str) -> None:
    """Open an account for a second officer of the one-stop desk."""
    enter(admin, "quan.tri", PASSWORD)
    admin.wait_for_url(re.compile("/admin/users"))
    admin.goto("/admin/users/new")
    admin.locator("#f-full_name").fill(name)
    admin.locator("#f-login").fill(login)
    admin.locator("#f-office").select_option(label="Bộ phận Một cửa")
    admin.locator("input[name=roles][value=INTAKE]").check()
    admin.locator(SUBMIT).click()
    admin.locator(".initial-password").wait_for()


@pytest.mark.parametrize(
    ("phone", "script"), [(False, True), (True, False)], ids=["vi-wide-light", "vi-phone-plain"]
)
def test_an_officer_goes_away_and_comes_back(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], *, phone: bool, script: bool
) -> None:
    tag = "vi-phone-plain" if phone else "vi-wide-light"
    name = "Trần Thị Hẹp" if phone else "Trần Thị Rộng"
    desk = visit(phone=phone, script=script)
    sign_in(desk, "mot.cua", PASSWORD)
    desk.goto("/colleagues")
    shoot(desk, f"70-absences-nobody-{tag}")
    expect(desk.locator("main")).not_to_contain_text(name)
    second_at_the_desk(visit(), f"tran.{'hep' if phone else 'rong'}", name)
    desk.reload()
    desk.locator("form[action='/colleagues/absences'] button[type=submit]").click()
    for field in ("valid_to", "substitute"):
        expect(desk.locator(f"[data-error-summary] a[href='#f-{field}']")).to_be_visible()
    shoot(desk, f"71-absences-errors-{tag}")
    desk.locator("#f-substitute").select_option(label=f"{name} – Bộ phận Một cửa")
    desk.locator("#f-valid_to").fill((utcnow() + timedelta(days=3)).strftime("%d/%m/%Y"))
    desk.locator("form[action='/colleagues/absences'] button[type=submit]").click()
    desk.wait_for_url(re.compile("done=noted"))
    expect(desk.locator("main tbody").first).to_contain_text(name)
    shoot(desk, f"72-absences-noted-{tag}")
    desk.locator("form[action$='/end'] button").click()
    desk.wait_for_url(re.compile("done=ended"))
    expect(desk.locator("form[action$='/end']")).to_have_count(0)
