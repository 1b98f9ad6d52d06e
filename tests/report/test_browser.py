"""The page in a real browser, without a network."""

import html
import json
import re
import shutil
import subprocess

import cv2
import pytest

from tests.report.test_page import HOSTILE, page  # noqa: F401

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")]

CLICKS = """
<script>{
  const visible = () => [...document.querySelectorAll("tbody tr")].filter((row) => !row.hidden);
  const names = () => visible().map((row) => row.querySelector(".name").textContent).join("|");
  const said = {};
  said.all = visible().length;
  const chip = document.querySelector('[data-filter="fake"]');
  chip.click(); said.fake = names(); chip.click();
  const search = document.getElementById("search");
  search.value = "HIGH"; search.dispatchEvent(new Event("input")); said.search = names();
  search.value = "nothing at all"; search.dispatchEvent(new Event("input"));
  said.empty = !document.getElementById("empty").hidden;
  search.value = ""; search.dispatchEvent(new Event("input"));
  const sort = (key) => document.querySelector(`[data-sort="${key}"]`).click();
  sort("score"); said.best = names().split("|")[0];
  sort("score"); said.worst = names().split("|").at(-1);
  sort("verdict"); sort("verdict"); said.real = names().split("|")[0];
  document.querySelector(".view button").click();
  said.large = document.getElementById("large").open && document.querySelectorAll("dialog img").length;
  document.getElementById("heat").click();
  said.heat = getComputedStyle(document.querySelector(".heat")).visibility;
  document.title = JSON.stringify(said);
}</script>
"""


def browse(folder, address, *options):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={folder}", "--hide-scrollbars"]
    return subprocess.run(
        [BROWSER, *flags, "--window-size=1360,1600", *options, address], capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("scheme", [1, 0], ids=["light", "dark"])
def test_it_is_drawn(page, tmp_path, scheme):  # noqa: F811
    picture = tmp_path / "page.png"
    browse(
        tmp_path / "user",
        page[0].as_uri(),
        f"--screenshot={picture}",
        f"--blink-settings=preferredColorScheme={scheme}",
    )
    drawn = cv2.imread(str(picture))
    assert drawn.shape == (1600, 1360, 3)
    corner = drawn[5, 5].mean()
    assert corner > 200 if scheme else corner < 60
    assert drawn.std() > 15


def test_sorting_filtering_and_enlarging_work(page, tmp_path):  # noqa: F811
    clicked = tmp_path / "clicked.html"
    clicked.write_text(page[1].replace("</body>", CLICKS + "</body>"), encoding="utf-8")
    shown = browse(tmp_path / "user", clicked.as_uri(), "--dump-dom").stdout
    said = json.loads(html.unescape(re.search("<title>(.*?)</title>", shown)[1]))
    assert said == {
        "all": 3 + len(HOSTILE),
        "fake": "high.dcm|low.dcm",
        "search": "high.dcm",
        "empty": True,
        "best": "high.dcm",
        "worst": "high.dcm",
        "real": "a < b.dcm",
        "large": 2,
        "heat": "hidden",
    }
