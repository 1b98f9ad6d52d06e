"""The viewer with mouse and keyboard, against the server's own account of what was done."""

import re

import pytest

from .viewing import Viewing


def shapes(case):
    return [(mark["kind"], mark["confidence"]) for mark in case["marks"]]


def test_a_case_is_read_with_the_keyboard_alone(viewing):
    viewing.press("2", "4", "7", "r")
    viewing.page.keyboard.type("dense, 2 cysts")
    viewing.press("Escape", "b", "ArrowRight", "Enter", *["ArrowRight"] * 4, *["ArrowDown"] * 3, "Enter", "c", "8")
    viewing.press(
        "Escape", "Escape", "Escape", "e", "ArrowLeft", "Enter", *["ArrowLeft"] * 3, *["ArrowUp"] * 3, "Enter"
    )
    viewing.press("p", "Enter", "c", "3", "Escape").saved()
    kept = viewing.kept()
    assert list(kept["answers"].values()) == ["unhealthy", "4", 70, "dense, 2 cysts"]
    assert shapes(kept) == [("box", 80), ("ellipse", None), ("point", 30)]
    box, ellipse, _ = (mark["shape"] for mark in kept["marks"])
    assert box["width"] / box["height"] == pytest.approx(4 / 3, abs=0.01)
    assert ellipse["width"] == pytest.approx(ellipse["height"], abs=0.2)

    viewing.press("m").press("Delete").saved()
    assert len(viewing.kept()["marks"]) == 2
    viewing.press("Control+z").saved()
    assert sorted(shapes(viewing.kept()), key=str) == sorted(shapes(kept), key=str)
    for _ in range(20):
        viewing.press("u")
    viewing.saved()
    undone = viewing.kept()
    assert undone["marks"] == []
    assert set(undone["answers"].values()) <= {None}
    for _ in range(20):
        viewing.press("Shift+u")
    viewing.saved()
    redone = viewing.kept()
    assert redone["answers"] == kept["answers"]
    assert len(redone["marks"]) == 2


@pytest.mark.slow
def test_marks_by_mouse_lie_where_they_were_drawn(viewing):
    viewing.press("o")  # one to one: a screen pixel is a picture pixel
    _, _, _width, _height = viewing.glass()
    viewing.press("b").drag((0.4, 0.4), (0.6, 0.7))
    viewing.press("p").click(0.5, 0.5).saved()
    box, point = (mark["shape"] for mark in viewing.kept()["marks"])
    (left, top), (right, bottom), (x, y) = viewing.at(0.4, 0.4), viewing.at(0.6, 0.7), viewing.at(0.5, 0.5)
    assert (box["width"], box["height"]) == (right - left, bottom - top)
    assert (point["x"] - box["x"], point["y"] - box["y"]) == (x - left, y - top)
    assert (point["width"], point["height"]) == (0, 0)

    viewing.press("Escape", "w").drag((0.4, 0.5), (0.3, 0.55)).saved()  # by its line: it moves
    moved = viewing.kept()["marks"][0]["shape"]
    (from_x, from_y), (to_x, to_y) = viewing.at(0.4, 0.5), viewing.at(0.3, 0.55)
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == (to_x - from_x, to_y - from_y)
    assert (moved["width"], moved["height"]) == (box["width"], box["height"])


@pytest.mark.slow
def test_a_corner_resizes_and_escape_takes_a_drag_back(viewing):
    viewing.press("o", "e").drag((0.4, 0.4), (0.6, 0.6)).saved()
    before = viewing.kept()["marks"][0]["shape"]
    viewing.drag((0.6, 0.6), (0.7, 0.7)).saved()
    after = viewing.kept()["marks"][0]["shape"]
    assert (after["x"], after["y"]) == (before["x"], before["y"])
    assert after["width"] > 1.4 * before["width"]
    viewing.page.mouse.move(*viewing.at(0.7, 0.7))
    viewing.page.mouse.down()
    viewing.page.mouse.move(*viewing.at(0.8, 0.8), steps=3)
    viewing.press("Escape")
    viewing.page.mouse.up()
    viewing.saved()
    assert viewing.kept()["marks"][0]["shape"] == after


@pytest.mark.slow
def test_window_zoom_and_pan_by_mouse(viewing):
    centre, width = viewing.windowed()
    viewing.drag((0.5, 0.5), (0.6, 0.5)).drawn()
    assert viewing.windowed()[1] > width
    assert viewing.windowed()[0] == centre
    viewing.drag((0.5, 0.5), (0.5, 0.4)).drawn()
    assert viewing.windowed()[0] < centre
    viewing.press("Shift+1").drawn()
    assert viewing.windowed() == (centre, width)

    fitted = viewing.zoom()
    viewing.page.mouse.move(*viewing.at(0.6, 0.6))
    viewing.drawn()
    value = viewing.page.inner_text("#value")
    viewing.page.mouse.wheel(0, -300)
    viewing.drawn()
    assert viewing.zoom() > 1.6 * fitted
    viewing.page.mouse.move(*viewing.at(0.6, 0.6))
    assert viewing.page.inner_text("#value") == value  # the place under the pointer stayed
    viewing.drag((0.5, 0.5), (0.5, 0.3), button="right").drawn()
    assert viewing.zoom() > 2 * fitted
    viewing.press("f").drawn()
    assert viewing.zoom() == fitted
    viewing.press("o").drawn()
    assert viewing.zoom() == 100
    assert viewing.kept()["marks"] == []


@pytest.mark.slow
def test_keys_move_zoom_window_invert_and_magnify(viewing):
    canvas = "() => document.getElementById('picture').toDataURL()"
    pictures = [viewing.page.evaluate(canvas)]
    for key in ("ArrowUp", "+", "Shift+ArrowRight", "Shift+ArrowDown", "i", "Shift+3"):
        viewing.press(key).drawn()
        pictures.append(viewing.page.evaluate(canvas))
    assert len(set(pictures)) == len(pictures)
    assert viewing.page.locator("#magnifier").is_hidden()
    viewing.press("g")
    assert viewing.page.locator("#magnifier").is_visible()
    viewing.press("g", "?")
    assert viewing.page.locator("#help").is_visible()
    viewing.press("n")  # a dialog has the keyboard
    assert viewing.page.locator("#help").is_visible()
    viewing.press("Escape")
    assert viewing.page.locator("#help").is_hidden()


@pytest.mark.slow
def test_the_questions_go_to_a_second_window_and_come_back(viewing):
    with viewing.page.context.expect_page() as opened:
        viewing.press("s")
    second = opened.value
    second.wait_for_selector(".question")
    assert viewing.page.locator(".panel").count() == 0
    second.keyboard.press("1")
    second.locator("label", has_text="5").click()
    viewing.saved()
    assert list(viewing.kept()["answers"].values())[:2] == ["healthy", "5"]
    before = viewing.case
    second.get_by_role("button", name="Next case").click()
    viewing.page.wait_for_selector(f'#glass[data-shown]:not([data-shown="{before}"])')
    assert second.locator(".choices input:checked").count() == 0
    second.close()
    viewing.page.wait_for_selector(".panel .question")


@pytest.mark.slow
def test_every_control_has_a_name(viewing):
    viewing.press("p").click(0.5, 0.5)
    nameless = viewing.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, textarea, progress, [role]")].filter((one) => {
          const label = one.closest("label")?.textContent.trim();
          const named = one.getAttribute("aria-label") || one.getAttribute("aria-labelledby");
          return !(named || one.textContent.trim() || label)
            && !["status", "alert"].includes(one.getAttribute("role")) && one.type !== "hidden";
        }).map((one) => one.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (1024, 768)])
def test_it_fits_the_screen(viewing, width, height):
    viewing.page.set_viewport_size({"width": width, "height": height})
    viewing.drawn()
    assert viewing.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        height,
    ]
    for name in ("Next case", "Back"):
        box = viewing.page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    for tool in viewing.page.locator(".tools button:visible").all():
        assert tool.bounding_box()["y"] + tool.bounding_box()["height"] <= height


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    '"><svg onload=alert(1)>',
    "\u202e\u0000\ufeff' OR 1=1 --",
]


@pytest.mark.slow
def test_hostile_remarks_stay_text(viewing, study):
    remark = " ".join(HOSTILE).replace("\u0000", "")
    viewing.press("r")
    viewing.page.keyboard.insert_text(remark)
    viewing.press("Escape").saved()
    again = Viewing(viewing.page.context.new_page(), study.url)
    again.open(viewing.case)
    assert again.page.input_value("textarea") == remark
    assert again.page.locator("img, iframe, object, script:not([src])").count() == 0
    assert again.errors == []
    assert viewing.errors == []


def test_no_page_asks_another_host(viewing, study):
    asked = []
    viewing.page.on("request", lambda request: asked.append(request.url))
    viewing.page.reload()
    viewing.shown()
    viewing.page.goto(f"{study.url}/study")
    viewing.page.wait_for_selector(".card")
    assert len(asked) > 25
    assert [url for url in asked if not url.startswith(study.url)] == []


@pytest.mark.slow
def test_a_case_that_is_not_there_says_so(viewing):
    viewing.page.goto(re.sub("[^/]+$", "nothing", viewing.page.url))
    viewing.until("document.body.innerText.match(/no such|not there|not open/i)")
