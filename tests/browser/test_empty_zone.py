"""From an empty zone to the first dossier that is received: an administrator, officers, a person, an investor."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.cli.setup import opened, prepare_data
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.core.settings import ROOT
from app.modules import compose
from simulators.messaging.behaviour import Networks
from simulators.messaging.mail import MailServer
from tests.browser.conftest import Site, wait_for
from tests.browser.steps import act, fill_form
from tests.conftest import clone, settings_for
from tests.web.joining import small_pdf

pytestmark = pytest.mark.browser

ADMIN, OWN = "một quản trị ở bến cảng", "chín con ngựa trắng bên suối"
EMAIL = "yamada@umi.example"
OFFICERS = (
    ("tiep.nhan", "Lê Văn Tiếp", 1, "INTAKE"),
    ("chuyen.vien", "Phạm Thị Thẩm", 2, "APPRAISER"),
    ("truong.phong", "Đỗ Văn Trưởng", 2, "HEAD"),
    ("lanh.dao", "Nguyễn Văn Lãnh", 5, "LEADER"),
    ("phap.che.1", "Vũ Thị Luật", 5, "LEGAL"),
    ("phap.che.2", "Bùi Văn Luật", 5, "LEGAL"),
)
SUBMIT = "main form button[type=submit]"


@contextmanager
def running(
    name: str, command: list[str], env: dict[str, str], log: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    with (log / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def networks() -> Iterator[tuple[Networks, int]]:
    """A mail server that keeps what arrives."""
    networks = Networks()
    server = MailServer(("127.0.0.1", 0), networks)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield networks, server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(
    cluster: PrivateCluster,
    bare_template: str,
    test_var: Path,
    tmp_path: Path,
    networks: tuple[Networks, int],
) -> Iterator[Site]:
    """Web and worker of an installation as ``FTZ_DEMO=0`` leaves it, with its first administrator."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with clone(cluster, bare_template) as target:
        settings = settings_for(target, tmp_path, demo=False)
        with opened(settings) as database:
            prepare_data(database, compose(settings), lambda _: None, now=utcnow())
        url = f"http://127.0.0.1:{port}"
        env = {
            **os.environ,
            "FTZ_VAR": str(tmp_path),
            "FTZ_PORT": str(port),
            "FTZ_DEMO": "0",
            "FTZ_DATABASE_URL": target.conninfo("ftz_web_tenant"),
            "FTZ_DATABASE_PASSWORDS_FILE": str(test_var / "secrets" / "database.json"),
            "FTZ_SMTP_URL": f"smtp://127.0.0.1:{networks[1]}",
        }
        add = [sys.executable, "-m", "app.cli", "user", "add", "quan.tri.dau", "--name", "Trần Quản Trị"]
        add += ["--role", "ADMIN", "--office", "OFFICE", "--password-stdin"]
        subprocess.run(add, cwd=ROOT, env=env, input=f"{ADMIN}\n".encode(), check=True, capture_output=True)
        web = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
        with (
            running("web", web, env, tmp_path) as process,
            running("worker", [sys.executable, "-m", "app.worker"], env, tmp_path),
        ):
            wait_for(url, process, tmp_path / "web.log")
            yield Site(url, target.name, process, env)


def enter(page: Page, login: str, password: str) -> None:
    page.goto("/login")
    page.locator("#f-login_id").fill(login)
    page.locator("#f-password").fill(password)
    page.locator(SUBMIT).first.click()


def letter(networks: Networks, to: str, pattern: str) -> str:
    """Wait for a letter to an address that has something, and return it."""
    for _ in range(300):
        for each in reversed(networks.taken):
            if each.to == to and (found := re.search(pattern, each.text)):
                return found.group(1)
        time.sleep(0.1)
    raise AssertionError(f"no letter to {to}")


def open_officers(admin: Page, seen: Callable[[str], None]) -> dict[str, str]:
    """Open the accounts that the checklist asks for; return the initial passwords by login."""
    initial = {}
    admin.goto("/admin/setup")
    seen("80-setup-empty")
    for login, name, office, role in OFFICERS:
        admin.goto("/admin/users/new")
        admin.locator("#f-full_name").fill(name)
        admin.locator("#f-login").fill(login)
        admin.locator("#f-office").select_option(index=office + 1)
        admin.locator(f"input[name=roles][value={role}]").check()
        admin.locator("#f-language").select_option("vi")
        admin.locator(SUBMIT).last.click()
        initial[login] = admin.locator(".initial-password").inner_text()
    admin.goto("/admin/setup")
    admin.locator("form[action*='/certificates/'] button").click()
    expect(admin.locator("h1 + .chip-good, .page-head .chip-good")).to_be_visible()
    seen("81-setup-ready")
    return initial


def register(page: Page, networks: Networks, seen: Callable[[str], None]) -> None:
    """Register with a wrong turn, and sign in."""
    page.goto("/login")
    page.locator("main a[href='/register']").click()
    page.locator("#f-full_name").fill("Người nộp Thử Nghiệm")
    page.locator("#f-email").fill(EMAIL)
    page.locator("#f-password").fill("ngắn")
    page.locator("#f-again").fill("ngắn")
    page.locator(SUBMIT).first.click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("#f-email")).to_have_value(EMAIL)
    seen("82-register-errors")
    page.locator("#f-password").fill(OWN)
    page.locator("#f-again").fill(OWN)
    page.locator(SUBMIT).first.click()
    page.wait_for_url(re.compile("/register/confirm"))
    seen("83-register-code")
    page.locator("#f-code").fill(letter(networks, EMAIL, r"\b(\d{8})\b"))
    page.locator(SUBMIT).first.click()
    page.locator("main a.btn-primary").click()
    enter(page, EMAIL, OWN)
    page.wait_for_url(re.compile("/my$"))
    seen("84-my-first")


def claim(page: Page, seen: Callable[[str], None]) -> str:
    """Claim an enterprise that is not founded yet; return the claim's address."""
    page.locator("main a[href='/claims']").first.click()
    page.locator("form[action='/claims/begin'] button").click()
    page.wait_for_url(re.compile("/claims/new$"))
    page.locator("input[name=kind][value=NOT_FOUNDED]").check()
    page.locator("#f-name").fill("Umi Demo Electronics K.K.")
    page.locator("input[name=standing][value=LEGAL_REPRESENTATIVE]").check()
    page.locator(SUBMIT).last.click()
    expect(page.locator("#f-country-error")).to_be_visible()
    seen("85-claim-form")
    page.locator("#f-country").select_option("JP")
    page.locator(SUBMIT).last.click()
    page.wait_for_url(re.compile("/claims/[0-9a-f-]{36}$"))
    page.locator("form[action$='/submit'] button").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    seen("86-claim-papers-missing")
    passport = {"name": "passport.pdf", "mimeType": "application/pdf", "buffer": small_pdf()}
    page.locator("#f-file").set_input_files([passport])
    page.locator("form[action$='/papers'] button").click()
    expect(page.locator(".paper-files")).to_contain_text("passport.pdf")
    page.locator("form[action$='/submit'] button").click()
    page.wait_for_url(re.compile("done=submit"))
    seen("87-claim-sent")
    return page.url.partition("?")[0]


def first_desk(page: Page, login: str, initial: str) -> None:
    """Sign in with an initial password and choose one's own."""
    enter(page, login, initial)
    page.wait_for_url(re.compile("/login/password"))
    page.locator("#f-password").fill(OWN)
    page.locator("#f-again").fill(OWN)
    page.locator(SUBMIT).first.click()
    page.wait_for_url(re.compile("/inbox"))


def certificate(page: Page) -> None:
    """Get the development certificate of a new account; begins and ends on the dossier's page."""
    back = re.sub("/actions/.*|[?#].*", "", page.url)
    page.locator("#f-form a[href$='/sign']").click()
    page.locator("form[action$='/sign/certificate'] button").click()
    page.locator("#f-password").wait_for()
    page.goto(back)


# Three browsers and a worker from nothing: on a busy machine that takes its time.
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False)], ids=["vi-wide"])
def test_from_an_empty_zone_to_the_first_received_dossier(
    visit: Callable[..., Page],
    shoot: Callable[[Page, str], None],
    networks: tuple[Networks, int],
    browser: Browser,
    lang: str,
    phone: bool,
    dark: bool,
) -> None:
    admin, person, officer = (visit(lang=lang, phone=phone, dark=dark) for _ in range(3))

    def seen(page: Page) -> Callable[[str], None]:
        return lambda name: shoot(page, f"{name}-{lang}")

    enter(admin, "quan.tri.dau", ADMIN)
    admin.wait_for_url(re.compile("/admin/users"))
    admin.locator("main a[href='/admin/setup']").first.click()
    admin.wait_for_url(re.compile("/admin/setup"))
    initial = open_officers(admin, seen(admin))
    register(person, networks[0], seen(person))
    where = claim(person, seen(person))
    first_desk(officer, "tiep.nhan", initial["tiep.nhan"])
    officer.goto("/desk/claims")
    seen(officer)("88-desk-claims")
    officer.get_by_role("link", name="Umi Demo Electronics K.K.").click()
    officer.wait_for_url(re.compile("/desk/claims/[0-9a-f-]+$"))
    seen(officer)("89-desk-claim")
    officer.locator("form[action$='/confirm'] button[type=submit]").click()
    officer.wait_for_url(re.compile("done=confirm"))
    letter(networks[0], EMAIL, r"(/claims/[0-9a-f-]{36})")
    person.goto(where)
    seen(person)("90-claim-confirmed")
    person.goto("/my")
    code = fill_form(person, lang=lang, seen=seen(person), password=OWN, before_signing=certificate)
    act(officer, code, "accept")
    expect(officer.locator("main")).to_contain_text(code)
    seen(officer)("91-received")
    person.goto("/members")
    seen(person)("92-members")
    person.goto("/delegations")
    seen(person)("93-delegations")
