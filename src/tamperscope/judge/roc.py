"""The ROC curve of scores, the area under it, and single points on it.

An image is called fake where ``score > threshold``, strictly, here as everywhere in the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import trapezoid
from scipy.stats import rankdata

from tamperscope.judge.proportions import Proportion


def labels_and_scores(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Check labels and scores of the same images.

    Args:
        labels: Truth, shape (n,), 0/1 or booleans; 1 is fake.
        scores: How fake each looks, shape (n,) or (k, n) for k scorers; may be infinite, not nan.

    Returns:
        Labels as bool, shape (n,), and scores as float64.

    Raises:
        ValueError: Lengths differ, a label is neither 0 nor 1, a score is nan, or a class is missing.
    """
    truth = np.asarray(labels)
    values = np.asarray(scores, dtype=float)
    if truth.ndim != 1 or values.ndim not in (1, 2) or values.shape[-1] != truth.size:
        raise ValueError(f"one label and one score an image are wanted; got {truth.shape} and {values.shape}")
    if truth.dtype != bool and (truth.dtype.kind not in "iuf" or not np.isin(truth, (0, 1)).all()):
        raise ValueError("labels must be 0 (real) or 1 (fake)")
    if np.isnan(values).any():
        raise ValueError("a score is nan; leave images that were not scored out, and say how many")
    truth = truth.astype(bool)
    if truth.all() or not truth.any():
        raise ValueError("both real and fake images are needed; one of the two is missing")
    return truth, values


def auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Area under the ROC curve: the Mann-Whitney statistic, a tie counting one half.

    The probability that a fake image scores above a real one. Source: Bamber, J. Math. Psychol. 12 (1975)
    387-415.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).

    Returns:
        The area, 0..1; 0.5 is chance.

    Raises:
        ValueError: See `labels_and_scores`.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    truth, values = labels_and_scores(labels, scores)
    if values.ndim != 1:
        raise ValueError(f"one score an image is wanted; got shape {values.shape}")
    n_fake = int(truth.sum())
    n_real = truth.size - n_fake
    ranks = rankdata(values)
    return float((ranks[truth].sum() - n_fake * (n_fake + 1) / 2) / (n_fake * n_real))


@dataclass(frozen=True, eq=False)
class RocCurve:
    """The corners of an empirical ROC curve, from (0, 0) to (1, 1).

    Attributes:
        fpr: False positive rates, shape (k,), rising.
        tpr: True positive rates, shape (k,), rising.
        thresholds: ``score > threshold`` gives the point, shape (k,), falling; the last is -inf.
    """

    fpr: np.ndarray
    tpr: np.ndarray
    thresholds: np.ndarray

    @property
    def area(self) -> float:
        """Area by trapezoids; equals `auc`."""
        return float(trapezoid(self.tpr, self.fpr))


def roc_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> RocCurve:
    """The empirical ROC curve, a corner a distinct score.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).

    Returns:
        The curve, with one point more than there are distinct scores.

    Raises:
        ValueError: See `labels_and_scores`.

    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    >>> curve.fpr.tolist(), curve.tpr.tolist(), curve.thresholds.tolist()
    ([0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0], [0.8, 0.4, 0.1, -inf])
    """
    truth, values = labels_and_scores(labels, scores)
    if values.ndim != 1:
        raise ValueError(f"one score an image is wanted; got shape {values.shape}")
    levels = np.unique(values)[::-1]
    thresholds = np.append(levels, -np.inf)
    above_fake = truth.sum() - np.searchsorted(np.sort(values[truth]), thresholds, side="right")
    above_real = (~truth).sum() - np.searchsorted(np.sort(values[~truth]), thresholds, side="right")
    # A score of -inf is never above a threshold; the curve still ends at (1, 1).
    above_fake[-1], above_real[-1] = truth.sum(), (~truth).sum()
    return RocCurve(above_real / (~truth).sum(), above_fake / truth.sum(), thresholds)


@dataclass(frozen=True)
class OperatingPoint:
    """One threshold and what it does on some images.

    Attributes:
        threshold: ``score > threshold`` is called fake.
        fpr: Real images called fake.
        tpr: Fake images called fake.
    """

    threshold: float
    fpr: Proportion
    tpr: Proportion


def operating_point(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> OperatingPoint:
    """What a threshold, chosen elsewhere, does on these images.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).
        threshold: Where a call turns to fake.

    Raises:
        ValueError: See `labels_and_scores`; or the threshold is nan.
    """
    truth, values = labels_and_scores(labels, scores)
    if math.isnan(threshold):
        raise ValueError("the threshold is nan")
    calls = values > threshold
    return OperatingPoint(
        threshold,
        Proportion(int((calls & ~truth).sum()), int((~truth).sum())),
        Proportion(int((calls & truth).sum()), int(truth.sum())),
    )


def threshold_for_fpr(real_scores: npt.ArrayLike, fpr: float) -> float:
    """The lowest threshold at which at most ``fpr`` of the real images is called fake.

    Choose it on validation scores and judge it with `operating_point` on others; on the images it was chosen
    on it flatters.

    Args:
        real_scores: Scores of real images, shape (n,).
        fpr: The false positive rate wanted at most, 0..1. With n images no rate below 1 / n but 0 can be had.

    Returns:
        The threshold; -inf if ``fpr`` is 1.

    Raises:
        ValueError: No scores, a nan among them, or ``fpr`` outside 0..1.

    >>> threshold_for_fpr([0.1, 0.2, 0.3, 0.4, 0.9], 0.2)
    0.4
    """
    values = np.sort(np.asarray(real_scores, dtype=float).ravel())[::-1]
    if values.size == 0 or np.isnan(values).any():
        raise ValueError("scores of real images are needed, and none of them nan")
    if not 0.0 <= fpr <= 1.0:
        raise ValueError(f"a rate lies between 0 and 1; got {fpr}")
    # The small term keeps 0.05 * 20 from falling to 0.99999.
    allowed = math.floor(fpr * values.size + 1e-9)
    return -math.inf if allowed >= values.size else float(values[allowed])


def tpr_at_fpr(labels: npt.ArrayLike, scores: npt.ArrayLike, fpr: float) -> OperatingPoint:
    """The highest true positive rate among the thresholds with a false positive rate of at most ``fpr``.

    No interpolation: the point can be had with a threshold.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).
        fpr: Rate allowed, 0..1.

    Raises:
        ValueError: See `labels_and_scores` and `threshold_for_fpr`.

    >>> tpr_at_fpr([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8], 0.1).tpr
    Proportion(count=1, n=2)
    """
    truth, values = labels_and_scores(labels, scores)
    if values.ndim != 1:
        raise ValueError(f"one score an image is wanted; got shape {values.shape}")
    return operating_point(truth, values, threshold_for_fpr(values[~truth], fpr))
