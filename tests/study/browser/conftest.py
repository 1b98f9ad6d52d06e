"""Chromium for the tests: the viewer's modules in it alone, and the real server's pages."""

import mimetypes
import shutil
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.study.conftest import access, live

from .viewing import Viewing

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STATIC = Path(str(files("tamperscope"))) / "study" / "web" / "static"
ORIGIN = "http://viewer.test"


@pytest.fixture(scope="session")
def chromium():
    """One headless Chromium, without a graphics card."""
    playwright = pytest.importorskip("playwright.sync_api")
    if BROWSER is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def modules(chromium):
    """A blank page from which the viewer's modules can be imported; `page.bytes[path] = b"..."` is served too.

    An address that is neither gets 404.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.bytes = {}

    def serve(route):
        path = route.request.url.removeprefix(ORIGIN)
        if path == "/":
            return route.fulfill(body="<!doctype html><canvas id='canvas'></canvas>", content_type="text/html")
        if path in page.bytes:
            return route.fulfill(body=page.bytes[path], content_type="application/octet-stream")
        file = STATIC / path.removeprefix("/static/")
        if not file.is_file():
            return route.fulfill(status=404)
        return route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])

    context.route("**/*", serve)
    page.goto(f"{ORIGIN}/")
    yield page
    context.close()


@pytest.fixture
def study(chromium, fresh_study, tmp_path):
    """The real server of a small study, and readers who sign in at it, each with a browser of their own."""
    folder = Path(shutil.copytree(fresh_study, tmp_path / "study"))
    with live(folder) as url:
        contexts = []

        def reader(number):
            contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}))
            return Viewing(contexts[-1].new_page(), url).sign_in(*access(folder)[f"reader-{number + 1}"])

        yield SimpleNamespace(url=url, reader=reader, folder=folder)
        for context in contexts:
            context.close()


@pytest.fixture
def viewing(study):
    viewing = study.reader(0)
    viewing.page.wait_for_selector("text=Begin")
    viewing.page.get_by_role("link", name="Begin").click()
    return viewing.shown()
