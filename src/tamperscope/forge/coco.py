"""Masks of forgeries as a COCO data set: boxes and outlines for training detectors and segmenters of lesions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tamperscope.io.label import SOFTWARE, STATEMENT

CATEGORY = {"id": 1, "name": "mass", "supercategory": "synthetic lesion"}
_LEAST_SHARE = 0.05
"""Parts of a mask smaller than this share of its largest part are crumbs of noise, not lesions of their own."""
_FINENESS = 0.5
"""Pixels by which an outline may leave the mask."""


@dataclass(frozen=True, eq=False)
class Annotated:
    """One image with its lesion: file, mask and the forger's record."""

    file_name: str
    mask: np.ndarray
    record: Mapping[str, Any]


def coco_dataset(images: Iterable[Annotated]) -> dict[str, Any]:
    """The data set as JSON: one image, one annotation, each marked as synthetic.

    Args:
        images: with masks that are not empty; taken one by one, for masks are large.
    """
    pictures, annotations = [], []
    for number, image in enumerate(images, 1):
        height, width = image.mask.shape
        pictures.append(
            {
                "id": number,
                "file_name": image.file_name,
                "width": width,
                "height": height,
                "synthetic": True,
                "source": image.record["source"]["file"],
            }
        )
        annotations.append({"id": number, "image_id": number, **annotate(image.mask), "synthetic": True})
    return {
        "info": {"description": STATEMENT, "contributor": SOFTWARE, "synthetic": True},
        "licenses": [],
        "categories": [CATEGORY],
        "images": pictures,
        "annotations": annotations,
    }


def annotate(mask: np.ndarray) -> dict[str, Any]:
    """Outline, box and area of a mask as COCO has them.

    Args:
        mask: bool, H x W, not empty.

    Returns:
        ``segmentation``: outer outlines as flat lists of x and y, a pixel's centre at its column and row + 0.5;
        ``bbox``: left, top, width, height; ``area``: pixels within the outlines.
    """
    solid = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [_filled(outline) for outline in outlines]
    kept = [outline for outline, area in zip(outlines, areas, strict=True) if area >= _LEAST_SHARE * max(areas)]
    left, top, width, height = cv2.boundingRect(np.concatenate(kept))
    return {
        "category_id": CATEGORY["id"],
        "segmentation": [_polygon(outline) for outline in kept],
        "bbox": [left, top, width, height],
        "area": sum(area for area in areas if area >= _LEAST_SHARE * max(areas)),
        "iscrowd": 0,
    }


def _polygon(outline: np.ndarray) -> list[float]:
    """An outline of at least three corners, which readers of COCO demand."""
    corners = cv2.approxPolyDP(outline, _FINENESS, True).reshape(-1, 2)
    if len(corners) < 3:
        x, y, width, height = cv2.boundingRect(outline)
        return [float(value) for value in (x, y, x + width, y, x + width, y + height, x, y + height)]
    return [float(value) + 0.5 for value in corners.ravel()]


def _filled(outline: np.ndarray) -> int:
    """Pixels on and within an outline."""
    x, y, width, height = cv2.boundingRect(outline)
    canvas = np.zeros((height, width), np.uint8)
    return int(cv2.drawContours(canvas, [outline - (x, y)], -1, 1, cv2.FILLED).sum())
