"""What happens to honest pictures: resampling, noise, sharpening, compression, rounding.

Forged and untouched crops of a batch go through the same histories, so that none of this can tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

_WHITE = 1200.0
"""Reference intensity of the largest grey level."""


def age(pixels: np.ndarray, rng: np.random.Generator, *, strength: float = 1.0) -> np.ndarray:
    """A random history.

    Args:
        pixels: float32, H x W, reference intensity, 0 off the breast.
        rng: draws it.
        strength: 0 none of it, 1 all of it as likely as it can be.

    Returns:
        float32, H x W.
    """
    lit = pixels > 0

    def happens(odds: float) -> bool:
        return rng.random() < odds * strength

    if happens(0.15):
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.0))
    if happens(0.1):
        blurred = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.7, 2.5))
        pixels = pixels + rng.uniform(0.2, 1.0) * (pixels - blurred)
    if happens(0.05):
        pixels = cv2.medianBlur(np.ascontiguousarray(pixels), 3)
    if happens(0.35):
        variance = rng.uniform(0.002, 0.1) * np.clip(pixels, 0, None)
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        pixels = pixels + noise * np.sqrt(variance if rng.random() < 0.7 else np.float32(variance.mean()))
    if happens(0.2):
        pixels = jpeg_trip(pixels, int(rng.integers(65, 99)))
    elif happens(0.3):
        pixels = np.rint(pixels * (255 / _WHITE)) * (_WHITE / 255)
    else:
        pixels = np.rint(pixels / 0.3) * 0.3
    return np.where(lit, np.maximum(pixels, 1), 0).astype(np.float32)


def resample(pixels: np.ndarray, factor: float, *, method: int | None = None) -> np.ndarray:
    """A resized copy: area averaging when smaller, cubic when larger, unless a method of OpenCV is given."""
    if factor == 1:
        return pixels
    height, width = (max(1, round(side * factor)) for side in pixels.shape)
    if method is None:
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, (width, height), interpolation=method)


def jpeg_trip(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Through an 8-bit JPEG of a quality, float32."""
    levels = np.clip(np.rint(pixels * (255 / _WHITE)), 0, 255).astype(np.uint8)
    _, code = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: np.ndarray = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE))
    return decoded.astype(np.float32) * np.float32(_WHITE / 255)


def turned(pictures: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """All turned by the same multiple of 90 degrees in their last two axes, and flipped or not."""
    turns, flip = int(rng.integers(4)), rng.random() < 0.5
    return [np.ascontiguousarray(np.rot90(picture, turns, (-2, -1))[..., :: -1 if flip else 1]) for picture in pictures]
