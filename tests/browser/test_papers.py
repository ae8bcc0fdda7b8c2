"""Papers in a browser: upload with a bar and a way out, use again, sign, register, verify; with and without script."""

import contextlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error, FilePayload, Page, Route, expect
from sqlalchemy import select

from app.cli.demo import PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.documents import service as documents
from app.core.documents.models import Issued
from app.core.kit.time import utcnow
from app.core.workflow.papers import LetterKind, issue_letter
from app.modules import Platform
from tests.browser.conftest import Site
from tests.browser.steps import sign_in
from tests.conftest import TEST_LOGINS
from tests.core.documents import files
from tests.core.workflow.paper_world import World, case_in, make_world

pytestmark = pytest.mark.browser


@dataclass
class Look:
    """One way of looking at the pages, and the name of its pictures."""

    lang: str
    phone: bool
    dark: bool
    script: bool

    @property
    def tag(self) -> str:
        return f"{self.lang}-{'phone' if self.phone else 'wide'}-{'dark' if self.dark else 'light'}"


LOOKS = (
    Look("vi", phone=False, dark=False, script=True),
    Look("en", phone=True, dark=True, script=True),
    Look("vi", phone=True, dark=False, script=False),
)


@pytest.fixture(scope="module")
def world(site: Site, cluster: PrivateCluster, platform: Platform) -> Iterator[World]:
    database = Database(cluster.ensure().for_database(site.database), logins=TEST_LOGINS, pool_size=3)
    yield make_world(database, platform)
    database.close()


def chosen(name: str, body: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def letter(world: World, kind: LetterKind) -> Issued:
    case_id = world.draft()
    with world.as_(world.leader) as session:
        document = issue_letter(
            session, press=world.press, case=case_in(session, case_id), definition=world.definition, kind=kind,
            params={"reason": "Mục tiêu dự án không phù hợp quy hoạch."}, actor=world.leader, now=utcnow(),
        )  # fmt: skip
        return session.scalars(select(Issued).where(Issued.document_id == document.id)).one()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.tag + ("" if look.script else "-nojs"))
def test_papers_from_upload_to_verification(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], world: World, look: Look, tmp_path: Path
) -> None:
    options = {"lang": look.lang, "phone": look.phone, "dark": look.dark, "script": look.script}

    def seen(page: Page, name: str) -> None:
        if look.script:
            shoot(page, f"papers-{name}-{look.tag}")

    first, second = world.draft(), world.draft(rented=True)
    page = visit(**options)
    sign_in(page, "nop.hoso", PASSWORD)
    page.goto(f"/dossiers/{first}/papers")
    seen(page, "01-list")
    page.locator("#f-component-FINANCE a").first.click()
    seen(page, "02-component")
    path = tmp_path / "Báo cáo tài chính 2025 đã kiểm toán.pdf"
    path.write_bytes(files.pdf(Tag=f"({look.tag}-{look.script})"))
    _upload(page, look, path, lambda name: seen(page, name))

    page.goto(f"/dossiers/{second}/papers/FINANCE")
    page.locator("form[action$='/vault'] button").first.click()
    expect(page.locator("[data-files] .chip")).to_be_visible()
    seen(page, "05-reused")
    page.goto("/vault")
    expect(page.get_by_role("link", name="Báo cáo tài chính 2025").first).to_be_visible()
    seen(page, "06-vault")

    page.goto(f"/dossiers/{first}/sign")
    page.locator("#f-password").fill("sai")
    page.locator("form[action$='/sign'] button").click()
    expect(page.locator("#f-password-error")).to_be_visible()
    seen(page, "07-sign-refused")
    page.locator("#f-password").fill(PASSWORD)
    page.locator("form[action$='/sign'] button").click()
    expect(page.locator("#f-form .chip-good")).to_be_visible()
    seen(page, "08-signed")
    with page.expect_download() as download:
        page.locator("#f-form a[href*='/documents/']").click()
    signed = download.value.path()

    officer = visit(**options)
    # Signing runs an event loop of its own, which the thread of the browser has already.
    with ThreadPoolExecutor(1) as pool:
        kinds = (LetterKind.REFUSAL, LetterKind.RECEIPT)
        refusal, receipt = pool.map(lambda kind: letter(world, kind), kinds)
    sign_in(officer, "mot.cua", PASSWORD)
    officer.goto("/letters")
    expect(officer.get_by_text(refusal.number, exact=True).first).to_be_visible()
    seen(officer, "09-letters")
    _verify(visit(**options), world, refusal, receipt, signed, seen)


def _upload(page: Page, look: Look, path: Path, seen: Callable[[str], None]) -> None:
    """Send a good and a bad file; with script also cancel one."""
    bad = chosen("hóa đơn.pdf", b"MZ" + b"\0" * 400)
    page.locator("#f-files").set_input_files([path])
    button = page.locator("form[enctype] button[type=submit]")
    if not look.script:
        button.click()
        expect(page.locator("[data-files]")).to_contain_text("Báo cáo tài chính")
        page.locator("#f-files").set_input_files([bad])
        button.click()
        expect(page.locator("#f-files-error")).to_contain_text("hóa đơn.pdf")
        return
    button.click()
    expect(page.locator(".upload-row.is-good")).to_have_count(1, timeout=20_000)
    expect(page.locator("#files")).to_contain_text("Báo cáo tài chính")
    expect(page.locator("main [data-component-state] .chip-good")).to_be_visible()
    page.locator("#f-files").set_input_files([bad])
    button.click()
    expect(page.locator(".upload-row.is-bad")).to_contain_text("hóa đơn.pdf:", timeout=20_000)
    seen("03-uploaded")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/papers/FINANCE$"), hold)
    page.locator("#f-files").set_input_files([chosen("chậm.pdf", files.pdf())])
    button.click()
    row = page.locator(".upload-row", has_text="chậm.pdf")
    expect(row.locator("[data-cancel]")).to_be_visible()
    seen("04-sending")
    row.locator("[data-cancel]").click()
    expect(row).to_have_class(re.compile("is-bad"))
    for each in held:
        with contextlib.suppress(Error):  # the browser has given the request up already
            each.abort()
    page.unroute_all()
    expect(page.locator("#files")).not_to_contain_text("chậm.pdf")


def _verify(
    page: Page,
    world: World,
    refusal: Issued,
    receipt: Issued,
    signed: Path,
    seen: Callable[[Page, str], None],
) -> None:
    """Verify as a visitor: an own file, a letter, an unsigned slip, a revoked paper."""
    page.goto("/verify/file")
    seen(page, "10-verify-form")
    page.locator("#f-file").set_input_files([chosen("van-ban.pdf", signed.read_bytes())])
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator(".signatures .chip-good")).to_be_visible()
    seen(page, "11-verify-valid")
    page.locator("#f-file").set_input_files([chosen("tu-choi.pdf", world.press.store.read(refusal.sha256))])
    page.locator("form[enctype] button[type=submit]").click()
    page.locator(f"a[href='/verify/{refusal.verification_code}']").click()
    page.wait_for_url(re.compile(f"/verify/{refusal.verification_code}$"))
    expect(page.get_by_text(refusal.number).first).to_be_visible()
    seen(page, "12-verified")
    page.goto(f"/verify/{receipt.verification_code}")
    seen(page, "13-unsigned")
    with world.as_(world.leader) as session:
        documents.amend(
            session, code=refusal.verification_code, replaced_by=receipt.verification_code, reason="Đính chính số hiệu",
            actor=world.leader, now=utcnow(),
        )  # fmt: skip
    page.goto(f"/verify/{refusal.verification_code}")
    expect(page.locator(f"a[href='/verify/{receipt.verification_code}']")).to_be_visible()
    seen(page, "14-amended")
