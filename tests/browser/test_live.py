"""Pages that refresh themselves: the inbox, the bell, and a dossier that somebody else moves."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from app.core.db.cluster import PrivateCluster
from app.core.settings import ROOT
from tests.browser.conftest import Site
from tests.browser.steps import act, fill_form, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(site: Site, cluster: PrivateCluster, test_var: Path, tmp_path: Path) -> Iterator[None]:
    """The worker of the site: without it nothing is passed on."""
    target = cluster.ensure().for_database(site.database)
    env = {**os.environ, "FTZ_VAR": str(test_var), "FTZ_DATABASE_URL": target.conninfo("ftz_web_tenant")}
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.worker"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def test_an_officer_sees_what_arrives_without_reloading(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], worker: None
) -> None:
    officer, colleague, applicant = visit(), visit(), visit()
    sign_in(officer, "mot.cua", PASSWORD)
    sign_in(colleague, "mot.cua", PASSWORD)
    sign_in(applicant, "nop.hoso", PASSWORD)
    officer.evaluate("() => { window.sameDocument = true }")
    code = fill_form(applicant, lang="vi")
    expect(officer.locator("#inbox-rows").get_by_role("link", name=code)).to_be_visible(timeout=20_000)
    expect(officer.locator("#bell .count")).to_have_text(re.compile(r"\d+"), timeout=20_000)
    assert officer.evaluate("() => window.sameDocument"), "the page was not loaded anew"
    shoot(officer, "live-inbox")

    officer.goto("/notices")
    shoot(officer, "live-notices")
    officer.get_by_role("link", name=re.compile(code)).first.click()
    officer.wait_for_url(re.compile("/dossiers/"))
    officer.evaluate(
        "() => { const text = document.createElement('textarea'); text.id = 'typed';"
        " document.querySelector('main').append(text) }"
    )
    officer.locator("#typed").fill("đang viết dở")
    act(colleague, code, "accept")
    expect(officer.locator("#case-changed .notice")).to_be_visible(timeout=20_000)
    expect(officer.locator("#typed")).to_have_value("đang viết dở")
    shoot(officer, "live-dossier-changed")
    expect(colleague.locator("#case-changed .notice")).to_have_count(0)

    expect(applicant.locator("#bell .count")).to_have_text(re.compile(r"\d+"), timeout=20_000)
    applicant.goto("/notices")
    expect(applicant.get_by_text(f"Đã tiếp nhận hồ sơ {code}")).to_be_visible()
    applicant.goto("/account/notifications")
    shoot(applicant, "live-wishes")


def test_two_tabs_share_one_stream(visit: Callable[..., Page], worker: None) -> None:
    first, applicant = visit(), visit()
    sign_in(first, "mot.cua", PASSWORD)
    second = first.context.new_page()
    streams: list[str] = []
    second.on("request", lambda request: streams.append(request.url) if "/events" in request.url else None)
    second.goto("/inbox")
    sign_in(applicant, "nop.hoso", PASSWORD)
    code = fill_form(applicant, lang="vi")
    for page in (first, second):
        expect(page.locator("#inbox-rows").get_by_role("link", name=code)).to_be_visible(timeout=20_000)
    assert streams == []


def test_an_open_inbox_leaves_when_nobody_sits_before_it(
    visit: Callable[..., Page], shoot: Callable[[Page, str], None], site: Site, cluster: PrivateCluster
) -> None:
    officer, writer = visit(), visit()
    sign_in(officer, "mot.cua", PASSWORD)
    sign_in(writer, "nop.hoso", PASSWORD)
    writer.goto("/account/password")
    writer.locator("#f-password").fill("đang viết dở")
    with psycopg.connect(cluster.boot_conninfo(site.database)) as connection:
        connection.execute("update auth_session set last_seen_at = last_seen_at - interval '3 hours'")
    officer.wait_for_url(re.compile(r"/login\?ended=1&next=%2Finbox"), timeout=60_000)
    expect(officer.locator("main .notice")).to_be_visible()
    shoot(officer, "live-signed-out-inbox")
    expect(writer.locator("[data-flashes] .notice a")).to_be_visible(timeout=60_000)
    expect(writer.locator("#f-password")).to_have_value("đang viết dở")
    shoot(writer, "live-signed-out-form")
