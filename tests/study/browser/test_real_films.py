"""Full-size real films in the viewer: the canvas against numpy, what crosses the network, and how long it takes."""

import base64
import json
import re
import statistics

import numpy as np
import pydicom
import pytest

from tamperscope.study.page_reader import VIEWPORT, PageReader
from tamperscope.study.store import Store
from tests.study.conftest import access, live, truth_of
from tests.study.films import FILM_WINDOW, TWELVE_BIT_WINDOW, forge, greys, make_film_study, twelve_bit
from tests.study.recording import recording

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CANVAS = """() => {
  const canvas = document.getElementById("picture");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
  return [canvas.width, canvas.height, btoa(text)];
}"""


def canvas_of(reader):
    """The canvas, height x width x 4, and the pixel of the picture that is at its left top corner; at one to one."""
    width, height, text = reader.page.evaluate(CANVAS)
    left, top, *_ = reader.glass()
    reader.page.mouse.move(*reader.at(0.5, 0.5))
    x, y = reader.pointed()
    across, down = (round(at - start) for at, start in zip(reader.at(0.5, 0.5), (left, top), strict=True))
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4), (x - across, y - down)


def pan_to(reader, x, y):
    """Drags the picture until a pixel of it is in the middle, or as near as it goes."""
    for _ in range(40):
        reader.page.mouse.move(*reader.at(0.5, 0.5))
        at = reader.pointed()
        if at is None or (abs(at[0] - x) < 2 and abs(at[1] - y) < 2):
            return
        by = [max(-300, min(300, now - wanted)) for now, wanted in zip(at, (x, y), strict=True)]
        start = reader.at(0.5, 0.5)
        reader.drag_between(start, (start[0] + by[0], start[1] + by[1]), button="middle")
        reader.page.wait_for_timeout(30)


def case_of(study, file):
    """The first reader's case of a file."""
    truth = truth_of(study)
    return next(one for one in Store(study).cases.values() if truth[one.image_id]["path"] == str(file))


@pytest.fixture(scope="module")
def pixel_study(tmp_path_factory, dicom_files):
    folder = tmp_path_factory.mktemp("pixels")
    film = dicom_files[4]
    files = {
        "film": film,
        "MONOCHROME2": twelve_bit(film, folder, "MONOCHROME2"),
        "MONOCHROME1": twelve_bit(film, folder, "MONOCHROME1"),
    }
    return make_film_study(folder, [], list(files.values())), files


@pytest.mark.parametrize(
    ("name", "bits", "key", "window"),
    [
        ("film", 16, "Shift+1", FILM_WINDOW),
        ("MONOCHROME2", 12, "Shift+2", TWELVE_BIT_WINDOW),
        ("MONOCHROME1", 12, "Shift+2", TWELVE_BIT_WINDOW),
    ],
)
def test_every_pixel_on_the_screen_is_the_references(chromium, pixel_study, name, bits, key, window):
    study, files = pixel_study
    dataset = pydicom.dcmread(files[name])
    assert dataset.BitsStored == bits
    stored = dataset.pixel_array
    expected = greys(stored.max() - stored if name == "MONOCHROME1" else stored, window)
    seen, furthest = np.zeros(stored.shape, bool), 0
    with live(study) as url:
        context = chromium.new_context(viewport=VIEWPORT)
        reader = PageReader(context.new_page(), url).sign_in(*access(study)["reader-1"])
        reader.open(case_of(study, files[name]).id).press(key, "o")
        for y in range(340, stored.shape[0] + 340, 680):
            for x in range(420, stored.shape[1] + 420, 840):
                pan_to(reader, min(x, stored.shape[1] - 1), min(y, stored.shape[0] - 1))
                drawn, (left, top) = canvas_of(reader)
                height, width = drawn.shape[:2]
                rows = slice(max(0, top), min(stored.shape[0], top + height))
                columns = slice(max(0, left), min(stored.shape[1], left + width))
                shown = drawn[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
                seen[rows, columns] = True
                assert (shown[..., 3] == 255).all()
                for channel in range(3):
                    apart = np.abs(shown[..., channel].astype(int) - expected[rows, columns])
                    furthest = max(furthest, int(apart.max()))
        context.close()
    print(f"{name}: {seen.sum()} of {seen.size} pixels read back at {window}, furthest {furthest} of 255")
    assert seen.all()
    assert len(np.unique(expected)) > 200
    assert furthest == 0


@pytest.fixture(scope="module")
def blind_study(tmp_path_factory, dicom_files):
    """All eight films, four of them forged."""
    folder = tmp_path_factory.mktemp("films")
    forged = [forge(film, folder / "forged", seed) for seed, film in enumerate(dicom_files[::2])]
    return make_film_study(folder, forged, dicom_files[1::2]), [*forged, *dicom_files[1::2]]


def secrets_of(study, files):
    """All that would tell a file, its patient, or that it is synthetic."""
    found = {"synthetic", "mammo-cgan", "tamperscope", "forged", "1.2.840.", "2.25.", "cbis", "ddsm"}
    for file in files:
        for element in pydicom.dcmread(file, stop_before_pixels=True).iterall():
            if element.VR in ("UI", "PN", "LO", "SH", "UC", "DA", "TM") and len(str(element.value)) >= 5:
                found.add(str(element.value))
        found |= {file.name, file.stem}
    for image, truth in truth_of(study).items():
        found |= {
            image,
            truth["path"],
            truth["source"],
            truth["patient"],
            *([truth["forger"]] if truth["forger"] else []),
        }
    return sorted(word.lower().encode() for word in found)


def test_nothing_that_crosses_the_network_tells(chromium, blind_study):
    study, files = blind_study
    with live(study) as address, recording(address) as (url, crossed):
        context = chromium.new_context(viewport=VIEWPORT)
        reader = PageReader(context.new_page(), url).sign_in(*access(study)["reader-1"])
        reader.page.get_by_role("link", name="Begin").click()
        reader.shown().press("2")
        for _ in range(7):
            reader.next()
            reader.press("1").saved()
        reader.page.goto(f"{url}/study")
        reader.page.get_by_role("button", name="Lock this part").wait_for()
        for path in ("/nothing", "/truth.json", "/operator", "/api/operator/progress", "/static/../study.db"):
            reader.page.goto(url + path)
        reader.open(Store(study).cases_of("reader-1", "films")[0].id)
        kept = reader.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        context.close()
    everything = b"".join(crossed) + kept.encode()
    assert len(everything) > 8 * 2 * 2624 * 4400  # the pictures are in it
    lowered = everything.lower()
    for secret in secrets_of(study, files):
        assert secret not in lowered, secret
    heads = re.findall(rb"HTTP/1\.1 \d+[^\r]*\r\n(?:[^\r\n]+\r\n)+\r\n", everything)
    pictures = {re.sub(rb"date:[^\r]*\r\n", b"", head) for head in heads if b"application/octet-stream" in head}
    assert len(pictures) == 1  # all pictures have the same headers and length
    print(f"{len(everything)} bytes, {len(heads)} answers: none of {len(secrets_of(study, files))} words in them")


STOPWATCH = """() => {
  window.shownAt = [];
  window.pressedAt = 0;
  addEventListener("keydown", () => (window.pressedAt = performance.now()), true);
  const watch = () => new MutationObserver(() => {
    if (document.getElementById("glass").hasAttribute("data-shown")) window.shownAt.push(performance.now());
  }).observe(document.getElementById("glass"), { attributeFilter: ["data-shown"] });
  document.addEventListener("DOMContentLoaded", watch);
}"""


def test_a_full_size_case_opens_in_a_second_and_the_next_one_at_once(chromium, blind_study):
    study, _ = blind_study
    width, height = Store(study).sizes["films"]
    assert (width >= 2900, height >= 4700) == (True, True)
    opened, following = [], []
    with live(study) as url:
        context = chromium.new_context(viewport=VIEWPORT)
        context.add_init_script(f"({STOPWATCH})()")
        reader = PageReader(context.new_page(), url).sign_in(*access(study)["reader-1"])
        for one in Store(study).cases_of("reader-1", "films")[:-1]:
            reader.open(one.id)
            opened.append(reader.page.evaluate("shownAt.at(-1)") / 1000)  # since the address was asked for
            reader.page.wait_for_timeout(2500)  # time to look, in which the next case is fetched
            reader.next()
            following.append(reader.page.evaluate("shownAt.at(-1) - pressedAt") / 1000)
        context.close()
    for words, times in (("open", opened), ("next", following)):
        said = ", ".join(f"{one:.3f}" for one in times)
        print(f"{words}, {width} x {height}: median {statistics.median(times):.3f} s, most {max(times):.3f} s ({said})")
    assert max(opened) < 1.0
    assert max(following) < 0.2


def test_the_truth_file_was_not_needed(blind_study):
    """The server runs without what is true: nothing that it can read tells it."""
    study, _ = blind_study
    truth = (study / "truth.json").read_text(encoding="utf-8")
    (study / "truth.json").rename(study.parent / "kept.json")
    try:
        with live(study):
            database = (study / "study.db").read_bytes()
        for image in json.loads(truth).values():
            assert image["path"].encode() not in database
        assert b"fake" not in database
    finally:
        (study.parent / "kept.json").rename(study / "truth.json")
