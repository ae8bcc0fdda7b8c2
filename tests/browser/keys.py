"""The keyboard and nothing else: walk by Tab to a control that must be seen to have the focus, then press and type."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

LIMIT = 90

# What has the focus, and whether a reader of the screen sees that it has: a ring on it or on the card around it,
# and no other part of the page over all of it (WCAG 2.2: 2.4.7, 2.4.11).
STOP = """() => {
  const at = document.activeElement
  if (!at || at === document.body) return {at: 'body', name: '', value: '', checked: false, seen: true}
  const ringed = element => {
    const style = getComputedStyle(element)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  }
  const ring = [at, at.closest('.door'), at.closest('.map-frame')].some(each => each && ringed(each))
  const box = at.getBoundingClientRect()
  const uncovered = [[.5, .5], [.1, .5], [.9, .5], [.5, .1], [.5, .9]].some(([across, down]) => {
    const top = document.elementFromPoint(box.left + box.width * across, box.top + box.height * down)
    return top && (at.contains(top) || top.contains(at))
  })
  return {
    at: at.outerHTML.slice(0, 160), name: at.getAttribute('name') ?? '', value: at.value ?? '',
    checked: at.checked ?? false, ring, uncovered, seen: (ring && uncovered) || at.matches('main')
  }
}"""
QUIET = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"


@dataclass
class Keys:
    """A person without a mouse; ``unseen`` collects every stop that did not show that it had the focus."""

    page: Page
    unseen: list[str] = field(default_factory=list)

    def press(self, key: str) -> dict[str, Any]:
        """Press a key and return where the focus is then."""
        self.page.keyboard.press(key)
        stop: dict[str, Any] = self.page.evaluate(STOP)
        return stop

    def to(self, target: str, *, back: bool = False) -> dict[str, Any]:
        """Walk until something has the focus."""
        wanted = self.page.locator(target).first
        wanted.wait_for()
        passed: list[str] = []
        for _ in range(LIMIT):
            stop = self._step("Shift+Tab" if back else "Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                return stop
            passed.append(stop["at"])
        raise AssertionError(f"{target} is not reached on {self.page.url}; passed {passed}")

    def _step(self, key: str) -> dict[str, Any]:
        stop = self.press(key)
        if not stop["seen"]:
            self.unseen.append(f"{self.page.url}: {stop}")
        return stop

    def content(self) -> None:
        """Skip what stands on every page: the first stop of a page that was just opened leads to its content."""
        stop = self._step("Tab")
        assert "skip-link" in stop["at"], f"{self.page.url} begins with {stop['at']}"
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "content", self.page.url

    def enter(self, url: str) -> None:
        """Press Enter, which leads to a page; one that is swapped in puts the focus where it begins."""
        self.page.evaluate("window.walkedFrom = document.querySelector('main').dataset.left = 'here'")
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(
            "() => document.querySelector('main') && !document.querySelector('main[data-left]')"
        )
        self.page.wait_for_url(re.compile(url))
        self.page.wait_for_function(QUIET)
        if self.page.evaluate("window.walkedFrom"):
            self.page.wait_for_function("() => document.activeElement !== document.body")

    def open(self, target: str, url: str, *, back: bool = False) -> None:
        """Follow a link or press a button that leads to a page."""
        self.to(target, back=back)
        self.enter(url)

    def fill(self, target: str, text: str) -> None:
        """Walk to a field and type over what stands there."""
        self.to(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def select(self, target: str, value: str, typed: str = "") -> None:
        """Walk to a list; type how an option begins, or step down to it."""
        self.to(target)
        if typed:
            self.page.keyboard.type(typed)
        else:
            self.page.keyboard.press("Home")
        stop = self.page.evaluate(STOP)
        for _ in range(60):
            if stop["value"] == value:
                return
            stop = self.press("ArrowDown")
        raise AssertionError(f"{value} is not reached in {target}: {stop}")

    def choose(self, name: str, value: str) -> None:
        """Walk to a group of radio buttons and step to one."""
        stop = self.press("Tab")
        for _ in range(LIMIT):
            if stop["name"] == name:
                break
            stop = self._step("Tab")
        if not stop["checked"]:
            stop = self.press("Space")
        for _ in range(20):
            if stop["value"] == value:
                return
            stop = self.press("ArrowDown")
        raise AssertionError(f"{name}={value} is not reached on {self.page.url}: {stop}")

    def tick(self, target: str) -> None:
        """Walk to a box and tick it."""
        self.to(target)
        self.page.keyboard.press("Space")
