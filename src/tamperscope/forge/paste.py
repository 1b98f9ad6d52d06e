"""Pixels taken from one place and put into another, as they are or turned, mirrored and scaled."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.random_region import random_places
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_CANDIDATES = 600
_RIM_MM = 2.0
_GAIN_RANGE = (0.7, 1.4)
"""Beyond, noise would be amplified with the contrast."""
_RIM_PIXELS = 1500
"""Pixels of the rim that are compared at a place."""


@dataclass(frozen=True)
class Placement:
    """How the pixels of a window are fetched from a source.

    Attributes:
        x: column of the source's point that comes to lie on the middle of the hole's box.
        y: its row.
        scale: pixels of the target a pixel of the source.
        mirrored: left and right exchanged.
    """

    x: float
    y: float
    scale: float = 1.0
    mirrored: bool = False


def fetch(source: np.ndarray, window: Window, placement: Placement) -> np.ndarray:
    """The source's pixels under a window; beyond the source its border is repeated.

    Whole-pixel moves without scaling copy exactly; others are resampled (cubic; area-averaged first where they
    reduce).

    Args:
        source: float32, rows x columns.
        window: with the hole to be covered.
        placement: how.

    Returns:
        float32, of the window's shape.
    """
    height, width = window.pixels.shape
    x, y = hole_centre(window)
    if placement.scale == 1.0:
        columns = np.arange(width) - x
        columns = np.rint((-columns if placement.mirrored else columns) + placement.x).astype(np.int64)
        rows = np.rint(np.arange(height) - y + placement.y).astype(np.int64)
        return source[np.ix_(np.clip(rows, 0, source.shape[0] - 1), np.clip(columns, 0, source.shape[1] - 1))]
    step = 1 / placement.scale
    if step > 1:
        # Reducing without a low pass would fold fine structure over into coarse.
        source = cv2.GaussianBlur(source, (0, 0), 0.5 * np.sqrt(step**2 - 1))
    sign = -step if placement.mirrored else step
    matrix = np.array([[sign, 0, placement.x - sign * x], [0, step, placement.y - step * y]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(source, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def hole_centre(window: Window) -> tuple[float, float]:
    """Column and row of the middle of the hole's box, in pixels of the window."""
    rows, columns = np.flatnonzero(window.hole.any(1)), np.flatnonzero(window.hole.any(0))
    return float(columns[0] + columns[-1]) / 2, float(rows[0] + rows[-1]) / 2


def best_place(
    source: Mammogram,
    window: Window,
    rng: np.random.Generator,
    *,
    free: np.ndarray,
    scale: float = 1.0,
    mirrored: bool = False,
    level: bool = False,
) -> Placement:
    """Of some random places, the one whose surroundings look most like those of the hole.

    Args:
        source: the image to take from.
        window: the hole to be covered.
        rng: draws the places.
        free: bool, H x W of the source, where pixels may be taken.
        scale: pixels of the target a pixel of the source.
        mirrored: left and right exchanged.
        level: whether a difference in brightness alone does not count.

    Raises:
        TamperscopeError: no place has room.
    """
    rows, columns = np.flatnonzero(window.hole.any(1)), np.flatnonzero(window.hole.any(0))
    height = max(1, round((rows[-1] - rows[0] + 1) / scale))
    width = max(1, round((columns[-1] - columns[0] + 1) / scale))
    box = window.hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shape = cv2.resize(box.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).view(np.bool_)
    shape = shape[:, ::-1] if mirrored else shape
    rim_rows, rim_columns = np.nonzero(rim_of(window))
    every = max(1, len(rim_rows) // _RIM_PIXELS)
    rim_rows, rim_columns = rim_rows[::every], rim_columns[::every]
    wanted = window.pixels[rim_rows, rim_columns]
    x, y = hole_centre(window)
    across, down = (rim_columns - x) / scale, (rim_rows - y) / scale
    across = -across if mirrored else across
    best: tuple[float, Placement] | None = None
    for left, top in random_places(free, shape, rng, tries=_CANDIDATES):
        placement = Placement(left + (width - 1) / 2, top + (height - 1) / 2, scale, mirrored)
        taken_rows = np.clip(np.rint(placement.y + down).astype(np.int64), 0, source.shape[0] - 1)
        taken_columns = np.clip(np.rint(placement.x + across).astype(np.int64), 0, source.shape[1] - 1)
        difference = (source.pixels[taken_rows, taken_columns] - wanted).astype(np.float64)
        if level and difference.size:
            difference -= difference.mean()
        misfit = float(np.square(difference).mean()) if difference.size else 0.0
        if best is None or misfit < best[0]:
            best = misfit, placement
    if best is None:
        raise TamperscopeError("no place of the region's size to take pixels from was found in the tissue.")
    return best[1]


def rim_of(window: Window) -> np.ndarray:
    """The tissue within 2 mm of the hole: bool, h x w."""
    band = 2 * max(3, round(_RIM_MM / window.spacing_mm)) + 1
    near = cv2.dilate(window.hole.view(np.uint8), np.ones((band, band), np.uint8)).view(np.bool_)
    return near & ~window.hole & window.tissue


def match_rim(content: np.ndarray, window: Window) -> tuple[float, float]:
    """Gain and offset that give the content's rim the mean and the spread of the window's."""
    rim = rim_of(window) & (content > 0)
    if rim.sum() < 16:
        return 1.0, 0.0
    here, there = window.pixels[rim].astype(np.float64), content[rim]
    gain = float(np.clip(here.std() / max(float(there.std()), 1e-6), *_GAIN_RANGE))
    return gain, float(here.mean() - gain * there.mean())
