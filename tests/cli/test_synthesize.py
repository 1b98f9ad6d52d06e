import json

import cv2
import pytest

from tamperscope import read_mammogram
from tests.cli.test_scan import run
from tests.forge.images import write_image
from tests.io.make import breast, mg_dataset, save


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy")
    write_image(folder, "a16.png", seed=1, height=1100, width=800)
    save(folder / "b.dcm", mg_dataset(breast(1200, 900)))
    (folder / "README").write_text("no image")
    return folder


def files_of(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_n_annotated_images(healthy, tmp_path):
    out = tmp_path / "out"
    result = run("synthesize", healthy, "--n", 5, "--out", out)
    assert result.returncode == 0, result.stderr
    dataset = json.loads((out / "annotations.json").read_text())
    assert len(dataset["images"]) == len(dataset["annotations"]) == 5
    for image, annotation in zip(dataset["images"], dataset["annotations"], strict=True):
        written = out / image["file_name"]
        assert image["synthetic"] is annotation["synthetic"] is True
        assert json.loads(written.with_name(written.name + ".record.json").read_text())["synthetic"] is True
        mammogram = read_mammogram(written)
        assert mammogram.shape == (image["height"], image["width"])
        mask = cv2.imread(f"{written}.mask.png", cv2.IMREAD_GRAYSCALE)
        left, top, width, height = annotation["bbox"]
        inside = mask[top : top + height, left : left + width]
        assert inside.sum() > 0.95 * mask.sum() > 0
    assert {image["source"] for image in dataset["images"]} == {"a16.png", "b.dcm"}
    before = files_of(out)
    result = run("synthesize", healthy, "--n", 5, "--out", out)
    assert "5 images: 0 done, 5 there already, 0 failed." in result.stdout
    assert files_of(out) == before


def test_more_images_keep_those_that_are_there(healthy, tmp_path):
    out = tmp_path / "out"
    assert run("synthesize", healthy, "--n", 2, "--out", out).returncode == 0
    before = files_of(out / "images")
    result = run("synthesize", healthy, "--n", 4, "--out", out)
    assert "4 images: 2 done, 2 there already, 0 failed." in result.stdout
    assert files_of(out / "images").items() >= before.items()


def test_images_that_cannot_be_used_are_replaced_by_others(healthy, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.dcm").write_text("hello")
    write_image(folder, "b16.png", seed=4, height=1100, width=800)
    result = run("synthesize", folder, "--n", 2, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "2 images: 2 done" in result.stdout


def test_a_folder_without_a_usable_image(tmp_path):
    (tmp_path / "a.dcm").write_text("hello")
    result = run("synthesize", tmp_path, "--n", 2, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "image 1: a.dcm: The file is text" in result.stderr
    assert json.loads((tmp_path / "out" / "annotations.json").read_text())["images"] == []
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("synthesize", empty, "--n", 2, "--out", tmp_path / "out2")
    assert result.returncode == 2
    assert "there is no image in" in result.stderr
