"""Squares with a real mass in the middle: what Mammo-CGAN learns from (report, section 2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tamperscope.benchmark.cesm import Box, Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.forge.forgery import Square
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram

CROP_SIDE = 64
STORED_SIDE = 74
"""Squares are kept at 74 x 74 and cropped to 64 x 64 at a random place: the report's augmentation."""
_LARGEST_MASS = 640
_LEAST_TISSUE = 0.9


def cut_mass_squares(cases: Sequence[Case], *, context: float, seed: int) -> np.ndarray:
    """Cut a square around every annotated mass, with its surroundings.

    Masses whose square leaves the tissue, and outlines of whole quadrants, are left out.

    Args:
        cases: images of unhealthy tissue.
        context: side of the square over the larger side of the mass's box.
        seed: for the conversion to lossless-like images.

    Returns:
        float32, N x 74 x 74, reference intensity.
    """
    squares = []
    for case in cases:
        if not case.masses:
            continue
        mammogram = read_mammogram(case.path)
        lossless = make_lossless_like(mammogram, rng=np.random.default_rng([seed, *case.name.encode()]))
        scale = lossless.shape[0] / mammogram.shape[0]
        for box in case.masses:
            square = _cut(lossless, box, scale=scale, context=context)
            if square is not None:
                squares.append(square)
    return np.stack(squares)


def augment_square(square: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of the report's variants of a square: crop 74 -> 64, turn, flip, intensity.

    Args:
        square: float32, 74 x 74.
        rng: draws the variant.

    Returns:
        float32, 64 x 64.
    """
    slack = STORED_SIDE - CROP_SIDE
    top, left = rng.integers(0, slack + 1, 2)
    crop = square[top : top + CROP_SIDE, left : left + CROP_SIDE]
    crop = np.rot90(crop, int(rng.integers(4)))
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(crop * rng.uniform(0.9, 1.1) + rng.uniform(-30, 30), dtype=np.float32)


def square_around(mammogram: Mammogram, box: Box, *, scale: float, context: float) -> Square | None:
    """The square around a mass, shifted inwards where it would leave the image rather than padded.

    Args:
        mammogram: the converted image.
        box: of the mass, in pixels of the file.
        scale: pixels of the converted image a pixel of the file.
        context: side of the square over the larger side of the box.

    Returns:
        None for outlines of whole quadrants, and where the square leaves the tissue.
    """
    extent = max(box.x1 - box.x0, box.y1 - box.y0)
    side = round(extent * scale * context)
    height, width = mammogram.shape
    if extent > _LARGEST_MASS or side > min(height, width):
        return None
    left = int(np.clip(round((box.x0 + box.x1) / 2 * scale - side / 2), 0, width - side))
    top = int(np.clip(round((box.y0 + box.y1) / 2 * scale - side / 2), 0, height - side))
    square = Square(left, top, side)
    return square if mammogram.tissue[square.slices].mean() >= _LEAST_TISSUE else None


def _cut(mammogram: Mammogram, box: Box, *, scale: float, context: float) -> np.ndarray | None:
    square = square_around(mammogram, box, scale=scale, context=context)
    if square is None:
        return None
    return cv2.resize(mammogram.pixels[square.slices], (STORED_SIDE, STORED_SIDE), interpolation=cv2.INTER_LINEAR)
