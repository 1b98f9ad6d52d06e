import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from tamperscope.judge.interval import Interval
from tamperscope.judge.proportions import Proportion, clopper_pearson, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_both_agree_with_scipy_and_statsmodels(counts, level):
    count, n = counts
    for mine, scipy_name, statsmodels_name in (
        (wilson, "wilson", "wilson"),
        (clopper_pearson, "exact", "beta"),
    ):
        low, high, _ = mine(count, n, level)
        other = binomtest(count, n).proportion_ci(level, method=scipy_name)
        assert (low, high) == pytest.approx((other.low, other.high), abs=1e-9)
        third = proportion_confint(count, n, 1 - level, method=statsmodels_name)
        assert (low, high) == pytest.approx(third, abs=1e-9)


@given(COUNTS)
def test_swapping_success_and_failure_mirrors_the_interval(counts):
    count, n = counts
    for method in (wilson, clopper_pearson):
        low, high, _ = method(count, n)
        other_low, other_high, _ = method(n - count, n)
        assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-9)
        assert low <= count / n <= high


def test_published_ends():
    # Newcombe, Stat. Med. 17 (1998) 857-872, table I: 81 of 263 and 15 of 148, 95 %.
    assert wilson(81, 263)[:2] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert clopper_pearson(81, 263)[:2] == pytest.approx((0.2527, 0.3676), abs=5e-5)
    assert wilson(15, 148)[:2] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert clopper_pearson(15, 148)[:2] == pytest.approx((0.0578, 0.1617), abs=5e-5)


@pytest.mark.parametrize("n", [5, 20, 52])
def test_coverage_by_enumeration(n):
    # No simulation needed: the coverage at p is a sum over the n + 1 outcomes.
    p = np.linspace(0.01, 0.99, 99)
    weights = binom.pmf(np.arange(n + 1)[:, None], n, p)
    for method, worst, mean_low, mean_high in (
        (wilson, 0.83, 0.945, 0.96),
        (clopper_pearson, 0.95, 0.95, 1.0),
    ):
        ends = np.array([method(k, n)[:2] for k in range(n + 1)])
        inside = (ends[:, :1] <= p) & (p <= ends[:, 1:])
        coverage = (weights * inside).sum(axis=0)
        assert coverage.min() >= worst - 1e-12
        assert mean_low <= coverage.mean() <= mean_high


def test_nothing_counted_gives_nan():
    empty = Proportion(0, 0)
    assert math.isnan(empty.value)
    assert all(math.isnan(end) for method in (wilson, clopper_pearson) for end in method(0, 0)[:2])
    assert empty.as_dict()["value"] is None
    assert empty.as_dict()["wilson"] == [None, None]


@pytest.mark.parametrize(("count", "n"), [(-1, 3), (4, 3), (1.5, 3), (0, -1)])
def test_impossible_counts_are_refused(count, n):
    with pytest.raises(ValueError, match="count"):
        Proportion(count, n)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError, match="confidence level"):
        wilson(1, 2, level)


def test_interval_contains():
    assert 0.5 in Interval(0.4, 0.6)
    assert 0.7 not in Interval(0.4, 0.6)
    assert "0.5" not in Interval(0.4, 0.6)
    assert Interval(0.25, 0.75).width == 0.5
