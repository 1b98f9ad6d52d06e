import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tamperscope.judge.delong import (
    auc_interval,
    delong_covariance,
    delong_test,
    delong_test_unpaired,
    newcombe_interval,
)
from tamperscope.judge.roc import auc

SEEDS = st.integers(0, 10_000)


def make(seed, scorers=2, fake=9, real=12, levels=5):
    rng = np.random.default_rng(seed)
    labels = np.repeat([1, 0], [fake, real])
    return labels, rng.integers(0, levels, size=(scorers, fake + real)) + labels


def by_definition(labels, scores):
    """DeLong et al. (1988), equations 4 to 6, pair by pair."""
    truth = labels.astype(bool)
    wins = np.array(
        [[[1.0 if x > y else 0.5 if x == y else 0.0 for y in row[~truth]] for x in row[truth]] for row in scores]
    )
    areas, v10, v01 = wins.mean(axis=(1, 2)), wins.mean(axis=2), wins.mean(axis=1)
    k, m, n = wins.shape
    covariance = np.zeros((k, k))
    for r in range(k):
        for s in range(k):
            s10 = sum((v10[r, i] - areas[r]) * (v10[s, i] - areas[s]) for i in range(m)) / (m - 1)
            s01 = sum((v01[r, j] - areas[r]) * (v01[s, j] - areas[s]) for j in range(n)) / (n - 1)
            covariance[r, s] = s10 / m + s01 / n
    return areas, covariance


@given(SEEDS)
def test_agrees_with_the_definition(seed):
    labels, scores = make(seed, scorers=3)
    areas, covariance = delong_covariance(labels, scores)
    expected_areas, expected = by_definition(labels, scores)
    np.testing.assert_allclose(areas, expected_areas)
    np.testing.assert_allclose(covariance, expected, atol=1e-12)


@given(SEEDS)
def test_monotone_maps_change_nothing_and_swaps_mirror(seed):
    labels, scores = make(seed)
    first = delong_test(labels, *scores)
    again = delong_test(labels, np.exp(scores[0]), scores[1] ** 3)
    assert again.p_value == pytest.approx(first.p_value, nan_ok=True)
    mirrored = delong_test(1 - labels, *scores)
    assert mirrored.p_value == pytest.approx(first.p_value, nan_ok=True)
    for method in ("delong", "logit", "newcombe"):
        low, high, _ = auc_interval(labels, scores[0], method=method)
        other_low, other_high, _ = auc_interval(1 - labels, scores[0], method=method)
        assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-6)
        assert low <= auc(labels, scores[0]) <= high


def test_intervals_by_hand():
    labels, scores = make(4, scorers=1)
    (area,), ((variance,),) = delong_covariance(labels, scores)
    error = math.sqrt(variance)
    low, high, _ = auc_interval(labels, scores[0], level=0.9, method="delong")
    assert (low, high) == pytest.approx((area - 1.6448536 * error, min(1, area + 1.6448536 * error)))
    low, high, _ = auc_interval(labels, scores[0], method="logit")
    centre, half = math.log(area / (1 - area)), 1.959964 * error / (area * (1 - area))
    assert (low, high) == pytest.approx(tuple(1 / (1 + math.exp(-x)) for x in (centre - half, centre + half)))


@given(st.floats(0.01, 0.99), st.integers(2, 60), st.integers(2, 60))
def test_newcombe_solves_its_equation(area, m, n):
    low, high, _ = newcombe_interval(area, m, n)
    assert 0.0 <= low <= area <= high <= 1.0
    half = (m + n) / 2 - 1
    for theta in (low, high):
        spread = theta * (1 - theta) * (1 + half * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n)
        assert abs(theta - area) == pytest.approx(1.959964 * math.sqrt(spread), abs=1e-6)


def test_a_perfect_scorer_gets_a_width():
    labels = [0] * 10 + [1] * 10
    for scores in (labels, [-one for one in labels]):
        for method in ("delong", "logit"):
            assert auc_interval(labels, scores, method=method).width > 0.1


def test_paired_test_is_the_wilcoxon_by_the_difference():
    labels, scores = make(11, fake=30, real=40)
    areas, covariance = by_definition(labels, scores)
    z = (areas[0] - areas[1]) / math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    mine = delong_test(labels, *scores)
    assert mine.statistic == pytest.approx(z)
    assert mine.p_value == pytest.approx(2 * stats.norm.sf(abs(z)))
    swapped = delong_test(labels, scores[1], scores[0])
    assert swapped.statistic == pytest.approx(-z)


def test_unpaired_test_adds_the_variances():
    labels, scores = make(2, scorers=1)
    other_labels, other = make(3, scorers=1, fake=20, real=15)
    a, ((va,),) = by_definition(labels, scores)
    b, ((vb,),) = by_definition(other_labels, other)
    z = (a[0] - b[0]) / math.sqrt(va + vb)
    assert delong_test_unpaired(labels, scores[0], other_labels, other[0]).statistic == pytest.approx(z)


def test_a_scorer_against_itself():
    labels, scores = make(5)
    same = delong_test(labels, scores[0], scores[0])
    assert (same.statistic, same.p_value) == (0.0, 1.0)
    perfect = delong_test([0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0])
    assert math.isnan(perfect.p_value)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        delong_covariance([0, 1, 1], [1, 2, 3])
    with pytest.raises(ValueError, match="method"):
        auc_interval([0, 0, 1, 1], [1, 2, 3, 4], method="exact")
    with pytest.raises(ValueError, match="one scorer"):
        auc_interval([0, 0, 1, 1], [[1, 2, 3, 4]] * 2)
    with pytest.raises(ValueError, match="area"):
        newcombe_interval(1.2, 3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distance", "fake", "real", "least"),
    [
        (1.0, 50, 50, {"logit": 0.94, "delong": 0.93, "newcombe": 0.94}),
        (1.8, 50, 50, {"logit": 0.94, "delong": 0.91, "newcombe": 0.94}),
        # Few fake images and an area of 0.96: DeLong's plain interval falls well short, which is why it isn't
        # the default.
        (2.5, 30, 100, {"logit": 0.92, "delong": 0.86, "newcombe": 0.94}),
    ],
)
def test_coverage(distance, fake, real, least):
    truth = stats.norm.cdf(distance / math.sqrt(2))
    rng = np.random.default_rng(1)
    labels = np.repeat([1, 0], [fake, real])
    inside = dict.fromkeys(least, 0)
    draws = 4000
    for _ in range(draws):
        scores = rng.normal(size=labels.size) + distance * labels
        for method in inside:
            inside[method] += truth in auc_interval(labels, scores, method=method)
    shares = {method: count / draws for method, count in inside.items()}
    print(distance, fake, real, shares)
    assert all(least[method] <= share <= 0.98 for method, share in shares.items())
    assert shares["delong"] < shares["logit"]
