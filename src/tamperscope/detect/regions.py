"""Suspicious areas: connected parts of the heat map above the tile decision level."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.detect.finding import Region
from tamperscope.detect.heat_map import heat_cells
from tamperscope.detect.tiling import STEP, Placement

LEVEL = 0.5
"""A cell is suspicious where its heat passes the level at which ForensicTransfer calls a tile fake."""


def find_regions(score_matrix: np.ndarray, place: Placement) -> tuple[Region, ...]:
    """Boxes around the suspicious cells in pixels of the original image, the hottest first."""
    heat = heat_cells(score_matrix)
    count, parts, stats, _ = cv2.connectedComponentsWithStats((heat > LEVEL).astype(np.uint8), connectivity=8)
    regions = []
    for part in range(1, count):
        left, top, width, height = (int(value) for value in stats[part, :4])
        y0, x0 = place.to_original(top * STEP, left * STEP)
        y1, x1 = place.to_original((top + height) * STEP, (left + width) * STEP)
        y0, y1 = (int(np.clip(round(y), 0, place.height)) for y in (y0, y1))
        x0, x1 = (int(np.clip(round(x), 0, place.width)) for x in (x0, x1))
        if x1 > x0 and y1 > y0:
            regions.append(Region(x0, y0, x1 - x0, y1 - y0, float(heat[parts == part].max())))
    return tuple(sorted(regions, key=lambda region: -region.score))
