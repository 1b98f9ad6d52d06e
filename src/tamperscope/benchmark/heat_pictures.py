"""Small pictures of a benchmark's images with their heat maps, for reports."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 300
"""Longer side, pixels."""


def small_picture(picture: np.ndarray) -> np.ndarray:
    """Stored values as a display shows them, 300 pixels high or wide: uint8, h x w x 3."""
    scale = SIDE / max(picture.shape)
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    small = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, (1, 99.5))
    levels = (255 * np.clip((small - low) / max(float(high - low), 1e-6), 0, 1)).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_GRAY2BGR)


def outline_of(mask: np.ndarray) -> list[np.ndarray]:
    """Contours of a mask in pixels of the small picture."""
    scale = SIDE / max(mask.shape)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [np.rint(contour * scale).astype(np.int32) for contour in contours]


def with_outline(small: np.ndarray, outline: list[np.ndarray]) -> np.ndarray:
    """The small picture with contours in green."""
    return cv2.polylines(small.copy(), outline, isClosed=True, color=(80, 220, 80), thickness=1, lineType=cv2.LINE_AA)


def with_heat(small: np.ndarray, heat: np.ndarray, outline: list[np.ndarray]) -> np.ndarray:
    """The small picture under a heat map (uint8, any size), with contours."""
    size = (small.shape[1], small.shape[0])
    colours = cv2.applyColorMap(cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR), cv2.COLORMAP_INFERNO)
    return with_outline(cv2.addWeighted(small, 0.45, colours, 0.55, 0), outline)
