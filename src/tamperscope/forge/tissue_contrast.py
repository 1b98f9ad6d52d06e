"""What an image's own tissue says of how a mass shows in it: how uneven it is, and how bright it gets.

A film shows less contrast than a digital detector. The generators learnt masses of one kind of image, and a mass as
bright as there is a white blot on an image whose own tissue varies half as much.
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram

USUAL = 69.0
"""``tissue_contrast`` of the images that the generators learnt from: median of every second one (``tamperscope bench
places`` prints that of all, 68)."""
_FINE_MM, _COARSE_MM, _EVERY_MM = 1.5, 8.0, 0.7
_BRIGHT, _ABOVE = 99, 75.0
"""Percentile of the tissue, and how much brighter a mass may be, reference intensity. Of the training patients' masses
19 of 20 have less than a tenth of their middle above that."""
_RIM_MM = 6
"""The skin's edge is no tissue contrast."""


def tissue_contrast(mammogram: Mammogram) -> float:
    """Standard deviation of the tissue between Gaussians of 1.5 and 8 mm, reference intensity; 0 without tissue."""
    height, width = mammogram.shape
    size = tuple(max(1, round(extent * mammogram.spacing.mm)) for extent in (width, height))
    # Of pixels smaller than 0.1 mm every other one will do.
    every = max(1, int(CANONICAL_PITCH_MM / mammogram.spacing.mm))
    tissue = mammogram.tissue[::every, ::every]
    lit = np.where(tissue, mammogram.pixels[::every, ::every], np.float32(0))
    pixels, share = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (lit, tissue.astype(np.float32))
    )

    def low(sigma: float) -> np.ndarray:
        weight = cv2.GaussianBlur(share, (0, 0), sigma)
        return cv2.GaussianBlur(pixels, (0, 0), sigma) / np.maximum(weight, 1e-3)

    around = np.ones((2 * _RIM_MM + 1, 2 * _RIM_MM + 1), np.uint8)
    whole = (share > 0.99).astype(np.uint8)
    inner = cv2.erode(whole, around, borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    return float((low(_FINE_MM) - low(_COARSE_MM))[inner].std()) if inner.any() else 0.0


def usual_share(mammogram: Mammogram) -> float:
    """By how much a mass has to be fainter here than in the images that the generators learnt from, at most 1."""
    return min(1.0, tissue_contrast(mammogram) / USUAL)


def brightest_mass(mammogram: Mammogram) -> float:
    """How bright a mass may be here, reference intensity."""
    step = max(1, round(_EVERY_MM / mammogram.spacing.mm))
    tissue = mammogram.tissue[::step, ::step]
    return float(np.percentile(mammogram.pixels[::step, ::step][tissue], _BRIGHT)) + _ABOVE if tissue.any() else np.inf
