"""Variance of areas under ROC curves, intervals for them, and tests between them.

Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837-845 (variance and test); Sun & Xu, IEEE
Signal Process. Lett. 21 (2014) 1389-1393 (by midranks); Newcombe, Stat. Med. 25 (2006) 559-573 (method 5, the
interval that also holds for an area of exactly 0 or 1, where DeLong's variance is 0).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri

from tamperscope.judge.interval import Interval, require_level
from tamperscope.judge.roc import labels_and_scores
from tamperscope.judge.significance import SignificanceTest

Method = Literal["delong", "logit", "newcombe"]


def structural_components(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """For each fake image the share of real ones it beats, and for each real one the share that beats it.

    DeLong's V10 and V01, a tie counting one half; the mean of either is the area.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (k, n) for k scorers of the same images, or (n,).

    Returns:
        Arrays of shape (k, fake images) and (k, real images).

    Raises:
        ValueError: See `roc.labels_and_scores`.
    """
    truth, values = labels_and_scores(labels, scores)
    values = np.atleast_2d(values)
    fake, real = values[:, truth], values[:, ~truth]
    n_fake, n_real = fake.shape[1], real.shape[1]
    together = stats.rankdata(np.concatenate([fake, real], axis=1), axis=1)
    v10 = (together[:, :n_fake] - stats.rankdata(fake, axis=1)) / n_real
    v01 = 1.0 - (together[:, n_fake:] - stats.rankdata(real, axis=1)) / n_fake
    return v10, v01


def delong_covariance(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Areas of several scorers of the same images, and the covariance of these areas.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (k, n) or (n,).

    Returns:
        Areas, shape (k,), and covariances, shape (k, k).

    Raises:
        ValueError: See `roc.labels_and_scores`; or fewer than two images of a class.

    >>> areas, covariance = delong_covariance([0, 0, 1, 1], [[1, 2, 2, 3], [1, 3, 2, 4]])
    >>> areas.tolist(), covariance.round(5).tolist()
    ([0.875, 0.75], [[0.03125, 0.0625], [0.0625, 0.125]])
    """
    v10, v01 = structural_components(labels, scores)
    if min(v10.shape[1], v01.shape[1]) < 2:
        raise ValueError("a variance needs at least two real and two fake images")
    covariance = np.cov(v10).reshape(len(v10), -1) / v10.shape[1]
    covariance = covariance + np.cov(v01).reshape(len(v01), -1) / v01.shape[1]
    return v10.mean(axis=1), covariance


def newcombe_interval(area: float, n_fake: int, n_real: int, level: float = 0.95) -> Interval:
    """Newcombe's score interval (method 5) for an area known only by its value and the numbers of images.

    Args:
        area: Area under the curve, 0..1.
        n_fake: Fake images.
        n_real: Real images.
        level: Confidence level.

    Returns:
        The interval, within 0..1.

    Raises:
        ValueError: An area outside 0..1, a number below 1, or a bad level.

    >>> low, high, level = newcombe_interval(1.0, 20, 20)
    >>> round(low, 3), high
    (0.899, 1.0)
    """
    require_level(level)
    if not 0.0 <= area <= 1.0 or min(n_fake, n_real) < 1:
        raise ValueError(f"an area of 0..1 and at least one image a class; got {area}, {n_fake}, {n_real}")
    z = float(ndtri(0.5 + level / 2))
    half = (n_fake + n_real) / 2 - 1

    def excess(theta: float) -> float:
        spread = theta * (1 - theta) * (1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta))
        return (theta - area) ** 2 - z * z * spread / (n_fake * n_real)

    # The spread is 0 at theta 0 and 1, so the excess is positive there, and negative at the area itself; for
    # an area of 0 or 1 the excess has a zero at that end too, which the bracket keeps away from.
    near = 1e-9
    low = 0.0 if area == 0.0 else float(brentq(excess, 0.0, min(area, 1.0 - near), xtol=1e-12))
    high = 1.0 if area == 1.0 else float(brentq(excess, max(area, near), 1.0, xtol=1e-12))
    return Interval(low, high, level)


def auc_interval(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, level: float = 0.95, method: Method = "logit"
) -> Interval:
    """Confidence interval for the area under the curve.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        scores: Shape (n,).
        level: Confidence level.
        method: "logit" (DeLong's standard error carried to the logit scale, which keeps within 0..1 and
            covers well), "delong" (area +- z standard errors, cut at 0 and 1; too short near 1) or "newcombe"
            (no use of the scores but their area). An area of exactly 0 or 1 takes "newcombe" whatever the
            method: DeLong's variance is 0 there, and an interval without width would lie.

    Returns:
        The interval.

    Raises:
        ValueError: See `delong_covariance`; or an unknown method.
    """
    require_level(level)
    if method not in ("delong", "logit", "newcombe"):
        raise ValueError(f"unknown method {method!r}")
    truth, _ = labels_and_scores(labels, scores)
    areas, covariance = delong_covariance(labels, scores)
    if areas.size != 1:
        raise ValueError("one scorer is wanted")
    area, error = float(areas[0]), math.sqrt(float(covariance[0, 0]))
    if method == "newcombe" or area in (0.0, 1.0):
        return newcombe_interval(area, int(truth.sum()), int((~truth).sum()), level)
    z = float(ndtri(0.5 + level / 2))
    if method == "delong":
        return Interval(max(0.0, area - z * error), min(1.0, area + z * error), level)
    centre, half = float(logit(area)), z * error / (area * (1 - area))
    return Interval(float(expit(centre - half)), float(expit(centre + half)), level)


def delong_test(labels: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> SignificanceTest:
    """DeLong's test that two scorers of the same images have the same area.

    Args:
        labels: Truth, shape (n,), 1 for fake.
        first: Scores of the first, shape (n,).
        second: Scores of the second, shape (n,).

    Returns:
        The test: z, positive where the first has the larger area. If the difference has no variance, z is 0
        and p 1 for equal areas, and both are nan for unequal ones.

    Raises:
        ValueError: See `delong_covariance`.
    """
    areas, covariance = delong_covariance(labels, np.stack([np.asarray(first), np.asarray(second)]))
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return _z_test("DeLong, same images", float(areas[0] - areas[1]), variance)


def delong_test_unpaired(
    first_labels: npt.ArrayLike,
    first_scores: npt.ArrayLike,
    second_labels: npt.ArrayLike,
    second_scores: npt.ArrayLike,
) -> SignificanceTest:
    """Test that two areas from different images are the same: their variances add up.

    Args:
        first_labels: Truth of the first images, shape (n,).
        first_scores: Their scores, shape (n,).
        second_labels: Truth of the second images, shape (m,).
        second_scores: Their scores, shape (m,).

    Returns:
        The test, as in `delong_test`.

    Raises:
        ValueError: See `delong_covariance`.
    """
    first_area, first_variance = delong_covariance(first_labels, first_scores)
    second_area, second_variance = delong_covariance(second_labels, second_scores)
    return _z_test(
        "DeLong, different images",
        float(first_area[0] - second_area[0]),
        float(first_variance[0, 0] + second_variance[0, 0]),
    )


def _z_test(name: str, difference: float, variance: float) -> SignificanceTest:
    # Identical scorers leave a variance of rounding errors only, of either sign.
    if variance < 1e-14:
        same = abs(difference) < 1e-12
        return SignificanceTest(name, 0.0 if same else math.nan, 1.0 if same else math.nan)
    z = difference / math.sqrt(variance)
    return SignificanceTest(name, z, float(2 * stats.norm.sf(abs(z))))
