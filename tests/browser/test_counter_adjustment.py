"""An adjustment that came by post, entered at the counter in a browser: from the certificate to the receipt."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.investment import queries
from tests.browser.steps import SAVE, sign_in
from tests.browser.test_counter import DOSSIER, _certify, _split
from tests.browser.test_special import office
from tests.investment.dossiers import Office

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("answering")]

OLD, NEW = "Nhà máy đổi tên qua bưu chính (hư cấu)", "Nhà máy đã đổi tên qua bưu chính (hư cấu)"


def certified(office: Office) -> str:
    """Take a dossier to its certificate without a browser; return the number."""
    with ThreadPoolExecutor(
        1
    ) as beside:  # signing runs a loop of its own, and the browser's runs in this one
        case_id = beside.submit(office.filed, project_name_vi=OLD).result()
        beside.submit(office.to_certificate, case_id).result()
    with office.as_(office.person("lanh.dao")) as session:
        found = queries.of_case(session, case_id)
        assert found is not None
        return found.number


@pytest.mark.timeout(600)
def test_from_the_certificate_to_the_receipt(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], office: Office, tmp_path: Path
) -> None:
    number = certified(office)
    desk, phone = visit(), visit(phone=True, dark=True, lang="en")
    for page in (desk, phone):
        sign_in(page, "mot.cua", PASSWORD)
        page.goto(f"/certificates/{number}")
        page.locator("main a[href^='/counter/new']").click()
    expect(desk.locator("#f-mail_number")).to_be_hidden()
    phone.locator("input[name=came_by][value=POST]").check()
    expect(phone.locator("#f-identity_number")).to_be_hidden()
    shoot(phone, "counter-adjust-01-phone")
    _by_post(desk, shoot)
    _answer(desk, desk.url)
    dossier = desk.url
    _split(desk, tmp_path, lambda name: None)
    desk.goto(dossier)
    _certify(desk, lambda name: None)
    desk.locator("form[action$='/actions/submit'] button").click()
    desk.wait_for_url(re.compile("done=submit"))
    shoot(desk, "counter-adjust-03-filed")
    desk.locator("form[action$='/actions/accept'] button").click()
    desk.wait_for_url(re.compile("done=accept"))
    expect(desk.locator("main")).to_contain_text("3 ngày làm việc")
    shoot(desk, "counter-adjust-04-received")
    desk.goto(f"/certificates/{number}")
    expect(desk.locator("main a[href^='/counter/new']")).to_have_count(0)


def _by_post(desk: Page, shoot: Callable[[Page, str], None]) -> None:
    desk.locator("input[name=came_by][value=POST]").check()
    desk.locator("#f-presenter").fill("Nguyễn Thị Gửi (hư cấu)")
    desk.locator("form[action='/counter'] button[type=submit]").click()
    expect(desk.locator("#f-mail_number-error")).to_be_visible()
    expect(desk.locator("#f-presenter")).to_have_value("Nguyễn Thị Gửi (hư cấu)")
    shoot(desk, "counter-adjust-02-refused")
    desk.locator("#f-mail_number").fill("EC 123 456 789 VN")
    desk.locator("form[action='/counter'] button[type=submit]").click()
    desk.wait_for_url(DOSSIER)


def _answer(page: Page, base: str) -> None:
    page.goto(f"{base}/form/adjustment")
    page.locator("#f-adjust_reason").fill("Đổi tên dự án theo quyết định của nhà đầu tư.")
    page.locator("#f-implementation").fill("Đã góp đủ vốn, đang xây dựng nhà xưởng.")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/investor"))
    page.goto(f"{base}/form/project")
    page.locator("#f-project_name_vi").fill(NEW)
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/site"))
    page.goto(f"{base}/form/contact")
    page.locator("input[name=declaration][value=yes]").check()
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/form/commitments"))
    page.goto(base)
