"""The trace cue: parts whose fine structure differs from the rest of the same image (learned).

Noise residuals go through an encoder, band by band; each cell is compared with the cells of the same image at like
brightness; a head turns the comparison into a logit a cell.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tamperscope.detect.compare import compare_within_image
from tamperscope.detect.working_image import CELL

HALO = 32
"""Pixels beyond a band that its cells' features depend on, at most."""
_BAND = 256
OUTSIDE = -20.0
"""Logit of a cell in which there is nothing to look at."""
Network = Callable[[np.ndarray], np.ndarray]


def trace_evidence(
    residuals: np.ndarray, brightness: np.ndarray, valid: np.ndarray, encoder: Network, head: Network
) -> np.ndarray:
    """Logit of each cell, smoothed over 3 x 3 cells.

    Args:
        residuals: float32, 3 x H x W, multiples of 8 (``noise_residuals``).
        brightness: float32, H x W.
        valid: bool, H x W.
        encoder: exported, N x 3 x H x W to N x C x H/8 x W/8.
        head: exported, N x (C + 2) x h x w to N x 1 x h x w.

    Returns:
        float32, H/8 x W/8; -20 where there is nothing to look at.
    """
    levels, cells = cell_means(brightness), cell_means(valid) > 0.99
    if not cells.any():
        return np.full(cells.shape, OUTSIDE, np.float32)
    compared = compare_within_image(_features(residuals, encoder), levels, cells)
    logits = head(np.concatenate([compared, cells[None]]).astype(np.float32)[None])[0, 0]
    smooth = cv2.blur(logits, (3, 3), borderType=cv2.BORDER_CONSTANT)
    return np.where(cells, smooth, np.float32(OUTSIDE))


def cell_means(pixels: np.ndarray) -> np.ndarray:
    """Means of the 8 x 8 cells: float32."""
    return by_cells(pixels).mean((1, 3), dtype=np.float32)


def by_cells(pixels: np.ndarray) -> np.ndarray:
    """H x W as H/8 x 8 x W/8 x 8: the pixels of a cell lie along axes 1 and 3."""
    height, width = pixels.shape
    return pixels.reshape(height // CELL, CELL, width // CELL, CELL)


def _features(residuals: np.ndarray, encoder: Network) -> np.ndarray:
    """Every band of rows encoded with its halo: C x H/8 x W/8."""
    height = residuals.shape[1]
    bands = []
    for start in range(0, height, _BAND):
        stop = min(start + _BAND, height)
        first, last = max(0, start - HALO), min(height, stop + HALO)
        band = encoder(residuals[None, :, first:last])[0]
        bands.append(band[:, (start - first) // CELL : (stop - first) // CELL])
    return np.concatenate(bands, axis=1)
