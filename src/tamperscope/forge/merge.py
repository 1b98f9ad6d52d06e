"""Merging a generated square into the mammogram (report, equations 2.1 to 2.3)."""

from __future__ import annotations

import numpy as np

MASK_LEVEL = 0.65
"""The ground-truth mask of an injection: W >= 0.65."""


def distance_matrix(side: int) -> np.ndarray:
    """D: Chebyshev distance from the centre, 0 there and 1 at the border; float64, side x side.

    For an odd side this is the matrix printed in the report's section 2.1.1.
    """
    offset = np.abs(np.arange(side) - (side - 1) / 2)
    distance = np.maximum(offset[:, None], offset[None, :])
    return distance / max(distance.max(), 1.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """S(x) = 1 / (1 + exp(-x)) (eq 2.3), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def distance_part(distance: np.ndarray, power: float) -> np.ndarray:
    """Part A of eq 2.2: 1 - D^p."""
    return 1 - distance**power


def intensity_part(generated: np.ndarray, threshold: float, smoothing: float) -> np.ndarray:
    """Part B of eq 2.2: S((G - Th) / alpha)."""
    return sigmoid((np.asarray(generated, np.float64) - threshold) / smoothing)


def weight_matrix(
    generated: np.ndarray, *, threshold: float = 400.0, smoothing: float = 20.0, power: float = 3.0
) -> np.ndarray:
    """W of eq 2.2.

    Args:
        generated: G, side x side, reference intensity.
        threshold: Th, reference intensity.
        smoothing: alpha, reference intensity, more than 0.
        power: p, more than 0.

    Returns:
        float64, side x side, 0 to 1.
    """
    if smoothing <= 0 or power <= 0:
        raise ValueError(f"smoothing and power must be more than 0, not {smoothing} and {power}")
    return distance_part(distance_matrix(len(generated)), power) * intensity_part(generated, threshold, smoothing)


def merge(generated: np.ndarray, original: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """M = W * G + (1 - W) * O (eq 2.1), float64."""
    return weight * generated + (1 - weight) * original
