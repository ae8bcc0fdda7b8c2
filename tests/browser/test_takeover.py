"""A take-over in the browser: one wrong file, columns, dry run, a decision, import and undo; and who read our data."""

import re
from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from app.cli.demo import PASSWORD
from app.core.db.cluster import PrivateCluster
from tests.browser.conftest import Site
from tests.browser.steps import sign_in

pytestmark = pytest.mark.browser

ROWS = (
    "Tên doanh nghiệp;Mã số thuế;Ngày thành lập;Email\n"
    "Công ty TNHH Cơ khí Đồ Sơn (hư cấu);0100233488;5/3/2019;\n"
    "Công ty TNHH Thử nghiệm Sao Biển (hư cấu);;;\n"
    "Xưởng mộc Hòn Dáu (hư cấu);123;31/02/2020;sai\n"
)


def file(content: str, name: str = "danh-sach-cu.csv") -> dict[str, object]:
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode()}


def until(page: Page, wanted: Locator) -> None:
    """Look at the page again until something is there: the worker is at it."""
    for _ in range(40):
        if wanted.count():
            return
        page.wait_for_timeout(500)
        page.reload()


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_older_records_enter_and_leave(
    visit: Callable[..., Page], shoot: Callable[..., None], lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    name = f"takeover-{lang}-{'phone' if phone else 'wide'}"
    sign_in(page, "mot.cua", PASSWORD)
    page.goto("/registry/take-overs")
    page.locator("input[name=kind][value=ENTERPRISE]").check()
    page.locator("#f-file").set_input_files([file("nur\neine\nSpalte\n")])
    send = page.locator("main form button[type=submit]").first
    send.click()
    expect(page.locator("#f-file-error")).to_be_visible()
    shoot(page, f"{name}-1-refused")
    page.locator("#f-file").set_input_files([file(ROWS + f"Riêng {lang};;;\n")])
    send.click()
    page.wait_for_url(re.compile("/columns$"))
    shoot(page, f"{name}-2-columns")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/take-overs/[0-9a-f-]+$"))
    until(page, page.locator("#faults"))
    expect(page.locator("#faults")).to_be_visible()
    shoot(page, f"{name}-3-checked")
    start = page.locator("form[action$='/import'] button")
    if page.locator("#doubles").count():
        start.click()
        expect(page.locator("[data-error-summary]")).to_be_visible()
        page.locator("button[name=rest][value=SKIP]").click()
        expect(page.locator("[data-error-summary]")).to_have_count(0)
    page.locator("form[action$='/import'] button").click()
    undo = page.locator("form[action$='/undo'] button")
    until(page, undo)
    shoot(page, f"{name}-4-imported")
    undo.click()
    until(page, page.locator("#batch-state .chip-neutral"))
    expect(undo).to_have_count(0)
    shoot(page, f"{name}-5-undone")


def test_an_officer_states_a_purpose_and_the_owner_sees_it(
    visit: Callable[..., Page], shoot: Callable[..., None], cluster: PrivateCluster, site: Site
) -> None:
    firm = visit()
    sign_in(firm, "nop.hoso", PASSWORD)
    firm.goto("/dossiers/new?procedure=IRC")
    firm.locator("main form button[type=submit]").click()
    firm.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    path = re.sub("^https?://[^/]+", "", firm.url)
    firm.goto(f"{path}/form/contact")
    firm.locator("#f-contact_name").fill("Nguyễn Kín Đáo")
    firm.locator("#f-contact_phone").fill("+84 225 123 987")
    firm.get_by_role("button", name=re.compile("^(Lưu và tiếp tục|Save and continue)$")).click()
    # Filed as far as officers look: of a draft they see nothing at all.
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        key = path.rpartition("/")[2]
        connection.execute("update workflow_case set submitted_at = now() where id = %s", [key])
    officer = visit(phone=True)
    sign_in(officer, "truong.phong", PASSWORD)
    officer.goto(path)
    expect(officer.get_by_text("••••••").first).to_be_visible()
    shoot(officer, "personal-1-covered")
    officer.locator("a[href$='/personal']").click()
    officer.locator("main form button[type=submit]").click()
    expect(officer.locator("[data-error-summary]")).to_be_visible()
    shoot(officer, "personal-2-purpose")
    officer.locator("input[name=purpose][value=INSPECTION]").check()
    officer.locator("#f-note").fill("KH 12/2026")
    officer.locator("main form button[type=submit]").click()
    expect(officer.get_by_text("+84 225 123 987")).to_be_visible()
    firm.goto("/account/readings")
    expect(firm.get_by_text("Thanh tra, kiểm tra")).to_be_visible()
    shoot(firm, "personal-3-readings")
