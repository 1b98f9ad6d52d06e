"""A smooth fill between a membrane and a thin plate: what the inpainting network adds to."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.grain import low_pass
from tamperscope.forge.harmonic import fill_biharmonic, fill_harmonic

_AIR_SIGMA = 8.0
_PLATE = 0.5
"""Share of the thin plate. A membrane is the best guess where power falls with the square of frequency, a plate where
it falls with the fourth power; that of breast tissue falls with about the third (Burgess, Med. Phys. 28, 2001)."""
_DIRECT = 16_000
"""Pixels of a hole up to which the plate is solved on the picture's grid; beyond, on half of it, for time's sake."""


def smooth_start(pixels: np.ndarray, hole: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The known tissue with a smooth surface through the hole: float64, h x w.

    Air is no boundary: next to the skin the tissue's own brightness continues into it.

    Args:
        pixels: h x w; what stands in the hole is ignored.
        hole: bool, h x w.
        known: bool, h x w, tissue outside the hole.
    """
    near = low_pass(pixels, known, _AIR_SIGMA)
    outside = np.where(near > 0, near, pixels[known].mean())
    surroundings = np.where(known, pixels, outside)
    membrane = fill_harmonic(surroundings, hole)
    return membrane + _PLATE * _bulge(surroundings, hole, membrane)


def _bulge(pixels: np.ndarray, hole: np.ndarray, membrane: np.ndarray) -> np.ndarray:
    """What a thin plate is above a membrane, 0 outside the hole."""
    if hole.sum() <= _DIRECT:
        return fill_biharmonic(pixels, hole) - membrane
    height, width = hole.shape
    size = max(1, width // 2), max(1, height // 2)
    share = cv2.resize((~hole).astype(np.float64), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(hole, 0.0, pixels), size, interpolation=cv2.INTER_AREA)
    gone = share < 0.5
    means = total / np.maximum(share, 1e-9)
    bulge = fill_biharmonic(means, gone) - fill_harmonic(means, gone)
    return np.where(hole, cv2.resize(bulge, (width, height), interpolation=cv2.INTER_CUBIC), 0.0)
