"""A small picture of a mammogram for the page, and its heat as a layer to lay over it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.detect.finding import Finding
from tamperscope.mammogram import Mammogram
from tamperscope.report.overlay import STEP_TABLE, STEPS, coarse_heat, display_levels, step_colours, step_opacities
from tamperscope.report.png import encode_palette_png

HEIGHT = 560
"""Rows, about."""
_QUALITY = 80


@dataclass(frozen=True)
class Thumbnail:
    """Two packed pictures of one size.

    Attributes:
        picture: the mammogram in the display window, JPEG.
        heat: the steps of heat, transparent where it is cold, PNG.
        width: of both, pixels.
        height: of both.
    """

    picture: bytes
    heat: bytes
    width: int
    height: int


def draw_thumbnail(mammogram: Mammogram, finding: Finding) -> Thumbnail:
    """Draw both layers.

    Args:
        mammogram: the image.
        finding: what scanning it gave; it must be scored.
    """
    rows, columns = mammogram.shape
    scale = min(1.0, HEIGHT / rows)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    # Every second or fourth pixel is enough to average from, and reads a fraction of the memory.
    skip = max(1, int(1 / scale) // 2)
    small = cv2.resize(np.ascontiguousarray(mammogram.pixels[::skip, ::skip]), size, interpolation=cv2.INTER_AREA)
    packed = cv2.imencode(".jpg", display_levels(small), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    heat = cv2.resize(coarse_heat(finding), size, interpolation=cv2.INTER_AREA)
    return Thumbnail(packed.tobytes(), encode_palette_png(cv2.LUT(heat, STEP_TABLE), heat_palette()), *size)


def heat_palette() -> np.ndarray:
    """Transparent, then the colour and opacity of each step of heat: uint8 RGBA."""
    palette = np.zeros((STEPS + 1, 4), np.uint8)
    palette[1:, :3] = step_colours()
    palette[1:, 3] = np.rint(255 * step_opacities())
    return palette
