"""Bootstrap by cluster: patients are drawn with all their images, since images of one patient are not
independent.

Sources: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile interval);
Rutter, Acad. Radiol. 7 (2000) 413-419 (ROC curves with several observations a patient).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamperscope.judge.interval import Interval, require_level
from tamperscope.judge.roc import auc, labels_and_scores


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What a bootstrap gave.

    Attributes:
        estimate: The statistic on the images as they are.
        interval: Percentile interval.
        replicates: The statistic on each resample, shape (draws,).
        clusters: How many clusters (patients) were resampled.
        redrawn: Resamples thrown away because the statistic could not be had (a class was missing); many of
            these mean that the interval is not to be trusted.
    """

    estimate: float
    interval: Interval
    replicates: np.ndarray
    clusters: int
    redrawn: int

    @property
    def text(self) -> str:
        """Estimate and interval with two decimals, ``0.91 [0.88, 0.94]``."""
        return f"{self.estimate:.2f} [{self.interval.low:.2f}, {self.interval.high:.2f}]"

    @property
    def standard_error(self) -> float:
        """Standard deviation of the replicates."""
        return float(np.std(self.replicates, ddof=1)) if self.replicates.size > 1 else math.nan


def cluster_bootstrap(
    statistic: Callable[[np.ndarray], float],
    clusters: Sequence[Hashable] | npt.ArrayLike,
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Bootstrap:
    """Resample clusters with replacement, as many as there are, and take the statistic each time.

    Args:
        statistic: Of an array of indices into the images, with repetitions, shape (any,). It may raise
            ValueError or return nan for a resample on which it has no value.
        clusters: The cluster (patient) of each image, shape (n,). Images of their own: ``range(n)``.
        draws: Resamples.
        seed: Of the random numbers.
        level: Confidence level.

    Returns:
        The bootstrap.

    Raises:
        ValueError: No images, no draws, a bad level, no value on the images as they are, or none on most
            resamples.

    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> result = cluster_bootstrap(lambda i: float(values[i].mean()), ["a", "a", "b", "b"], draws=200, seed=1)
    >>> result.estimate, result.interval.low, result.interval.high
    (2.5, 1.5, 3.5)
    """
    require_level(level)
    if draws < 1:
        raise ValueError(f"at least one draw is wanted; got {draws}")
    positions: dict[Hashable, list[int]] = {}
    for index, name in enumerate(np.asarray(clusters, dtype=object).ravel()):
        positions.setdefault(name, []).append(index)
    if not positions:
        raise ValueError("there is nothing to resample")
    members = [np.array(indices) for indices in positions.values()]
    estimate = float(statistic(np.arange(sum(len(indices) for indices in members))))
    if math.isnan(estimate):
        raise ValueError("the statistic has no value on the images as they are")
    rng = np.random.default_rng(seed)
    replicates: list[float] = []
    redrawn = 0
    while len(replicates) < draws:
        chosen = rng.integers(len(members), size=len(members))
        try:
            value = float(statistic(np.concatenate([members[i] for i in chosen])))
        except ValueError:
            value = math.nan
        if math.isnan(value):
            redrawn += 1
            if redrawn > draws:
                raise ValueError("most resamples have no value: too few clusters, or a class in one cluster only")
            continue
        replicates.append(value)
    tail = (1 - level) / 2
    values = np.array(replicates)
    low, high = np.quantile(values, [tail, 1 - tail])
    return Bootstrap(estimate, Interval(float(low), float(high), level), values, len(members), redrawn)


def bootstrap_auc(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: Sequence[Hashable] | npt.ArrayLike | None = None,
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Bootstrap:
    """Area under the ROC curve with an interval that respects patients.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).
        patients: Whose image each is, shape (n,); None takes every image for a patient of its own.
        draws: Resamples.
        seed: Of the random numbers.
        level: Confidence level.

    Returns:
        The bootstrap.

    Raises:
        ValueError: See `roc.labels_and_scores` and `cluster_bootstrap`; or the lengths differ.
    """
    truth, values = labels_and_scores(labels, scores)
    who = np.asarray(range(truth.size) if patients is None else patients, dtype=object).ravel()
    if who.size != truth.size:
        raise ValueError(f"{truth.size} labels but {who.size} patients")
    return cluster_bootstrap(
        lambda indices: auc(truth[indices], values[indices]), who, draws=draws, seed=seed, level=level
    )
