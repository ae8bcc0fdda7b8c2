"""The thinnest journey in a browser: file, receive, appraise, review, sign, download, verify, track."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from app.cli.demo import PASSWORD
from tests.browser.steps import act, fill_form, sign_in, wait_for_code

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("lang", "phone", "dark", "script"),
    [
        ("vi", False, False, True),
        ("en", True, True, True),
        ("en", False, True, False),
        ("vi", True, False, False),
    ],
    ids=["vi-wide-light", "en-phone-dark", "en-wide-dark-nojs", "vi-phone-light-nojs"],
)
def test_from_first_question_to_verified_certificate(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    lang: str,
    phone: bool,
    dark: bool,
    script: bool,
    answering: None,
) -> None:
    look = {"lang": lang, "phone": phone, "dark": dark, "script": script}
    tag = f"{lang}-{'phone' if phone else 'wide'}-{'dark' if dark else 'light'}{'' if script else '-nojs'}"

    def seen(page: Page, name: str) -> None:
        if script:
            shoot(page, f"{name}-{tag}")

    page = visit(**look)
    page.goto("/")
    seen(page, "01-start")
    page.goto("/procedures")
    seen(page, "02-procedures")
    sign_in(page, "nop.hoso", PASSWORD, shoot=lambda: seen(page, "03-login"))
    seen(page, "04-my")
    code = fill_form(page, lang=lang, seen=lambda name: seen(page, name))
    seen(page, "08-receipt")

    intake, appraiser, head, leader = (visit(**look) for _ in range(4))
    for each, login in (
        (intake, "mot.cua"),
        (appraiser, "tham.dinh"),
        (head, "truong.phong"),
        (leader, "lanh.dao"),
    ):
        sign_in(each, login, PASSWORD)
    seen(intake, "09-inbox")
    act(intake, code, "accept")
    seen(intake, "10-accepted")
    act(appraiser, code, "take_up")
    act(appraiser, code, "draft_decision", reason="Hồ sơ đầy đủ, phù hợp quy định.")
    seen(appraiser, "11-drafted")
    act(head, code, "approve")
    wait_for_code(leader, code)
    act(leader, code, "sign")
    seen(leader, "12-signed")

    page.goto("/my")
    page.locator("tr", has_text=code).locator("th a").click()
    seen(page, "13-result")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"GCN-\d{4}")).click()
    pdf = download.value.path().read_bytes()
    assert pdf.startswith(b"%PDF-")

    visitor = visit(**look)
    visitor.goto(f"/track?code={code.lower()}")
    expect(visitor.get_by_text(code)).to_be_visible()
    expect(visitor.get_by_text("Sao Biển")).to_have_count(0)
    seen(visitor, "14-track")
    visitor.goto("/verify/" + _verification_code(pdf))
    expect(visitor.get_by_text("Nhà máy thử nghiệm")).to_be_visible()
    seen(visitor, "15-verified")


def _verification_code(pdf: bytes) -> str:
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    found = re.search(r"[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]{6}-[0-9A-Z]", text)
    assert found, text
    return found.group()
