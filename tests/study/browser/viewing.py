"""What a reader does at the viewer, as a test says it."""

from tamperscope.study.page_reader import PageReader


class Viewing(PageReader):
    """A page of the study, with what a test looks at besides."""

    def __init__(self, page, url):
        super().__init__(page, url)
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))

    def drawn(self):
        """Waits until what was asked for is on the screen, in full quality."""
        self.page.wait_for_timeout(200)
        return self

    def drag(self, start, end, button="left"):
        """Drags between two places given as shares."""
        return self.drag_between(self.at(*start), self.at(*end), button)

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
