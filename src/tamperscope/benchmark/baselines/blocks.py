"""Statistics of square blocks, and back to the picture: what the baselines share."""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.grain import robust_deviation


def to_blocks(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture as rows x columns x side*side, what is left at the lower and right edge being dropped."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    cut = picture[: rows * side, : columns * side]
    return cut.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows, columns, side * side)


def robust_outliers(values: np.ndarray, used: np.ndarray) -> np.ndarray:
    """How far each value lies from the median of the used ones, in robust standard deviations; 0 elsewhere."""
    middle = float(np.median(values[used]))
    spread = robust_deviation(values[used])
    return np.where(used, np.abs(values - middle) / max(spread, 1e-6), 0.0)


def to_heat_map(outliers: np.ndarray, side: int, shape: tuple[int, int]) -> np.ndarray:
    """Blocks' outlier values as a heat map of the image: 0 to 1, one half at 3 standard deviations."""
    heat = (outliers / (outliers + 3.0)).astype(np.float32)
    rows, columns = heat.shape
    full = np.zeros(shape, np.float32)
    full[: rows * side, : columns * side] = cv2.resize(
        heat, (columns * side, rows * side), interpolation=cv2.INTER_LINEAR
    )
    return full
