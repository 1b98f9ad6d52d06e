"""Baseline: error level analysis, as on ordinary photographs (after Krawetz, 2007)."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.benchmark.baselines.blocks import robust_outliers, to_blocks, to_heat_map
from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import Mammogram

_SIDE = 16
_QUALITY = 90
_TOP = 1100.0


def judge(mammogram: Mammogram) -> tuple[np.ndarray, float]:
    """Heat map and score: what changes most when the picture is compressed as JPEG, in 8 bits and at quality 90.

    Returns:
        The heat map, and the 99th percentile of the blocks' smoothed outlier values on tissue.

    Raises:
        UnscorableImageError: there is no tissue.
    """
    levels = (255 * np.clip(mammogram.pixels / _TOP, 0, 1)).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    again = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    assert again is not None
    error = np.abs(levels.astype(np.float32) - again)
    blocks = np.log(to_blocks(error, _SIDE).mean(axis=2) + 0.05)
    used = np.asarray(to_blocks(mammogram.tissue, _SIDE).all(axis=2))
    if not used.any():
        raise UnscorableImageError("there is too little tissue.")
    smooth = cv2.blur(robust_outliers(blocks, used), (3, 3))
    return to_heat_map(smooth, _SIDE, mammogram.shape), float(np.quantile(smooth[used], 0.99))
