"""Suspicious areas: connected parts of the heat map above the tile decision level."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tamperscope.detect.finding import Region
from tamperscope.detect.heat_map import heat_cells
from tamperscope.detect.tiling import STEP, Placement

ToOriginal = Callable[[float, float], tuple[float, float]]
CueAt = Callable[[tuple[int, int]], str]
LEVEL = 0.5
"""A cell is suspicious where its heat passes the level at which ForensicTransfer calls a tile fake."""


def find_regions(score_matrix: np.ndarray, place: Placement) -> tuple[Region, ...]:
    """Boxes around the suspicious cells in pixels of the original image, the hottest first."""
    regions = hot_regions(heat_cells(score_matrix), STEP, place.to_original, (place.height, place.width))
    return tuple(sorted(regions, key=lambda region: -region.score))


def hot_regions(
    heat: np.ndarray, side: int, to_original: ToOriginal, shape: tuple[int, int], *, cue_at: CueAt | None = None
) -> list[Region]:
    """Boxes around the connected cells that are hotter than ``LEVEL``, in pixels of the original image.

    Args:
        heat: float32, h x w, one value a cell.
        side: of a cell.
        to_original: row and column, in the unit of ``side``, to row and column of the original image.
        shape: rows and columns of the original image.
        cue_at: name of the cue that the heat of a cell (row, column) is of.
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats((heat > LEVEL).astype(np.uint8), connectivity=8)
    regions = []
    for part in range(1, count):
        left, top, width, height = (int(value) for value in stats[part, :4])
        y0, x0 = to_original(top * side, left * side)
        y1, x1 = to_original((top + height) * side, (left + width) * side)
        y0, y1 = (int(np.clip(round(y), 0, shape[0])) for y in (y0, y1))
        x0, x1 = (int(np.clip(round(x), 0, shape[1])) for x in (x0, x1))
        if x1 > x0 and y1 > y0:
            row, column = divmod(int(np.where(parts == part, heat, -1).argmax()), heat.shape[1])
            cue = None if cue_at is None else cue_at((row, column))
            regions.append(Region(x0, y0, x1 - x0, y1 - y0, float(heat[row, column]), cue))
    return regions
