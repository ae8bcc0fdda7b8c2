"""The legal desk in a browser: look, propose a day off, two officers with the image of a page; without script."""

import re
import zlib
from collections.abc import Callable
from struct import pack

import pytest
from playwright.sync_api import FilePayload, Page, expect

from app.cli.demo import PASSWORD

pytestmark = pytest.mark.browser

LOOKS = [
    ("vi", False, False, True),
    ("en", True, True, True),
    ("en", False, True, False),
    ("vi", True, False, False),
]
NAMES = ["vi-wide-light", "en-phone-dark", "en-wide-dark-nojs", "vi-phone-light-nojs"]


def picture() -> FilePayload:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    body = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return {"name": "cong-bao.png", "mimeType": "image/png", "buffer": body}


def enter(page: Page, login: str) -> None:
    """Sign in and land on the legal desk."""
    page.goto("/login?next=/law")
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/law$"))


@pytest.mark.parametrize(("lang", "phone", "dark", "script"), LOOKS, ids=NAMES)
def test_a_day_off_from_proposal_to_force(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    request: pytest.FixtureRequest,
    lang: str,
    phone: bool,
    dark: bool,
    script: bool,
) -> None:
    look = {"lang": lang, "phone": phone, "dark": dark, "script": script}
    tag = request.node.callspec.id
    year = 2031 + NAMES.index(tag)

    def seen(page: Page, name: str) -> None:
        if script:
            shoot(page, f"{name}-{tag}")

    first, second, third = (visit(**look) for _ in range(3))
    for page, login in ((first, "phap.che"), (second, "phap.che.2"), (third, "phap.che.3")):
        enter(page, login)
    seen(first, "40-law-list")
    first.locator("#f-q").fill("thoi han cap")
    first.locator(".law-search button[type=submit]").click()
    first.wait_for_url(re.compile(r"q=thoi"))
    first.goto("/law?status=ASSUMED")
    seen(first, "41-law-assumed")
    first.goto("/law?q=zzz")
    seen(first, "42-law-nothing")
    first.goto("/law/investment.irc.limit")
    seen(first, "43-law-key")
    first.goto("/law/investment.irc.limit/propose")
    seen(first, "44-law-propose-limit")
    first.goto("/law/investment.irc.limit/verify")
    seen(first, "45-law-verify")
    first.goto("/law/calendar?year=2026")
    seen(first, "46-law-calendar")
    first.locator("a[href='/law/calendar.day/propose']").click()
    first.locator("main form button[type=submit]").click()
    expect(first.locator("[data-error-summary]")).to_be_visible()
    seen(first, "47-law-propose-error")
    first.locator("#f-start").fill(f"02/09/{year}")
    first.locator("#f-last").fill(f"03/09/{year}")
    first.locator("input[name=value][value=OFF]").check()
    first.locator("input[name=status][value=CITED]").check()
    first.locator("#f-instrument").select_option("labour-code-45-2019-qh14")
    first.locator("#f-article").fill("112")
    first.locator("#f-note_vi").fill("Quốc khánh (thử nghiệm)")
    first.locator("#f-note_en").fill("National Day (test)")
    first.locator("#f-reason").fill(f"Thông báo lịch nghỉ Quốc khánh {year} (thử nghiệm)")
    first.locator("main form button[type=submit]").click()
    first.wait_for_url(re.compile("/law/changes/.*done=proposed"))
    seen(first, "48-law-proposed")
    expect(first.locator("form[action$='/approve']")).to_have_count(0)

    change = first.url.split("?")[0]
    second.goto("/law/changes")
    seen(second, "49-law-changes")
    second.goto(change)
    second.locator("#f-page_image").set_input_files(picture())
    seen(second, "50-law-approve")
    second.locator("form[action$='/approve'] button").click()
    second.wait_for_url(re.compile("done=approved"))
    third.goto(change)
    with third.expect_download() as download:
        third.locator("a[href*='/pages/']").click()
    assert download.value.path().read_bytes() == picture()["buffer"]
    third.locator("form[action$='/approve'] button").click()
    third.wait_for_url(re.compile("done=in_force"))
    seen(third, "51-law-in-force")
    third.goto(f"/law/calendar?year={year}")
    expect(third.locator(".cal-off")).to_have_count(2 + 2)  # two days, and two signs of the legend
    seen(third, "52-law-calendar-incomplete")
    third.goto("/law/calendar.day")
    seen(third, "53-law-day-history")
    third.goto("/law/changes")
    seen(third, "54-law-decided")


def test_the_list_by_keyboard(visit: Callable[..., Page]) -> None:
    page = visit(lang="vi")
    enter(page, "phap.che")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/law/[a-z.]+"))
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(re.compile("/law$"))


def test_rejecting_says_why(visit: Callable[..., Page], shoot: Callable[[Page, str], None]) -> None:
    page = visit(lang="en")
    enter(page, "phap.che")
    page.goto("/law/onestop.reschedule.max/propose")
    page.locator("#f-start").fill("01/01/2045")
    page.locator("#f-value").fill("2")
    page.locator("input[name=status][value=ASSUMED]").check()
    page.locator("#f-note_vi").fill("Chưa đối chiếu")
    page.locator("#f-note_en").fill("Not compared")
    page.locator("#f-reason").fill("Test of a rejection")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("done=proposed"))
    page.locator("details.reason-action summary").click()
    page.locator("form[action$='/reject'] button").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    shoot(page, "55-law-reject-error")
    page.locator("#f-reason").fill("Wrong year")
    page.locator("form[action$='/reject'] button").click()
    page.wait_for_url(re.compile("done=rejected"))
    expect(page.get_by_text("Wrong year").first).to_be_visible()
    shoot(page, "56-law-rejected")
