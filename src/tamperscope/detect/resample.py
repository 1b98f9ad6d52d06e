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
    # Into NumPy's memory, which comes in large pages; OpenCV's does not.
    picture, mask = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.uint8)
    cv2.resize(tissue.view(np.uint8), (columns, rows), dst=mask, interpolation=cv2.INTER_NEAREST)
    cv2.resize(pixels, (columns, rows), dst=picture, interpolation=method)
    return picture, mask.view(np.bool_)
