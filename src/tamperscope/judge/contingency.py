"""Tests on a 2 x 2 table of counts: chi-squared with and without Yates' correction, and Fisher's exact test.

Sources: Pearson, Phil. Mag. 50 (1900) 157-175; Yates, J. R. Stat. Soc. Suppl. 1 (1934) 217-235; Fisher, J. R.
Stat. Soc. 98 (1935) 39-82.

All three take the counts for independent. Labels that several readers gave to the same images are not: there
the p value is too small, and `tamperscope.judge.mrmc` is the honest analysis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from tamperscope.judge.significance import SignificanceTest


def two_by_two(table: Sequence[Sequence[int]] | npt.ArrayLike) -> np.ndarray:
    """Check and return a 2 x 2 table of counts.

    Args:
        table: Shape (2, 2), a row a group, a column an answer.

    Returns:
        The table, shape (2, 2), int64.

    Raises:
        ValueError: Another shape, a negative or fractional count.
    """
    counts = np.asarray(table)
    if counts.shape != (2, 2):
        raise ValueError(f"a table of 2 rows and 2 columns is wanted; got shape {counts.shape}")
    if counts.dtype.kind not in "iuf" or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("the table must hold counts, whole numbers from 0 on")
    return counts.astype(np.int64)


def chi_squared_statistic(
    first: npt.ArrayLike, n_first: int, second: npt.ArrayLike, n_second: int, *, yates: bool = False
) -> np.ndarray:
    """Pearson's chi-squared of ``first`` of ``n_first`` against ``second`` of ``n_second``, element by
    element.

    ``n (|ad - bc| - c)^2 / (row and column totals multiplied)``, with c = 0, or with Yates' correction the
    smaller of n / 2 and |ad - bc|. Where a column is empty, both groups gave one answer throughout: the
    statistic is 0.

    Args:
        first: Successes in the first group, any shape.
        n_first: Size of the first group.
        second: Successes in the second group, a shape that broadcasts with ``first``.
        n_second: Size of the second group.
        yates: Correct for continuity.

    Returns:
        Statistics, the broadcast shape, 1 degree of freedom each.
    """
    a, c = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    b, d = n_first - a, n_second - c
    n = float(n_first + n_second)
    gap = np.abs(a * d - b * c)
    if yates:
        gap = np.maximum(gap - n / 2, 0.0)
    product = (a + c) * (b + d) * float(n_first) * float(n_second)
    return np.divide(n * gap**2, product, out=np.zeros_like(product), where=product > 0)


def chi_squared(table: Sequence[Sequence[int]] | npt.ArrayLike, *, yates: bool = False) -> SignificanceTest:
    """Pearson's chi-squared test of a 2 x 2 table.

    Args:
        table: Counts, shape (2, 2).
        yates: Correct for continuity.

    Returns:
        The test, 1 degree of freedom; statistic and p value are nan if a row or a column is empty.

    Raises:
        ValueError: Not a 2 x 2 table of counts.

    >>> blind = [[36, 44], [124, 56]]  # the report's table 2: rows real and forged, unhealthy / healthy
    >>> f"{chi_squared(blind).p_value:.6f} {chi_squared(blind, yates=True).p_value:.6f}"
    '0.000258 0.000438'
    """
    counts = two_by_two(table)
    name = "chi-squared with Yates' correction" if yates else "chi-squared"
    if (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        return SignificanceTest(name, math.nan, math.nan, (1.0,))
    (a, b), (c, d) = counts.tolist()
    statistic = float(chi_squared_statistic(a, a + b, c, c + d, yates=yates))
    return SignificanceTest(name, statistic, float(stats.chi2.sf(statistic, 1)), (1.0,))


def fisher_exact(table: Sequence[Sequence[int]] | npt.ArrayLike) -> SignificanceTest:
    """Fisher's exact test of a 2 x 2 table, two-sided.

    The p value sums the tables with the same margins that are no likelier than the one seen.

    Args:
        table: Counts, shape (2, 2).

    Returns:
        The test; it has no statistic (nan).

    Raises:
        ValueError: Not a 2 x 2 table of counts.

    >>> f"{fisher_exact([[36, 44], [124, 56]]).p_value:.6f}"
    '0.000326'
    """
    counts = two_by_two(table)
    return SignificanceTest("Fisher's exact", math.nan, float(stats.fisher_exact(counts)[1]))
