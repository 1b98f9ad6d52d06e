import json

import cv2
import numpy as np
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
        lesion = np.zeros(mask.shape, np.uint8)
        for corners in annotation["segmentation"]:
            cv2.fillPoly(lesion, [np.array(corners).reshape(-1, 2).astype(np.int32)], 1)
        assert annotation["area"] == pytest.approx(int(lesion.sum()), rel=0.1)
        assert np.allclose(cv2.boundingRect(lesion), (left, top, width, height), atol=2)
        # The lesion lies in what is forged and has a shape of its own: it is not the forgery's square.
        assert mask[lesion > 0].mean() > 0.8 * 255
        assert annotation["area"] < 0.75 * (mask > 0).sum()
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
    # Fewer, or another seed's, which find others under their names: the annotations are of what is there.
    annotations = (out / "annotations.json").read_bytes()
    assert run("synthesize", healthy, "--n", 1, "--out", out).returncode == 0
    assert (out / "annotations.json").read_bytes() == annotations
    result = run("synthesize", healthy, "--n", 2, "--seed", 1, "--out", out)
    assert result.returncode == 2
    assert "not of this row" in result.stderr
    assert (out / "annotations.json").read_bytes() == annotations


def test_forgeries_are_no_healthy_images(healthy, tmp_path):
    assert run("synthesize", healthy, "--n", 2, "--out", tmp_path / "first").returncode == 0
    result = run("synthesize", tmp_path / "first" / "images", "--n", 1, "--out", tmp_path / "second")
    assert result.returncode == 2
    assert "it is a forgery itself" in result.stderr


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
