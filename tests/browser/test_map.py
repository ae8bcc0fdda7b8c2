"""The map of the zone: with a script, without, by keyboard, on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.cli.demo import PASSWORD
from tests.browser.steps import SAVE, sign_in

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
Shoot = Callable[[Page, str], None]
IDLE = "[data-island=map][data-idle]"
PLACE_IDLE = "[data-island=place][data-idle]"


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


def site_page(page: Page) -> None:
    """Open a draft and go to the page of its form that asks for the place."""
    sign_in(page, "nop.hoso", PASSWORD)
    page.goto("/dossiers/new?procedure=IRC")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/dossiers/[0-9a-f-]{36}$"))
    page.goto(f"{page.url}/form/site")


def answer_the_rest(page: Page) -> None:
    page.locator("input[name=site][value=S2]").check()
    page.locator("input[name=functional_area][value=PRODUCTION]").check()
    page.locator("#f-land_area").fill("25000")
    page.locator("input[name=land_right][value=LEASE]").check()


@pytest.mark.parametrize(("lang", "phone", "dark"), [("vi", False, False), ("en", True, True)])
def test_a_place_is_drawn_and_the_map_says_where_it_lies(
    visit: Visit, shoot: Shoot, lang: str, phone: bool, dark: bool
) -> None:
    page = visit(lang=lang, phone=phone, dark=dark)
    site_page(page)
    lines, said = page.locator("#f-place"), page.locator("[data-place-said]")
    page.wait_for_selector(PLACE_IDLE, timeout=30_000)
    lines.fill("20.7950 106.8080\n20.7964 106.8080\n20.7964 106.8094\n20.7950 106.8094")
    expect(said).to_contain_text("S2-SX")
    page.wait_for_selector(PLACE_IDLE)
    shoot(page, f"map-place-{lang}")
    page.locator("[data-place=clear]").click()
    expect(lines).to_have_value("")
    page.locator("[data-place=area]").click()
    canvas = page.locator(".place-map canvas")
    box = canvas.bounding_box()
    assert box
    for count, (x, y) in enumerate(((0.4, 0.4), (0.6, 0.4), (0.6, 0.6)), start=1):
        # By the element and not by the screen: on a phone its lower part may lie under the bar.
        canvas.click(position={"x": box["width"] * x, "y": box["height"] * y})
        expect(lines).to_have_value(re.compile(rf"^([^\n]+\n?){{{count}}}$"))
    expect(said).to_contain_text("ha")
    assert len(lines.input_value().splitlines()) == 3
    answer_the_rest(page)
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("form/capital$"))
    page.goto(page.url.split("/form/")[0])
    panel = page.locator("#panel-spatial")
    expect(panel.locator("svg.sketch")).to_be_visible()
    expect(panel.locator("tbody tr")).to_have_count(7)
    shoot(page, f"map-panel-{lang}")


def test_a_place_is_set_by_keyboard_alone(visit: Visit) -> None:
    page = visit(lang="en")
    site_page(page)
    page.wait_for_selector(PLACE_IDLE, timeout=30_000)
    page.locator(".place-map canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#f-place")).to_have_value(re.compile(r"^\d+\.\d+; \d+\.\d+$"))
    page.locator("[data-place=undo]").press("Enter")
    expect(page.locator("#f-place")).to_have_value("")


def test_without_script_coordinates_are_typed_and_a_fault_keeps_them(visit: Visit, shoot: Shoot) -> None:
    page = visit(lang="vi", script=False, phone=True)
    site_page(page)
    expect(page.locator(".place-map")).to_be_hidden()
    answer_the_rest(page)
    page.locator("#f-place").fill("20.795; 106.808\ngần cổng số 2")
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator("#f-place-error")).to_contain_text("Dòng 2")
    expect(page.locator("#f-place")).to_have_value("20.795; 106.808\ngần cổng số 2")
    shoot(page, "map-place-noscript")
    page.locator("#f-place").fill("2300660.5; 609940.2")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_url(re.compile("form/capital$"))
    page.goto(page.url.split("/form/")[0])
    expect(page.locator("#panel-spatial svg.sketch")).to_be_visible()
    shoot(page, "map-panel-noscript")
