"""ForensicTransfer as a witness: the score matrix of a canvas (report, section 2.2, step 3).

Two ways give the same matrix. *Tile by tile* is the report's, and the oracle of the tests. *Dense* encodes every
pixel once: the encoder's stride (16) divides the tiles' (64), and by the border rule of
``networks/forensic_transfer.py`` a latent position does not know which tile it is read for, so a tile's two norms
are box sums over 16 x 16 positions.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tamperscope.detect.tiling import CANVAS, GRID, STEP, TILE, Canvas, box_sums, lit_tiles

SCALE = np.float32(1100)
HALO = 16
LATENT = 16
"""Pixels a latent position; also latent positions a tile side."""

ActivationMaps = Callable[[np.ndarray], np.ndarray]
"""N x 1 x H x W scaled pixels to N x 2 x H/16 x W/16 sums over channels of |h0| and |h1|."""

_TALLEST = 6  # cells of 64 rows a pass: bounds memory
_BATCH = 32
_TINY = 1e-12


def score_matrix(
    canvas: Canvas,
    activation_maps: ActivationMaps,
    *,
    method: Literal["dense", "tiles"] = "dense",
    threads: int = 1,
) -> np.ndarray:
    """Score of each of the 61 x 61 tiles, 0 to 1 for how fake it looks; black tiles score 0.

    Args:
        canvas: the image on its canvas.
        activation_maps: the exported encoder; with several threads it is called by all of them.
        method: ``"dense"`` or ``"tiles"``; the same to 1e-4.
        threads: bands that are encoded at once, for ``"dense"``.

    Returns:
        float32, 61 x 61.
    """
    lit = lit_tiles(canvas)
    scores = np.zeros((GRID, GRID), np.float32)
    if lit.any() and method == "dense":
        scores[lit] = score_dense(canvas, activation_maps, lit, threads=threads)
    elif lit.any():
        scores[lit] = score_tile_by_tile(canvas, activation_maps, lit)
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


def score_dense(canvas: Canvas, activation_maps: ActivationMaps, lit: np.ndarray, *, threads: int = 1) -> np.ndarray:
    """Scores of the lit tiles in row order, every pixel under them encoded once, in bands of rows."""
    maps = np.zeros((2, CANVAS // LATENT, CANVAS // LATENT), np.float32)

    def encode(band: _Band) -> None:
        height, width = band.bottom - band.top, band.right - band.left
        pixels = canvas.window(band.top - HALO, band.left - HALO, height + 2 * HALO, width + 2 * HALO)
        pixels /= SCALE
        rows = slice(band.top // LATENT, band.bottom // LATENT)
        columns = slice(band.left // LATENT, band.right // LATENT)
        maps[:, rows, columns] = activation_maps(pixels[None, None])[0, :, 1:-1, 1:-1]

    # The largest first, so that no thread is left alone with one.
    bands = sorted(_bands(lit), key=lambda band: -band.cost)
    if threads == 1:
        for band in bands:
            encode(band)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(encode, bands))
    cells, side = CANVAS // STEP, STEP // LATENT
    real, fake = box_sums(maps.reshape(2, cells, side, cells, side).sum(axis=(2, 4), dtype=np.float64), TILE // STEP)
    return _ratio(real[lit], fake[lit])


@dataclass(frozen=True)
class _Band:
    """Rows ``top`` to ``bottom`` of the canvas, and the columns of them that lie under lit tiles."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def cost(self) -> int:
        """Pixels to encode, halo included."""
        return (self.bottom - self.top + 2 * HALO) * (self.right - self.left + 2 * HALO)


def _bands(lit: np.ndarray) -> list[_Band]:
    """The bands that cover all lit tiles with the fewest pixels: few bands have little halo, many hug the breast."""
    under = np.zeros((CANVAS // STEP, CANVAS // STEP), np.bool_)
    for down in range(TILE // STEP):
        for across in range(TILE // STEP):
            under[down : down + GRID, across : across + GRID] |= lit
    rows = np.flatnonzero(under.any(axis=1))
    first, last = int(rows[0]), int(rows[-1]) + 1
    # best[row]: the cheapest cover of the rows above it.
    best: dict[int, tuple[int, list[_Band]]] = {first: (0, [])}
    for stop in range(first + 1, last + 1):
        covers = []
        for start in range(max(first, stop - _TALLEST), stop):
            columns = np.flatnonzero(under[start:stop].any(axis=0))
            cost, above = best[start]
            if columns.size:
                left, right = int(columns[0]), int(columns[-1]) + 1
                band = _Band(start * STEP, stop * STEP, left * STEP, right * STEP)
                cost, above = cost + band.cost, [*above, band]
            covers.append((cost, above))
        best[stop] = min(covers, key=lambda cover: cover[0])
    return best[last][1]


def _ratio(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """``|h1| / (|h0| + |h1|)``; 0.5 where neither half is active."""
    count = LATENT**2 * 64
    real, fake = real / count + _TINY, fake / count + _TINY
    return (fake / (real + fake)).astype(np.float32)
