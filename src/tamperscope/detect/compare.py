"""Features of cells compared with the same image: how far is each from what cells as bright look like here?

The same as ``networks.trace.compare_within_image``, which the network is trained with, without PyTorch.
"""

from __future__ import annotations

import numpy as np

KNOTS = 6
"""Quantiles of brightness at which mean and spread are estimated; linear in between."""
SHRINKAGE = 40.0
"""Cells that the image's overall mean and spread count for at each knot."""
LIMIT = 8.0


def compare_within_image(features: np.ndarray, brightness: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Z-scores at like brightness, and the log of the whitened squared distance.

    Args:
        features: float32, C x h x w.
        brightness: float32, h x w, mean of the cells.
        valid: bool, h x w, at least one cell.

    Returns:
        float32, (C + 1) x h x w; 0 where not valid.
    """
    flat, level = features[:, valid], brightness[valid].astype(np.float64)
    knots = np.quantile(level, np.linspace(0, 1, KNOTS))
    place = np.searchsorted(knots, level).clip(1, KNOTS - 1)
    low, high = knots[place - 1], knots[place]
    share = ((level - low) / np.maximum(high - low, 1e-6)).clip(0, 1).astype(np.float32)
    weight = np.zeros((KNOTS, len(level)), np.float32)
    columns = np.arange(len(level))
    weight[place - 1, columns] = 1 - share
    weight[place, columns] += share
    total = weight.sum(1) + np.float32(SHRINKAGE)
    # Around the overall mean, which then counts as 0: so single precision is enough.
    flat -= flat.mean(1, keepdims=True, dtype=np.float64).astype(np.float32)
    flat -= (flat @ weight.T / total) @ weight
    squares = np.square(flat)
    spread = np.float32(SHRINKAGE) * squares.mean(1, keepdims=True)
    z = flat / np.sqrt(((squares @ weight.T + spread) / total) @ weight + np.float32(1e-4))
    covariance = z @ z.T / np.float32(z.shape[1]) + np.float32(0.1) * np.eye(len(z), dtype=np.float32)
    # The inverse of a small matrix, times all cells: solving for each of them takes five times as long.
    distance = np.einsum("ij,ij->j", z, np.linalg.inv(covariance) @ z) / np.float32(len(z))
    compared = np.zeros((len(z) + 1, *valid.shape), np.float32)
    compared[:-1, valid] = z.clip(-LIMIT, LIMIT)
    compared[-1, valid] = np.log(distance + 0.1)
    return compared
