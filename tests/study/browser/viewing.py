"""What a reader does at the viewer, as a test says it."""

import time


class Viewing:
    """A page of the study, with the viewer's ways to act and to look."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))

    def sign_in(self, link, password):
        """Signs in at the personal link, as a reader does."""
        self.page.goto(f"{self.url}{link}")
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector("#parts .card, #rows tr")
        return self

    def open(self, case):
        """Goes to a case by its address."""
        self.page.goto(f"{self.url}/study/case/{case}")
        return self.shown(case)

    def shown(self, case=None):
        """Waits until a case (that one) is on the screen."""
        self.page.wait_for_selector(f'#glass[data-shown="{case}"]' if case else "#glass[data-shown]")
        return self

    @property
    def case(self):
        return self.page.get_attribute("#glass", "data-shown")

    def next(self):
        """Presses N and waits for the next case; returns its id."""
        before = self.case
        self.page.keyboard.press("n")
        self.page.wait_for_selector(f'#glass[data-shown]:not([data-shown="{before}"])')
        return self.case

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def saved(self):
        """Waits until the server has everything."""
        return self.until(
            "document.getElementById('saved').dataset.state === 'saved'"
            " && !Object.keys(localStorage).some((key) => key.startsWith('acts.'))"
        )

    def until(self, expression, seconds=20):
        """Waits until JavaScript is true. (The page's policy forbids what Playwright's own waiting does.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({expression})"):
            assert time.monotonic() < end, f"after {seconds} s not yet: {expression}"
            self.page.wait_for_timeout(20)
        return self

    def drawn(self):
        """Waits until what was asked for is on the screen, in full quality."""
        self.page.wait_for_timeout(200)
        return self

    def glass(self):
        """Left, top, width, height of the picture's place, in CSS pixels."""
        box = self.page.locator("#glass").bounding_box()
        return box["x"], box["y"], box["width"], box["height"]

    def at(self, across, down):
        """A place on the screen, as shares of the picture's place."""
        left, top, width, height = self.glass()
        return round(left + across * width), round(top + down * height)

    def drag(self, start, end, button="left"):
        """Drags between two places given as shares."""
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down(button=button)
        self.page.mouse.move(*self.at(*end), steps=3)
        self.page.mouse.up(button=button)
        return self

    def click(self, across, down):
        self.page.mouse.click(*self.at(across, down))
        return self

    def windowed(self):
        """Centre and width as the page says them."""
        _, centre, _, width = self.page.inner_text("#window-values").split()
        return int(centre), int(width)

    def zoom(self):
        """Percent, as the page says it."""
        return int(self.page.inner_text("#zoom").split()[0])

    def kept(self, case=None):
        """What the server has of a case."""
        return self.page.evaluate("(id) => fetch(`/api/case/${id}`).then((answer) => answer.json())", case or self.case)

    def session(self):
        """What the server says about this reader."""
        return self.page.evaluate("() => fetch('/api/session').then((answer) => answer.json())")
