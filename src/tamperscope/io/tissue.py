"""Where the breast is: tissue without background, labels, markers and film borders."""

from __future__ import annotations

import cv2
import numpy as np

_WORK_SIDE = 512
_ABOVE_AIR = 9  # of 255: above the noise of air, below the fattiest breast


def find_tissue(display: np.ndarray) -> np.ndarray:
    """Breast tissue by threshold, opening and largest component.

    Works on a copy of at most 512 pixels a side, since the outline needs no more.

    Args:
        display: H x W display values, air dark.

    Returns:
        bool, H x W. Empty (all False) where nothing stands out from the background.
    """
    height, width = display.shape
    step = max(1, -(-max(height, width) // _WORK_SIDE))
    small = np.ascontiguousarray(display[::step, ::step], dtype=np.float32)
    low, high = np.percentile(small, (2, 99))
    if not high > low:
        return np.zeros(display.shape, np.bool_)
    scaled = np.clip((small - low) / (high - low), 0, 1)
    levels = (255 * scaled).astype(np.uint8)
    bright = (cv2.GaussianBlur(levels, (0, 0), 2) > _ABOVE_AIR).astype(np.uint8)
    # Film borders are thin and touch the edge; labels are small: an opening parts both from the breast. Outside
    # the image counts as air, so that a border strip is thin from both of its sides.
    radius = max(2, max(small.shape) // 50)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    framed = cv2.copyMakeBorder(bright, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    opened = cv2.morphologyEx(framed, cv2.MORPH_OPEN, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)[1:-1, 1:-1]
    count, parts, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(opened))
    if count < 2:
        return np.zeros(display.shape, np.bool_)
    breast = (parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    full = cv2.resize(_fill(breast), (width, height), interpolation=cv2.INTER_NEAREST)
    return full.view(np.bool_)


def _fill(breast: np.ndarray) -> np.ndarray:
    """Fill holes, also those that open to the chest wall: fat there can be as dark as air."""
    left, right = breast[:, 0], breast[:, -1]
    chest_wall = 0 if left.sum() >= right.sum() else -1
    closed = breast.copy()
    rows = np.flatnonzero(breast[:, chest_wall])
    if rows.size:
        closed[rows[0] : rows[-1] + 1, chest_wall] = 1
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros_like(breast), outlines, -1, 1, cv2.FILLED)
