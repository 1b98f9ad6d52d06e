"""Chromium for the tests, and the viewer's modules in it without a server."""

import mimetypes
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

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
