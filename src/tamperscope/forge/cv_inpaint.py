"""OpenCV's inpainting where it is exact: on 16-bit levels spread over the picture's range.

``cv2.inpaint`` takes floats, but its Telea adds a normalised gradient of up to 1.4 levels to every mean, whatever the
levels are worth: on values of 0 to 1 that is more than the picture's whole range, and even a flat picture of a
non-integer or negative value does not come back flat. On 60,000 levels the same 1.4 are nothing. Navier-Stokes is
quantised alike, so that both see the same picture.
"""

from __future__ import annotations

import cv2
import numpy as np

_LEVELS = 60_000
_LOWEST = 2_000
"""Levels kept free at both ends: a fill that overshoots must not wrap or clip."""


def inpaint_16_bit(pixels: np.ndarray, hole: np.ndarray, radius: float, method: int) -> np.ndarray:
    """Inpaint a picture of any range.

    Args:
        pixels: h x w; what stands in the hole is ignored.
        hole: bool, h x w.
        radius: of the neighbourhood, pixels.
        method: ``cv2.INPAINT_TELEA`` or ``cv2.INPAINT_NS``.

    Returns:
        float64, h x w: the known pixels as they were; the hole to about three parts in 60,000 of the known range.
    """
    filled = np.array(pixels, np.float64)
    if not hole.any() or hole.all():
        filled[hole] = 0
        return filled
    low, high = float(filled[~hole].min()), float(filled[~hole].max())
    if low == high:
        filled[hole] = low
        return filled
    scale = _LEVELS / (high - low)
    levels = np.where(hole, 0, np.rint((filled - low) * scale) + _LOWEST).astype(np.uint16)
    result = cv2.inpaint(levels, hole.astype(np.uint8), radius, method)
    filled[hole] = (result[hole].astype(np.float64) - _LOWEST) / scale + low
    return filled
