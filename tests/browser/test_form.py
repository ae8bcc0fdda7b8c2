"""The form and the guide in a browser, with and without JavaScript and by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import SAVE, fill_investor, sign_in

pytestmark = pytest.mark.browser

REMOVE = re.compile("^(Xóa|Remove)")
ADD = re.compile("^(Thêm|Add another)")
LOOKS = pytest.mark.parametrize(
    "look",
    [
        {"lang": "vi"},
        {"lang": "en", "phone": True, "dark": True},
        {"lang": "vi", "phone": True, "script": False},
        {"lang": "en", "script": False, "dark": True},
    ],
    ids=["vi-wide-light", "en-phone-dark", "vi-phone-nojs", "en-wide-dark-nojs"],
)


def new_dossier(page: Page, procedure: str = "IRC") -> str:
    """Open a draft and go to its first page."""
    sign_in(page, "nop.hoso", PASSWORD)
    page.goto(f"/dossiers/new?procedure={procedure}")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    page.locator(".tasks a").first.click()
    page.get_by_role("button", name=SAVE).wait_for()
    return page.url.rsplit("/form/", 1)[0]


@LOOKS
def test_rows_are_added_and_removed_and_nothing_typed_is_lost(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    look: dict[str, object],
    request: pytest.FixtureRequest,
) -> None:
    lang = str(look["lang"])
    page = visit(**look)
    new_dossier(page)
    expect(page.locator("#f-investors-0-name")).not_to_have_value("")
    fill_investor(page, lang=lang, share="60")
    page.locator("#f-investors-0-phone").fill("chưa có")
    page.get_by_role("button", name=ADD).click()
    page.locator("#f-investors-1-name").wait_for()
    expect(page.locator("#f-investors-0-phone")).to_have_value("chưa có")
    page.get_by_role("button", name=ADD).click()
    page.locator("#f-investors-2-name").fill("Nhà đầu tư thứ ba")
    page.get_by_role("button", name=REMOVE).nth(1).click()
    expect(page.locator("#f-investors-2-name")).to_have_count(0)
    expect(page.locator("#f-investors-1-name")).to_have_value("Nhà đầu tư thứ ba")
    page.locator("#f-investors-1-share").fill("101")
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator("[data-error-summary] li")).to_have_count(2)
    expect(page.locator("[data-error-summary] a").first).to_have_attribute("href", "#f-investors-0-phone")
    expect(page.locator("#f-investors-1-share")).to_have_value("101")
    shoot(page, f"20-rows-{request.node.callspec.id}")


@LOOKS
def test_questions_follow_from_answers_and_numbers_come_back_as_typed(
    visit: Callable[..., Page], look: dict[str, object]
) -> None:
    lang = str(look["lang"])
    page = visit(**look)
    base = new_dossier(page)
    fill_investor(page, lang=lang)
    page.get_by_role("button", name=SAVE).click()
    page.locator("input[name=economic_organisation]").first.wait_for()
    page.goto(f"{base}/form/investor")
    amount = "250.000.000.000" if lang == "vi" else "250,000,000,000"
    expect(page.locator("#f-investors-0-contribution")).to_have_value(amount)
    expect(page.locator("#f-investors-0-country_other")).to_have_count(0)
    page.locator("#f-investors-0-country").select_option("OTHER")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("more=1"))
    page.locator("#f-investors-0-country_other").fill("Bỉ")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/organisation"))


@LOOKS
def test_the_guide_leads_to_a_draft_without_losing_an_answer(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    look: dict[str, object],
    request: pytest.FixtureRequest,
) -> None:
    page, tag = visit(**look), request.node.callspec.id
    page.goto("/")
    page.locator("a[href='/guide']").click()
    answers = {
        "intent": "NEW", "place": "ZONE", "country": "JP", "vsic": "VSIC2025:2610", "approval": "NO",
        "special": "YES", "priority": "NO", "technology": "UNSURE", "bcc": "NO", "land": "LEASE",
    }  # fmt: skip
    for code, option in answers.items():
        page.locator(f"[name={code}]:not([type=hidden])").first.wait_for()
        if code == "special":
            shoot(page, f"21-guide-question-{tag}")
        select = page.locator(f"select[name={code}]")
        if select.count():
            select.select_option(option)
        else:
            page.locator(f"input[name={code}][value={option}]").check()
        page.locator("main form button[type=submit]").click()
    page.locator("#track").wait_for()
    expect(page.locator("main")).to_contain_text("P3")
    expect(page.locator("main")).to_contain_text("28")
    shoot(page, f"22-guide-result-{tag}")
    shared = page.url
    page.locator("a[href*='at=special']").click()
    expect(page.locator("input[name=special][value=YES]")).to_be_checked()
    page.goto(shared)
    page.locator("a[href^='/guide/start']").click()
    page.locator("#f-login_id").fill("nop.hoso")
    page.locator("#f-password").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.locator("input[name=case_id]").wait_for(state="attached")
    shoot(page, f"23-guide-start-{tag}")
    page.locator("main form[action='/guide/start'] button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    expect(page.locator("main")).to_contain_text("2610")


def test_the_form_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit(lang="vi")
    base = new_dossier(page)
    page.goto(f"{base}/form/organisation")
    page.locator("#content").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "economic_organisation":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Công ty Phím")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/form/project$"))
    page.goto(f"{base}/form/organisation")
    expect(page.locator("#f-organisation_name")).to_have_value("Công ty Phím")
