"""The heat map over the mammogram: the report's figure 10."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from tamperscope.detect.finding import Finding
from tamperscope.mammogram import Mammogram

DISPLAY_WINDOW = (300.0, 800.0)
"""Reference intensity shown from black to white."""
COLD = 0.2
"""Heat up to here leaves the mammogram as it is."""
OPACITY = 0.6
"""Of the colour at heat 1."""
_OUTLINE = (255, 255, 255)


def display_levels(pixels: np.ndarray) -> np.ndarray:
    """Reference intensity through the display window: uint8, the same shape."""
    low, high = DISPLAY_WINDOW
    scale = 255 / (high - low)
    # One saturating pass over the image; clip, scale and round one by one would be four.
    return cv2.addWeighted(pixels, scale, pixels, 0, -low * scale, dtype=cv2.CV_8U)


def draw_overlay(mammogram: Mammogram, finding: Finding) -> np.ndarray:
    """Mammogram, heat and the boxes of the regions.

    Colours are OpenCV's *inferno*, which is even to the eye; the hotter, the more opaque.

    Args:
        mammogram: the image.
        finding: what scanning it gave; it must be scored.

    Returns:
        uint8, H x W x 3, RGB, in pixels of the original image.
    """
    grey = display_levels(mammogram.pixels)
    heat = (255 * finding.heat_map).astype(np.uint8)
    picture = _blend_table().take(heat.astype(np.uint16) * 256 + grey, axis=0)
    thick = max(2, mammogram.shape[0] // 600)
    for region in finding.regions:
        corner = (region.x + region.width - 1, region.y + region.height - 1)
        cv2.rectangle(picture, (region.x, region.y), corner, (0, 0, 0), thick + 2)
        cv2.rectangle(picture, (region.x, region.y), corner, _OUTLINE, thick)
    return picture


def heat_colour(heat: np.ndarray) -> np.ndarray:
    """Colour of a heat, 0 to 1: uint8 RGB, one more axis."""
    levels = np.clip(255 * np.asarray(heat), 0, 255).astype(np.uint8).reshape(-1, 1)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, 0, ::-1].reshape(*np.shape(heat), 3)


@lru_cache(maxsize=1)
def _blend_table() -> np.ndarray:
    """RGB for every pair of heat and grey level: a look-up a pixel instead of arithmetic on 13 million of them."""
    heat, grey = np.linspace(0, 1, 256)[:, None, None], np.arange(256)[None, :, None]
    opacity = OPACITY * np.clip((heat - COLD) / (1 - COLD), 0, 1)
    colour = heat_colour(np.linspace(0, 1, 256))[:, None, :]
    return np.rint(opacity * colour + (1 - opacity) * grey).astype(np.uint8).reshape(65536, 3)
