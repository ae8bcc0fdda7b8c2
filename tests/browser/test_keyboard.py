"""The whole journey without a mouse: guide, form, papers, signatures, desk, verification; every stop is seen."""

from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db.cluster import PrivateCluster
from tests.browser.conftest import Site
from tests.browser.keys import Keys
from tests.browser.steps import CODE, number
from tests.core.documents import files

pytestmark = pytest.mark.browser

DOSSIER = "/dossiers/[0-9a-f-]{36}$"
GUIDE = {
    "intent": "NEW", "place": "ZONE", "country": "JP", "vsic": "VSIC2025:2610", "approval": "NO", "special": "NO",
}  # fmt: skip
SAVE = "main form .actions button.btn-primary"


def sign_in(keys: Keys, login: str, url: str) -> None:
    keys.page.goto("/login")
    expect(keys.page.locator("#f-login_id")).to_be_focused()
    keys.page.keyboard.type(login)
    keys.fill("#f-password", PASSWORD)
    keys.enter(url)


def through_the_guide(keys: Keys) -> None:
    """Answer the guide's questions and open a draft with them."""
    page = keys.page
    keys.open(".topbar-zone", "/$", back=True)
    keys.open("main a[href='/guide']", "/guide")
    while not page.locator("#track").count():
        code = page.locator("main select, main input[type=radio]").first.get_attribute("name") or ""
        option = GUIDE.get(code, "NO")
        if page.locator("main select").count():
            typed = page.locator(f"main select option[value='{option}']").inner_text()[:4]
            keys.select("main select", option, typed)
        else:
            values = page.locator(f"input[name={code}]").evaluate_all("all => all.map(each => each.value)")
            keys.choose(code, option if option in values else values[0])
        keys.open("main form button[type=submit]", "/guide")
    keys.open("a[href^='/guide/start']", "/guide/start")
    keys.open("main form[action='/guide/start'] button", DOSSIER)


def fill_pages(keys: Keys) -> None:
    """Answer every question from the first page on, with one wrong turn at the capital."""
    page = keys.page
    keys.open("main .tasks a", "/form/investor")
    investor = "#f-investors-0-"
    keys.select(f"{investor}kind", "ORGANISATION")
    for code, text in {
        "name": "Công ty TNHH Thử nghiệm Sao Biển", "id_number": "0100-01-012345",
    }.items():  # fmt: skip
        keys.fill(investor + code, text)
    keys.select(f"{investor}country", "JP")
    for code, text in {
        "address": "1-1 Chiyoda, Tokyo", "representative": "Người nộp Thử Nghiệm",
        "representative_position": "Giám đốc",
        "phone": "+81 3 0000 0000", "email": "info@saobien.vn", "contribution": number(250_000_000_000, "vi"),
    }.items():  # fmt: skip
        keys.fill(investor + code, text)
    keys.select(f"{investor}contribution_form", "CASH")
    keys.fill(f"{investor}share", "100")
    keys.open(SAVE, "/form/organisation")
    keys.choose("economic_organisation", "NEW")
    keys.fill("#f-organisation_name", "Công ty TNHH Bàn phím")
    keys.choose("bcc", "no")
    keys.open(SAVE, "/form/project")
    keys.fill("#f-project_name_vi", "Nhà máy thử bàn phím Đình Vũ")
    keys.fill("#f-objective", "Sản xuất linh kiện điện tử, 2 triệu sản phẩm mỗi năm.")
    keys.select("#f-vsic", "VSIC2025:2610", "2610")
    keys.fill("#f-scale", "2 triệu sản phẩm mỗi năm, 300 lao động.")
    keys.choose("restricted_technology", "no")
    keys.open(SAVE, "/form/site")
    keys.choose("site", page.locator("input[name=site]").first.input_value())
    keys.choose("functional_area", "PRODUCTION")
    keys.fill("#f-land_area", number(25_000, "vi"))
    keys.choose("land_right", "LEASE")
    keys.open(SAVE, "/form/capital")
    fill_capital(keys)
    keys.fill("#f-term_years", "50")
    keys.select("#f-milestones-0-kind", "OPERATION")
    keys.fill("#f-milestones-0-on", "30/06/2028")
    keys.open(SAVE, "/form/market")
    keys.choose("market_restricted", "no")
    keys.tick("input[name=incentives][value=CIT]")
    keys.open(SAVE, "/form/contact")
    keys.fill("#f-contact_name", "Người Liên Hệ")
    keys.fill("#f-contact_phone", "+84 225 000 000")
    keys.fill("#f-contact_email", "lienhe@saobien.vn")
    keys.choose("declaration", "yes")
    keys.open(SAVE, DOSSIER)


def fill_capital(keys: Keys) -> None:
    """The errors take the focus, and each leads to its field."""
    page = keys.page
    keys.fill("#f-capital", "rất nhiều")
    keys.to(SAVE)
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    keys.to("[data-error-summary] a[href='#f-capital']")
    page.keyboard.press("Enter")
    expect(page.locator("#f-capital")).to_be_focused()
    keys.press("Shift+Tab")
    for code, amount in (
        ("capital", 1_250_000_000_000), ("capital_usd", 50_000_000), ("exchange_rate", 25_000),
    ):  # fmt: skip
        keys.fill(f"#f-{code}", number(amount, "vi"))
    keys.fill("#f-rate_on", "20/11/2026")
    keys.fill("#f-rate_source", "Ngân hàng thử nghiệm")
    keys.fill("#f-contributed", number(250_000_000_000, "vi"))
    keys.fill("#f-mobilised", number(1_000_000_000_000, "vi"))
    keys.open(SAVE, "/form/schedule")


def put_papers(keys: Keys) -> None:
    """Upload and sign the papers that are missing; the chooser of files is the system's own, not a page's."""
    page = keys.page
    lacking = ".papers-asked > li:has(.chip-soon) .tasks-text > a[href*='/papers/']"
    while page.locator(lacking).count():
        href = page.locator(lacking).first.get_attribute("href") or ""
        keys.open(f"a[href='{href}']", "/papers/[A-Z_]+$")
        if page.locator("input[name=part]").count():
            keys.choose("part", "WHOLE")
        keys.to("#f-files")
        paper = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": files.pdf(Paper=f"({href})")}
        page.locator("#f-files").set_input_files([paper])
        keys.to("form[enctype] button[type=submit]")
        page.keyboard.press("Enter")
        expect(page.locator("#files")).to_contain_text("paper.pdf")
        if page.locator("#files a[href*='/sign?file=']").count():
            keys.open("#files a[href*='/sign?file=']", "/sign", back=True)
            keys.fill("#f-password", PASSWORD)
            keys.enter("/papers/[A-Z_]+$")
        keys.open(f".crumbs a[href='{href.partition('/papers')[0]}']", DOSSIER, back=True)


def act(keys: Keys, code: str, action: str, *, reason: str = "") -> None:
    """Find a dossier in the inbox and take a step."""
    page = keys.page
    if code not in page.locator("main h1, main .copy-code").all_inner_texts():
        page.goto("/inbox")
        keys.content()
        keys.open(f"a.code:text-is('{code}')", DOSSIER)
    form = f"form[action$='/actions/{action}']"
    if reason:
        keys.to(f"details:has({form}) summary")
        page.keyboard.press("Enter")
        keys.fill(f"{form} textarea", reason)
    keys.open(f"{form} button[type=submit]", f"done={action}")


# Many key presses, and the worker has to bring the project code: on a busy machine that takes its time.
@pytest.mark.timeout(600)
def test_the_whole_journey_by_keyboard_alone(
    visit: Callable[..., Page], site: Site, cluster: PrivateCluster, answering: None
) -> None:
    people = [Keys(visit()) for _ in range(6)]
    firm, intake, appraiser, head, leader, visitor = people
    sign_in(firm, "nop.hoso", "/my$")
    through_the_guide(firm)
    fill_pages(firm)
    put_papers(firm)
    with firm.page.expect_download() as printed:
        firm.to("#f-form a[href$='/form.pdf']")
        firm.page.keyboard.press("Enter")
    assert printed.value.path().read_bytes().startswith(b"%PDF-")
    firm.open("#f-form a[href$='/sign']", "/sign$")
    firm.fill("#f-password", PASSWORD)
    firm.enter("/sign")
    expect(firm.page.locator("#f-form .chip-good")).to_be_visible()
    firm.content()
    firm.open("main .reading > p a[href*='/dossiers/']", DOSSIER)
    firm.open("form[action$='/actions/submit'] button", "done=submit")
    found = CODE.search(firm.page.locator("main").inner_text())
    assert found, firm.page.locator("main").inner_text()
    code = found.group()

    for keys, login in (
        (intake, "mot.cua"),
        (appraiser, "tham.dinh"),
        (head, "truong.phong"),
        (leader, "lanh.dao"),
    ):
        sign_in(keys, login, "/inbox$")
    act(intake, code, "accept")
    act(appraiser, code, "take_up")
    act(appraiser, code, "draft_decision", reason="Hồ sơ đầy đủ, phù hợp quy định.")
    act(head, code, "approve")
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        connection.execute("update auth_session set step_up_at = step_up_at - interval '1 hour'")
    sign(leader, code)

    firm.page.goto("/my")
    firm.content()
    firm.open("main table a:has-text('Nhà máy thử bàn phím')", DOSSIER)
    firm.to("main a[href^='/verify/'], main a[href^='/documents/']")
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        row = connection.execute(
            "select c.verification_code from investment_certificate c join workflow_case d on d.id = c.case_id"
            " where d.code = %s",
            [code],
        ).fetchone()
    assert row is not None
    visitor.page.goto("/")
    visitor.content()
    visitor.open("main a[href='/verify']", "/verify$")
    visitor.fill("#f-code", row[0])
    visitor.enter("/verify/")
    expect(visitor.page.get_by_text("Nhà máy thử bàn phím")).to_be_visible()
    assert [stop for keys in people for stop in keys.unseen] == []


def sign(keys: Keys, code: str) -> None:
    """Sign the decision when the project code is there; the platform asks once more who it is."""
    page = keys.page
    page.goto("/inbox")
    keys.content()
    keys.open(f"a.code:text-is('{code}')", DOSSIER)
    for _ in range(40):
        if page.locator("[data-code-state=RECEIVED]").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    keys.to("form[action$='/actions/sign'] button")
    page.keyboard.press("Enter")
    expect(page.locator("main form input[type=password]")).to_be_focused()
    page.keyboard.type(PASSWORD)
    keys.enter("done=sign")
