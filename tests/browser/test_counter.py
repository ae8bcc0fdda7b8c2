"""A paper dossier at the counter in a browser, from the question whose it is to the printed receipt."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import fill_pages, sign_in
from tests.browser.test_papers import LOOKS, Look
from tests.core.workflow.test_scans import many_pages

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("answering")]

DOSSIER = re.compile("/dossiers/[0-9a-f-]+$")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.tag + ("" if look.script else "-nojs"))
def test_from_the_paper_dossier_to_the_receipt(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], look: Look, tmp_path: Path
) -> None:
    options = {"lang": look.lang, "phone": look.phone, "dark": look.dark, "script": look.script}

    def seen(name: str, page: Page | None = None) -> None:
        if look.script:
            shoot(page or desk, f"counter-{name}-{look.tag}")

    desk = visit(**options)
    sign_in(desk, "mot.cua", PASSWORD)
    desk.goto("/counter")
    seen("01-empty")
    _choose_applicant(desk, look, seen)
    _begin(desk, seen)
    seen("04-tasks")
    desk.locator(".tasks a").first.click()
    fill_pages(desk, lang=look.lang)
    dossier = desk.url
    _split(desk, tmp_path, seen)
    desk.goto(dossier)
    desk.locator("form[action$='/actions/submit'] button").click()
    expect(desk.locator("[data-error-summary] a[href='#f-form']")).to_be_visible()
    _certify(desk, seen)
    desk.locator("form[action$='/actions/submit'] button").click()
    desk.wait_for_url(re.compile("done=submit"))
    seen("08-filed")
    desk.locator("form[action$='/actions/accept'] button").click()
    desk.wait_for_url(re.compile("done=accept"))
    seen("09-received")
    with desk.expect_download() as download:
        desk.locator(".receipt a[href^='/documents/']").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    if not look.phone:
        _applicant_sees_it(visit(**options), dossier, seen)


def _choose_applicant(desk: Page, look: Look, seen: Callable[[str], None]) -> None:
    """Find who is known; enter who is not."""
    desk.locator("#f-q").fill("không ai tên này")
    desk.locator("main form[role=search] button").click()
    expect(desk.locator("main a[href='/enterprises/new']")).to_be_visible()
    seen("02-nobody")
    if look.phone:
        desk.locator("main a[href='/enterprises/new']").click()
        desk.locator("#f-name_vi").fill("Công ty TNHH Hải Âm Thử nghiệm")
        desk.locator("input[name=kind][value=FOREIGN]").check()
        desk.locator("#f-country").select_option("JP")
        desk.locator("form[action='/enterprises'] button[type=submit]").click()
        desk.locator("main a[href^='/counter/new']").click()
        return
    found = desk.locator("main a[href^='/counter/new']")
    for _ in range(40):  # the worker fills the index of a fresh database
        desk.goto("/counter?q=sao+bien")
        if found.count():
            break
        desk.wait_for_timeout(500)
    seen("02-found")
    found.first.click()


def _begin(desk: Page, seen: Callable[[str], None]) -> None:
    desk.locator("#f-presenter").fill("Trần Văn Đưa")
    desk.locator("form[action='/counter'] button[type=submit]").click()
    expect(desk.locator("#f-procedure-error")).to_be_visible()
    expect(desk.locator("#f-presenter")).to_have_value("Trần Văn Đưa")
    seen("03-begin-refused")
    desk.locator("input[name=procedure][value=IRC]").check()
    desk.locator("input[name=standing][value=AUTHORISED]").check()
    desk.locator("input[name=identity][value=PASSPORT]").check()
    desk.locator("#f-identity_number").fill("C1234567")
    desk.locator("form[action='/counter'] button[type=submit]").click()
    desk.wait_for_url(DOSSIER)


def _split(desk: Page, folder: Path, seen: Callable[[str], None]) -> None:
    """Scan two pages for each paper and one cover, and go beyond the last page once."""
    desk.locator("main a[href$='/scan']").click()
    seen("05-scan-empty")
    inputs = desk.locator("input[name^='pages-']")
    path = folder / "hồ sơ giấy.pdf"
    path.write_bytes(many_pages(21))
    desk.locator("#f-scan").set_input_files([path])
    desk.locator("form[enctype] button[type=submit]").click()
    expect(inputs.first).to_be_visible()
    wanted = [field for field in inputs.all() if not _optional(field.get_attribute("id") or "", desk)]
    assert 2 <= len(wanted) <= 10
    for place, field in enumerate(wanted):
        field.fill(f"{2 * place + 1}-{2 * place + 2}")
    wanted[0].fill("1-99")
    desk.locator("form[action$='/split'] button[type=submit]").click()
    expect(desk.locator("[data-error-summary]")).to_be_visible()
    wanted[0].fill("1-2")
    desk.locator("form[action$='/split'] button[type=submit]").click()
    expect(desk.locator("#f-leave_rest-error")).to_contain_text("21")
    seen("05-scan-left")
    desk.locator("#f-leave_rest").check()
    desk.locator("form[action$='/split'] button[type=submit]").click()
    desk.wait_for_url(re.compile("done=split"))
    expect(desk.locator(".papers-asked .chip-soon")).to_have_count(0)
    seen("06-split")


def _optional(identity: str, desk: Page) -> bool:
    return desk.locator(f"label[for='{identity}'] .optional").count() > 0


def _certify(desk: Page, seen: Callable[[str], None]) -> None:
    desk.locator("#f-form a[href$='/certify']").click()
    desk.locator("input[name=signer][value='Người nộp Thử Nghiệm']").check()
    desk.locator("form[action$='/certify'] button[type=submit]").click()
    expect(desk.locator("#f-compared-error")).to_be_visible()
    seen("07-certify")
    desk.locator("#f-compared").check()
    desk.locator("form[action$='/certify'] button[type=submit]").click()
    desk.wait_for_url(re.compile("done=certify"))
    expect(desk.locator("#f-form .chip-good")).to_be_visible()
    seen("07-certified")


def _applicant_sees_it(page: Page, dossier: str, seen: Callable[[str, Page], None]) -> None:
    sign_in(page, "nop.hoso", PASSWORD)
    row = page.locator("tr", has=page.locator(f"a[href='{dossier[dossier.index('/dossiers/') :]}']"))
    expect(row).to_contain_text("nhập tại quầy")
    seen("10-applicant", page)
