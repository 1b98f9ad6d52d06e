"""The areas cue: areas that the trace cue finds a little odd all over, in an image that is not odd elsewhere.

Forged areas are centimetres wide, and what a cell alone does not show, two hundred together may. How odd areas are by
chance differs from image to image, so each is set against the other areas of the same image. It
learns nothing of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tamperscope.detect.cues.trace import OUTSIDE

if TYPE_CHECKING:
    from tamperscope.detect.cues.seen import Seen

SIDE = 15
"""Of an area, cells of 0.8 mm: 12 mm, the middle of the sizes that lesions have."""
_LEAST_SHARE = 0.5
"""Of an area's cells that must count."""
_USUAL = 0.9
"""Quantile of the image's areas over their median: the unit of the evidence."""
_FLOOR = 0.1
"""Logits, added to that unit."""


def evidence(seen: Seen) -> np.ndarray:
    """The cue (``seen.Cue``): in units of the image's own spread, see ``area_evidence``."""
    return area_evidence(seen.logits, seen.compared.cells)


def area_evidence(logits: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """How far the mean logit around each cell lies above that of the image's areas.

    Args:
        logits: float32, h x w, the trace cue's.
        cells: bool, h x w, which cells count.

    Returns:
        float32, h x w: 0 at the median of the image's areas, about 1 at the 90 % quantile, less where only some of an
        area's cells count; -20 where fewer than half do.
    """
    count, total = (
        cv2.boxFilter(plane.astype(np.float32), -1, (SIDE, SIDE), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in (cells, np.where(cells, logits, 0))
    )
    areas = cells & (count > _LEAST_SHARE * SIDE**2)
    told = np.full(logits.shape, OUTSIDE, np.float32)
    if areas.any():
        means = total[areas] / count[areas]
        median, usual = np.quantile(means, (0.5, _USUAL))
        # A mean of fewer cells strays further by chance.
        certainty = np.sqrt(count[areas] / SIDE**2)
        told[areas] = (means - median) / (usual - median + _FLOOR) * certainty
    return told
