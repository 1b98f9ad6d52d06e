"""Small mammograms made for the tests, and an encoder that needs no weights."""

import numpy as np

from tamperscope.mammogram import Mammogram, Spacing


def make_mammogram(height: int, width: int, *, seed: int = 0, spacing_mm: float = 0.1) -> Mammogram:
    """A half disc of noisy tissue on black."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    tissue = ((y - height / 2) / (height / 2)) ** 2 + (x / width) ** 2 < 0.95
    pixels = np.where(tissue, 550 + 60 * rng.standard_normal((height, width)), 0).astype(np.float32)
    return Mammogram(pixels, tissue, Spacing(spacing_mm, "given"))
