"""ForensicTransfer as a witness: the score matrix of a canvas (report, section 2.2, step 3).

Two ways give the same matrix. *Tile by tile* is the report's, and the oracle of the tests. *Dense* encodes every
pixel once: the encoder's stride (16) divides the tiles' (64), and by the border rule of
``networks/forensic_transfer.py`` a latent position does not know which tile it is read for, so a tile's two norms
are box sums over 16 x 16 positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from tamperscope.detect.tiling import GRID, STEP, TILE, Canvas, box_sums, lit_tiles

SCALE = np.float32(1100)
HALO = 16
LATENT = 16
"""Pixels a latent position; also latent positions a tile side."""

ActivationMaps = Callable[[np.ndarray], np.ndarray]
"""N x 1 x H x W scaled pixels to N x 2 x H/16 x W/16 sums over channels of |h0| and |h1|."""

_BAND = 256  # pixel rows a pass: bounds memory, and larger bands are slower (allocation)
_BATCH = 32
_TINY = 1e-12


def score_matrix(
    canvas: Canvas, activation_maps: ActivationMaps, *, method: Literal["dense", "tiles"] = "dense"
) -> np.ndarray:
    """Score of each of the 61 x 61 tiles, 0 to 1 for how fake it looks; black tiles score 0.

    Args:
        canvas: the image on its canvas.
        activation_maps: the exported encoder.
        method: ``"dense"`` or ``"tiles"``; the same to 1e-4.

    Returns:
        float32, 61 x 61.
    """
    lit = lit_tiles(canvas)
    scores = np.zeros((GRID, GRID), np.float32)
    if lit.any():
        score = score_dense if method == "dense" else score_tile_by_tile
        scores[lit] = score(canvas, activation_maps, lit)
    return scores


def score_tile_by_tile(canvas: Canvas, activation_maps: ActivationMaps, lit: np.ndarray) -> np.ndarray:
    """Scores of the lit tiles in row order, each tile encoded with its halo."""
    positions = np.argwhere(lit) * STEP
    norms = np.empty((len(positions), 2))
    side = TILE + 2 * HALO
    for start in range(0, len(positions), _BATCH):
        batch = positions[start : start + _BATCH]
        tiles = np.stack([canvas.window(top - HALO, left - HALO, side, side) for top, left in batch])
        maps = activation_maps(tiles[:, None] / SCALE)
        norms[start : start + _BATCH] = maps[:, :, 1:-1, 1:-1].sum(axis=(2, 3), dtype=np.float64)
    return _ratio(norms[:, 0], norms[:, 1])


def score_dense(canvas: Canvas, activation_maps: ActivationMaps, lit: np.ndarray) -> np.ndarray:
    """Scores of the lit tiles in row order, every pixel of their bounding box encoded once, in bands of rows."""
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    top, bottom = rows[0] * STEP, rows[-1] * STEP + TILE
    left, right = columns[0] * STEP, columns[-1] * STEP + TILE
    maps = np.empty((2, (bottom - top) // LATENT, (right - left) // LATENT), np.float32)
    for start in range(top, bottom, _BAND):
        stop = min(start + _BAND, bottom)
        band = canvas.window(start - HALO, left - HALO, stop - start + 2 * HALO, right - left + 2 * HALO)
        band /= SCALE
        maps[:, (start - top) // LATENT : (stop - top) // LATENT] = activation_maps(band[None, None])[0, :, 1:-1, 1:-1]
    norms = box_sums(maps, TILE // LATENT)[:, :: STEP // LATENT, :: STEP // LATENT]
    inside = lit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _ratio(norms[0][inside], norms[1][inside])


def _ratio(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """``|h1| / (|h0| + |h1|)``; 0.5 where neither half is active."""
    count = LATENT**2 * 64
    real, fake = real / count + _TINY, fake / count + _TINY
    return (fake / (real + fake)).astype(np.float32)
