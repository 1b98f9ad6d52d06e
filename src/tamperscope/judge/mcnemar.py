"""McNemar's test: two readers, or a reader and a machine, on the same images.

Source: McNemar, Psychometrika 12 (1947) 153-157; which variant to prefer: Fagerland, Lydersen & Laake, BMC
Med. Res. Methodol. 13 (2013) 91 (the mid-p test keeps its level and has more power than the exact one).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np
from scipy import stats

from tamperscope.judge.significance import SignificanceTest

Method = Literal["exact", "mid-p", "chi-squared", "corrected"]


def discordant_pairs(labels: Iterable[object], first: Iterable[object], second: Iterable[object]) -> tuple[int, int]:
    """Count the images that only one of two got right.

    Args:
        labels: Truth, shape (n,).
        first: Calls of the first, coded as the labels, shape (n,).
        second: Calls of the second, shape (n,).

    Returns:
        How many only the first, and how many only the second, got right.

    Raises:
        ValueError: The three differ in length.

    >>> discordant_pairs([1, 1, 0, 0], [1, 1, 0, 1], [0, 1, 0, 0])
    (1, 1)
    """
    truth, one, two = (np.asarray(list(values)) for values in (labels, first, second))
    if not truth.shape == one.shape == two.shape:
        raise ValueError(f"{truth.size} labels, {one.size} and {two.size} calls: one each an image is wanted")
    right_one, right_two = one == truth, two == truth
    return int(np.sum(right_one & ~right_two)), int(np.sum(~right_one & right_two))


def mcnemar(only_first: int, only_second: int, method: Method = "exact") -> SignificanceTest:
    """McNemar's test of two shares of right answers on the same images.

    Args:
        only_first: Images that only the first got right.
        only_second: Images that only the second got right.
        method: "exact" (binomial, two-sided), "mid-p" (exact less half the probability of the outcome seen),
            "chi-squared" ((b - c)^2 / (b + c)) or "corrected" ((|b - c| - 1)^2 / (b + c), Edwards).

    Returns:
        The test; p is 1 where no image tells the two apart.

    Raises:
        ValueError: A negative count or an unknown method.

    >>> mcnemar(1, 8).p_value
    0.0390625
    """
    if min(only_first, only_second) < 0:
        raise ValueError(f"counts start at 0; got {only_first} and {only_second}")
    if method not in ("exact", "mid-p", "chi-squared", "corrected"):
        raise ValueError(f"unknown method {method!r}")
    n = only_first + only_second
    name = f"McNemar ({method})"
    if method in ("exact", "mid-p"):
        if n == 0:
            return SignificanceTest(name, math.nan, 1.0)
        p = 2 * stats.binom.cdf(min(only_first, only_second), n, 0.5)
        if method == "mid-p":
            p -= stats.binom.pmf(min(only_first, only_second), n, 0.5)
        return SignificanceTest(name, math.nan, float(min(p, 1.0)))
    if n == 0:
        return SignificanceTest(name, 0.0, 1.0, (1.0,))
    gap = abs(only_first - only_second)
    if method == "corrected":
        gap = max(gap - 1, 0)
    statistic = gap**2 / n
    return SignificanceTest(name, statistic, float(stats.chi2.sf(statistic, 1)), (1.0,))
