"""A message that cannot leave: said with its time, and sent once customs answers again."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.customs.house import House
from tests.browser.customs.steps import Declarant
from tests.browser.steps import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
DECLARATION = re.compile("/declarations/[0-9a-f-]{36}$")
PATIENCE_MS = 40_000


def test_a_gateway_that_is_down_is_told_and_waited_for(
    house: House, hand_in: Callable[[], None], visit: Visit, shoot: Shoot
) -> None:
    """Handed in while the authority is down: queued with its time, said so, and sent when it is up again."""
    outside = house[1]
    outside.customs_mood(down=True, channel="GREEN", disagree_percent=100)
    hand_in()
    pages = [visit(), visit(lang="en", phone=True, dark=True)]
    for page, lang in zip(pages, ("vi", "en"), strict=True):
        page.set_default_timeout(PATIENCE_MS)
        sign_in(page, "vo.oc", PASSWORD)
        page.goto("/declarations?state=QUEUED")
        page.locator("main tbody th a").first.click()
        page.wait_for_url(DECLARATION)
        firm = Declarant(page, lang, address=page.url)
        firm.wait("#panel-customs .notice-soon li")
        expect(page.locator("#panel-customs .notice-soon")).to_contain_text(re.compile(r"\d\d/\d\d/\d{4}"))
        shoot(page, f"customs-down-{lang}")
    outside.customs_mood(down=False)
    for page, lang in zip(pages, ("vi", "en"), strict=True):
        firm = Declarant(page, lang, address=page.url)
        firm.wait("#panel-payments")
        expect(page.locator("main")).to_contain_text(re.compile(r"1\d{11}"))
        expect(page.locator("#panel-customs .notice-soon")).to_have_count(0)
