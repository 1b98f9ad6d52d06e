import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn import metrics

from tamperscope.judge.roc import auc, operating_point, roc_curve, threshold_for_fpr, tpr_at_fpr

# Few levels, so that ties abound.
SETS = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=50).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def columns(rows):
    labels, scores = zip(*rows, strict=True)
    return np.array(labels), np.array(scores, dtype=float)


@given(SETS)
def test_area_agrees_with_scikit_learn_scipy_and_the_trapezoids(rows):
    labels, scores = columns(rows)
    area = auc(labels, scores)
    assert area == pytest.approx(metrics.roc_auc_score(labels, scores))
    u = mannwhitneyu(scores[labels], scores[~labels]).statistic
    assert area == pytest.approx(u / (labels.sum() * (~labels).sum()))
    assert area == pytest.approx(roc_curve(labels, scores).area)


@given(SETS)
def test_curve_agrees_with_scikit_learn(rows):
    labels, scores = columns(rows)
    curve = roc_curve(labels, scores)
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fpr, fpr)
    np.testing.assert_allclose(curve.tpr, tpr)
    for f, t, threshold in zip(curve.fpr, curve.tpr, curve.thresholds, strict=True):
        point = operating_point(labels, scores, threshold)
        assert (point.fpr.value, point.tpr.value) == pytest.approx((f, t))


@given(SETS)
def test_monotone_maps_keep_the_area_and_swaps_mirror_it(rows):
    labels, scores = columns(rows)
    area = auc(labels, scores)
    assert auc(labels, np.exp(scores) * 3 - 1) == pytest.approx(area)
    assert auc(labels, np.arctan(scores)) == pytest.approx(area)
    assert auc(~labels, scores) == pytest.approx(1 - area)
    assert auc(labels, -scores) == pytest.approx(1 - area)
    assert auc(~labels, -scores) == pytest.approx(area)


@given(SETS, st.floats(0, 1))
def test_threshold_keeps_the_promise_and_is_the_lowest(rows, fpr):
    labels, scores = columns(rows)
    threshold = threshold_for_fpr(scores[~labels], fpr)
    real = scores[~labels]
    assert (real > threshold).mean() <= fpr + 1e-9
    lower = real[real < threshold]
    if lower.size:
        assert (real > lower.max()).mean() > fpr
    point = tpr_at_fpr(labels, scores, fpr)
    curve = roc_curve(labels, scores)
    assert point.tpr.value == pytest.approx(curve.tpr[curve.fpr <= fpr + 1e-9].max())


def test_a_rate_that_comes_out_even():
    # 0.05 of 20 is one image, whatever the rounding of 0.05.
    assert threshold_for_fpr(np.arange(20), 0.05) == 18
    assert threshold_for_fpr([1, 2], 1.0) == -math.inf


def test_infinite_scores():
    curve = roc_curve([0, 1, 1], [-math.inf, math.inf, -math.inf])
    assert (curve.fpr[-1], curve.tpr[-1]) == (1.0, 1.0)
    assert auc([0, 1, 1], [-math.inf, math.inf, -math.inf]) == 0.75


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 0], [1, 2], "missing"),
        ([0, 1], [1, math.nan], "nan"),
        ([0, 1], [1, 2, 3], "one label and one score"),
        ([0, 2], [1, 2], "labels must"),
        ([], [], "labels must|missing"),
    ],
)
def test_bad_input_is_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        auc(labels, scores)


def test_bad_rates_are_refused():
    with pytest.raises(ValueError, match="rate"):
        threshold_for_fpr([1, 2], 5)
    with pytest.raises(ValueError, match="scores of real"):
        threshold_for_fpr([], 0.1)
    with pytest.raises(ValueError, match="threshold"):
        operating_point([0, 1], [1, 2], math.nan)


@given(SETS)
def test_more_of_the_same_images_keep_the_area(rows):
    labels, scores = columns(rows)
    assert auc(np.tile(labels, 3), np.tile(scores, 3)) == pytest.approx(auc(labels, scores))
