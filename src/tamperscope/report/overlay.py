"""The heat map over the mammogram: the report's figure 10, as a picture of 256 colours.

The picture has the original's size, 13 million pixels, and must cost less than the scoring. Three channels would
triple the time of packing them, so heat is drawn in eight steps, as a weather map draws temperature, and a palette
holds every step at 24 levels of grey; cold tissue, most of the image, keeps 64.
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.detect.finding import Finding
from tamperscope.detect.heat_map import heat_cells
from tamperscope.detect.tiling import STEP
from tamperscope.io.lookup import every_value, take
from tamperscope.mammogram import Mammogram

DISPLAY_WINDOW = (300.0, 800.0)
"""Reference intensity shown from black to white."""
COLD = 0.2
"""Heat up to here leaves the mammogram as it is."""
STEPS = 8
"""Colours of heat, each a tenth wide: 0.2 to 0.3, ... 0.9 to 1."""
OPACITY = (0.25, 0.6)
"""Of the colour in the coldest and in the hottest step: the hotter, the less of the mammogram shows."""

_COLD_GREYS = 64
_HOT_GREYS = 24
_BLACK, _WHITE = 0, _COLD_GREYS - 1
_COARSE = 8
"""Heat is computed at every eighth pixel and interpolated: its cells are 64 pixels wide and smooth."""
_SAMPLE = 16
_BAND_ROWS = 256
"""Rows drawn at a time, so that a band stays in the processor's cache from step to step."""


def display_levels(pixels: np.ndarray) -> np.ndarray:
    """Reference intensity through the display window: uint8, the same shape."""
    low, high = DISPLAY_WINDOW
    scale = 255 / (high - low)
    # One saturating pass over the image; clip, scale and round one by one would be four.
    return cv2.addWeighted(pixels, scale, pixels, 0, -low * scale, dtype=cv2.CV_8U)


def step_colours() -> np.ndarray:
    """The colour of each step of heat: uint8, ``STEPS`` x 3, RGB, from OpenCV's *inferno*, which is even to the eye."""
    # Inferno's darkest third would vanish on a dark film, and its palest end in bright tissue.
    levels = np.linspace(95, 240, STEPS).astype(np.uint8).reshape(-1, 1)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, 0, ::-1]


def step_opacities() -> np.ndarray:
    """The opacity of each step of heat."""
    return np.linspace(*OPACITY, STEPS)


def _palette() -> np.ndarray:
    cold = np.linspace(0, 255, _COLD_GREYS)[:, None].repeat(3, axis=1)
    grey = np.linspace(0, 255, _HOT_GREYS)[None, :, None]
    opacity = step_opacities()[:, None, None]
    hot = opacity * step_colours()[:, None, :] + (1 - opacity) * grey
    return np.rint(np.concatenate([cold, hot.reshape(-1, 3)])).astype(np.uint8)


PALETTE = _palette()
"""uint8, 256 x 3, RGB."""
_COLD_TABLE = (np.arange(256) * _COLD_GREYS // 256).astype(np.uint8)
_HOT_TABLE = (np.arange(256) * _HOT_GREYS // 256).astype(np.uint8)


def heat_steps(heat: np.ndarray) -> np.ndarray:
    """Which step a heat of 0 to 1 falls into: -1 where it is cold, 0 to ``STEPS`` - 1."""
    step = np.ceil((np.asarray(heat, np.float64) - COLD) / (1 - COLD) * STEPS - 1e-9) - 1
    return np.clip(step, -1, STEPS - 1).astype(int)


STEP_TABLE = (heat_steps(np.arange(256) / 255) + 1).astype(np.uint8)
"""By heat in 255ths: 0 where it is cold, then 1 to ``STEPS``."""
_FIRST_INDEX = np.where(STEP_TABLE == 0, 0, _COLD_GREYS + _HOT_GREYS * (STEP_TABLE.astype(int) - 1)).astype(np.uint8)
"""By heat in 255ths: the palette's index of its step with black beneath, 0 where it is cold."""


def draw_overlay(mammogram: Mammogram, finding: Finding) -> np.ndarray:
    """Mammogram, heat, and the regions' boxes, numbered from the strongest.

    Args:
        mammogram: the image.
        finding: what scanning it gave; it must be scored.

    Returns:
        uint8, H x W, in pixels of the original image: indices of ``PALETTE``, so that ``PALETTE[picture]`` is RGB.
    """
    height, width = mammogram.shape
    coarse = coarse_heat(finding)
    picture = np.empty((height, width), np.uint8)
    values, grey = _greys(mammogram)
    cold, hot = _COLD_TABLE[grey], _HOT_TABLE[grey]
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, min(top + _BAND_ROWS, height))
        take(values[rows], cold, out=picture[rows])
        columns = _hot_columns(coarse, rows, width)
        if columns is not None:
            first = cv2.LUT(_part_of_heat(coarse, rows, columns), _FIRST_INDEX)
            cv2.copyTo(cv2.add(take(values[rows, columns], hot), first), first, picture[rows, columns])
    for number, region in enumerate(finding.regions, start=1):
        _outline(picture, (region.x, region.y, region.width, region.height), f"{number}: {region.score:.2f}")
    return picture


def _greys(mammogram: Mammogram) -> tuple[np.ndarray, np.ndarray]:
    """What to draw from, H x W integers, and the display level of each value that they may have.

    A look-up in the stored values reads half as much as the pixels and computes nothing. They are taken where they
    give the pixels, which a sample tells: parts of an image may be padding, and memory knows no stored values at all.
    """
    source, pixels = mammogram.source, mammogram.pixels
    if source is not None and source.stored.dtype.kind in "iu" and source.stored.dtype.itemsize <= 2:
        reference = source.intensity_map.to_reference(every_value(source.stored.dtype))
        sample = slice(None, None, _SAMPLE), slice(None, None, _SAMPLE)
        if np.array_equal(source.intensity_map.to_reference(source.stored[sample]), pixels[sample]):
            return source.stored, display_levels(reference[None])[0]
    return display_levels(pixels), np.arange(256, dtype=np.uint8)


def coarse_heat(finding: Finding) -> np.ndarray:
    """The heat map at every eighth pixel, in 255ths: uint8, rounded up to whole eights of the image."""
    if finding.score_matrix is None or finding.placement is None:
        raise ValueError(f"an image that was not scored has no heat map: {finding.reason}")
    place = finding.placement
    rows, columns = -(-place.height // _COARSE), -(-place.width // _COARSE)
    heat = _between_cells(heat_cells(finding.score_matrix), rows, place.rows * _COARSE / place.height, place.top)
    heat = _between_cells(heat.T, columns, place.columns * _COARSE / place.width, place.left).T
    return np.ascontiguousarray(np.rint(255 * heat).astype(np.uint8))


def _between_cells(cells: np.ndarray, count: int, scale: float, start: int) -> np.ndarray:
    """Rows between rows of cells, as ``heat_map_in_image`` has them; a matrix product would wait for BLAS's threads."""
    position = (((np.arange(count) + 0.5) * scale + start) / STEP - 0.5).clip(0, len(cells) - 1)
    before = np.minimum(position.astype(int), len(cells) - 2)
    share = (position - before).astype(np.float32)[:, None]
    return cells[before] * (1 - share) + cells[before + 1] * share


def _hot_columns(coarse: np.ndarray, rows: slice, width: int) -> slice | None:
    """The columns between which some of these rows is not cold; None where all of them are."""
    first, last = _coarse_rows(coarse, rows)
    hot = np.flatnonzero(_FIRST_INDEX[coarse[first:last].max(axis=0)])
    if not hot.size:
        return None
    return slice(max(int(hot[0]) - 1, 0) * _COARSE, min((int(hot[-1]) + 2) * _COARSE, width))


def _part_of_heat(coarse: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Rows and columns of the heat map at full size; the columns start at a multiple of eight."""
    first, last = _coarse_rows(coarse, rows)
    left, right = max(columns.start // _COARSE - 1, 0), -(-columns.stop // _COARSE) + 1
    part = coarse[first:last, left:right]
    fine = cv2.resize(part, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_LINEAR)
    top, across = rows.start - first * _COARSE, columns.start - left * _COARSE
    height, width = rows.stop - rows.start, columns.stop - columns.start
    return np.ascontiguousarray(fine[top : top + height, across : across + width])


def _coarse_rows(coarse: np.ndarray, rows: slice) -> tuple[int, int]:
    """One coarse row more on each side, so that neighbouring bands interpolate between the same values."""
    return max(rows.start // _COARSE - 1, 0), min(-(-rows.stop // _COARSE) + 1, coarse.shape[0])


def _outline(picture: np.ndarray, box: tuple[int, int, int, int], text: str) -> None:
    """A white box with a black edge, and its text above it, or inside where there is no room."""
    x, y, width, height = box
    thick = max(2, round(picture.shape[0] / 1000))
    for colour, line in ((_BLACK, 3 * thick), (_WHITE, thick)):
        cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), colour, line)
    font, size = cv2.FONT_HERSHEY_SIMPLEX, picture.shape[0] / 1900
    (text_width, text_height), _ = cv2.getTextSize(text, font, size, thick)
    pad = 3 * thick
    left = max(0, min(x, picture.shape[1] - text_width - 2 * pad))
    bottom = y if y >= text_height + 2 * pad else min(y + text_height + 2 * pad, picture.shape[0])
    cv2.rectangle(picture, (left, bottom - text_height - 2 * pad), (left + text_width + 2 * pad, bottom), _BLACK, -1)
    cv2.putText(picture, text, (left + pad, bottom - pad), font, size, _WHITE, thick, cv2.LINE_8)
