"""Steps that people take, for journeys: by role and label, as a reader of the screen would."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, TimeoutError, expect

from app.cli.demo import PASSWORD
from tests.core.documents import files

SAVE = re.compile("^(Lưu và tiếp tục|Save and continue)$")
CODE = re.compile(r"HS-\d{4}-\d{6}-[0-9X]")


def sign_in(page: Page, login: str, password: str, *, shoot: Callable[[], None] = lambda: None) -> None:
    """Sign in and land on the own desk."""
    page.goto("/login")
    shoot()
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(password)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/(my|inbox|opinions|law|admin/users|customs/firms|desk/payments)$"))


def fill_form(
    page: Page,
    *,
    lang: str,
    seen: Callable[[str], None] = lambda name: None,
    password: str = PASSWORD,
    before_signing: Callable[[Page], None] = lambda page: None,
    procedure: str = "IRC",
    then: Callable[[Page], None] | None = None,
) -> str:
    """Fill and file a dossier with one wrong turn on the way; ``then`` fills a last page. Return its code."""
    page.locator(f"a[href='/dossiers/new?procedure={procedure}']").click()
    seen("05-new")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    seen("06-tasks")
    page.locator(".tasks a").first.click()
    page.get_by_role("button", name=SAVE).wait_for()
    fill_pages(page, lang=lang, seen=seen, then=then)
    submit = page.locator("form[action$='/actions/submit'] button")
    submit.click()
    expect(page.locator("[data-error-summary] a[href='#f-form']")).to_be_visible()
    expect(page.locator("[data-error-summary] a[href='#f-component-FINANCE']")).to_be_visible()
    seen("08-papers-missing")
    before_signing(page)
    put_papers(page, password)
    sign_form(page, password)
    seen("08-ready")
    submit.click()
    page.wait_for_url(re.compile("done=submit"))
    found = CODE.search(page.locator("main").inner_text())
    assert found, page.locator("main").inner_text()
    return found.group()


def put_papers(page: Page, password: str = PASSWORD) -> None:
    """Upload a file for every paper that the dossier lacks, signed where it must be; begins and ends on its page."""
    base = re.sub("/actions/.*|[?#].*", "", page.url)
    lacking = page.locator(".papers-asked > li", has=page.locator(".chip-soon"))
    links = lacking.locator(".tasks-text > a[href*='/papers/']")
    for href in links.evaluate_all("links => links.map(link => link.getAttribute('href'))"):
        page.goto(href)
        name = f"{href.rpartition('/')[2].lower()}.pdf"
        body = files.pdf(Paper=f"({href})")
        page.locator("#f-files").set_input_files(
            [{"name": name, "mimeType": "application/pdf", "buffer": body}]
        )
        if page.locator("input[name=part]").count():
            page.locator("input[name=part][value=WHOLE]").check()
        page.locator("form[enctype] button[type=submit]").click()
        expect(page.locator("#files")).to_contain_text(name)
        if page.locator("#files a[href*='/sign?file=']").count():
            page.locator("#files a[href*='/sign?file=']").click()
            page.locator("#f-password").fill(password)
            page.locator("form[action$='/sign'] button").click()
            page.wait_for_url(re.compile("/papers/[A-Z_]+$"))
    page.goto(base)


def sign_form(page: Page, password: str = PASSWORD) -> None:
    """Sign the application form with the account's certificate; begins and ends on the dossier's page."""
    page.locator("#f-form a[href$='/sign']").click()
    page.locator("#f-password").fill(password)
    page.locator("form[action$='/sign'] button").click()
    expect(page.locator("#f-form .chip-good")).to_be_visible()
    page.locator("main .reading > p a[href*='/dossiers/']").last.click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))


def number(value: int, lang: str) -> str:
    """Write a number as a person of the language types it."""
    return f"{value:,}".replace(",", "." if lang == "vi" else ",")


def save(page: Page) -> None:
    """Save a page of the form and wait for the next one."""
    before = page.url
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(lambda url: url != before)


def fill_pages(
    page: Page,
    *,
    lang: str,
    seen: Callable[[str], None] = lambda name: None,
    then: Callable[[Page], None] | None = None,
) -> None:
    """Fill all pages of the request from the first one on, with one wrong turn at the capital."""
    fill_investor(page, lang=lang)
    seen("07-investor")
    save(page)
    page.locator("input[name=economic_organisation][value=NEW]").check()
    page.locator("#f-organisation_name").fill("Công ty TNHH Linh kiện Sao Biển")
    page.locator("input[name=bcc][value=no]").check()
    save(page)
    page.locator("#f-project_name_vi").fill("Nhà máy thử nghiệm linh kiện Đình Vũ")
    page.locator("#f-objective").fill("Sản xuất linh kiện điện tử, 2 triệu sản phẩm mỗi năm.")
    page.locator("#f-vsic").select_option("VSIC2025:2610")
    page.locator("#f-scale").fill("2 triệu sản phẩm mỗi năm, 300 lao động.")
    page.locator("input[name=restricted_technology][value=no]").check()
    seen("07-project")
    save(page)
    page.locator("input[name=site]").first.check()
    page.locator("input[name=functional_area][value=PRODUCTION]").check()
    page.locator("#f-land_area").fill(number(25_000, lang))
    page.locator("input[name=land_right][value=LEASE]").check()
    save(page)
    fill_capital(page, lang=lang, seen=seen)
    page.locator("#f-term_years").fill("50")
    page.locator("#f-milestones-0-kind").select_option("OPERATION")
    page.locator("#f-milestones-0-on").fill("30/06/2028")
    seen("07-schedule")
    save(page)
    page.locator("input[name=market_restricted][value=no]").check()
    page.locator("input[name=incentives][value=CIT]").check()
    page.get_by_role("button", name=SAVE).click()
    page.locator("#f-contact_name").fill("Người Liên Hệ")
    page.locator("#f-contact_phone").fill("+84 225 000 000")
    page.locator("#f-contact_email").fill("lienhe@saobien.vn")
    page.locator("input[name=declaration][value=yes]").check()
    if then is not None:
        save(page)
        then(page)
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))


def fill_investor(page: Page, *, lang: str, row: int = 0, share: str = "100") -> None:
    """Fill one investor, an organisation from Japan."""
    texts = {
        "name": "Công ty TNHH Thử nghiệm Sao Biển",
        "id_number": "0100-01-012345",
        "address": "1-1 Chiyoda, Tokyo",
        "representative": "Người nộp Thử Nghiệm",
        "representative_position": "Giám đốc",
        "phone": "+81 3 0000 0000",
        "email": "info@saobien.vn",
        "contribution": number(250_000_000_000, lang),
        "share": share,
    }
    page.locator(f"#f-investors-{row}-kind").select_option("ORGANISATION")
    page.locator(f"#f-investors-{row}-country").select_option("JP")
    page.locator(f"#f-investors-{row}-contribution_form").select_option("CASH")
    for code, text in texts.items():
        page.locator(f"#f-investors-{row}-{code}").fill(text)
    other = page.locator(f"#f-investors-{row}-country_other")
    if other.count():
        other.fill("")


def fill_capital(page: Page, *, lang: str, seen: Callable[[str], None] = lambda name: None) -> None:
    """Fill the page of the capital; the first attempt is refused and keeps what was typed."""
    page.locator("#f-capital").fill("rất nhiều")
    page.locator("#f-rate_source").fill("Ngân hàng thử nghiệm")
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("#f-capital")).to_have_value("rất nhiều")
    seen("07-error")
    amounts = {
        "capital": 1_250_000_000_000,
        "capital_usd": 50_000_000,
        "exchange_rate": 25_000,
        "contributed": 250_000_000_000,
        "mobilised": 1_000_000_000_000,
    }
    for code, amount in amounts.items():
        page.locator(f"#f-{code}").fill(number(amount, lang))
    page.locator("#f-rate_on").fill("20/11/2026")
    save(page)


def act(page: Page, code: str, action: str, *, reason: str = "") -> None:
    """Open a dossier from the inbox, or stay on it, and take an action."""
    if code not in page.locator("main").inner_text() or page.url.endswith("/inbox"):
        page.goto("/inbox")
        page.get_by_role("link", name=code).click()
        page.wait_for_url(re.compile("/dossiers/"))
    form = page.locator(f"form[action$='/actions/{action}']")
    if reason:
        page.locator("details.reason-action", has=form).locator("summary").click()
        form.locator("textarea").fill(reason)
    form.locator("button[type=submit]").click()
    try:
        page.wait_for_url(re.compile(f"done={action}"))
    except TimeoutError:
        raise AssertionError(f"{action} at {page.url}: {page.locator('main').inner_text()}") from None


def wait_for_code(page: Page, code: str) -> None:
    """Wait on the dossier's page until the national registry has given the project its code."""
    if code not in page.locator("main").inner_text() or page.url.endswith("/inbox"):
        page.goto("/inbox")
        page.get_by_role("link", name=code).click()
        page.wait_for_url(re.compile("/dossiers/"))
    for _ in range(40):
        if page.locator("[data-code-state=RECEIVED]").count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())
