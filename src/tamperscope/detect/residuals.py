"""What is left of an image without its anatomy: band-pass residuals, as multiples of the image's own noise.

Noise grows with the signal, and differs from detector to detector. Each residual is therefore divided by its robust
spread at like brightness in the *same image*, the image's noise curve: what remains should look alike all over an
untouched image, whatever took it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

SIGMAS = (0.8, 1.6, 3.2)
"""Gaussians in pixels of 0.1 mm, between which the bands lie: finer than 0.8, 0.8 to 1.6, 1.6 to 3.2."""
BANDS = len(SIGMAS)
LIMIT = 8.0
"""Residuals are clipped at this many spreads: calcifications and edges are no noise."""
RIM = 8
"""Pixels next to the background whose residuals are anatomy (skin) or padding and are not looked at."""
CLIPPED = 20.0
"""Reference intensity: as near to the darkest smoothed brightness or the brightest pixel, pixels may be clipped (air
always is)."""
CLIPPED_SHARE = 0.03
"""Of the image's range, which that distance is at most: little in images with little contrast."""
SKIN = 24
"""Pixels of skin next to air: a bright line that looks alike all along the breast."""
_AIR = 15
_ENDS = (0.3, 99.98)
_BINS = 24
_LEAST_PIXELS = 2000
_EVERY = 3
_LEVELS = 2048
_MAD_TO_SIGMA = np.float32(1 / 0.6745)


class Residuals(NamedTuple):
    """What is left of an image without its anatomy.

    Attributes:
        bands: float32, 3 x H x W, finest first, over their spread at like brightness; 0 where they are not valid.
        brightness: float32, H x W, the image without its fine structure.
        valid: bool, H x W, breast that is not clipped, at least ``RIM`` pixels from the mask's end.
        spreads: robust spread of each band all over the image, reference intensity; 0 where nothing is valid.
    """

    bands: np.ndarray
    brightness: np.ndarray
    valid: np.ndarray
    spreads: tuple[float, ...]


def noise_residuals(pixels: np.ndarray) -> Residuals:
    """Band-pass residuals over their spread at like brightness.

    Args:
        pixels: float32, H x W at 0.1 mm, reference intensity, 0 off the breast.
    """
    lit = (pixels > 0).view(np.uint8)
    valid = cv2.erode(lit, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)).view(np.bool_)
    residuals = np.zeros((BANDS, *pixels.shape), np.float32)
    finer = pixels
    for band, sigma in enumerate(SIGMAS):
        coarser = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        np.subtract(finer, coarser, out=residuals[band])
        finer = coarser
    brightness = finer
    if valid[::_EVERY, ::_EVERY].any():
        valid &= _unclipped(pixels, brightness, valid)
    sample = valid[::_EVERY, ::_EVERY]
    levels = brightness[::_EVERY, ::_EVERY][sample]
    if not levels.size:
        residuals[:] = 0
        valid[:] = False
        return Residuals(residuals, brightness, valid, (0.0,) * BANDS)
    low, high = float(levels.min()), float(levels.max())
    step = max(high - low, 1e-6) / (_LEVELS - 1)
    index = ((brightness - low) * np.float32(1 / step)).clip(0, _LEVELS - 1).astype(np.int16)
    order = np.argsort(levels, kind="stable")
    spreads = []
    for band in range(BANDS):
        sizes = np.abs(residuals[band, ::_EVERY, ::_EVERY][sample])
        spreads.append(float(np.median(sizes) * _MAD_TO_SIGMA))
        curve = noise_curve(levels[order], sizes[order])
        table = (1 / curve(low + step * np.arange(_LEVELS))).astype(np.float32)
        scaled = residuals[band] * table[index]
        residuals[band] = np.where(valid, np.clip(scaled, -LIMIT, LIMIT), 0)
    return Residuals(residuals, brightness, valid, tuple(spreads))


def _unclipped(pixels: np.ndarray, brightness: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Where there is neither clipping nor air nor the skin line next to it: bool, H x W."""
    sample = inner[::_EVERY, ::_EVERY]
    # Noise that came after the clipping hides its floor from the pixels, not from their means.
    lowest, highest = (
        float(np.percentile(picture[::_EVERY, ::_EVERY][sample], end))
        for picture, end in zip((brightness, pixels), _ENDS, strict=True)
    )
    near = min(CLIPPED, CLIPPED_SHARE * (highest - lowest))
    dark = (brightness <= lowest + near).view(np.uint8)
    near_air = cv2.dilate(_air(dark, pixels > 0), np.ones((2 * SKIN + 1,) * 2, np.uint8))
    return (dark == 0) & (near_air == 0) & (brightness < highest - near)


def _air(dark: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Wide dark areas that reach the end of the mask or of the image: uint8, H x W. Others are clipped fat."""
    # A strip along the border may be narrow, as it goes on beyond it; that a dark corner counts too costs little.
    framed = cv2.copyMakeBorder(dark, _AIR, _AIR, _AIR, _AIR, cv2.BORDER_REPLICATE)
    wide = cv2.morphologyEx(framed, cv2.MORPH_OPEN, np.ones((_AIR, _AIR), np.uint8))
    _, parts = cv2.connectedComponents(wide, connectivity=4, ltype=cv2.CV_32S)
    outside = np.ones(parts.shape, np.bool_)
    outside[_AIR:-_AIR, _AIR:-_AIR] = ~lit
    reaches = np.zeros(int(parts.max()) + 1, np.uint8)
    reaches[parts[outside]] = 1
    reaches[0] = 0
    return np.ascontiguousarray(reaches[parts[_AIR:-_AIR, _AIR:-_AIR]])


def noise_curve(levels: np.ndarray, sizes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Robust spread as a function of brightness, from absolute residuals in bins of equal count.

    Args:
        levels: brightness, ascending.
        sizes: absolute residuals of the same pixels.
    """
    bins = int(np.clip(len(levels) // (_LEAST_PIXELS // _EVERY**2), 1, _BINS))
    edges = np.linspace(0, len(levels), bins + 1).astype(int)
    centres = np.array([levels[a:b].mean() for a, b in pairwise(edges)])
    spreads = np.array([np.median(sizes[a:b]) for a, b in pairwise(edges)]) * _MAD_TO_SIGMA
    # Rounding to few grey levels can leave no residual at all: an image's least spread is a share of its typical one.
    spreads = np.maximum(spreads, max(0.05 * float(np.median(spreads)), 1e-3))
    return lambda brightness: np.interp(brightness, centres, spreads)
