"""Digital customs from end to end: web, worker, simulated authority and simulated bank, and nothing injected."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.customs.house import House
from tests.browser.customs.steps import WRONG, WRONG_ROW, Declarant, invoice, invoice_total, local
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
QUESTION = "Đề nghị giải trình xuất xứ của dòng hàng số 11."
ANSWER = "Hàng có C/O mẫu E số E26-0001, bản sao kèm theo."
MOST_TYPED = 10
PAYER = "9990002"
# Where axe looks as well; the other pages are those of test_every_page. The long ones take it long: once is enough.
LOOKED_AT = frozenset(("05-wrong-cell", "06-check", "09-registered", "15-slip"))
LONG = frozenset(("05-wrong-line", "18-cleared"))


LOOKS = pytest.mark.parametrize(
    ("lang", "phone", "dark", "script"),
    [("vi", False, False, True), ("en", True, True, True), ("vi", True, False, False)],
    ids=["vi-wide-light", "en-phone-dark", "vi-phone-nojs"],
)


@LOOKS
def test_from_the_invoice_to_clearance(
    house: House, visit: Visit, shoot: Shoot, lang: str, phone: bool, dark: bool, script: bool
) -> None:
    house[1].customs_mood(channel="YELLOW", ask=QUESTION, disagree_percent=100)
    page = visit(lang=lang, phone=phone, dark=dark, script=script)
    found: list[str] = []
    looked_at = LOOKED_AT if phone else LOOKED_AT | LONG

    def seen(name: str) -> None:
        if script:  # pictures and axe need a script
            shoot(page, f"customs-journey-{lang}-{'phone' if phone else 'wide'}-{name}")
            found.extend(serious(page) if name in looked_at else ())

    broker = Declarant(page, lang, seen)
    sign_in(page, "khai.bao", PASSWORD)
    page.goto("/declarations")
    seen("01-list")
    broker.begin()
    broker.fill_header(invoice_total())
    import_with_a_wrong_turn(broker)
    compare_preferences(broker)
    broker.send()
    seen("08-sent")
    follow_to_the_tax_notice(broker)
    pay(broker)
    compare_with_the_notice(broker)
    if script:
        declare_the_next_shipment(broker)
    assert found == []


def import_with_a_wrong_turn(broker: Declarant) -> None:
    """The spreadsheet has a word for a number: its cell is named, all fifty lines are there, and one is mended."""
    page = broker.page
    broker.import_lines(invoice(broker.lang))
    fault = page.locator("main table tbody tr").first
    expect(fault).to_contain_text(str(WRONG_ROW))
    expect(fault).to_contain_text("E:")
    broker.seen("05-wrong-cell")
    fault.locator("a").click()
    cell = page.locator(f"#f-l{WRONG_ROW - 1}-quantity")
    expect(cell).to_have_value(WRONG)
    expect(page.locator("#f-l50-own_code")).to_have_value("JN-04-19")
    broker.seen("05-wrong-line")
    page.goto(f"{broker.address}/check")
    expect(page.locator(".finding-bad").first).to_be_visible()
    expect(page.locator("form[action$='/send']")).to_have_count(0)
    broker.seen("05-not-ready")
    page.locator(".finding-bad a").first.click()
    cell.fill(local(Decimal("32.5"), broker.lang))
    page.locator("button[name=then][value=check]").click()
    page.wait_for_url(re.compile("/check$"))
    expect(page.locator(".finding-bad")).to_have_count(0)


def compare_preferences(broker: Declarant) -> None:
    """The taxes with their arithmetic, and for a line every lawful treatment with the paper that it needs."""
    page = broker.page
    expect(page.locator("#taxes")).to_be_visible()
    page.locator(".tax-lines > summary").click()
    lines = page.locator(".tax-lines tbody")
    expect(lines).to_contain_text("×")
    options = lines.locator("a[href^='/tariff/calculator']").nth(10).get_attribute("href")
    page.locator(".tax-lines > summary").click()
    broker.seen("06-check")
    page.goto(options or "")
    expect(page.locator("main")).to_contain_text("ACFTA")
    expect(page.locator("main")).to_contain_text(re.compile("C/O"))
    broker.seen("07-options")
    broker.check()


def follow_to_the_tax_notice(broker: Declarant) -> None:
    """The authority gives number and channel, wants papers, asks, hears the answer, and sends its notice."""
    page = broker.page
    broker.wait("#panel-customs >> text=/Hóa đơn thương mại|Commercial invoice/")
    expect(page.locator("main")).to_contain_text(re.compile(r"1\d{11}"))
    broker.seen("09-registered")
    broker.attach_papers()
    broker.wait("#panel-questions a")
    broker.seen("12-asked")
    page.locator("#panel-questions a").first.click()
    page.locator("#f-text").fill(ANSWER)
    broker.press("form[action$='/answers'] button[type=submit]")
    page.wait_for_url(re.compile("done=answered"))
    broker.seen("13-answered")
    broker.wait("a.btn-primary[href^='/payments/']")
    broker.seen("14-payable")


def pay(broker: Declarant) -> None:
    """From the slip to the bank's page and back; the bank's signed word counts, not the coming back."""
    page = broker.page
    page.locator("a.btn-primary[href^='/payments/']").click()
    slip = page.locator("a[href$='/bank']")
    expect(slip).to_be_visible()
    broker.seen("15-slip")
    slip.click()
    page.locator(f"input[name=account][value='{PAYER}']").check()
    page.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/payments/[0-9a-f-]+\?back=1"))
    broker.seen("16-back")
    address = page.url.partition("?")[0]
    broker.wait("a[href$='/receipt']", address=address)
    broker.seen("17-paid")
    broker.wait(".page-head .chip >> text=/Thông quan|thông quan|[Cc]leared/")
    broker.seen("18-cleared")


def compare_with_the_notice(broker: Declarant) -> None:
    """Each difference stands with line, tax and both amounts; one of them is explained."""
    page = broker.page
    broker.seen("19-differences")
    row = page.locator("#panel-differences tr", has=page.locator("a[href*='/differences/']"))
    row = row.filter(has_text=re.compile("Thuế giá trị gia tăng|[Vv]alue[- ]added")).first
    told = row.inner_text()
    assert len(re.findall(r"\d[\d.,]*\sVND", told)) == 3, told
    row.locator("a[href*='/differences/']").click()
    page.locator("#f-explanation").fill("Tỷ giá của hải quan khác tỷ giá công bố.")
    broker.seen("20-explain")
    broker.press()
    expect(row).to_contain_text("Tỷ giá của hải quan khác")


def declare_the_next_shipment(broker: Declarant) -> None:
    """A second similar shipment is ready after at most ten fields."""
    page = broker.page
    broker.copy()
    broker.typed = 0
    broker.check()
    broker.seen("21-copy")
    broker.answer_what_is_asked("HD-0002")
    broker.check()
    expect(page.locator("form[action$='/send'] button")).to_be_visible()
    assert 0 < broker.typed <= MOST_TYPED, broker.typed
