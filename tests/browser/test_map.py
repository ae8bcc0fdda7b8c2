"""The map of the zone: with a script, without, by keyboard, on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
IDLE = "[data-island=map][data-idle]"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("lang", "phone"), [("vi", False), ("en", True)])
def test_the_zone_is_drawn_from_our_own_shapes(
    visit: Visit, shoot: Shoot, lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    page.goto("/zone")
    page.wait_for_selector(IDLE, timeout=30_000)
    canvas = page.locator("canvas.maplibregl-canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("bản đồ|map", re.IGNORECASE))
    assert page.locator(".zone-map svg.sketch").count() == 0
    shoot(page, f"map-zone-{lang}-{'phone' if phone else 'wide'}{'-dark' if dark else ''}")


def test_a_site_is_brought_into_view_by_its_button_and_moved_by_keys(visit: Visit, shoot: Shoot) -> None:
    page = visit(lang="en")
    page.goto("/zone")
    page.wait_for_selector(IDLE, timeout=30_000)
    scale = page.locator(".maplibregl-ctrl-scale")
    before = scale.inner_text()
    page.locator("[data-map-show=S2]").click()
    expect(scale).not_to_have_text(before)
    page.wait_for_selector(IDLE)
    expect(page.locator("canvas.maplibregl-canvas")).to_be_focused()
    near = scale.inner_text()
    page.keyboard.press("Minus")
    expect(scale).not_to_have_text(near)
    page.wait_for_selector(IDLE)
    shoot(page, "map-zone-s2")


def test_without_script_the_drawing_and_the_list_say_the_same(visit: Visit, shoot: Shoot) -> None:
    page = visit(lang="vi", script=False, phone=True)
    page.goto("/zone")
    expect(page.locator(".zone-map svg.sketch")).to_be_visible()
    expect(page.locator("[data-map-show]").first).to_be_hidden()
    assert page.locator("section.zone-site").count() == 3
    shoot(page, "map-zone-noscript")
