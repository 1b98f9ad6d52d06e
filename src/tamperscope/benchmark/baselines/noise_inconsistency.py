"""Baseline: blocks whose noise does not fit their brightness (after Mahdian and Saic, 2009)."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.benchmark.baselines.blocks import robust_outliers, to_blocks, to_heat_map
from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import Mammogram

_SIDE = 32
_LEVELS = 12


def judge(mammogram: Mammogram) -> tuple[np.ndarray, float]:
    """Heat map and score.

    The noise of a block is the median absolute diagonal detail of its pixels (Haar), as a logarithm. A detector's
    noise grows with brightness, so that each block is compared with the blocks of its own brightness.

    Returns:
        The heat map, and the 99th percentile of the smoothed outlier values of the blocks on tissue.

    Raises:
        UnscorableImageError: there are too few blocks on tissue.
    """
    pixels = mammogram.pixels
    detail = np.zeros_like(pixels)
    detail[:-1, :-1] = (pixels[:-1, :-1] - pixels[1:, :-1] - pixels[:-1, 1:] + pixels[1:, 1:]) / 2
    noise = np.log(np.median(np.abs(to_blocks(detail, _SIDE)), axis=2) / 0.6745 + 0.1)
    brightness = to_blocks(pixels, _SIDE).mean(axis=2)
    used = np.asarray(to_blocks(mammogram.tissue, _SIDE).all(axis=2))
    if used.sum() < 4 * _LEVELS:
        raise UnscorableImageError("there is too little tissue to compare noise.")
    edges = np.quantile(brightness[used], np.linspace(0, 1, _LEVELS + 1)[1:-1])
    level = np.searchsorted(edges, brightness)
    expected = np.zeros_like(noise)
    for number in range(_LEVELS):
        inside = level == number
        if (inside & used).any():
            expected[inside] = np.median(noise[inside & used])
    outliers = robust_outliers(noise - expected, used)
    smooth = cv2.blur(outliers, (3, 3))
    return to_heat_map(smooth, _SIDE, pixels.shape), float(np.quantile(smooth[used], 0.99))
