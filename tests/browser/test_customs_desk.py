"""The zone's customs officer and a firm: a question there and back, a signed note with photos, papers, advice."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.modules import Platform
from tests.browser.conftest import Site
from tests.browser.test_accessibility import serious
from tests.conftest import TEST_LOGINS
from tests.core.documents import files
from tests.customs.declarations.firms import FILER, OFFICER, Firms

pytestmark = pytest.mark.browser


def enter(page: Page, login: str) -> Page:
    page.goto("/login")
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda url: not url.endswith("/login"))
    return page


@pytest.mark.parametrize(
    ("lang", "phone", "dark", "script"),
    [("vi", False, False, True), ("en", True, True, False), ("vi", True, True, True)],
)
def test_an_officer_reads_asks_and_notes(
    site: Site, cluster: PrivateCluster, platform: Platform, visit: Callable[..., Page], shoot: Callable[..., None],
    lang: str, phone: bool, dark: bool, script: bool,
) -> None:  # fmt: skip
    database = Database(cluster.ensure().for_database(site.database), logins=TEST_LOGINS, pool_size=2)
    firms = Firms(
        database, platform, datetime.now(UTC), numbers=iter(range(9000 + 100 * phone + 200 * script, 9999))
    )
    lines = [{"hs": "72083990", "description": "Thép tấm", "origin": "CN", "scheme": "ACFTA"}]
    declared = firms.declared(
        header={"IMC": firms.tax_code(), "EPN": "Hãng A", "IP3": "USD"}, lines=lines, state="REGISTERED",
        summary="Thép tấm cán nóng",
    )  # fmt: skip
    party = firms.party()
    database.close()
    name = f"customs-{lang}{'-phone' if phone else ''}"
    officer = enter(visit(lang=lang, phone=phone, dark=dark, script=script), OFFICER)
    filer = enter(visit(lang=lang, phone=phone, dark=dark, script=script), FILER)

    found: list[str] = []

    def seen(page: Page, step: str) -> None:
        across = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if across[0] > across[1]:
            found.append(f"{step}: {across[0]} px on {across[1]}")
        if script:  # the picture waits for fonts by script, and so does axe
            found.extend(f"{step}: {each}" for each in serious(page))
            shoot(page, f"{name}-{step}")

    officer.goto("/customs/firms")
    seen(officer, "01-firms")
    officer.locator(f"a[href='/customs/firms/{party}']").click()
    expect(officer.locator("#declarations")).to_be_visible()
    seen(officer, "02-firm")
    officer.goto(f"/customs/questions/new?declaration={declared}")
    officer.locator("main form button[type=submit]").click()
    expect(officer.locator("[data-error-summary]")).to_be_visible()
    officer.locator("#f-text").fill("Vì sao khối lượng khác vận đơn?")
    officer.locator("main form button[type=submit]").click()
    officer.wait_for_url(re.compile("done=asked"))
    seen(officer, "03-asked")
    filer.goto("/customs/questions")
    seen(filer, "04-questions")
    filer.locator(f"main th a[href='{urlsplit(officer.url).path}']").click()
    filer.locator("#f-text").fill("Do bao bì; xem phiếu cân.")
    filer.locator("#f-files").set_input_files(
        {"name": "phieu-can.pdf", "mimeType": "application/pdf", "buffer": files.pdf(Note="(a)")}
    )
    filer.locator("form[action$='/answers'] button[type=submit]").click()
    filer.wait_for_url(re.compile("done=answered"))
    seen(filer, "05-answered")
    officer.goto(f"/customs/inspections/new?declaration={declared}")
    officer.locator("input[name=kind]").first.check()
    officer.locator("#f-place").fill("Kho A")
    officer.locator("#f-happened_at").fill("01/11/2026 08:30")
    officer.locator("#f-found").fill("Đủ số lượng, nguyên niêm phong")
    officer.locator("#f-photos").set_input_files(
        [
            {"name": f"{each}.png", "mimeType": "image/png", "buffer": files.png(40 + each, 30)}
            for each in range(2)
        ]
    )
    officer.locator("#f-password").fill(PASSWORD)
    officer.locator("main form button[type=submit]").click()
    expect(officer.locator("[data-error-summary] a[href='#f-result']")).to_be_visible()
    seen(officer, "06-note-error")
    officer.locator("input[name=result]").first.check()
    officer.locator("#f-photos").set_input_files(
        [
            {"name": f"{each}.png", "mimeType": "image/png", "buffer": files.png(40 + each, 30)}
            for each in range(2)
        ]
    )
    officer.locator("#f-password").fill(PASSWORD)
    officer.locator("main form button[type=submit]").click()
    officer.wait_for_url(re.compile("done=signed"))
    expect(officer.locator(".photo-list img")).to_have_count(2)
    seen(officer, "07-note")
    officer.goto(f"/declarations/{declared}/risk")
    expect(officer.locator("form[action$='/risk']")).to_be_visible()
    officer.locator("form[action$='/risk'] button").click()
    officer.wait_for_url(re.compile("done=computed"))
    expect(officer.locator("#factors")).to_be_visible()
    seen(officer, "08-risk")
    officer.goto(f"/customs/firms/{party}")
    expect(officer.locator("#risk ~ ul a").first).to_be_visible()
    seen(officer, "08-firm")
    officer.goto("/customs/differences")
    seen(officer, "08-differences")
    filer.goto(f"/declarations/{declared}/risk")
    seen(filer, "09-risk-firm")
    filer.goto(f"/declarations/{declared}/papers")
    seen(filer, "10-papers")
    filer.goto(f"/declarations/{declared}/papers/ORIGIN")
    filer.locator("form[action$='/papers/ORIGIN'] button[type=submit]").click()
    expect(filer.locator("[data-error-summary]")).to_be_visible()
    seen(filer, "11-place-error")
    filer.goto(f"/declarations/{declared}/amendment")
    filer.locator(f"form[action='/declarations/{declared}/amendment'] button").click()
    expect(filer.locator("#changes-title")).to_be_visible()
    seen(filer, "12-amendment")
    filer.goto(f"/declarations/{declared}")
    expect(filer.locator("#panel-papers")).to_be_visible()
    seen(filer, "13-declaration")
    assert found == []
