"""The image that the cues look at: cut to the breast, at 0.1 mm a pixel or coarser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from tamperscope.detect.resample import resample
from tamperscope.detect.tiling import PITCH_TOLERANCE, RIM_MM, with_rim
from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram

CELL = 8
"""Pixels a cell: evidence is given on a grid of cells."""
LEAST_SIDE = 256
_LARGEST_SIDE = 4096
Place = TypeVar("Place", float, np.ndarray)


@dataclass(frozen=True, eq=False)
class WorkingImage:
    """A breast, ready for the cues.

    Attributes:
        pixels: float32, H x W, multiples of 8, reference intensity, 0 off the breast.
        top: row of its first row in the mammogram, in working pixels.
        left: column of its first column.
        scale: original pixels a working pixel.
        pitch_mm: side of a working pixel.
    """

    pixels: np.ndarray
    top: int
    left: int
    scale: float
    pitch_mm: float

    def to_original(self, y: Place, x: Place) -> tuple[Place, Place]:
        """Row and column in working pixels to row and column of the mammogram."""
        return (y + self.top) * self.scale, (x + self.left) * self.scale


def prepare_image(mammogram: Mammogram) -> WorkingImage:
    """Shrink finer images to 0.1 mm and cut to the breast.

    Coarser images are left as they are: what the cues compare is the image with itself, and interpolation would fill
    its finest band with nothing.

    Raises:
        UnscorableImageError: there is no breast, or it is too small or too large.
    """
    factor = mammogram.spacing.mm / CANONICAL_PITCH_MM
    pixels, tissue = mammogram.pixels, mammogram.tissue
    if factor < 1 - PITCH_TOLERANCE:
        rows, columns = (max(1, round(side * factor)) for side in mammogram.shape)
        pixels, tissue = resample(pixels, tissue, rows, columns)
    scale = mammogram.shape[0] / pixels.shape[0]
    kept = with_rim(tissue, max(1, round(RIM_MM / CANONICAL_PITCH_MM / max(1.0, factor))))
    down, across = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    if not down.size:
        raise UnscorableImageError("no breast tissue was found.")
    top, bottom, left, right = int(down[0]), int(down[-1]) + 1, int(across[0]), int(across[-1]) + 1
    if min(bottom - top, right - left) < LEAST_SIDE:
        raise UnscorableImageError(
            f"the image is far too small: the breast takes {right - left} x {bottom - top} pixels of "
            f"{mammogram.spacing.mm * scale:.3g} mm, and {LEAST_SIDE} a side are needed."
        )
    if max(bottom - top, right - left) > _LARGEST_SIDE:
        raise UnscorableImageError(
            f"the breast takes {right - left} x {bottom - top} pixels of {mammogram.spacing.mm * scale:.3g} mm "
            f"({mammogram.spacing.source}); at most {_LARGEST_SIDE} a side can be scored."
        )
    height, width = (-(-side // CELL) * CELL for side in (bottom - top, right - left))
    cut = np.zeros((height, width), np.float32)
    inside = kept[top:bottom, left:right]
    cut[: bottom - top, : right - left] = np.where(inside, pixels[top:bottom, left:right], 0)
    return WorkingImage(cut, top, left, scale, mammogram.spacing.mm * scale)


def mask_on_pixels(mask: np.ndarray, image: WorkingImage) -> np.ndarray:
    """Share of each working pixel that a mask covers: float32, H x W.

    Args:
        mask: bool, in pixels of the mammogram.
        image: made from it.
    """
    height, width = image.pixels.shape
    # Working pixels to the mask's, pixel centres to pixel centres.
    shift = (image.scale - 1) / 2
    matrix = np.array(
        [[image.scale, 0, image.left * image.scale + shift], [0, image.scale, image.top * image.scale + shift]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(mask.astype(np.float32), matrix, (width, height), flags=flags)
