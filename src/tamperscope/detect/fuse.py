"""Several cues, one answer: the least p-value over the cues, each over the share of the false alarms that it may make
(Bonferroni, weighted: Genovese, Roeder & Wasserman, Biometrika 93, 2006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tamperscope.detect.calibration import FALSE_ALARMS, Calibration

_SHARES = {"copies": 0.05}
"""Where copies are, their evidence is overwhelming; a share as large as the others' would find no more of them, and
would drown what the others see in the chance likenesses of untouched tissue. The others part the rest evenly."""


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
            for (cue, cells), share in zip(evidence.items(), shares(evidence), strict=True)
        ]
    )
    return np.minimum(values.min(0), 1), values.argmin(0)


def shares(cues: Sequence[str] | Mapping[str, object]) -> list[float]:
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
