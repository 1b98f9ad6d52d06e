"""Takes a picture of every page of a study, for the guides: ``python -m tests.study.browser.pictures CESM OUT``."""

import sys
import tempfile
from pathlib import Path

import cv2
import yaml
from playwright.sync_api import sync_playwright

from tamperscope.study.create import create_study
from tamperscope.study.page_reader import ARGUMENTS, VIEWPORT, PageReader, find_chromium
from tamperscope.study.simulate import simulate_readers
from tamperscope.study.store import Store
from tests.study.conftest import access, live, write_config
from tests.study.real_images import tamperscope, write_real_images

WIDTH = 960  # pixels of a picture as it is kept
QUALITY = 82


def small_study(cesm, folder):
    """Six blind cases and three open ones for a person and for two simulated readers, who have read the first part."""
    write_real_images(cesm, folder, forged=4, healthy=4, unhealthy=4)
    config = write_config(folder, draws=((2, 2, 2), (1, 1, 1)))
    said = yaml.safe_load(config.read_text(encoding="utf-8"))
    said["readers"] = [
        {"id": "reader-1", "name": "Reader 1"},
        {"id": "reader-2", "name": "Reader 2", "simulated": True},
        {"id": "reader-3", "name": "Reader 3", "simulated": True},
    ]
    said["grey_step"] = 257
    config.write_text(yaml.safe_dump(said), encoding="utf-8")
    study = create_study(config, folder / "study")
    simulate_readers(study, seed=4)
    return study


def take(cesm, out):
    """Takes them all."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as where, sync_playwright() as driver:
        study = small_study(cesm, Path(where))
        browser = driver.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)

        def shot(page, name):
            page.mouse.move(640, 20)
            page.wait_for_timeout(300)
            png = Path(where) / f"{name}.png"
            page.screenshot(path=png)
            picture = cv2.imread(str(png))
            height = round(picture.shape[0] * WIDTH / picture.shape[1])
            small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(out / f"{name}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])

        with live(study) as url:
            _reader(browser, study, url, shot)
            _operator(browser, study, url, shot)
        tamperscope("study", "analyse", study, "--out", Path(where) / "report")
        page = browser.new_page(viewport=VIEWPORT)
        page.goto((Path(where) / "report" / "report.html").as_uri())
        shot(page, "report")
        page.locator("img").first.scroll_into_view_if_needed()
        shot(page, "report-marks")
        browser.close()


def _reader(browser, study, url, shot):
    page = browser.new_context(viewport=VIEWPORT).new_page()
    link, password = access(study)["reader-1"]
    page.goto(url + link)
    shot(page, "sign-in")
    reader = PageReader(page, url).sign_in(link, password)
    shot(page, "overview")
    page.get_by_role("link", name="Begin").click()
    reader.shown()
    lesion = next(one for one in Store(study).cases_of("reader-1", "first") if _boxes(study, one))
    reader.open(lesion.id)
    for number, (x, y, width, height) in enumerate(_boxes(study, lesion)[:2]):
        ruler = reader.press("f").ruler()
        reader.press("be"[number])
        reader.drag_between(ruler.place(x - 20, y - 20), ruler.place(x + width + 20, y + height + 20))
        reader.press("c", "8", "Escape")
    reader.press("Escape", "Escape", "2", "4", "7", "r")
    page.keyboard.type("Irregular mass, spiculated.")
    reader.press("Escape").saved()
    shot(page, "case")
    reader.press("g")
    x, y, width, height = _boxes(study, lesion)[0]
    page.mouse.move(*reader.ruler().place(x + width / 2, y + height / 2))
    page.wait_for_timeout(200)
    reader.press("g", "?")
    shot(page, "help")
    reader.press("Escape")
    for one in Store(study).cases_of("reader-1", "first"):
        reader.open(one.id)
        if one.id != lesion.id:
            reader.press("1", "1", "9").saved()
    page.goto(f"{url}/study")
    page.get_by_role("textbox").fill("Good quality throughout; two cases lack a marker.")
    page.get_by_role("textbox").blur()
    page.get_by_text("Saved").wait_for()
    shot(page, "series-remark")
    page.get_by_role("button", name="Lock this part").click()
    shot(page, "lock")
    page.locator("dialog").get_by_role("button", name="Lock", exact=True).click()
    page.locator(".card .state.locked").wait_for()
    shot(page, "second-part")


def _operator(browser, study, url, shot):
    page = browser.new_context(viewport=VIEWPORT).new_page()
    PageReader(page, url).sign_in(*access(study)["operator"])
    page.locator("tr", has_text="Reader 1").get_by_role("button", name="Reopen").click()
    page.get_by_label("Reason").fill("The monitor was not calibrated.")
    shot(page, "reopen")
    page.locator("dialog").get_by_role("button", name="Reopen").click()
    page.locator("#audit tr", has_text="calibrated").wait_for()
    shot(page, "operator")
    page.locator("#audit").scroll_into_view_if_needed()
    shot(page, "audit")


def _boxes(study, one):
    import json

    truth = json.loads((study / "truth.json").read_text(encoding="utf-8"))[one.image_id]
    return [] if truth["forged"] else truth["lesions"]


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
