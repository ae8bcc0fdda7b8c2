"""Steps of people who declare, pay and compare, for journeys; what is typed is counted."""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from openpyxl import Workbook
from playwright.sync_api import Page, expect

from app.core.kit.time import utcnow
from tests.core.documents import files

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATIENCE = 120
SELECTED = frozenset(
    ("EPO", "SKB", "CH", "MTC", "NOT", "GWT", "IV1", "IVP", "IP1", "IP2", "IP3", "VD1", "DST", "PSC")
)
HEADINGS = {
    "vi": ("Mã hàng", "Mã HS", "Mô tả hàng hóa", "Xuất xứ", "Số lượng", "ĐVT", "Đơn giá", "Biểu thuế", "Số C/O"),
    "en": ("Item code", "HS code", "Description", "Origin", "Quantity", "Unit", "Unit price", "Tariff", "C/O No."),
}  # fmt: skip
# Heading, goods, origin, unit, price in dollars, preference, its paper; each stands in the authority's own table too.
GOODS = (
    ("72083990", "Thép tấm cán nóng dày {size} mm", "CN", "TNE", "550.5", "", ""),
    ("39201090", "Màng nhựa polyetylen dạng cuộn khổ {size} cm", "CN", "KGM", "1.875", "ACFTA", "E26-0001"),
    ("73181510", "Bu lông thép M{size}", "KR", "KGM", "4.25", "AKFTA", "KR26-0002"),
    ("85444294", "Cáp điện bọc nhựa, {size} lõi", "CN", "KGM", "7.125", "", ""),
    ("84821000", "Vòng bi cầu {size} mm", "JP", "KGM", "12.4", "", ""),
)
SIZES = range(10, 20)
WRONG_ROW, WRONG = 8, "ba"
HEADER = {
    "IMA": "Lô M10, đường Thử Nghiệm, Hải Phòng (hư cấu)",
    "EPN": "Cong ty Khu Thu Nghiem (hu cau)",
    "EPA": "Lot 9, Demo Road (fictitious)",
    "EPO": "VN",
    "SKB": "4",
    "CH": "03CC",
    "MTC": "4",
    "NO": "20",
    "NOT": "PK",
    "GW": "20000",
    "GWT": "KGM",
    "ARR": "",
    "DST": "VNZZZ",
    "PSC": "VNZZZ",
    "IV1": "A",
    "IV3": "HD-0001",
    "IVD": "",
    "IVP": "TTR",
    "IP1": "A",
    "IP2": "CIF",
    "IP3": "USD",
    "IP4": "",
    "VD1": "6",
}


def invoice_rows() -> list[tuple[str, str, str, str, Decimal, str, Decimal, str, str]]:
    """Return the fifty lines of an invoice."""
    return [
        (f"JN-{place:02d}-{size}", hs, name.format(size=size), origin, Decimal(size) * 2 + Decimal("0.5"),
         unit, Decimal(price), scheme, proof)
        for place, (hs, name, origin, unit, price, scheme, proof) in enumerate(GOODS)
        for size in SIZES
    ]  # fmt: skip


def invoice_total() -> Decimal:
    """Return what the invoice comes to."""
    return sum((row[4] * row[6] for row in invoice_rows()), Decimal(0)).normalize()


def workbook(rows: Iterable[Sequence[object]]) -> bytes:
    """Return a workbook with the given rows; numbers are written as numbers."""
    book, buffer = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append([float(cell) if isinstance(cell, Decimal) else cell for cell in row])
    book.save(buffer)
    return buffer.getvalue()


def invoice(lang: str) -> bytes:
    """Return the invoice as a firm's spreadsheet, with a quantity that somebody wrote as a word."""
    rows: list[list[object]] = [list(row) for row in invoice_rows()]
    rows[WRONG_ROW - 2][4] = WRONG
    return workbook([HEADINGS[lang], *rows])


def local(value: Decimal, lang: str) -> str:
    """Write a number as a person of the language types it."""
    return f"{value:f}".replace(".", ",") if lang == "vi" else f"{value:f}"


@dataclass
class Declarant:
    """Somebody who prepares declarations on a page; ``typed`` counts what is typed or chosen by hand."""

    page: Page
    lang: str
    seen: Callable[[str], None] = field(default=lambda name: None)
    typed: int = 0
    address: str = ""

    def __post_init__(self) -> None:
        # Others may use the machine as well; nothing here is a measurement.
        self.page.set_default_timeout(40_000)

    def type(self, selector: str, value: str) -> None:
        """Type into a field, or choose from a list, once."""
        place = self.page.locator(selector)
        if place.evaluate("element => element.tagName") == "SELECT":
            place.select_option(value)
        else:
            place.fill(value)
        self.typed += 1

    def press(self, selector: str = "main form button[type=submit]") -> None:
        """Press a button and wait for the page that it leads to."""
        self.page.locator(selector).first.click()

    def begin(self) -> None:
        """Begin a declaration: firm, movement, type code."""
        self.page.goto("/declarations/new")
        self.page.locator("#f-party_id").select_option(index=1)
        self.page.locator("input[name=movement][value=ZONE_TO_INLAND]").check()
        self.press()
        self.page.locator("input[name=type_code][value=A11]").check()
        self.seen("02-type")
        self.press()
        self.page.wait_for_url(re.compile("/declarations/[0-9a-f-]{36}$"))
        self.address = self.page.url

    def fill_header(self, total: Decimal) -> None:
        """Fill the parts of the header that a sale inland needs."""
        now = utcnow()
        said = {**HEADER, "IP4": local(total, self.lang)}
        said["IVD"], said["ARR"] = (
            f"{now - timedelta(days=2):%d/%m/%Y}",
            f"{now - timedelta(days=1):%d/%m/%Y}",
        )
        for part in ("parties", "office", "invoice"):
            self.page.goto(f"{self.address}/header/{part}")
            for code, value in said.items():
                place = self.page.locator(f"#f-{code}")
                if place.count() and place.is_visible() and place.input_value() != value:
                    self.type(f"#f-{code}", value)
            self.seen(f"03-{part}")
            self.press()
            self.page.wait_for_url(lambda url, part=part: not url.endswith(f"/header/{part}"))

    def import_lines(self, content: bytes) -> None:
        """Send the firm's spreadsheet."""
        self.page.goto(f"{self.address}/lines/paste")
        self.page.locator("#f-file").set_input_files(
            {"name": "hoa-don.xlsx", "mimeType": XLSX, "buffer": content}
        )
        self.seen("04-import")
        self.press()

    def check(self) -> None:
        """Open the check of the declaration."""
        self.page.goto(f"{self.address}/check")
        expect(self.page.locator("#taxes")).to_be_visible()

    def send(self) -> None:
        """Hand the declaration in."""
        self.press("form[action$='/send'] button")
        self.page.wait_for_url(re.compile("done=sent"))

    def copy(self) -> None:
        """Begin the next shipment from this one."""
        self.page.goto(self.address)
        self.press("form[action$='/copies'] button")
        self.page.wait_for_url(re.compile("done=copied"))
        self.address = re.sub(r"\?.*", "", self.page.url)

    def wait(self, selector: str, *, address: str = "") -> None:
        """Look at the declaration, or another page, again and again until others have done their part."""
        for _ in range(PATIENCE):
            self.page.goto(address or self.address)
            if self.page.locator(selector).count():
                return
            self.page.wait_for_timeout(1000)
        raise AssertionError(f"{selector}: {self.page.locator('main').inner_text()}")

    def attach_papers(self) -> None:
        """Attach a file for each paper that is missing, and show all of them to customs."""
        self.page.goto(f"{self.address}/papers")
        self.seen("08-papers")
        missing = self.page.locator(
            ".papers-asked > li",
            has=self.page.locator("span[id$=-state] .chip-soon, span[id$=-state] .chip-bad"),
        )
        links = missing.locator(".tasks-text > a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        for href in links:
            self._attach(href)
        self.page.goto(f"{self.address}/papers")
        self.press("form[action$='/show-papers'] button")
        self.page.wait_for_url(re.compile("done=shown"))
        self.seen("09-shown")

    def _attach(self, href: str) -> None:
        self.page.goto(href)
        name = f"{href.rpartition('/')[2].lower()}.pdf"
        if self.page.locator("input[name=form]").count():
            self.page.locator("input[name=form]").first.check()
        if self.page.locator("#f-number").count():
            self.page.locator("#f-number").fill("E26-0001")
            self.page.locator("#f-issued_on").fill(f"{utcnow() - timedelta(days=9):%d/%m/%Y}")
        self.page.locator("#f-files").set_input_files(
            {"name": name, "mimeType": "application/pdf", "buffer": files.pdf(Paper=f"({href})")}
        )
        self.press("form[enctype] button[type=submit]")
        expect(self.page.get_by_role("link", name=name)).to_be_visible()

    def answer_what_is_asked(self, invoice: str) -> None:
        """Give what the check asks of a copied declaration, and one other quantity with what follows from it."""
        now = utcnow()
        new = {
            "IV3": invoice,
            "IVD": f"{now - timedelta(days=1):%d/%m/%Y}",
            "ARR": f"{now:%d/%m/%Y}",
            "IP4": local(invoice_total() + Decimal("550.5"), self.lang),
        }
        links = self.page.locator(".finding-bad a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        asked = {urlsplit(href).path for href in links if "/header/" in href}
        self.page.goto(f"{self.address}/lines")
        self.type("#f-l1-quantity", local(Decimal("21.5"), self.lang))
        self.type("#f-l1-value", "")
        self.press("button[name=then][value=check]")
        self.page.wait_for_url(re.compile("/check$"))
        for part in sorted(asked | {f"{urlsplit(self.address).path}/header/invoice"}):
            self.page.goto(part)
            for code, value in new.items():
                if self.page.locator(f"#f-{code}").count():
                    self.type(f"#f-{code}", value)
            self.press()
            self.page.wait_for_url(lambda url, part=part: urlsplit(url).path != part)
