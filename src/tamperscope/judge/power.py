"""Power of comparing two proportions: by simulation, as the report did, and exactly by enumeration.

Both take two independent binomial counts and ask how often the test gives p < alpha. The enumeration weighs
every one of the (n1 + 1)(n2 + 1) outcomes, so that it has no sampling error; the simulation is here to be
compared with it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

from tamperscope.judge.contingency import chi_squared_statistic
from tamperscope.judge.proportions import Proportion

Test = Literal["chi-squared", "yates", "fisher"]
TESTS: tuple[Test, ...] = ("chi-squared", "yates", "fisher")


def _check(p_first: float, n_first: int, p_second: float, n_second: int, alpha: float, test: str) -> None:
    for p in (p_first, p_second):
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"a probability lies between 0 and 1; got {p}")
    for n in (n_first, n_second):
        if n != int(n) or n < 1:
            raise ValueError(f"a group has at least one member; got {n}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"a significance level lies between 0 and 1; got {alpha}")
    if test not in TESTS:
        raise ValueError(f"the test is one of {', '.join(TESTS)}; got {test!r}")


def rejection_table(n_first: int, n_second: int, *, alpha: float = 0.05, test: Test = "chi-squared") -> np.ndarray:
    """Which outcomes the test calls significant.

    Args:
        n_first: Size of the first group.
        n_second: Size of the second group.
        alpha: Significance level.
        test: "chi-squared", "yates" (chi-squared with his correction) or "fisher".

    Returns:
        Shape (n_first + 1, n_second + 1), bool: entry [i, j] for i and j successes.

    Raises:
        ValueError: A size below 1, alpha outside 0..1, or an unknown test.
    """
    _check(0.5, n_first, 0.5, n_second, alpha, test)
    first, second = np.arange(n_first + 1)[:, None], np.arange(n_second + 1)[None, :]
    if test != "fisher":
        statistic = chi_squared_statistic(first, n_first, second, n_second, yates=test == "yates")
        return np.asarray(stats.chi2.sf(statistic, 1) < alpha)
    significant = np.zeros((n_first + 1, n_second + 1), dtype=bool)
    for total in range(n_first + n_second + 1):
        # Given the total, the first count is hypergeometric; all outcomes with this total share one
        # distribution.
        low, high = max(0, total - n_second), min(n_first, total)
        counts = np.arange(low, high + 1)
        mass = stats.hypergeom.pmf(counts, n_first + n_second, n_first, total)
        # The tolerance keeps outcomes that are equally likely, but for rounding, together (as in R and
        # SciPy).
        p_values = np.array([mass[mass <= one * (1 + 1e-7)].sum() for one in mass])
        significant[counts, total - counts] = p_values < alpha
    return significant


def power_exact(
    p_first: float,
    n_first: int,
    p_second: float,
    n_second: int,
    *,
    alpha: float = 0.05,
    test: Test = "chi-squared",
) -> float:
    """Power by enumeration of the two binomials.

    Args:
        p_first: True probability in the first group.
        n_first: Size of the first group.
        p_second: True probability in the second group.
        n_second: Size of the second group.
        alpha: Significance level.
        test: See `rejection_table`.

    Returns:
        Probability that p < alpha, 0..1, exact but for rounding.

    Raises:
        ValueError: A probability outside 0..1, a size below 1, or an unknown test.

    >>> f"{100 * power_exact(36 / 80, 80, 124 / 180, 180):.2f} %"  # the report's table 2
    '95.56 %'
    >>> f"{100 * power_exact(36 / 80, 80, 124 / 180, 180, test='yates'):.2f} %"
    '93.86 %'
    """
    _check(p_first, n_first, p_second, n_second, alpha, test)
    significant = rejection_table(n_first, n_second, alpha=alpha, test=test)
    first = stats.binom.pmf(np.arange(n_first + 1), n_first, p_first)
    second = stats.binom.pmf(np.arange(n_second + 1), n_second, p_second)
    return float(np.clip(first @ significant @ second, 0.0, 1.0))


def power_simulated(
    p_first: float,
    n_first: int,
    p_second: float,
    n_second: int,
    *,
    alpha: float = 0.05,
    test: Test = "chi-squared",
    draws: int = 20_000,
    seed: int = 0,
) -> Proportion:
    """Power by simulation: the share of ``draws`` simulated tables that are significant.

    Args:
        p_first: True probability in the first group.
        n_first: Size of the first group.
        p_second: True probability in the second group.
        n_second: Size of the second group.
        alpha: Significance level.
        test: See `rejection_table`.
        draws: Simulated tables.
        seed: Of the random numbers; the same seed gives the same answer.

    Returns:
        Significant tables of all drawn; its interval says how far the simulation itself can be off.

    Raises:
        ValueError: As in `power_exact`, or no draws.

    >>> share = power_simulated(36 / 80, 80, 124 / 180, 180, seed=1)
    >>> power_exact(36 / 80, 80, 124 / 180, 180) in share.wilson(0.999)
    True
    """
    _check(p_first, n_first, p_second, n_second, alpha, test)
    if draws < 1:
        raise ValueError(f"at least one draw is wanted; got {draws}")
    rng = np.random.default_rng(seed)
    first = rng.binomial(n_first, p_first, size=draws)
    second = rng.binomial(n_second, p_second, size=draws)
    significant = rejection_table(n_first, n_second, alpha=alpha, test=test)
    return Proportion(int(significant[first, second].sum()), draws)
