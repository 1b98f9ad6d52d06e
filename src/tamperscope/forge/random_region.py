"""Regions at random in healthy tissue, as large as lesions are, so that neither place nor size gives a forgery away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram

DEFAULT_SIZES_MM = ((7.0, 6.0), (9.0, 8.0), (11.0, 12.0), (13.0, 10.0), (15.0, 14.0), (18.0, 20.0), (24.0, 19.0))
"""Width and height of boxes around masses, where no annotated ones are given: the usual range of 6 to 25 mm."""
LEAST_TISSUE = 0.97
SKIN_MM = 3.0
"""Distance from air within which no region starts: skin is not where lesions are, and shows any fault."""
Place = tuple[int, int]
_CORNERS = 96
_TRIES, _PLACES = 2000, 100
_LEAST_SIDE = 5


def random_region(
    mammogram: Mammogram,
    rng: np.random.Generator,
    sizes: Sequence[tuple[float, float]] = DEFAULT_SIZES_MM,
    *,
    avoid: Sequence[Region] = (),
) -> Region:
    """A blob-like outline inside the tissue.

    Args:
        mammogram: where.
        rng: draws size, outline and place.
        sizes: width and height of the boxes of annotated lesions, **mm**; one is drawn, each as likely as the next, so
            that the sizes of random regions are distributed as those of the lesions.
        avoid: regions that the new one may not touch, such as annotated lesions.

    Raises:
        TamperscopeError: no size is given, or the tissue has no room for the sizes drawn.
    """
    if not len(sizes):
        raise TamperscopeError("random regions need the size of at least one lesion.")
    taken = np.zeros(mammogram.shape, np.bool_)
    for region in avoid:
        taken[region.slices] |= region.on_image(*mammogram.shape)[region.slices]
    skin = 2 * round(SKIN_MM / mammogram.spacing.mm) + 1
    # Beyond the border of the image there is tissue, as at the chest wall: the border is no skin.
    free = cv2.erode(mammogram.tissue.view(np.uint8), np.ones((skin, skin), np.uint8)).view(np.bool_) & ~taken
    for _ in range(_TRIES // _PLACES):
        width_mm, height_mm = sizes[int(rng.integers(len(sizes)))]
        width, height = (max(_LEAST_SIDE, round(side / mammogram.spacing.mm)) for side in (width_mm, height_mm))
        outline = blob_outline(width, height, rng)
        region = Region.polygon(outline)
        for x, y in random_places(free, region.mask, rng, tries=_PLACES):
            moved = Region.polygon(outline + np.array((x - region.x, y - region.y)))
            if not taken[moved.slices][moved.mask].any():
                return moved
    raise TamperscopeError("no region of the sizes of the lesions given fits into the breast tissue.")


def blob_outline(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """A closed, star-shaped outline with the smooth irregularity of a mass.

    The radius is a random Fourier series whose coefficients fall off with the square of the frequency.

    Args:
        width: of the bounding box, pixels.
        height: of the bounding box, pixels.
        rng: draws the outline.

    Returns:
        int, 96 x 2, column and row from 0.
    """
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    radius = np.ones_like(angle)
    for frequency in range(2, 9):
        strength = rng.normal(0, 0.5 / frequency**2)
        radius += strength * np.cos(frequency * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.3)
    corners = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    low, high = corners.min(0), corners.max(0)
    return np.rint((corners - low) / (high - low) * (width - 1, height - 1)).astype(np.int64)


def random_places(free: np.ndarray, mask: np.ndarray, rng: np.random.Generator, *, tries: int) -> Iterator[Place]:
    """Columns and rows at which a mask lies on free pixels.

    Args:
        free: bool, H x W, where it may lie.
        mask: bool, h x w.
        rng: draws the places.
        tries: how many are drawn, of which those that fit are given.
    """
    height, width = mask.shape
    rows, columns = free.shape
    if height > rows or width > columns:
        return
    # The box's sum from the integral image rules most places out before the outline is looked at.
    total = cv2.integral(free.view(np.uint8))
    for _ in range(tries):
        x, y = int(rng.integers(0, columns - width + 1)), int(rng.integers(0, rows - height + 1))
        inside = total[y + height, x + width] - total[y, x + width] - total[y + height, x] + total[y, x]
        if inside < 0.5 * mask.sum():
            continue
        if inside == height * width or free[y : y + height, x : x + width][mask].mean() >= LEAST_TISSUE:
            yield x, y
