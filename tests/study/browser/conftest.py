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


@pytest.fixture
def study(chromium):
    import os
    import urllib.request
    from types import SimpleNamespace

    from .viewing import Viewing

    if "STUB_URL" not in os.environ:
        pytest.skip("the viewer's tests need a study server to talk to: set STUB_URL to its address")
    url = os.environ["STUB_URL"]
    urllib.request.urlopen(url + "/reset")
    contexts = []

    def reader(number):
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        contexts.append(context)
        viewing = Viewing(context.new_page(), url)
        viewing.page.goto(url + "/study")
        return viewing

    yield SimpleNamespace(url=url, reader=reader)
    for context in contexts:
        context.close()


@pytest.fixture
def viewing(study):
    viewing = study.reader(0)
    viewing.page.wait_for_selector("text=Begin")
    viewing.page.get_by_role("link", name="Begin").click()
    return viewing.shown()
