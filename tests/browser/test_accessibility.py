"""axe finds nothing serious on any main page, in each language, look and size; nothing scrolls sideways at 400 %."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.cli.demo import PASSWORD
from app.core.settings import ROOT
from tests.browser.conftest import Site
from tests.browser.steps import sign_in

pytestmark = pytest.mark.browser

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
GUIDE = "/guide?intent=NEW&place=ZONE&country=JP&vsic=VSIC2025:2610&approval=NO&special=YES"
PUBLIC = (
    "/", "/procedures", "/track", "/track?code=HS-2026-000001-X", "/verify", "/login", "/guide", GUIDE,
    f"{GUIDE}&priority=NO&technology=NO&bcc=NO&land=LEASE",
)  # fmt: skip
SECTIONS = (
    "investor", "organisation", "project", "site", "capital", "schedule", "market", "contact", "commitments",
)  # fmt: skip
LOOKS = pytest.mark.parametrize(
    "look",
    [
        {"lang": "vi"},
        {"lang": "vi", "phone": True, "dark": True},
        {"lang": "en", "dark": True},
        {"lang": "en", "phone": True},
    ],
    ids=["vi-wide-light", "vi-phone-dark", "en-wide-dark", "en-phone-light"],
)


def serious(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return the serious and critical findings of axe on the page; of some rules only, where they are named."""
    # The policy of the page forbids added scripts; what the browser itself evaluates is not a page's script.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    asked: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        asked["runOnly"] = {"type": "rule", "values": list(rules)}
    found: dict[str, Any] = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{page.url}: {each['id']} {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def walk(page: Page) -> list[str]:
    """Return the addresses of a signed-in applicant's pages, one new dossier of the longest form among them."""
    sign_in(page, "nop.hoso", PASSWORD)
    page.goto("/dossiers/new?procedure=IRC_SPECIAL")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]+$"))
    base = page.url
    return ["/my", "/dossiers/new?procedure=IRC", base, *(f"{base}/form/{each}" for each in SECTIONS)]


@LOOKS
def test_axe_finds_nothing_serious(visit: Callable[..., Page], look: dict[str, Any]) -> None:
    page = visit(**look)
    found = []
    for address in PUBLIC:
        page.goto(address)
        found += serious(page)
    for address in walk(page):
        page.goto(address)
        found += serious(page)
    officer = visit(**look)
    sign_in(officer, "mot.cua", PASSWORD)
    found += serious(officer)
    assert found == []


@LOOKS
def test_a_page_with_errors_is_accessible(visit: Callable[..., Page], look: dict[str, Any]) -> None:
    page = visit(**look)
    page.goto(next(address for address in walk(page) if address.endswith("/form/capital")))
    page.locator("#f-capital").fill("x")
    page.locator(".actions button[type=submit]").first.click()
    page.locator("[data-error-summary]").wait_for()
    assert serious(page) == []


def test_nothing_scrolls_sideways_at_400_per_cent(browser: Browser, site: Site) -> None:
    # 1280 px at 400 % are 320 px (WCAG 2.2, 1.4.10).
    context = browser.new_context(base_url=site.url, viewport={"width": 320, "height": 640}, locale="vi-VN")
    page = context.new_page()
    wide = []
    for address in [*PUBLIC, *walk(page)]:
        page.goto(address)
        across = page.evaluate("document.documentElement.scrollWidth")
        if across > 320:
            wide.append(f"{address}: {across}")
    context.close()
    assert wide == []
