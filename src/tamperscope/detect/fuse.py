"""Several cues, one answer: the least p-value over the cues, times their number (Bonferroni)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tamperscope.detect.calibration import FALSE_ALARMS, Calibration


def fuse(evidence: Mapping[str, np.ndarray], calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """P-value of each cell, and which cue it comes from.

    The least over all cells is the image's: the null distributions are those of whole images' strongest evidence.

    Args:
        evidence: each cue's map on the grid of cells.
        calibration: with a null distribution for each cue.

    Returns:
        p: float64, h x w, at most 1.
        speaker: int, h x w, index into the cues in their order.
    """
    values = np.stack([calibration.nulls[cue].p_value(cells) for cue, cells in evidence.items()])
    return np.minimum(values.min(0) * len(values), 1), values.argmin(0)


def heat_of(p: np.ndarray) -> np.ndarray:
    """P-values as heat, 0 to 1: their logarithm over itself plus that of the rate of false alarms, where it is 0.5.

    It never saturates, so that of two strong places the stronger is the hotter.
    """
    surprise = -np.log(p)
    return (surprise / (surprise - np.log(FALSE_ALARMS))).astype(np.float32)
