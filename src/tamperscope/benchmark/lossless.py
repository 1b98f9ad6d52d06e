"""Lossless-like images out of lossy ones: off the JPEG grid, with detector noise, stored at 12 bits.

A forged region pasted into a decoded JPEG lacks the 8 x 8 grid that the rest carries, so a network can learn
"no grid = fake", score 100 % here and fail on every hospital image, which is lossless. Before anything is forged,
an image is therefore resampled by a factor of its own, which takes the grid off the 8-pixel period and averages
most of it away, gets noise that grows with the signal as a detector's does, and is rounded to 12 bits.

The 12 bits are stored values behind the image, as a file has them. Forgers round to them, so that forged pixels lie
on the same grey levels as all others: off them, they could be told by a look at the fraction alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tamperscope.detect.resample import resample
from tamperscope.io.intensity import REFERENCE_ANCHORS, TabulatedMap
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram, Source, Spacing

SCALE_RANGE = (0.78, 0.92)
QUANTUM_NOISE_RANGE = (0.005, 0.08)
"""Noise variance per unit of reference intensity: a standard deviation of 1.6 to 6.3 at intensity 500."""
GREY_LEVEL = 0.3
"""Reference intensity a grey level: 4096 levels over the display range and its head-room."""
LEVELS = 4096


def make_lossless_like(
    mammogram: Mammogram,
    *,
    rng: np.random.Generator,
    scales: tuple[float, float] = SCALE_RANGE,
    noise: tuple[float, float] | None = QUANTUM_NOISE_RANGE,
) -> Mammogram:
    """Resample off the JPEG grid, add signal-dependent noise inside the tissue, store at 12 bits.

    The result counts as 0.1 mm a pixel, so that detection does not resample it once more: the sources' pitch is
    only estimated, and the factor doubles as an augmentation of scale.

    Args:
        mammogram: decoded from a lossy file.
        rng: draws the factor, the noise level and the noise.
        scales: least and largest factor.
        noise: least and largest variance per unit of reference intensity; None keeps the image's own noise.

    Returns:
        A mammogram whose source, where the given one had a source, holds its 12-bit values.
    """
    scale = rng.uniform(*scales)
    height, width = (round(side * scale) for side in mammogram.shape)
    # Area averaging is the low-pass filter that a smaller grid needs, and blends over the block borders.
    pixels, tissue = resample(mammogram.pixels, mammogram.tissue, height, width)
    if noise is not None:
        variance = rng.uniform(*noise) * np.clip(pixels, 0, None)
        added = rng.standard_normal(pixels.shape, dtype=np.float32) * np.sqrt(variance)
        pixels = np.where(tissue, pixels + added, pixels)
    # Level 0 is the darkest pixel, of which some may lie below the background's 0.
    lowest = min(0.0, np.floor(float(pixels.min()) / GREY_LEVEL))
    stored = np.clip(np.rint(pixels / GREY_LEVEL) - lowest, 0, LEVELS - 1).astype(np.uint16)
    intensity_map = _twelve_bit_map(lowest)
    source = mammogram.source and Source(
        mammogram.source.path,
        mammogram.source.sha256,
        "png",
        stored,
        intensity_map,
        notes=(*mammogram.source.notes, "Made like a lossless image: resampled and stored at 12 bits."),
    )
    return replace(
        mammogram,
        pixels=intensity_map.to_reference(stored),
        tissue=tissue,
        spacing=Spacing(CANONICAL_PITCH_MM, "given"),
        source=source,
    )


def _twelve_bit_map(lowest: float) -> TabulatedMap:
    """Level to reference intensity: straight, level 0 being ``lowest`` grey levels."""
    levels = np.arange(LEVELS, dtype=np.float64)
    background, low, high = (anchor / GREY_LEVEL - lowest for anchor in REFERENCE_ANCHORS)
    return TabulatedMap(levels, (levels + lowest) * GREY_LEVEL, (background, low, high), "12 bits, straight")
