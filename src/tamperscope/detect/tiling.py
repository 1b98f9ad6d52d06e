"""The canvas and its tiles: pad to 4096 x 4096, cut 256 x 256 tiles at 75 % overlap (report, 2.2, steps 1 and 2).

The image is brought to the canonical pitch of 0.1 mm first, since the tiles' content depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.detect.resample import resample
from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram

CANVAS = 4096
TILE = 256
STEP = 64
GRID = (CANVAS - TILE) // STEP + 1
"""61 tile positions a side."""
BLACK = 150.0
"""A tile whose mean is not above this is black and scores 0."""
PITCH_TOLERANCE = 0.02
RIM_MM = 3.0


@dataclass(frozen=True)
class Placement:
    """Where an image lies on the 4096 x 4096 canvas of 0.1 mm pixels.

    Attributes:
        top: canvas row of the image's first row.
        left: canvas column of its first column.
        rows: rows of the image at canonical pitch.
        columns: its columns.
        height: rows of the original image.
        width: its columns.
    """

    top: int
    left: int
    rows: int
    columns: int
    height: int
    width: int

    def to_original(self, y: float, x: float) -> tuple[float, float]:
        """Canvas position to position in the original image, both in pixels."""
        return (y - self.top) * self.height / self.rows, (x - self.left) * self.width / self.columns


@dataclass(frozen=True, eq=False)
class Canvas:
    """A mammogram at canonical pitch on the canvas, which is zero around it and is never stored.

    Attributes:
        pixels: float32, rows x columns, reference intensity, zero off the breast.
        placement: where they lie.
    """

    pixels: np.ndarray
    placement: Placement

    def window(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Any rectangle in canvas coordinates, zero where there is no image, also beyond the canvas."""
        window = np.zeros((height, width), np.float32)
        place = self.placement
        y0, y1 = max(top, place.top), min(top + height, place.top + place.rows)
        x0, x1 = max(left, place.left), min(left + width, place.left + place.columns)
        if y0 < y1 and x0 < x1:
            window[y0 - top : y1 - top, x0 - left : x1 - left] = self.pixels[
                y0 - place.top : y1 - place.top, x0 - place.left : x1 - place.left
            ]
        return window


def place_on_canvas(mammogram: Mammogram, *, where: tuple[float, float] = (0.5, 0.5)) -> Canvas:
    """Bring a mammogram to the canonical pitch and place it on the canvas.

    Args:
        mammogram: any pitch.
        where: share of the free rows above and of the free columns left of the image; the middle by default,
            (0, 0) to (1, 1) for the corners that the score classifier is trained with.

    Raises:
        UnscorableImageError: at 0.1 mm a pixel the image is larger than the canvas or smaller than a tile.
    """
    height, width = mammogram.shape
    factor = mammogram.spacing.mm / CANONICAL_PITCH_MM
    # Within the tolerance another grid would cost traces and win nothing.
    if abs(factor - 1) <= PITCH_TOLERANCE:
        factor = 1.0
    rows, columns = max(1, round(height * factor)), max(1, round(width * factor))
    check_fits(rows, columns, mammogram)
    if min(rows, columns) < TILE:
        raise UnscorableImageError(
            f"the image is far too small: {width} x {height} pixels at {mammogram.spacing.mm:g} mm "
            f"({mammogram.spacing.source}) are {columns} x {rows} pixels of 0.1 mm, less than one {TILE} x {TILE} tile."
        )
    pixels, tissue = mammogram.pixels, mammogram.tissue
    if factor != 1:
        pixels, tissue = resample(pixels, tissue, rows, columns)
    # The skin line belongs to the picture: keep a rim around the tissue mask, black out labels and film borders.
    pixels = np.where(with_rim(tissue, round(RIM_MM / CANONICAL_PITCH_MM)), pixels, np.float32(0))
    top, left = round((CANVAS - rows) * where[0]), round((CANVAS - columns) * where[1])
    return Canvas(pixels, Placement(top, left, rows, columns, height, width))


def check_fits(rows: int, columns: int, mammogram: Mammogram) -> None:
    """Raise ``UnscorableImageError`` where a mammogram of so many pixels of 0.1 mm is larger than the canvas."""
    if max(rows, columns) > CANVAS:
        raise UnscorableImageError(
            f"the image is {rows * CANONICAL_PITCH_MM:.0f} x {columns * CANONICAL_PITCH_MM:.0f} mm at "
            f"{mammogram.spacing.mm:g} mm a pixel ({mammogram.spacing.source}); a mammogram of at most "
            f"{CANVAS * CANONICAL_PITCH_MM:.0f} mm a side can be scored."
        )


def with_rim(tissue: np.ndarray, rim: int) -> np.ndarray:
    """The tissue mask and so many pixels around it: bool, H x W."""
    return cv2.dilate(tissue.view(np.uint8), np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)) != 0


def lit_tiles(canvas: Canvas) -> np.ndarray:
    """Which tiles are not black: bool, 61 x 61, mean over the tile > 150 (report, step 3)."""
    return tile_means(canvas) > BLACK


def tile_means(canvas: Canvas) -> np.ndarray:
    """Mean of each tile: float64, 61 x 61."""
    # Each tile is 4 x 4 cells of 64 x 64: sum the cells once, then the tiles.
    return box_sums(_cell_sums(canvas), TILE // STEP) / TILE**2


def _cell_sums(canvas: Canvas) -> np.ndarray:
    """Sum of each 64 x 64 cell of the canvas: float64, 64 x 64."""
    place, cells = canvas.placement, CANVAS // STEP
    # Rows first, which adds whole lines to each other; float32 is exact enough for 64 of them.
    rows = np.zeros((cells, CANVAS), np.float32)
    for cell in range(place.top // STEP, -(-(place.top + place.rows) // STEP)):
        lines = slice(max(cell * STEP - place.top, 0), (cell + 1) * STEP - place.top)
        rows[cell, place.left : place.left + place.columns] = canvas.pixels[lines].sum(axis=0)
    return rows.reshape(cells, cells, STEP).sum(axis=2, dtype=np.float64)


def box_sums(values: np.ndarray, side: int) -> np.ndarray:
    """Sums over all side x side windows of the last two axes, stride 1, in float64."""
    total = np.zeros((*values.shape[:-2], values.shape[-2] + 1, values.shape[-1] + 1))
    total[..., 1:, 1:] = values.cumsum(-2, dtype=np.float64).cumsum(-1)
    return total[..., side:, side:] - total[..., :-side, side:] - total[..., side:, :-side] + total[..., :-side, :-side]
