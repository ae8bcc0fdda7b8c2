"""A running platform, and a browser in which console errors, CSP violations and outside requests are faults."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FloatRect,
    Page,
    Route,
    sync_playwright,
)

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import local_day, utcnow
from app.core.settings import ROOT, DatabaseTarget
from app.customs.tariff.service import enter_demo_rates
from tests.conftest import TEST_LOGINS, clone

CHROMIUM = os.environ.get("FTZ_CHROMIUM", "/usr/bin/chromium")
TZ = ZoneInfo("Asia/Ho_Chi_Minh")
ARGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
WATCH_CSP = (
    "document.addEventListener('securitypolicyviolation',"
    "e => console.error('CSP', e.effectiveDirective, e.blockedURI, e.sourceFile))"
)
# Chromium itself writes this line for a form that is answered with its errors, and for the end of a session.
ALLOWED = ("422 (Unprocessable", "409 (Conflict)", "404 (Not Found)", "401 (Unauthorized)")


@dataclass
class Site:
    """A platform process on a database of its own; ``beside`` are simulators whose pages people are sent to."""

    url: str
    database: str
    process: "subprocess.Popen[bytes]"
    env: dict[str, str]
    beside: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def site(
    cluster: PrivateCluster, ready_template: str, test_var: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The web process on a ready database, with the simulator of the national registry; see ``answering``."""
    with (
        clone(cluster, ready_template) as target,
        site_on(target, test_var, tmp_path_factory.mktemp("site")) as running,
    ):
        yield running


@contextmanager
def site_on(
    target: DatabaseTarget, var: Path, folder: Path, *, port: int = 0, more: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """Run the web process on a database; ``more`` are further settings."""
    port, registry_port = port or free_port(), free_port()
    log = folder / "web.log"
    _rates_of_this_week(target)
    with (
        log.open("wb") as output,
        running(
            "simulators.investment_registry", "--port", str(registry_port),
            "--state", str(folder / "registry.sqlite"),
            env=dict(os.environ), log=folder / "registry.log",
        ),
    ):  # fmt: skip
        env = {
            **os.environ,
            "FTZ_VAR": str(var),
            "FTZ_PORT": str(port),
            "FTZ_DATABASE_URL": target.conninfo("ftz_web_tenant"),
            "FTZ_INVESTMENT_REGISTRY_URL": f"http://127.0.0.1:{registry_port}",
            "FTZ_INVESTMENT_REGISTRY_SIMULATED": "1",
            **(more or {}),
        }
        command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url, process, log)
            yield Site(url, target.name, process, env)
        finally:
            end(process)


def _rates_of_this_week(target: DatabaseTarget) -> None:
    """Do what the worker of a demo zone does: the template was filled at a fixed instant, the clock goes on."""
    database = Database(target, logins=TEST_LOGINS, pool_size=1)
    try:
        with database.transaction(SessionContext(DbRole.OFFICER)) as session:
            enter_demo_rates(session, now=utcnow(), today=local_day(utcnow(), TZ), weeks=2)
    finally:
        database.close()


@pytest.fixture
def answering(site: Site, tmp_path: Path) -> Iterator[None]:
    """The worker of the site: without it no project code arrives and nothing is passed on."""
    with running("app.worker", env=site.env, log=tmp_path / "worker.log"):
        yield


@contextmanager
def running(module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a program of the repository for the length of a block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=env, stdout=output, stderr=output
        )
        try:
            yield
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and make it end: streams that are still open may keep it, as may a busy machine."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the web process answers."""
    for _ in range(400):
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=1).read()  # noqa: S310  our own loopback address
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.25)
    raise RuntimeError(log.read_text())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Faults:
    """What a page may not do."""

    seen: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """Note an error line of the console."""
        if message.type == "error" and not any(text in message.text for text in ALLOWED):
            self.seen.append(message.text)


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open pages as different people; at the end, none of them may have shown a fault."""
    contexts: list[BrowserContext] = []
    faults = Faults()

    def make(*, lang: str = "vi", phone: bool = False, dark: bool = False, script: bool = True) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(
            base_url=site.url,
            viewport=size,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="vi-VN" if lang == "vi" else "en-GB",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=script,
            is_mobile=phone,
            has_touch=phone,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(WATCH_CSP)
        context.route("**/*", lambda route: _inside(route, site, faults))
        page = context.new_page()
        _slow_down(page)
        page.on("console", faults.console)
        page.on("pageerror", lambda error: faults.seen.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults.seen == []


def _slow_down(page: Page) -> None:
    """Let every answer wait FTZ_SLOW milliseconds: a step that looks before the page has changed then fails."""
    latency = int(os.environ.get("FTZ_SLOW", "0"))
    if latency:
        page.context.new_cdp_session(page).send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1},
        )


def _inside(route: Route, site: Site, faults: Faults) -> None:
    if route.request.url.startswith((site.url, *site.beside, "data:", "blob:")):
        route.continue_()
    else:
        faults.seen.append(f"outside: {route.request.url}")
        route.abort()


# The pictures of the guides in docs: which screen of which journey each shows. `make pictures` makes them anew.
GUIDE_PICTURES = {
    "01-start-vi-wide-light": "start",
    "06-tasks-vi-wide-light": "dossier-tasks",
    "09-inbox-vi-wide-light": "inbox",
    "10-accepted-vi-wide-light": "dossier",
    "15-verified-vi-wide-light": "verified",
    "60-board-vi-wide-light": "board",
    "counter-05-scan-left-vi-wide-light": "counter",
    "40-law-list-vi-wide-light": "law",
    "90-operations-vi": "operations",
}

GUIDE_CLIP: FloatRect = {"x": 0, "y": 0, "width": 1280, "height": 640}


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Save a screenshot under var/screens when FTZ_SCREENS is set; ``guides`` makes those of the guides anew."""
    wanted = os.environ.get("FTZ_SCREENS")
    folder = ROOT / "var" / "screens"

    def take(page: Page, name: str) -> None:
        if not wanted:
            return
        folder.mkdir(parents=True, exist_ok=True)
        page.evaluate("() => document.fonts.ready.then(() => 1)")
        page.screenshot(path=str(folder / f"{name}.png"), full_page=True)
        if wanted == "guides" and name in GUIDE_PICTURES:
            page.screenshot(
                path=str(ROOT / "docs" / "images" / f"{GUIDE_PICTURES[name]}.png"), clip=GUIDE_CLIP
            )

    return take
