"""A reader at the study's pages: what can be done and seen there, in a browser that Playwright drives.

Only what a person has is used: the mouse, the keyboard, and what the pages show.
"""

from __future__ import annotations

import re
import shutil
import time
from typing import Any

from tamperscope.errors import TamperscopeError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
VIEWPORT: Any = {"width": 1280, "height": 800}
"""Playwright's own type for this needs Playwright."""


def find_chromium() -> str:
    """The program.

    Raises:
        TamperscopeError: this machine has none.
    """
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    raise TamperscopeError("There is no Chromium on this machine: the pages can't be driven.")


class PageReader:
    """One page of one reader's browser.

    Attributes:
        page: Playwright's.
        url: The server's address.
    """

    def __init__(self, page: Any, url: str):
        self.page, self.url = page, url

    def sign_in(self, link: str, password: str) -> PageReader:
        """Signs in at a personal link, and waits for the overview."""
        self.page.goto(f"{self.url}{link}")
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector("#parts .card, #rows tr")
        return self

    def open(self, case: str) -> PageReader:
        """Goes to a case by its address."""
        self.page.goto(f"{self.url}/study/case/{case}")
        return self.shown(case)

    def shown(self, case: str | None = None) -> PageReader:
        """Waits until a case (that one) is on the screen."""
        self.page.wait_for_selector(f'#glass[data-shown="{case}"]' if case else "#glass[data-shown]")
        return self

    @property
    def case(self) -> str:
        """The id of the case on the screen."""
        return self.page.get_attribute("#glass", "data-shown")

    def next(self) -> str:
        """Presses N and waits for the next case; returns its id."""
        before = self.case
        self.page.keyboard.press("n")
        self.page.wait_for_selector(f'#glass[data-shown]:not([data-shown="{before}"])')
        return self.case

    def press(self, *keys: str) -> PageReader:
        """Presses keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def saved(self) -> PageReader:
        """Waits until the server has everything."""
        return self.until(
            "document.getElementById('saved').dataset.state === 'saved'"
            " && !Object.keys(localStorage).some((key) => key.startsWith('acts.'))"
        )

    def until(self, expression: str, seconds: float = 20) -> PageReader:
        """Waits until JavaScript is true. (The page's policy forbids what Playwright's own waiting does.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({expression})"):
            assert time.monotonic() < end, f"after {seconds} s not yet: {expression}"
            self.page.wait_for_timeout(20)
        return self

    def glass(self) -> tuple[float, float, float, float]:
        """Left, top, width, height of the picture's place, in CSS pixels."""
        box = self.page.locator("#glass").bounding_box()
        return box["x"], box["y"], box["width"], box["height"]

    def at(self, across: float, down: float) -> tuple[int, int]:
        """A place on the screen, as shares of the picture's place."""
        left, top, width, height = self.glass()
        return round(left + across * width), round(top + down * height)

    def on_glass(self, place: tuple[int, int]) -> bool:
        """Whether a place of the screen is in the picture's place."""
        left, top, width, height = self.glass()
        return left < place[0] < left + width and top < place[1] < top + height

    def drag_between(self, start: tuple[int, int], end: tuple[int, int], button: str = "left") -> PageReader:
        """Drags from one place of the screen to another."""
        self.page.mouse.move(*start)
        self.page.mouse.down(button=button)
        self.page.mouse.move(*end, steps=3)
        self.page.mouse.up(button=button)
        return self

    def pointed(self) -> tuple[int, int] | None:
        """The pixel of the picture that the page says is under the pointer; None beside the picture."""
        found = re.search(r"x (\d+)\s+y (\d+)", self.page.inner_text("#value"))
        return (int(found[1]), int(found[2])) if found else None

    def ruler(self) -> Ruler:
        """Where pixels of the picture are on the screen, found out by pointing at two places.

        What lies in the middle of the screen must be the picture, as it is after fitting and zooming.
        """
        for far in (0.4, 0.3, 0.2, 0.1, 0.05):
            places = [self.at(0.5, 0.5 - far), self.at(0.5, 0.5 + far)]
            pixels = []
            for place in places:
                self.page.mouse.move(*place)
                pixels.append(self.pointed())
            (first, second), (one, other) = places, pixels
            if one and other:
                scale = (second[1] - first[1]) / (other[1] - one[1])
                return Ruler(scale, first[0] - scale * (one[0] + 0.5), first[1] - scale * (one[1] + 0.5))
        raise AssertionError("the picture isn't in the middle of the screen")


class Ruler:
    """From pixels of the picture to places on the screen.

    Attributes:
        scale: Screen pixels a pixel of the picture.
    """

    def __init__(self, scale: float, left: float, top: float):
        self.scale, self._left, self._top = scale, left, top

    def place(self, x: float, y: float) -> tuple[int, int]:
        """The nearest screen pixel."""
        return round(self._left + self.scale * x), round(self._top + self.scale * y)
