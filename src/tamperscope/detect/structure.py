"""The coarse half of an image's texture: bands between 0.3 and 2.5 mm.

Noise residuals (``residuals.py``) are blind to what is missing above their scale: a fill can have its surroundings'
noise and still none of the ducts, vessels and septa that cross every part of a breast.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from tamperscope.detect.residuals import LIMIT, noise_curve

SIGMAS = (1.6, 3.2, 6.4)
"""Gaussians in units of 4 pixels (0.4 mm), each band between one and the next finer."""
FEATURES = 2 * len(SIGMAS)
SHRINK = 4
"""Pixels a unit."""
_CELL = 2
"""Units a cell of 8 pixels."""
_FLOOR = 0.5
"""Reference intensity under which structure is rounding."""


class Structure(NamedTuple):
    """Coarse texture.

    Attributes:
        bands: float32, 3 x H/4 x W/4, finest first, over their spread at like brightness; 0 off the breast.
        cells: float32, 6 x H/8 x W/8: for each band, finest first, the mean of the cell (reference intensity) and the
            log of the mean square over it and its eight neighbours.
    """

    bands: np.ndarray
    cells: np.ndarray


def coarse_structure(brightness: np.ndarray, lit: np.ndarray) -> Structure:
    """Band-pass values and their log energies.

    Args:
        brightness: float32, H x W at 0.1 mm, multiples of 8, without its fine structure (``noise_residuals``).
        lit: bool, H x W, breast; what lies outside counts for nothing (normalised convolution).
    """
    size = brightness.shape[1] // SHRINK, brightness.shape[0] // SHRINK
    share = cv2.resize(lit.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(lit, brightness, np.float32(0)), size, interpolation=cv2.INTER_AREA)
    inside = share > 0.5
    level = finer = total / np.maximum(share, np.float32(1e-3))
    order = np.argsort(level[inside], kind="stable")
    bands, features = [], []
    for sigma in SIGMAS:
        weight, sums = (cv2.GaussianBlur(a, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for a in (share, total))
        coarser = sums / np.maximum(weight, np.float32(1e-3))
        band = np.where(inside, finer - coarser, np.float32(0))
        finer = coarser
        energy = cv2.blur(_cells(np.square(band)), (3, 3), borderType=cv2.BORDER_REFLECT)
        features += [_cells(band), 0.5 * np.log(energy + np.float32(_FLOOR**2))]
        bands.append(_normalised(band, level, inside, order))
    return Structure(np.stack(bands), np.stack(features).astype(np.float32))


def _normalised(band: np.ndarray, level: np.ndarray, inside: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Over its robust spread at like brightness, clipped; ``order`` sorts the levels inside."""
    if not len(order):
        return band
    spread = noise_curve(level[inside][order], np.abs(band[inside])[order])(level).astype(np.float32)
    return np.clip(band / np.maximum(spread, np.float32(_FLOOR)), -LIMIT, LIMIT)


def _cells(units: np.ndarray) -> np.ndarray:
    """Means of the cells."""
    height, width = units.shape
    return units.reshape(height // _CELL, _CELL, width // _CELL, _CELL).mean((1, 3), dtype=np.float32)
