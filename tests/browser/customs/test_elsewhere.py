"""Official results declared elsewhere, and the customs officer's view of a firm, with the real programs beside them."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.kit.time import utcnow
from tests.browser.customs.house import House
from tests.browser.customs.steps import XLSX, Declarant, workbook
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
COLUMNS = (
    "official_number", "direction", "type_code", "movement", "channel", "registered_at", "cleared_at", "currency",
    "line", "hs", "description", "origin", "quantity", "unit", "unit_price", "value", "IMPORT_DUTY", "VAT",
)  # fmt: skip
MONTH = 8
DECLARATION = re.compile("/declarations/[0-9a-f-]{36}$")
PATIENCE_MS = 40_000
LOOKS = pytest.mark.parametrize(
    ("lang", "phone", "dark"),
    [("vi", False, False), ("en", True, True)],
    ids=["vi-wide-light", "en-phone-dark"],
)


def month(first: int) -> list[dict[str, object]]:
    """Return the rows of a month: declarations of one to three lines."""
    rows = []
    for place in range(MONTH):
        registered = utcnow() - timedelta(days=30 - place)
        for line in range(1, place % 3 + 2):
            rows.append(
                {
                    "official_number": f"{first + place}0", "direction": "IMPORT", "type_code": "A11",
                    "movement": "ZONE_TO_INLAND", "channel": "GREEN", "registered_at": f"{registered:%Y-%m-%d} 09:00",
                    "cleared_at": f"{registered:%Y-%m-%d} 10:30", "currency": "USD", "line": line, "hs": "39269099",
                    "description": f"Linh kiện nhựa đợt {place + 1}", "origin": "KR", "quantity": 12.5, "unit": "KGM",
                    "unit_price": 4.2, "value": 52.5, "IMPORT_DUTY": 164000, "VAT": 122000,
                }
            )  # fmt: skip
    return rows


def sheet(rows: list[dict[str, object]]) -> bytes:
    """Return a workbook with the rows of a month."""
    return workbook([COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


def bring_in(page: Page, name: str, content: bytes) -> None:
    """Send a file of results."""
    page.goto("/declarations/results")
    kind = XLSX if name.endswith("xlsx") else "application/xml"
    page.locator("#f-file").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    page.locator("main form button[type=submit]").first.click()


@LOOKS
def test_a_month_declared_elsewhere_comes_in(
    visit: Visit, shoot: Shoot, lang: str, phone: bool, dark: bool
) -> None:
    """Faults by cell, nothing kept; mended, all of it; the same file again changes nothing; and the same as XML."""
    page = visit(lang=lang, phone=phone, dark=dark)
    first = 10_862_544_000 + 100 * phone
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, "vo.oc", PASSWORD)
    page.goto("/declarations")
    page.locator("main a[href='/declarations/results']").first.click()
    expect(page.locator("#f-file")).to_be_visible()
    shoot(page, f"customs-results-{lang}-1-empty")
    rows = month(first)
    faulty = [dict(row) for row in rows]
    faulty[3]["quantity"], faulty[5]["hs"], faulty[7]["VAT"] = "mười", "", "12.5"
    bring_in(page, "thang-10.xlsx", sheet(faulty))
    places = page.locator("#faults + p + .table-frame tbody th, section[aria-labelledby=faults] tbody th")
    expect(places).to_have_text([re.compile("M5"), re.compile("J7"), re.compile("R9")])
    assert serious(page) == []
    shoot(page, f"customs-results-{lang}-2-faults")
    bring_in(page, "thang-10.xlsx", sheet(rows))
    expect(page.locator(".notice-good")).to_contain_text(str(MONTH))
    expect(page.locator("main tbody tr")).to_have_count(MONTH)
    assert serious(page) == []
    shoot(page, f"customs-results-{lang}-3-in")
    bring_in(page, "thang-10.xlsx", sheet(rows))
    expect(page.locator(".notice-good")).to_contain_text(str(MONTH))
    expect(page.locator("main tbody tr")).to_have_count(0)
    shoot(page, f"customs-results-{lang}-4-again")
    page.goto(f"/declarations?q={first}0")
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.goto("/declarations?state=CLEARED")
    shoot(page, f"customs-results-{lang}-5-list")
    page.goto(f"/declarations?q={first}0")
    page.locator("main tbody th a").click()
    page.wait_for_url(DECLARATION)
    expect(page.locator("main")).to_contain_text(f"{first}0")
    shoot(page, f"customs-results-{lang}-6-one")
    the_same_as_xml(page, first, shoot, lang)


def the_same_as_xml(page: Page, first: int, shoot: Shoot, lang: str) -> None:
    """What was brought in goes out in the documented form, and comes in elsewhere: here, under other numbers."""
    page.goto("/declarations/results")
    with page.expect_download() as download:
        page.locator("a[href*='/results/export.xml']").first.click()
    given = download.value.path().read_text(encoding="utf-8")
    assert f"{first}0" in given
    elsewhere = {"vi": "10862599", "en": "10862598"}[lang]
    other = given.replace("10862544", elsewhere)
    bring_in(page, "thang-11.xml", other.replace(">A11<", ">A99<", 1).encode())
    expect(page.locator("section[aria-labelledby=faults] tbody th").first).to_have_text(re.compile(r"#\d"))
    shoot(page, f"customs-results-{lang}-7-xml-faults")
    bring_in(page, "thang-11.xml", other.encode())
    expect(page.locator("main tbody tr").first).to_contain_text(elsewhere)
    bring_in(page, "thang-11.xml", other.encode())
    expect(page.locator("main tbody tr")).to_have_count(0)


@LOOKS
def test_an_officer_reads_a_firm(
    house: House, hand_in: Callable[[], None], visit: Visit, shoot: Shoot, lang: str, phone: bool, dark: bool
) -> None:
    """Differences that customs itself made, and advice on risk that says it is no more than that."""
    house[1].customs_mood(down=False, channel="GREEN", disagree_percent=100)
    hand_in()
    page = visit(lang=lang, phone=phone, dark=dark)
    page.set_default_timeout(PATIENCE_MS)
    sign_in(page, "hai.quan.khu", PASSWORD)
    page.goto("/customs/firms")
    shoot(page, f"customs-officer-{lang}-1-firms")
    page.get_by_role("link", name=re.compile("Vỏ Ốc")).first.click()
    page.wait_for_url(re.compile("/customs/firms/[0-9a-f-]+"))
    officer = Declarant(page, lang, address=page.url)
    officer.wait("section[aria-labelledby=differences] tbody tr")
    for part in ("declarations", "differences"):
        expect(page.locator(f"section[aria-labelledby={part}] tbody tr").first).to_be_visible()
    assert serious(page) == []
    shoot(page, f"customs-officer-{lang}-2-firm")
    page.locator("a[href$='/risk']").first.click()
    page.wait_for_url(re.compile("/risk$"))
    expect(page.locator("main .notice-info")).to_contain_text(re.compile("tham khảo|Advice only"))
    assert serious(page) == []
    shoot(page, f"customs-officer-{lang}-3-risk")
