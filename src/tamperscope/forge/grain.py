"""Texture for a fill that is too smooth: random phases with the power spectrum of the tissue around it."""

from __future__ import annotations

import cv2
import numpy as np

_LEAST = 64
"""Pixels from which a texture can be learnt."""


def low_pass(pixels: np.ndarray, known: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean of the known pixels (normalised convolution: Knutsson and Westin, 1993).

    Args:
        pixels: h x w.
        known: bool, h x w.
        sigma: pixels.

    Returns:
        float64, h x w; 0 where nothing known is near.
    """
    weight = known.astype(np.float64)
    share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    total = cv2.GaussianBlur(
        np.where(known, pixels, 0.0).astype(np.float64), (0, 0), sigma, borderType=cv2.BORDER_REFLECT
    )
    return np.where(share > 1e-6, total / np.maximum(share, 1e-6), 0.0)


def random_phase_grain(
    residual: np.ndarray, known: np.ndarray, rng: np.random.Generator, *, near: np.ndarray | None = None
) -> np.ndarray:
    """Noise that looks like the known part of a residual (random phase texture: Galerne, Gousseau, Morel, 2011).

    The power spectrum is the transform of the autocovariance of the known pixels, whatever their outline.

    Args:
        residual: h x w, what is left of the tissue without its low frequencies; about zero mean.
        known: bool, h x w, the pixels to learn from.
        rng: draws the phases.
        near: bool, h x w, those known pixels whose strength the grain shall have; by default all.

    Returns:
        float64, h x w, of the known pixels' robust spread; 0 where fewer than 64 pixels are known.
    """
    count = int(known.sum())
    if count < _LEAST:
        return np.zeros(residual.shape)
    values = np.where(known, residual - residual[known].mean(), 0.0)
    # A few very bright pixels (calcifications, vessels, labels' rims) are no texture.
    limit = 3 * robust_deviation(values[known])
    values = np.clip(values, -limit, limit)
    close = known if near is None or (known & near).sum() < _LEAST else known & near
    height, width = residual.shape
    size = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))
    covariance = np.fft.irfft2(np.abs(np.fft.rfft2(values, size)) ** 2, size)
    pairs = np.fft.irfft2(np.abs(np.fft.rfft2(known.astype(np.float64), size)) ** 2, size)
    # Lags that few pairs of pixels tell about are faded out.
    trusted = np.clip(pairs / (0.1 * count), 0, 1)
    spectrum = np.fft.rfft2(np.where(pairs > 0.5, covariance / np.maximum(pairs, 0.5), 0.0) * trusted).real
    amplitude = np.sqrt(np.maximum(spectrum, 0))
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(size)) * amplitude, size)[:height, :width]
    spread = float(noise.std())
    return noise * (robust_deviation(values[close]) / spread) if spread > 0 else np.zeros(residual.shape)


def robust_deviation(values: np.ndarray) -> float:
    """Standard deviation from the median absolute deviation."""
    return float(np.median(np.abs(values - np.median(values)))) / 0.6745
