"""A rehearsal: the simulated readers take the whole study at the pages of a running server, in a real browser.

Every second one uses the mouse for what the others do with the keyboard. In the middle of each part a reader goes on
in another browser, as on another machine.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tamperscope.errors import TamperscopeError
from tamperscope.study.config import Part, Question
from tamperscope.study.create import ACCESS
from tamperscope.study.page_reader import ARGUMENTS, VIEWPORT, PageReader, find_chromium
from tamperscope.study.simulate import SERIES_REMARK, planned_readings, simulated_readers
from tamperscope.study.simulated_reading import PlannedMark, PlannedReading, Skill
from tamperscope.study.store import Store


def rehearse(
    folder: str | Path,
    address: str,
    *,
    seed: int = 0,
    skill: Skill | None = None,
    progress: bool = False,
    watch: Callable[[Any], None] = lambda page: None,
) -> dict[str, int]:
    """Let the readers that are declared as simulated read and lock all parts, one reader after the other.

    What they say is ``simulate.planned_readings`` of the same seed and skill. A part that isn't open yet (its
    wash-out isn't over) is left; a second call goes on where the first one was stopped.

    Args:
        folder: The study, for its truth and passwords.
        address: Where it is served, as http://127.0.0.1:8000.
        seed: Of what is said.
        skill: How well the readers read.
        progress: Show a bar.
        watch: Called with each new page of Playwright.

    Returns:
        Reader to cases read.

    Raises:
        TamperscopeError: see ``simulated_readers`` and ``planned_readings``; or there is no Playwright, no Chromium,
            or no list of passwords.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise TamperscopeError("The pages are driven by Playwright: pip install playwright.") from error
    store, browser_path = Store(folder), find_chromium()
    readers, access = simulated_readers(store), _access(store.folder)
    bar = tqdm(total=sum(one.reader_id in readers for one in store.cases.values()), unit="case", disable=not progress)
    read = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=ARGUMENTS)

        def begin(reader: str) -> PageReader:
            page = browser.new_context(viewport=VIEWPORT).new_page()
            watch(page)
            return PageReader(page, address).sign_in(*access[reader])

        for number, reader in enumerate(readers):
            planned = planned_readings(store, reader, seed=seed, skill=skill or Skill())
            taken = _Taken(store, reader, planned, mouse=number % 2 == 1, begin=partial(begin, reader), bar=bar)
            read[reader] = sum(taken.part(part) for part in store.config.parts)
            taken.leave()
        browser.close()
    bar.close()
    store.engine.dispose()
    return read


def _access(folder: Path) -> dict[str, tuple[str, str]]:
    try:
        with (folder / ACCESS).open(encoding="utf-8", newline="") as stream:
            return {row["who"]: (row["link"], row["password"]) for row in csv.DictReader(stream)}
    except FileNotFoundError:
        raise TamperscopeError(f"{folder} has no {ACCESS}, from which the readers' passwords are taken.") from None


class _Taken:
    """One reader's way through the study."""

    def __init__(
        self,
        store: Store,
        reader: str,
        planned: dict[str, PlannedReading],
        *,
        mouse: bool,
        begin: Callable[[], PageReader],
        bar: tqdm,
    ):
        self.store, self.reader, self.planned = store, reader, planned
        self.mouse, self.begin, self.bar = mouse, begin, bar
        self.at = begin()

    def leave(self) -> None:
        self.at.page.context.close()

    def part(self, part: Part) -> int:
        """Reads what is left of a part and locks it; returns how many cases were read."""
        page = self.at.page
        card = self._card(part)
        if card.locator(".state").inner_text() != "open":
            return 0
        cases = self.store.cases_of(self.reader, part.id)
        read = 0
        if card.locator("a.button", has_text="Look again").count() == 0:
            card.locator("a.button").click()
            case = self.at.shown().case
            left = [one.id for one in cases][[one.id for one in cases].index(case) :]
            for number, case in enumerate(left):
                if number == len(left) // 2 > 0:
                    self._another_machine(part)
                assert self.at.case == case, "the pages show another case than the one that comes next"
                self._read(part, self.planned[case])
                read += 1
                self.bar.update()
                if case != left[-1]:
                    self.at.next()
            page = self.at.saved().page
            page.keyboard.press("n")
        page.wait_for_selector("#parts .card")
        self._lock(part, len(cases))
        return read

    def _card(self, part: Part) -> Any:
        place = self.store.config.parts.index(part)
        self.at.page.wait_for_selector("#parts .card")
        return self.at.page.locator("#parts .card").nth(place)

    def _another_machine(self, part: Part) -> None:
        """This browser is closed in the middle of its work, and another one goes on."""
        self.at.saved()
        self.leave()
        self.at = self.begin()
        self._card(part).get_by_role("link", name="Go on").click()
        self.at.shown()

    def _lock(self, part: Part, count: int) -> None:
        card, page = self._card(part), self.at.page
        if part.series_remark is not None:
            card.locator("textarea").fill(SERIES_REMARK.format(count))
            card.locator("textarea").blur()
            card.get_by_text("Saved").wait_for()
        card.get_by_role("button", name="Lock this part").click()
        page.locator("dialog").get_by_role("button", name="Lock", exact=True).click()
        card.locator(".state.locked").wait_for()

    def _read(self, part: Part, planned: PlannedReading) -> None:
        for _ in range(self.at.page.locator(".marks-list li").count()):  # of a rehearsal that was stopped here
            self.at.press("m", "Delete")
        for mark in planned.marks:
            self._mark(mark)
        self.at.press("Escape", "Escape")
        answer = self._answer_by_mouse if self.mouse else self._answer_by_key
        for question in part.questions:
            for said in (planned.first_thoughts, planned.answers):
                if question.id in said:
                    answer(part, question, said[question.id])

    def _mark(self, mark: PlannedMark) -> None:
        left, top = mark.x - mark.width / 2, mark.y - mark.height / 2
        ruler = self.at.press("f").ruler()
        while not all(
            map(self.at.on_glass, (ruler.place(left, top), ruler.place(left + mark.width, top + mark.height)))
        ):
            ruler = self.at.press("-").ruler()
        if self.mouse:
            self.at.page.locator(f'[data-tool="{mark.kind}"][type="button"]').click()
        else:
            self.at.press({"point": "p", "box": "b", "ellipse": "e"}[mark.kind])
        if mark.kind == "point":
            self.at.page.mouse.click(*ruler.place(left, top))
        else:
            self.at.drag_between(ruler.place(left, top), ruler.place(left + mark.width, top + mark.height))
        if mark.confidence is None:
            return
        slider = self.at.page.locator(".marks-list li.chosen input")
        if self.mouse:
            self._slide(slider, mark.confidence)
        else:
            self.at.press("c")
            self._type_number(slider, mark.confidence)

    def _answer_by_key(self, part: Part, question: Question, value: Any) -> None:
        for _ in part.questions:  # Q until the question is the marked one
            active = self.at.page.locator(".question.active").get_attribute("data-question")
            if active == question.id:
                break
            self.at.press("q")
        if question.kind == "choice":
            words = [option.words for option in question.options]
            place = [option.value for option in question.options].index(value)
            self.at.press(words[place] if all(len(w) == 1 and w.isdigit() for w in words) else str(place + 1))
            return
        self.at.press("a")  # into the field
        if question.kind == "scale":
            self._type_number(self._field(question).locator("input"), value)
        else:
            self.at.press("Control+a").page.keyboard.type(value)
        self.at.press("Escape")

    def _answer_by_mouse(self, _part: Part, question: Question, value: Any) -> None:
        field = self._field(question)
        if question.kind == "choice":
            field.locator("label").nth([option.value for option in question.options].index(value)).click()
        elif question.kind == "scale":
            self._slide(field.locator("input"), value)
        else:
            field.locator("textarea").click()
            self.at.press("Control+a").page.keyboard.insert_text(value)
            self.at.press("Escape")

    def _field(self, question: Question) -> Any:
        return self.at.page.locator(f'[data-question="{question.id}"]')

    def _slide(self, slider: Any, value: int) -> None:
        """Clicks on the slider about where the value is, and goes the rest of the way with the arrows."""
        box = slider.bounding_box()
        slider.click(position={"x": 8 + value / 100 * (box["width"] - 16), "y": box["height"] / 2})
        self._arrows(slider, value)

    def _type_number(self, slider: Any, value: int) -> None:
        """Types tens into the slider that has the focus (0 is 100), and goes the rest of the way with the arrows."""
        tens = min(10, max(1, round(value / 10)))
        self.at.press(str(tens % 10))
        self._arrows(slider, value)

    def _arrows(self, slider: Any, value: int) -> None:
        away = value - int(slider.input_value())
        self.at.press(*["ArrowRight" if away > 0 else "ArrowLeft"] * abs(away))
