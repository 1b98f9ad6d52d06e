"""Baseline that must be at chance: how bright the tissue is."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import Mammogram

_SIDE = 256
_TOP = 1100.0


def judge(mammogram: Mammogram) -> tuple[np.ndarray, float]:
    """Heat map and score: the mean of each pixel's tile of 256 x 256, and that of the tissue.

    Raises:
        UnscorableImageError: there is no tissue.
    """
    if not mammogram.tissue.any():
        raise UnscorableImageError("there is no tissue.")
    means = cv2.blur(mammogram.pixels, (_SIDE, _SIDE), borderType=cv2.BORDER_REPLICATE)
    return np.clip(means / _TOP, 0, 1), float(mammogram.pixels[mammogram.tissue].mean())
