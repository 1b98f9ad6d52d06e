"""Several cues, one answer: the least p-value, each divided by the share of the false alarms that its cue may make
(Bonferroni, weighted: Genovese, Roeder & Wasserman, Biometrika 93, 2006)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from tamperscope.detect.calibration import FALSE_ALARMS, Calibration

FUSION = 2
"""Counts up when the same evidence gives another score; calibrations stay."""
_SHARES = {"copies": 0.05}
"""Untouched images show next to no copies, so that the least real one is far beyond any threshold; what copies get the
others lose. These part the rest evenly."""


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
    values = np.stack(
        [
            calibration.nulls[cue].p_value(cells) / share
            for (cue, cells), share in zip(evidence.items(), false_alarm_shares(evidence), strict=True)
        ]
    )
    return np.minimum(values.min(0), 1), values.argmin(0)


def false_alarm_shares(cues: Collection[str]) -> list[float]:
    """What part of the false alarms each of some cues may make; 1 in all."""
    known = sum(_SHARES.get(cue, 0.0) for cue in cues)
    others = sum(cue not in _SHARES for cue in cues)
    if not others:
        return [_SHARES[cue] / known for cue in cues]
    return [_SHARES.get(cue, (1 - known) / others) for cue in cues]


def heat_of(p: np.ndarray) -> np.ndarray:
    """P-values as heat, 0 to 1: their logarithm over itself plus that of the rate of false alarms, where it is 0.5.

    It never saturates, so that of two strong places the stronger is the hotter.
    """
    surprise = -np.log(p)
    return (surprise / (surprise - np.log(FALSE_ALARMS))).astype(np.float32)
