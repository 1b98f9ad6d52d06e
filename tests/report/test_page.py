import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tamperscope.report.batch import find_inputs, scan_batch
from tamperscope.report.page import write_report
from tests.io.make import breast, mg_dataset, save
from tests.report.doubles import MODEL, DetectorDouble

HOSTILE = [
    "<script>alert(1)<",
    "=cmd|' 'x",
    "line\nbreak",
    "\u202egnp",
    "a" * 230,
    "'\"&",
    "javascript:alert(1)",
    "☂ ü",
]


class Tags(HTMLParser):
    """All tags with their attributes, and whether each closes."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Three images that can be scored, names that could do harm, and a file that is no image."""
    root = tmp_path_factory.mktemp("page")
    folder, out = root / "in", root / "out"
    folder.mkdir()
    for name in ("low", "high", "a < b"):
        save(folder / f"{name}.dcm", mg_dataset(breast(640, 420)))
    for name in HOSTILE:
        (folder / f"{name}.dcm").write_bytes(b"no image")
    (folder / "<b>notes.txt").write_bytes(b"no image")
    inputs = find_inputs([folder], out)
    outcomes = list(scan_batch(inputs.images, out, DetectorDouble(low=0.6, high=0.9)))
    path = write_report(outcomes, out / "report.html", skipped=inputs.skipped, model=MODEL, missing=2)
    return path, path.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(page):
    _, text = page
    for tag, attributes in Tags(text).seen:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        source = attributes.get("src")
        assert source is None or re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+$", source)
        assert "srcset" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if "href" in attributes:
            assert attributes["href"].startswith("./")
            assert "://" not in attributes["href"]
    assert not re.search(r"https?:|@import|url\(", text)
    assert not re.search(r"""["'(=]\s*//""", text)
    assert [tag for tag, _ in Tags(text).seen].count("script") == 1


def test_links_lead_to_the_files(page):
    from urllib.parse import unquote

    path, text = page
    links = [attributes["href"] for tag, attributes in Tags(text).seen if tag == "a"]
    assert len(links) == 3 + 3 + len(HOSTILE)
    assert all((path.parent / unquote(link)).is_file() for link in links)


def test_every_tag_closes(page):
    assert Tags(page[1]).open == []


def test_names_are_shown_and_harmless(page):
    _, text = page
    assert "&lt;script&gt;alert(1)&lt;.dcm" in text
    assert "<script>alert" not in text
    assert "&lt;b&gt;notes.txt: no image" in text
    assert "line\N{REPLACEMENT CHARACTER}break.dcm" in text
    assert "\u202e" not in text
    assert "☂ ü.dcm" in text


def test_what_needs_a_look_comes_first(page):
    rows = re.findall(r'<tr class="row ([a-z-]+)".*?class="name">([^<]*)<', page[1], re.DOTALL)
    assert rows[:2] == [("fake", "high.dcm"), ("fake", "low.dcm")]
    assert [verdict for verdict, _ in rows[2:]] == ["not-scored"] * len(HOSTILE) + ["real"]


def test_it_says_what_could_not_be_scored_and_why(page):
    assert page[1].count("The file is text, and none of DICOM") == len(HOSTILE)
    assert "2 more images were not looked at" in page[1]


def test_heat_and_boxes_lie_over_each_picture(page):
    _, text = page
    assert text.count('<img class="heat" src="data:image/png') == text.count("data:image/jpeg") == 3
    assert text.count('<svg viewBox="0 0 420 640"') == 3
    assert text.count("<rect class") == 3


def test_an_empty_report_is_a_page_too(tmp_path):
    text = write_report([], tmp_path / "report.html", skipped=[], model=MODEL).read_text()
    assert "0 images, scanned" in text
    assert "Skipped" not in text


def test_a_page_elsewhere_links_to_the_findings(tmp_path):
    (tmp_path / "in").mkdir()
    save(tmp_path / "in" / "a.dcm", mg_dataset(breast(640, 420)))
    out = tmp_path / "out" / "findings"
    outcomes = list(scan_batch([(tmp_path / "in" / "a.dcm", tmp_path / "in")], out, DetectorDouble()))
    text = write_report(outcomes, Path(tmp_path / "out" / "report.html"), skipped=[], model=MODEL).read_text()
    assert 'href="./findings/a.json"' in text
