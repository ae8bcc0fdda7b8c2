"""The desk in depth, in a browser: supplement, consultation, opinions, refusal."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import act, fill_form, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("lang", "phone", "dark"),
    [("vi", False, False), ("en", True, True)],
    ids=["vi-wide-light", "en-phone-dark"],
)
def test_supplement_consultation_and_refusal(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], lang: str, phone: bool, dark: bool
) -> None:
    look = {"lang": lang, "phone": phone, "dark": dark}
    tag = f"{lang}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}"
    firm, intake, appraiser, head, leader, customs = (visit(**look) for _ in range(6))
    sign_in(firm, "nop.hoso", PASSWORD)
    code = fill_form(firm, lang=lang)
    for page, login in (
        (intake, "mot.cua"),
        (appraiser, "tham.dinh"),
        (head, "truong.phong"),
        (leader, "lanh.dao"),
    ):
        sign_in(page, login, PASSWORD)
    act(intake, code, "accept")
    act(appraiser, code, "take_up")

    appraiser.locator("a[href$='/actions/request_supplement']").click()
    appraiser.wait_for_url(re.compile("/actions/request_supplement$"))
    shoot(appraiser, f"20-supplement-form-{tag}")
    appraiser.locator("main form button[type=submit]").click()
    expect(appraiser.locator("[data-error-summary]")).to_be_visible()
    appraiser.locator("select[name^='gap-']").nth(1).select_option("UNCLEAR")
    appraiser.locator("input[name^='note-']").nth(1).fill("Nêu rõ tên bằng tiếng Việt.")
    appraiser.locator("main form button[type=submit]").click()
    appraiser.wait_for_url(re.compile("done=request_supplement"))

    firm.goto("/my")
    firm.locator("tr", has_text=code).locator("th a").click()
    expect(firm.get_by_text("Nêu rõ tên bằng tiếng Việt.")).to_be_visible()
    shoot(firm, f"21-supplement-asked-{tag}")
    firm.locator("form[action$='/actions/supplement'] button").click()
    firm.wait_for_url(re.compile("done=supplement"))
    expect(firm.locator("[role=status] .notice-good")).to_be_visible()

    appraiser.goto("/inbox")
    appraiser.get_by_role("link", name=code).click()
    appraiser.locator("a[href$='/actions/consult']").click()
    appraiser.wait_for_url(re.compile("/actions/consult$"))
    appraiser.locator("#ask-CUSTOMS").check()
    appraiser.locator("#days-CUSTOMS").fill("3")
    appraiser.locator("#question-CUSTOMS").fill("Điều kiện kiểm tra, giám sát hải quan?")
    shoot(appraiser, f"22-consult-form-{tag}")
    appraiser.locator("main form button[type=submit]").click()
    appraiser.wait_for_url(re.compile("done=consult"))
    shoot(appraiser, f"23-consulting-{tag}")

    customs.goto("/login")
    customs.locator("#f-login_id").fill("hai.quan")
    customs.locator("#f-password").fill(PASSWORD)
    customs.locator("main form button[type=submit]").click()
    customs.wait_for_url(re.compile("/opinions$"))
    shoot(customs, f"24-opinions-{tag}")
    customs.get_by_role("link", name=code).click()
    customs.wait_for_url(re.compile("/opinions/."))
    customs.locator("input[name=verdict][value=DISAGREE]").check()
    customs.locator("main form button[type=submit]").click()
    expect(customs.locator("[data-error-summary]")).to_be_visible()
    shoot(customs, f"25-opinion-error-{tag}")
    customs.locator("#f-opinion").fill("Chưa đáp ứng điều kiện giám sát hải quan.")
    customs.locator("main form button[type=submit]").click()
    customs.wait_for_url(re.compile("/opinions$"))

    appraiser.goto("/inbox")
    appraiser.get_by_role("link", name=code).click()
    expect(appraiser.get_by_text("Chưa đáp ứng điều kiện giám sát hải quan.")).to_be_visible()
    shoot(appraiser, f"26-opinion-given-{tag}")
    act(appraiser, code, "draft_refusal", reason="Không đáp ứng điều kiện giám sát hải quan.")
    act(head, code, "approve_refusal")
    act(leader, code, "refuse", reason="Không đáp ứng điều kiện giám sát hải quan.")
    firm.reload()
    expect(firm.get_by_text("Không đáp ứng điều kiện giám sát hải quan.").first).to_be_visible()
    shoot(firm, f"27-refused-{tag}")
