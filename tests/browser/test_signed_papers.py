"""A certificate signed by hand in a browser: the leader prints, reception files the scan, anybody verifies it."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.modules import compose
from tests.browser.conftest import Site
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious
from tests.browser.test_papers import LOOKS, Look
from tests.conftest import TEST_LOGINS, settings_for
from tests.core.documents import files
from tests.investment.dossiers import FILER, Office

pytestmark = pytest.mark.browser


@pytest.fixture
def office(site: Site, cluster: PrivateCluster, test_var: Path) -> Iterator[Office]:
    """The desk of the site, without a browser; composed anew, as this process then seals with the keys of the site."""
    target = cluster.ensure().for_database(site.database)
    database = Database(target, logins=TEST_LOGINS, pool_size=2)
    yield Office(database, compose(settings_for(target, test_var)), utcnow())
    database.close()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.tag + ("" if look.script else "-nojs"))
def test_from_the_print_to_the_public_page(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], office: Office, look: Look
) -> None:
    options = {"lang": look.lang, "phone": look.phone, "dark": look.dark, "script": look.script}
    # In a thread of its own: signing starts an event loop, and the browser runs one here.
    with ThreadPoolExecutor(1) as pool:
        case_id = pool.submit(approved, office, f"Nhà máy ký tay {look.tag}").result()

    def seen(name: str, page: Page) -> None:
        if look.script:
            shoot(page, f"signed-paper-{name}-{look.tag}")
            assert serious(page) == []

    leader = visit(**options)
    sign_in(leader, "lanh.dao", PASSWORD)
    print_for_hand(leader, case_id, seen)
    number = leader.locator("section:has(#hand-paper) .code").first.inner_text()
    void = leader.locator("details:has(form[action$='/actions/void_print'])")
    void.locator("summary").click()
    void.locator("textarea").fill("In lệch trang, phải in lại.")
    void.locator("button[type=submit]").click()
    leader.wait_for_url(re.compile("done=void_print"))
    print_for_hand(leader, case_id, lambda name, page: None)
    leader.goto("/letters?kind=IRC")
    expect(leader.locator("main")).to_contain_text(number)
    expect(leader.locator("main")).to_contain_text("In lệch trang, phải in lại.")
    seen("05-register", leader)

    desk = visit(**options)
    sign_in(desk, "mot.cua", PASSWORD)
    seen("06-inbox", desk)
    file_scan(desk, case_id, seen)
    seen("10-filed", desk)

    filer = visit(**options)
    sign_in(filer, FILER, PASSWORD)
    filer.goto(f"/dossiers/{case_id}")
    expect(filer.locator(".notice a[href^='/documents/']")).to_be_visible()
    expect(filer.locator("main")).not_to_contain_text("Thiết bị ký số bị mất")
    seen("11-applicant", filer)
    with filer.expect_download() as download:
        filer.locator(".notice a[href^='/documents/']").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    filer.locator(".notice a[href^='/verify/']").click()
    filer.wait_for_url(re.compile("/verify/"))
    expect(filer.locator("main")).to_contain_text("Phó Trưởng ban")
    seen("12-verify", filer)
    filer.goto("/certificates")
    seen("13-certificates", filer)


def approved(office: Office, name: str) -> UUID:
    """File a dossier and take it to the approved draft."""
    case_id = office.filed(project_name_vi=name)
    office.to_approved(case_id)
    return case_id


def print_for_hand(leader: Page, case_id: UUID, seen: Callable[[str, Page], None]) -> None:
    """Choose paper; the reason is forgotten first."""
    leader.goto(f"/dossiers/{case_id}")
    seen("01-approved", leader)
    chosen = leader.locator("details:has(form[action$='/actions/sign_by_hand'])")
    chosen.locator("summary").click()
    chosen.locator("button[type=submit]").click()
    expect(chosen.locator("#f-reason-error")).to_be_visible()
    seen("02-reason-missing", leader)
    chosen.locator("textarea").fill("Thiết bị ký số bị mất, đang chờ cấp lại.")
    chosen.locator("button[type=submit]").click()
    leader.wait_for_url(re.compile("done=sign_by_hand"))
    expect(leader.locator("#hand-paper")).to_be_visible()
    seen("03-printed", leader)


def file_scan(desk: Page, case_id: UUID, seen: Callable[[str, Page], None]) -> None:
    """File the signed sheet, after three faults: no file, a file that is no scan, and a box that was not ticked."""
    desk.goto(f"/dossiers/{case_id}")
    desk.locator("main a[href$='/actions/file_signed_paper']").click()
    desk.wait_for_url(re.compile("/signed-paper$"))
    seen("07-empty", desk)
    upload = desk.locator("form[enctype] button[type=submit]")
    upload.click()
    expect(desk.locator("#f-scan-error")).to_be_visible()
    desk.locator("#f-scan").set_input_files(
        [{"name": "da-ky.docx", "mimeType": "application/octet-stream", "buffer": files.office()}]
    )
    upload.click()
    expect(desk.locator("#f-scan-error")).to_contain_text("da-ky.docx")
    seen("08-no-scan", desk)
    sheet = files.pdf(Signed=f"({case_id} {datetime.now(UTC).isoformat()})")
    desk.locator("#f-scan").set_input_files(
        [{"name": "da-ky.pdf", "mimeType": "application/pdf", "buffer": sheet}]
    )
    upload.click()
    expect(desk.locator(".scan-head")).to_contain_text("da-ky.pdf")
    file = desk.locator("form[action$='/actions/file_signed_paper'] button")
    file.click()
    expect(desk.locator("#f-compared-error")).to_be_visible()
    seen("09-not-ticked", desk)
    desk.locator("#f-compared").check()
    file.click()
    desk.wait_for_url(re.compile("done=file_signed_paper"))
