"""Agreement beyond chance: Cohen's kappa (plain and weighted), Fleiss' kappa, Krippendorff's alpha.

Sources: Cohen, Educ. Psychol. Meas. 20 (1960) 37-46; Fleiss, Cohen & Everitt, Psychol. Bull. 72 (1969)
323-327 (standard error of kappa); Fleiss, Psychol. Bull. 76 (1971) 378-382; Krippendorff, Content Analysis
(2004), chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tamperscope.judge.interval import Interval, require_level

Weights = Literal["none", "linear", "quadratic"]
Metric = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True)
class Kappa:
    """A kappa.

    Attributes:
        value: 1 for perfect agreement, 0 for chance; nan if chance alone would agree perfectly (one answer
        only).
        standard_error: For intervals (not under the null hypothesis); nan where it isn't known.
        observed: Share of agreement seen, 0..1.
        expected: Share that chance would give, 0..1.
    """

    value: float
    standard_error: float
    observed: float
    expected: float

    def interval(self, level: float = 0.95) -> Interval:
        """Normal interval, value +- z standard errors, not above 1."""
        half = float(ndtri(0.5 + require_level(level) / 2)) * self.standard_error
        return Interval(max(-1.0, self.value - half), min(1.0, self.value + half), level)


def cross_table(
    first: Sequence[Hashable], second: Sequence[Hashable], categories: Sequence[Hashable] | None = None
) -> np.ndarray:
    """Count the answers of two readers against each other.

    Args:
        first: Answers of the first, shape (n,).
        second: Answers of the second to the same images, shape (n,).
        categories: The possible answers in order; None takes those given, sorted. Weighted kappa wants the
            order.

    Returns:
        Counts, shape (k, k): row the first's answer, column the second's.

    Raises:
        ValueError: Lengths differ, or an answer isn't among the categories.

    >>> cross_table(["healthy", "unhealthy"], ["healthy", "healthy"]).tolist()
    [[1, 0], [1, 0]]
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} answers of the first but {len(second)} of the second")
    if categories is None:
        categories = sorted(set(first) | set(second))  # type: ignore[type-var]  # one kind of answer sorts
    place = {name: index for index, name in enumerate(categories)}
    counts = np.zeros((len(place), len(place)), dtype=np.int64)
    for one, two in zip(first, second, strict=True):
        if one not in place or two not in place:
            raise ValueError(f"the answers {one!r} and {two!r} are not both among the categories")
        counts[place[one], place[two]] += 1
    return counts


def cohen_kappa(table: npt.ArrayLike, weights: Weights = "none") -> Kappa:
    """Cohen's kappa of two readers, plain or weighted.

    Args:
        table: Counts, shape (k, k), as from `cross_table`; categories in their order.
        weights: "none", "linear" (agreement 1 - |i - j| / (k - 1)) or "quadratic" (1 - (i - j)^2 / (k -
            1)^2).

    Returns:
        Kappa with the standard error of Fleiss, Cohen & Everitt (1969), equation 13.

    Raises:
        ValueError: The table isn't square or empty, holds no counts, or the weights are unknown.

    >>> kappa = cohen_kappa([[20, 5], [10, 15]])
    >>> round(kappa.value, 3), kappa.observed, kappa.expected
    (0.4, 0.7, 0.5)
    """
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(f"a square table is wanted; got shape {counts.shape}")
    if (counts < 0).any() or counts.sum() == 0:
        raise ValueError("the table must hold counts, and at least one")
    k, n = len(counts), float(counts.sum())
    gap = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    if weights == "none":
        agreement = np.eye(k)
    elif weights == "linear":
        agreement = 1.0 - gap
    elif weights == "quadratic":
        agreement = 1.0 - gap**2
    else:
        raise ValueError(f"weights are none, linear or quadratic; got {weights!r}")
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed = float((p * agreement).sum())
    expected = float(rows @ agreement @ columns)
    if expected >= 1.0 - 1e-12:
        return Kappa(math.nan, math.nan, observed, expected)
    value = (observed - expected) / (1 - expected)
    mean_weight = np.add.outer(agreement @ columns, rows @ agreement)
    inner = float((p * (agreement - mean_weight * (1 - value)) ** 2).sum())
    variance = (inner - (value - expected * (1 - value)) ** 2) / (n * (1 - expected) ** 2)
    return Kappa(value, math.sqrt(max(variance, 0.0)), observed, expected)


def fleiss_kappa(counts: npt.ArrayLike) -> Kappa:
    """Fleiss' kappa of several readers, the same number for each image.

    Args:
        counts: Shape (images, categories): how many readers gave each answer to each image.

    Returns:
        Kappa; its standard error is nan (resample images with `bootstrap.cluster_bootstrap` for an interval).

    Raises:
        ValueError: No table of counts, fewer than two readers, or images with different numbers of answers.

    >>> round(fleiss_kappa([[4, 0], [3, 1], [0, 4], [1, 3]]).value, 4)
    0.5
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or table.size == 0 or (table < 0).any():
        raise ValueError(f"counts of shape (images, categories) are wanted; got shape {table.shape}")
    readers = table.sum(axis=1)
    if (readers != readers[0]).any() or readers[0] < 2:
        raise ValueError("every image needs the same number of answers, two or more")
    n, images = float(readers[0]), len(table)
    observed = float(((table * (table - 1)).sum(axis=1) / (n * (n - 1))).mean())
    shares = table.sum(axis=0) / (images * n)
    expected = float((shares**2).sum())
    if expected >= 1.0 - 1e-12:
        return Kappa(math.nan, math.nan, observed, expected)
    return Kappa((observed - expected) / (1 - expected), math.nan, observed, expected)


def krippendorff_alpha(ratings: npt.ArrayLike, metric: Metric = "nominal") -> float:
    """Krippendorff's alpha of any number of readers, with missing answers.

    ``1 - observed / expected disagreement`` over the pairs of answers within an image; an image with fewer
    than two answers counts for nothing.

    Args:
        ratings: Shape (readers, images), numbers; nan where a reader gave no answer. Nominal answers are
            coded as numbers, any.
        metric: Distance of two answers: "nominal" (equal or not), "ordinal" (by ranks) or "interval" (squared
            difference).

    Returns:
        Alpha: 1 for perfect agreement, 0 for chance, below 0 for systematic disagreement; nan if all answers
        are equal, since then nothing could have been disagreed on.

    Raises:
        ValueError: Not a table, an infinite rating, no image with two answers, or an unknown metric.

    >>> krippendorff_alpha([[1, 2, 3, 1], [1, 2, 3, float("nan")]])
    1.0
    """
    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"ratings of shape (readers, images) are wanted; got shape {values.shape}")
    if np.isinf(values).any():
        raise ValueError("a rating is infinite")
    if metric not in ("nominal", "ordinal", "interval"):
        raise ValueError(f"the metric is nominal, ordinal or interval; got {metric!r}")
    values = values[:, (~np.isnan(values)).sum(axis=0) >= 2]
    if values.shape[1] == 0:
        raise ValueError("no image has two answers")
    levels = np.unique(values[~np.isnan(values)])
    counts = np.stack([(values == level).sum(axis=0) for level in levels], axis=1).astype(float)
    answers = counts.sum(axis=1)
    # Coincidences: pairs of answers within an image, each image weighing as much as it has answers.
    shares = counts / (answers - 1)[:, None]
    pairs = shares.T @ counts - np.diag(shares.sum(axis=0))
    totals = pairs.sum(axis=1)
    if metric == "nominal":
        distance = 1.0 - np.eye(len(levels))
    elif metric == "interval":
        distance = np.subtract.outer(levels, levels) ** 2
    else:
        # Squared number of answers between two levels, counting half of those on either.
        middle = np.cumsum(totals) - totals / 2
        distance = np.subtract.outer(middle, middle) ** 2
    n = float(totals.sum())
    expected = float((np.outer(totals, totals) * distance).sum()) / (n - 1)
    if expected == 0.0:
        return math.nan
    return 1.0 - float((pairs * distance).sum()) / expected
