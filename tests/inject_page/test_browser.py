"""The page in a real Chromium, against the real command, on a real full-size film."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pydicom
import pytest

from tamperscope import Injector, read_mammogram
from tamperscope.forge.forgery import Square
from tamperscope.forge.several import Lesion, inject_several

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")]
PREVIEWED = "() => document.body.dataset.previewed === {}"


@pytest.fixture(scope="module")
def served(tmp_path_factory, dicom_files):
    out = tmp_path_factory.mktemp("saved")
    command = [
        sys.executable,
        "-u",
        "-m",
        "tamperscope",
        "inject",
        "--gui",
        "--no-browser",
        dicom_files[3],
        "--out",
        out,
    ]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"http://\S+", process.stdout.readline())[0], out
        process.terminate()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser, served):
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    faults = []
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: request.url.startswith(served[0]) or faults.append(request.url))
    page.goto(served[0])
    page.wait_for_function("() => document.body.dataset.opened", timeout=60_000)
    yield page
    assert [fault for fault in faults if "favicon" not in fault] == []
    page.close()


def to_canvas(page, column, row):
    """Where a pixel of the image is on the screen after 'Fit'."""
    box = page.locator("#canvas").bounding_box()
    width, height = (int(side) for side in re.match(r"(\d+) × (\d+)", page.inner_text("#facts")).groups())
    zoom = min(box["width"] / width, box["height"] / height)
    left = box["x"] + (box["width"] - width * zoom) / 2
    return left + column * zoom, box["y"] + (box["height"] - height * zoom) / 2 + row * zoom


def draw_square(page, corner, end):
    page.mouse.move(*to_canvas(page, *corner))
    page.mouse.down()
    page.mouse.move(*to_canvas(page, *end), steps=5)
    page.mouse.up()
    wait_for_preview(page)


def move_slider(page, name, value):
    page.locator(f"#{name}").fill(str(value))
    wait_for_preview(page)


def wait_for_preview(page):
    page.wait_for_function("() => document.getElementById('busy').hidden", timeout=60_000)


def lesions_of(page):
    return json.loads(page.evaluate("() => document.body.dataset.previewed"))


def save(page, out):
    page.click("#save")
    page.wait_for_function("() => document.getElementById('said').textContent.startsWith('Saved')", timeout=60_000)
    return out / page.evaluate("() => document.body.dataset.saved")


def test_draw_slide_save_and_the_file_is_what_the_api_gives(page, served, dicom_files, tmp_path):
    draw_square(page, (1500, 2300), (1980, 2780))
    move_slider(page, "threshold", 350)
    move_slider(page, "smoothing", 35)
    move_slider(page, "power", 6)
    move_slider(page, "contrast", 0.8)
    move_slider(page, "spiculation", 0.45)
    assert page.is_disabled("#noise")  # the tissue's own texture has its own strength
    page.select_option("#noise_model", "white")
    wait_for_preview(page)
    move_slider(page, "noise", 4.5)
    (lesion,) = lesions_of(page)
    assert {key: value for key, value in lesion.items() if key != "square"} == {
        "threshold": 350, "smoothing": 35, "power": 6, "contrast": 0.8, "spiculation": 0.45,
        "noise": 4.5, "noise_model": "white", "seed": 0,
    }  # fmt: skip
    x, y, side = lesion["square"]
    assert abs(x - 1500) < 12
    assert abs(y - 2300) < 12
    assert abs(side - 480) < 24
    page.screenshot(path=tmp_path / "page.png")
    written = save(page, served[1])

    mammogram = read_mammogram(dicom_files[3])
    lesion.pop("square")
    same = Injector.load().inject(mammogram, (x, y, side), **lesion)
    dataset = pydicom.dcmread(written)
    assert dataset[0x0008001C].value == "YES"
    assert dataset.pixel_array.tobytes() == same.mammogram.source.stored.tobytes()
    assert (dataset.pixel_array != mammogram.source.stored).any()
    record = json.loads(written.with_name(written.name + ".record.json").read_text())
    assert record["synthetic"] is True
    assert record["lesions"][0]["square"] == {"x": x, "y": y, "side": side}


def test_several_lesions_undo_and_matched_noise(page, served, dicom_files):
    draw_square(page, (1500, 2300), (1900, 2700))
    draw_square(page, (1950, 1500), (2300, 1850))
    page.select_option("#noise_model", "matched")
    wait_for_preview(page)
    move_slider(page, "threshold", 300)
    assert [lesion["threshold"] for lesion in lesions_of(page)] == [400, 300]
    page.keyboard.press("Control+z")
    wait_for_preview(page)
    assert [lesion["threshold"] for lesion in lesions_of(page)] == [400, 400]
    page.click("#redo")
    wait_for_preview(page)
    page.click("#another")
    wait_for_preview(page)
    page.click("#undo")
    wait_for_preview(page)
    first, second = lesions_of(page)
    assert (second["threshold"], second["noise_model"], second["noise"], second["seed"]) == (300, "matched", None, 1)
    written = save(page, served[1])
    wanted = [
        Lesion(Square(*first["square"]), {"seed": first["seed"]}),
        Lesion(Square(*second["square"]), {"seed": 1, "threshold": 300, "noise_model": "matched"}),
    ]
    same = inject_several(read_mammogram(dicom_files[3]), wanted, Injector.load())
    np.testing.assert_array_equal(pydicom.dcmread(written).pixel_array, same.mammogram.source.stored)
    page.keyboard.press("Delete")
    wait_for_preview(page)
    assert len(lesions_of(page)) == 1


def test_what_is_shown_is_the_image_through_the_window(page, dicom_files):
    page.click("#full")
    page.wait_for_timeout(500)
    shown = np.array(
        page.evaluate(
            """() => { const canvas = document.getElementById("canvas");
            return [...canvas.getContext("2d").getImageData(400, 300, 64, 1).data]; }"""
        )
    ).reshape(64, 4)[:, 0]
    size = page.evaluate("() => [document.getElementById('canvas').width, document.getElementById('canvas').height]")
    pixels = read_mammogram(dicom_files[3]).pixels
    left, top = (pixels.shape[1] - size[0]) / 2, (pixels.shape[0] - size[1]) / 2
    row, column = int(np.floor(top + 300.5)), int(np.floor(left + 400.5))
    expected = np.clip((pixels[row, column : column + 64] - 100) / 900 * 255, 0, 255)
    assert np.abs(shown - expected).max() <= 1


def test_zoom_window_and_pan(page):
    def picture():
        return page.locator("#canvas").screenshot()

    box = page.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen = [picture()]
    page.mouse.move(*middle)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(300)
    seen.append(picture())
    page.mouse.down(button="middle")
    page.mouse.move(middle[0] + 150, middle[1] + 90)
    page.mouse.up(button="middle")
    page.wait_for_timeout(300)
    seen.append(picture())
    page.mouse.down(button="right")
    page.mouse.move(middle[0] - 120, middle[1] + 60)
    page.mouse.up(button="right")
    page.wait_for_timeout(300)
    seen.append(picture())
    assert len(set(seen)) == 4
    assert page.locator("#width").input_value() != "900"
    assert page.locator("#lesions li").count() == 0
