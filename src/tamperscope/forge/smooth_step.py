"""A transition without edges, for what fades in or out."""

from __future__ import annotations

import numpy as np


def smooth_step(place: np.ndarray) -> np.ndarray:
    """0 up to 0, 1 from 1 on, smooth between."""
    step = np.clip(place, 0, 1)
    return step**2 * (3 - 2 * step)
