"""The verdict: the score classifier on the score matrix (report, section 2.2, step 5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

THRESHOLD = 0.5
"""The report's: above it the image is fake."""


def classify_scores(score_matrix: np.ndarray, classifier: Callable[[np.ndarray], np.ndarray]) -> float:
    """How fake the image looks, 0 to 1.

    Args:
        score_matrix: float32, 61 x 61.
        classifier: the exported score classifier, N x 1 x 61 x 61 -> N.
    """
    return float(np.clip(classifier(score_matrix[None, None])[0], 0, 1))
