"""The heat map: where the image is likely to be forged (report, section 2.2, step 4)."""

from __future__ import annotations

import numpy as np

from tamperscope.detect.tiling import CANVAS, STEP, Placement, box_sums

_MEAN = 4


def heat_cells(score_matrix: np.ndarray) -> np.ndarray:
    """4 x 4 mean of the score matrix, one value a 64 x 64 cell of the canvas.

    A cell inside the canvas lies under 4 x 4 tiles, and its heat is the mean of their scores; beyond the grid
    scores count as 0, so that the map covers the whole canvas.

    Args:
        score_matrix: float32, 61 x 61.

    Returns:
        float32, 64 x 64.
    """
    padded = np.pad(score_matrix, _MEAN - 1)
    return np.maximum(box_sums(padded, _MEAN) / _MEAN**2, 0).astype(np.float32)


def heat_map_in_image(score_matrix: np.ndarray, place: Placement) -> np.ndarray:
    """The heat map in pixels of the original image: float32, H x W, 0 to 1, bilinear between the cells' centres."""
    down = _between_cells(place.height, place.rows / place.height, place.top)
    across = _between_cells(place.width, place.columns / place.width, place.left)
    return down @ heat_cells(score_matrix) @ across.T


def _between_cells(count: int, scale: float, start: int) -> np.ndarray:
    """Bilinear weights of the cells for each original row or column: float32, count x 64."""
    # Original pixel -> canvas -> cell; pixel and cell centres lie on half-integers.
    cells = CANVAS // STEP
    position = (((np.arange(count) + 0.5) * scale + start) / STEP - 0.5).clip(0, cells - 1)
    before = np.minimum(position.astype(int), cells - 2)
    share = (position - before).astype(np.float32)
    weights = np.zeros((count, cells), np.float32)
    weights[np.arange(count), before] = 1 - share
    weights[np.arange(count), before + 1] = share
    return weights
