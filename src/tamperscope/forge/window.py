"""The part of a mammogram that a forger looks at: its region with the surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, eq=False)
class Window:
    """A rectangle of the image around a region.

    Attributes:
        x: left column in the image.
        y: top row in the image.
        pixels: float32, h x w, reference intensity.
        tissue: bool, h x w.
        hole: bool, h x w, the pixels to be forged: those of the region on tissue.
        spacing_mm: side of a pixel.
    """

    x: int
    y: int
    pixels: np.ndarray
    tissue: np.ndarray
    hole: np.ndarray
    spacing_mm: float

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the window in an H x W array."""
        height, width = self.pixels.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)

    @classmethod
    def around(cls, mammogram: Mammogram, region: Region, margin: int) -> Window:
        """The region's box and ``margin`` pixels on every side, as far as the image goes."""
        height, width = mammogram.shape
        top, left = max(0, region.y - margin), max(0, region.x - margin)
        bottom, right = min(height, region.y + region.height + margin), min(width, region.x + region.width + margin)
        where = slice(top, bottom), slice(left, right)
        hole = np.zeros((bottom - top, right - left), np.bool_)
        inner = (
            slice(region.y - top, region.y - top + region.height),
            slice(region.x - left, region.x - left + region.width),
        )
        hole[inner] = region.mask
        tissue = mammogram.tissue[where]
        return cls(left, top, mammogram.pixels[where], tissue, hole & tissue, mammogram.spacing.mm)
