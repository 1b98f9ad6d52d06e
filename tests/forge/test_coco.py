"""COCO annotations, read by the reference implementation (pycocotools)."""

import json

import numpy as np
import pytest

from tamperscope.forge.coco import Annotated, coco_dataset
from tamperscope.forge.lesion import outline
from tests.forge.images import blob

pycocotools = pytest.importorskip("pycocotools.coco")


def as_mask(annotation, shape):
    from pycocotools import mask

    encoded = mask.merge(mask.frPyObjects(annotation["segmentation"], *shape))
    return mask.decode(encoded).astype(bool)


@pytest.mark.parametrize("seed", range(6))
def test_the_outline_is_the_mask(seed):
    mask = blob(40, 30, 90 + 20 * seed, 70, seed=seed).on_image(300, 400)
    annotation = outline(mask)
    drawn = as_mask(annotation, mask.shape)
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.96
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, top, width, height = annotation["bbox"]
    assert (left, top) == (columns[0], rows[0])
    assert (width, height) == (np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert annotation["area"] == pytest.approx(mask.sum(), rel=0.02)


def test_crumbs_are_left_out_and_two_large_parts_are_kept():
    mask = np.zeros((200, 300), bool)
    mask[20:80, 20:80] = mask[100:160, 150:230] = True
    mask[5, 5] = mask[190:192, 290] = True
    annotation = outline(mask)
    assert len(annotation["segmentation"]) == 2
    assert annotation["bbox"] == [20, 20, 210, 140]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_masks_still_have_corners(size):
    mask = np.zeros((40, 40), bool)
    mask[10 : 10 + size[0], 12 : 12 + size[1]] = True
    annotation = outline(mask)
    assert annotation["bbox"] == [12, 10, size[1], size[0]]
    assert all(len(outline) >= 6 for outline in annotation["segmentation"])


def test_the_data_set_loads_and_every_entry_is_marked(tmp_path):
    mask = blob(40, 30, 90, 70).on_image(300, 400)
    record = {"source": {"file": "a.dcm"}, "lesion": {"rule": "by hand", **outline(mask)}}
    dataset = coco_dataset([Annotated(f"{name}.png", mask.shape, record) for name in "ab"])
    (tmp_path / "annotations.json").write_text(json.dumps(dataset))
    loaded = pycocotools.COCO(str(tmp_path / "annotations.json"))
    assert loaded.getImgIds() == [1, 2]
    assert [a["image_id"] for a in loaded.loadAnns(loaded.getAnnIds(catIds=loaded.getCatIds("mass")))] == [1, 2]
    assert all(entry["synthetic"] is True for key in ("images", "annotations") for entry in dataset[key])
    assert dataset["info"]["description"].startswith("SYNTHETIC")
