"""The server behind the page: the token, the headers, and what it refuses."""

import json

import numpy as np
import pytest

from tamperscope import Injector, read_mammogram
from tests.forge.images import write_image

client = pytest.importorskip("starlette.testclient")
SECRET = "a-token"
LESION = {
    "square": [40, 200, 100],
    "threshold": 300,
    "smoothing": 20,
    "power": 3,
    "noise": 10,
    "noise_model": "white",
    "seed": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def server(folder):
    from tamperscope.inject_page.app import make_app
    from tamperscope.inject_page.desk import Desk

    text = folder / "text.dcm"
    text.write_text("hello")
    desk = Desk([write_image(folder, "a16.png", seed=1), text], folder / "out", Injector.load())
    return client.TestClient(make_app(desk, SECRET), base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", ["/", "/files", "/wrong/files", "/static/page.js", "/image/0/pixels"])
def test_nothing_without_the_token(server, path):
    assert server.get(path).status_code == 404


def test_another_host_is_refused(server):
    assert server.get(f"/{SECRET}/files", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/files", "/static/page.js", "/image/0/pixels", "/image/7", "/none"])
def test_every_answer_has_the_policy(server, path):
    headers = server.get(f"/{SECRET}{path}").headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_pixels_are_the_image_to_a_32nd_of_a_unit(server, folder):
    levels = np.frombuffer(server.get(f"/{SECRET}/image/0/pixels").content, "<u2").reshape(520, 300)
    pixels = read_mammogram(folder / "a16.png").pixels
    np.testing.assert_allclose(levels / 16 - 500, pixels, atol=1 / 32 + 1e-3)


def test_a_preview_is_the_square_of_the_forgery_whatever_came_before(server, folder):
    other = {**LESION, "square": [80, 240, 90], "seed": 3}
    for lesions in ([LESION], [LESION, other], [{**LESION, "seed": 8}, other], [LESION, other], [other]):
        answer = server.post(f"/{SECRET}/image/0/preview", content=json.dumps(lesions))
        mammogram = read_mammogram(folder / "a16.png")
        for lesion in lesions:
            parameters = {key: value for key, value in lesion.items() if key != "square"}
            mammogram = Injector.load().inject(mammogram, tuple(lesion["square"]), **parameters).mammogram
        squares = [mammogram.pixels[y : y + s, x : x + s] for x, y, s in (lesion["square"] for lesion in lesions)]
        expected = np.concatenate([square.ravel() for square in squares])
        np.testing.assert_allclose(np.frombuffer(answer.content, "<u2") / 16 - 500, expected, atol=1 / 32 + 1e-3)


def test_saving_twice_keeps_both(server, folder):
    names = [server.post(f"/{SECRET}/image/0/save", content=json.dumps([LESION])).json()["file"] for _ in range(2)]
    assert names == ["a16-forged.png", "a16-forged-2.png"]
    first, second = ((folder / "out" / name).read_bytes() for name in names)
    assert first == second
    assert json.loads((folder / "out" / "a16-forged.png.record.json").read_text())["synthetic"] is True


@pytest.mark.parametrize(
    ("lesions", "message"),
    [
        ([], "draw a square first"),
        ({}, "must be a list"),
        (21 * [LESION], "at most 20"),
        ([{"square": [1, 2]}], "needs a square"),
        ([{"square": [1, 2, 99.5]}], "whole numbers"),
        ([{**LESION, "square": [0, 0, 31]}], "at least 32"),
        ([{**LESION, "square": [0, 0, 9000]}], "not inside"),
        ([{**LESION, "power": "much"}], "power must be a number"),
        ([{**LESION, "seed": -1}], "must not be negative"),
        ([{**LESION, "noise_model": "pink"}], "no noise model"),
        ([{**LESION, "path": "/etc"}], "unknown parameter"),
    ],
)
def test_what_is_refused_says_why(server, lesions, message):
    answer = server.post(f"/{SECRET}/image/0/save", content=json.dumps(lesions))
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_other_refusals(server):
    assert "no JSON" in server.post(f"/{SECRET}/image/0/save", content="{").json()["error"]
    assert "too long" in server.post(f"/{SECRET}/image/0/save", content="[" * 100_000).json()["error"]
    assert "no such image" in server.get(f"/{SECRET}/image/9").json()["error"]
    assert "is text" in server.get(f"/{SECRET}/image/1").json()["error"]
