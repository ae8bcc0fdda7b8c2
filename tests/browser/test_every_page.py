"""Every page, derived from the routes: nothing serious for axe in light and dark, all of it there without script."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from app.cli.demo import ACCOUNTS, PASSWORD
from app.core.db import Database
from app.core.db.cluster import PrivateCluster
from app.core.kit.time import utcnow
from app.main import create_app
from app.modules import compose
from tests.architecture.routes import walk
from tests.browser.conftest import Site, site_on
from tests.browser.pages import ELSEWHERE, Stop, furnish, stops_of
from tests.browser.steps import sign_in
from tests.browser.test_accessibility import serious
from tests.conftest import TEST_LOGINS, clone, settings_for
from tests.investment.dossiers import Office

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

# What may differ between two looks of one page.
BY_LOOK = ("color-contrast", "link-in-text-block", "scrollable-region-focusable")
# What a page without script may not do: keep a form from being sent, show what only a script serves, hide the rest.
WITHOUT_SCRIPT = """() => {
  const seen = element => element.checkVisibility({visibilityProperty: true})
  const told = element => element.outerHTML.replace(/\\s+/g, ' ').slice(0, 140)
  const faults = []
  if (!document.querySelector('main h1') || !seen(document.querySelector('main h1'))) faults.push('no title')
  for (const form of document.querySelectorAll('main form')) {
    const buttons = [...form.elements].filter(each => each.type === 'submit' && each.tabIndex >= 0)
    const closed = form.closest('details:not([open])')
    const way = closed ? [closed.querySelector('summary')] : buttons
    if (!way.some(seen)) faults.push('cannot be sent: ' + told(form))
  }
  for (const each of document.querySelectorAll('.js-only')) if (seen(each)) faults.push('needs script: ' + told(each))
  for (const each of document.querySelectorAll('main [hidden]'))
    if (!each.closest('.js-only') && each.querySelector('a, input, button')) faults.push('hidden: ' + told(each))
  const across = document.documentElement.scrollWidth
  if (across > innerWidth) faults.push('scrolls sideways: ' + across)
  return faults
}"""


@dataclass
class Tour:
    """Where every route shows a page, and the sessions of those who open them."""

    stops: list[Stop]
    states: dict[str, StorageState]
    nowhere: set[str]
    site: Site
    browser: Browser

    def context(self, login: str, *, script: bool) -> BrowserContext:
        """Return a browser of somebody who is signed in already."""
        context = self.browser.new_context(
            base_url=self.site.url, storage_state=self.states[login], locale="vi-VN", reduced_motion="reduce",
            java_script_enabled=script, timezone_id="Asia/Ho_Chi_Minh",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        return context

    def pages(self, *, script: bool = True) -> Iterator[tuple[Stop, Page]]:
        """Open every page; a person keeps one browser."""
        for login in sorted({stop.login for stop in self.stops}):
            context = self.context(login, script=script)
            page = context.new_page()
            for stop in self.stops:
                if stop.login == login:
                    page.emulate_media(color_scheme="light")
                    answer = page.goto(stop.path)
                    assert answer is not None
                    assert answer.status == 200, stop
                    yield stop, page
            context.close()


@pytest.fixture(scope="module")
def tour(
    cluster: PrivateCluster,
    ready_template: str,
    test_var: Path,
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tour]:
    """A furnished zone of its own, and a tour through it."""
    folder = tmp_path_factory.mktemp("pages")
    with clone(cluster, ready_template) as target:
        database = Database(target, logins=TEST_LOGINS, pool_size=2)
        settings = settings_for(target, test_var)
        office = Office(database, compose(settings), utcnow())
        # In a thread: signing runs a loop of its own, and the browser's runs in this one.
        with ThreadPoolExecutor(1) as beside:
            keys = beside.submit(furnish, office, cluster.boot_conninfo(target.name), utcnow()).result()
        with site_on(target, test_var, folder) as site:
            contexts = {
                login: browser.new_context(base_url=site.url, locale="vi-VN")
                for login in ("", *(each.login for each in ACCOUNTS))
            }
            for login, context in contexts.items():
                if login:
                    sign_in(context.new_page(), login, PASSWORD)
            routes = [each for each in walk(create_app(settings)) if each.method == "GET" and each.html]
            found = {each.path: stops_of(each, keys, office, contexts) for each in routes}
            states = {login: context.storage_state() for login, context in contexts.items()}
            for context in contexts.values():
                context.close()
            nowhere = {path for path, each in found.items() if each is None}
            stops = [stop for each in found.values() for stop in each or ()]
            yield Tour(stops, states, nowhere, site, browser)
        database.close()


def test_every_route_is_visited_or_said_where(tour: Tour) -> None:
    unsaid = sorted(tour.nowhere - ELSEWHERE.keys())
    assert not unsaid, f"let `furnish` make what it shows, or say in ELSEWHERE what looks at it: {unsaid}"
    assert len({stop.route for stop in tour.stops}) > 60


def test_axe_finds_nothing_serious_on_any_page(tour: Tour) -> None:
    found = []
    for stop, page in tour.pages():
        page.set_viewport_size({"width": 1280, "height": 900})
        found += serious(page)
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="dark")
        found += [f"{stop.login} dark: {each}" for each in serious(page, BY_LOOK)]
    assert not found, "\n".join(found)


def test_every_page_does_without_script_on_a_narrow_screen(tour: Tour) -> None:
    found = []
    for stop, page in tour.pages(script=False):
        page.set_viewport_size({"width": 320, "height": 640})
        found += [f"{stop.login} {stop.path}: {fault}" for fault in page.evaluate(WITHOUT_SCRIPT)]
    assert not found, "\n".join(found)
