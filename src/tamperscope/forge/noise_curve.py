"""How strong an image's noise is at each brightness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.mammogram import Mammogram

_BINS = 16
_SAMPLES = 200_000
_LEAST_A_BIN = 50
_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Blind to planes and to straight edges along rows and columns (Immerkaer, 1996)."""


@dataclass(frozen=True, eq=False)
class NoiseCurve:
    """Standard deviation of the finest noise against brightness, straight between knots, flat beyond them."""

    brightness: np.ndarray
    deviation: np.ndarray

    def at(self, brightness: np.ndarray | float) -> np.ndarray:
        """Standard deviation at each brightness, reference intensity."""
        return np.interp(brightness, self.brightness, self.deviation)


def noise_curve(mammogram: Mammogram) -> NoiseCurve:
    """Measure the noise of a mammogram's tissue.

    The tissue's pixels are binned by the brightness of their surroundings; a bin's deviation is the median size of
    the second differences of its pixels, over 6, their gain on white noise, and over 0.6745.
    """
    pixels = mammogram.pixels
    size = cv2.filter2D(pixels, cv2.CV_32F, _DIFFERENCES, borderType=cv2.BORDER_REFLECT)
    mean = cv2.blur(pixels, (9, 9), borderType=cv2.BORDER_REFLECT)
    step = max(1, int(np.sqrt(pixels.size / _SAMPLES)))
    chosen = mammogram.tissue[::step, ::step]
    brightness, differences = mean[::step, ::step][chosen], np.abs(size[::step, ::step][chosen])
    if brightness.size < _BINS * _LEAST_A_BIN:
        deviation = float(np.median(differences)) if differences.size else 0.0
        return NoiseCurve(np.zeros(1), np.array([deviation / 6 / 0.6745]))
    order = np.argsort(brightness, kind="stable")
    bins = np.array_split(order, _BINS)
    return NoiseCurve(
        np.array([np.median(brightness[part]) for part in bins], np.float64),
        np.array([np.median(differences[part]) for part in bins], np.float64) / 6 / 0.6745,
    )
