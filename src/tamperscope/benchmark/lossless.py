"""Lossless-like images out of lossy ones: off the JPEG grid, with detector noise, at 12 bits.

A forged region pasted into a decoded JPEG lacks the 8 x 8 grid that the rest carries, so a network can learn
"no grid = fake", score 100 % here and fail on every hospital image, which is lossless. Before anything is forged,
an image is therefore resampled by a factor of its own, which takes the grid off the 8-pixel period and averages
most of it away, gets noise that grows with the signal as a detector's does, and is rounded to 12 bits.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram, Spacing

SCALE_RANGE = (0.78, 0.92)
QUANTUM_NOISE_RANGE = (0.005, 0.08)
"""Noise variance per unit of reference intensity: a standard deviation of 1.6 to 6.3 at intensity 500."""
GREY_LEVEL = 0.3
"""Reference intensity a grey level: 4096 levels over the display range and its head-room."""


def make_lossless_like(mammogram: Mammogram, *, rng: np.random.Generator) -> Mammogram:
    """Resample off the JPEG grid, add signal-dependent noise inside the tissue, round to 12 bits.

    The result counts as 0.1 mm a pixel, so that detection does not resample it once more: the sources' pitch is
    only estimated, and the factor doubles as an augmentation of scale.

    Args:
        mammogram: decoded from a lossy file.
        rng: draws the factor, the noise level and the noise.

    Returns:
        A mammogram without a source file.
    """
    scale = rng.uniform(*SCALE_RANGE)
    height, width = (round(side * scale) for side in mammogram.shape)
    # Area averaging is the low-pass filter that a smaller grid needs, and blends over the block borders.
    pixels = cv2.resize(mammogram.pixels, (width, height), interpolation=cv2.INTER_AREA)
    tissue = cv2.resize(mammogram.tissue.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).view(
        np.bool_
    )
    variance = rng.uniform(*QUANTUM_NOISE_RANGE) * np.clip(pixels, 0, None)
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * np.sqrt(variance)
    pixels = np.rint(np.where(tissue, pixels + noise, pixels) / GREY_LEVEL) * np.float32(GREY_LEVEL)
    return replace(
        mammogram,
        pixels=pixels.astype(np.float32),
        tissue=tissue,
        spacing=Spacing(CANONICAL_PITCH_MM, "given"),
        source=None,
    )
