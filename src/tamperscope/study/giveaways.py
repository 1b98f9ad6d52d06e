"""Whether forged and real pictures of a part differ in what takes no eye to see, as their number of grey levels.

Anyone with the pixels could sort them by such a thing: a reader by the value under the pointer, a browser by counting.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from tamperscope.judge.delong import auc_interval
from tamperscope.judge.roc import auc

FEWEST = 4
"""Pictures of each kind; with fewer nothing can be said."""


def plain_features(values: np.ndarray) -> dict[str, float]:
    """What a program can count in a picture, of shape H x W, unsigned integers.

    >>> plain_features(np.array([[0, 10], [20, 30]], np.uint16))["smallest step between grey levels"]
    10.0
    """
    levels = np.unique(values)
    return {
        "number of grey levels": float(levels.size),
        "smallest step between grey levels": float(np.gcd.reduce(np.diff(levels))) if levels.size > 1 else 0.0,
        "largest value": float(levels[-1]),
        "height": float(values.shape[0]),
        "width": float(values.shape[1]),
        "size when compressed": len(zlib.compress(np.ascontiguousarray(values[::4]).tobytes(), 1)) / values[::4].size,
    }


def giveaways(features: Sequence[Mapping[str, float]], forged: Sequence[bool]) -> list[str]:
    """What tells forged from real better than chance, one sentence each.

    The area under the ROC curve of each feature, with DeLong's interval at 95 % for all features together (Bonferroni).

    Args:
        features: Of each picture, see ``plain_features``.
        forged: Whether it is.
    """
    if min(sum(forged), len(forged) - sum(forged)) < FEWEST:
        return []
    found = []
    for name in features[0]:
        scores = [one[name] for one in features]
        interval = auc_interval(forged, scores, level=1 - 0.05 / len(features[0]))
        if not interval.low <= 0.5 <= interval.high:
            found.append(f"{name} (AUC {auc(forged, scores):.2f} [{interval.low:.2f}, {interval.high:.2f}])")
    return found
