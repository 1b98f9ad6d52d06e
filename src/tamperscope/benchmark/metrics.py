"""Figures of detection and localisation on numbers and histograms; plain functions.

Heat maps come as two histograms over the same levels: pixels inside the forged mask, and those of the tissue outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamperscope.judge.roc import labels_and_scores, roc_curve


def balanced_threshold(labels: np.ndarray, scores: np.ndarray) -> float:
    """The threshold with the highest mean of true positive and true negative rate; choose it on validation images.

    It lies halfway between two scores, so that it does not hang on one image's last digit.

    Raises:
        ValueError: a class is missing, or a score is nan.
    """
    truth, values = labels_and_scores(labels, scores)
    curve = roc_curve(truth, values)
    best = int(np.argmax(curve.tpr - curve.fpr))
    at = float(curve.thresholds[best])
    above = values[values > at]
    below = values[values <= at]
    if not above.size:
        return at
    return float((above.min() + below.max()) / 2) if below.size else float(np.nextafter(above.min(), -np.inf))


def balanced_accuracy(labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray | float) -> float:
    """Mean of the shares of forged and of untouched images that are called right.

    Args:
        labels: shape (n,), 1 for forged.
        scores: shape (n,).
        thresholds: an image is called forged where its score lies above its threshold; one, or one an image.

    Raises:
        ValueError: a class is missing, or a score is nan.
    """
    truth, values = labels_and_scores(labels, scores)
    calls = values > thresholds
    return float((calls[truth].mean() + (~calls[~truth]).mean()) / 2)


def pixel_auc(inside: np.ndarray, outside: np.ndarray) -> float:
    """Area under the ROC curve of one image's pixels; those of one level tie and count one half.

    Returns:
        The area, or nan where the image has no pixel of a kind.
    """
    forged, rest = int(inside.sum()), int(outside.sum())
    if not forged or not rest:
        return float("nan")
    below = np.concatenate([[0], np.cumsum(outside)[:-1]])
    return float((inside * (below + outside / 2)).sum() / (forged * rest))


def overlap(inside: np.ndarray, outside: np.ndarray, level: int) -> tuple[float, float]:
    """Intersection over union and F1 of one image, taking the pixels at or above a level as forged.

    Returns:
        IoU and F1, 0 to 1; both 0 where nothing is taken, nan where nothing is forged.
    """
    forged = int(inside.sum())
    if not forged:
        return float("nan"), float("nan")
    hit, false = int(inside[level:].sum()), int(outside[level:].sum())
    return hit / (forged + false), 2 * hit / (forged + hit + false)


def best_level(insides: Sequence[np.ndarray], outsides: Sequence[np.ndarray]) -> int:
    """The level with the highest mean F1 over forged images; choose it on validation images.

    Raises:
        ValueError: there are no images.
    """
    if not insides:
        raise ValueError("a level needs at least one forged image with a heat map")
    inside, outside = np.stack(insides), np.stack(outsides)
    hit = inside[:, ::-1].cumsum(axis=1)[:, ::-1]
    false = outside[:, ::-1].cumsum(axis=1)[:, ::-1]
    forged = inside.sum(axis=1, keepdims=True)
    return int(np.argmax((2 * hit / (forged + hit + false)).mean(axis=0)))
