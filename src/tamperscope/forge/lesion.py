"""Where the lesion is that an injection shows: annotations for those who train on it.

Not the forger's mask: W >= 0.65 says where pixels are new, and in bright tissue that is most of the square, whatever
shape the tumour in it has.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

LEAST_CONTRAST = 10.0
"""Reference intensity: what brightens its place by less is not seen as a lesion."""
RULE = "brighter than before by at least half of the most (99.5th percentile), blurred by a 64th of the square"
_BLUR = 1 / 64
_LEAST_SHARE = 0.05
"""Parts of a mask smaller than this share of its largest part are crumbs of noise, not lesions of their own."""
_FINENESS = 0.5
"""Pixels by which an outline may leave the mask."""


def lesion_mask(original: np.ndarray, merged: np.ndarray) -> np.ndarray:
    """Where a square shows its lesion: at half of the most that was added to it.

    Args:
        original: float, side x side, reference intensity.
        merged: the same square with the lesion.

    Returns:
        bool, side x side; False all over where nothing stands out.
    """
    added = cv2.GaussianBlur(np.asarray(merged - original, np.float64), (0, 0), max(1.0, _BLUR * len(original)))
    most = float(np.percentile(added, 99.5))
    return added >= most / 2 if most >= LEAST_CONTRAST else np.zeros(added.shape, np.bool_)


def outline(mask: np.ndarray, *, at: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """Outline, box and area of a mask as COCO has them.

    Args:
        mask: bool, H x W, not empty.
        at: column and row of the image at which the mask begins.

    Returns:
        ``segmentation``: outer outlines as flat lists of x and y, a pixel's centre at its column and row + 0.5;
        ``bbox``: left, top, width, height; ``area``: pixels within the outlines.
    """
    solid = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=at)
    areas = [_filled(outline) for outline in outlines]
    kept = [outline for outline, area in zip(outlines, areas, strict=True) if area >= _LEAST_SHARE * max(areas)]
    left, top, width, height = cv2.boundingRect(np.concatenate(kept))
    return {
        "segmentation": [_polygon(outline) for outline in kept],
        "bbox": [left, top, width, height],
        "area": sum(area for area in areas if area >= _LEAST_SHARE * max(areas)),
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
