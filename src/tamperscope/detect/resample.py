"""A picture and its tissue mask on another grid."""

from __future__ import annotations

import cv2
import numpy as np


def resample(pixels: np.ndarray, tissue: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Resample a picture together with its mask.

    Args:
        pixels: float32, H x W.
        tissue: bool, H x W.
        rows: wanted.
        columns: wanted.

    Returns:
        float32 and bool, rows x columns.
    """
    # Area averaging when shrinking keeps noise from folding; cubic when enlarging.
    method = cv2.INTER_AREA if rows < pixels.shape[0] else cv2.INTER_CUBIC
    mask = cv2.resize(tissue.view(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(pixels, (columns, rows), interpolation=method), mask.view(np.bool_)
