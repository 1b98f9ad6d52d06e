"""Equations 2.1 to 2.3 against a computation pixel by pixel, straight from the report."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamperscope.forge.merge import distance_matrix, merge, weight_matrix


def weight_by_hand(generated, threshold, smoothing, power):
    side = len(generated)
    centre = (side - 1) / 2
    weight = np.empty((side, side))
    for y in range(side):
        for x in range(side):
            distance = max(abs(y - centre), abs(x - centre)) / centre
            logistic = 1 / (1 + math.exp(-(generated[y, x] - threshold) / smoothing))
            weight[y, x] = (1 - distance**power) * logistic
    return weight


def test_distance_matrix_is_the_one_printed_in_the_report():
    printed = np.array([[2, 2, 2, 2, 2], [2, 1, 1, 1, 2], [2, 1, 0, 1, 2], [2, 1, 1, 1, 2], [2, 2, 2, 2, 2]]) / 2
    np.testing.assert_array_equal(distance_matrix(5), printed)


@pytest.mark.parametrize(("threshold", "smoothing", "power"), [(400, 20, 3), (440, 40, 12)])
@pytest.mark.parametrize("side", [32, 45])
def test_weight_matrix(side, threshold, smoothing, power):
    generated = np.random.default_rng(side).uniform(250, 900, (side, side))
    np.testing.assert_allclose(
        weight_matrix(generated, threshold=threshold, smoothing=smoothing, power=power),
        weight_by_hand(generated, threshold, smoothing, power),
        atol=1e-12,
    )


@given(st.floats(-1e5, 1e5), st.floats(0.1, 500), st.floats(0.1, 50))
def test_weights_stay_between_zero_and_one(level, smoothing, power):
    weight = weight_matrix(np.full((33, 33), level), smoothing=smoothing, power=power)
    assert weight.min() >= 0
    assert weight.max() <= 1
    border = np.concatenate([weight[0], weight[-1], weight[:, 0], weight[:, -1]])
    assert not border.any()


def test_merge_is_the_weighted_mean():
    generated, original = np.full((3, 3), 500.0), np.full((3, 3), 300.0)
    np.testing.assert_allclose(merge(generated, original, np.full((3, 3), 0.25)), 350)


def test_senseless_parameters_are_refused():
    with pytest.raises(ValueError, match="more than 0"):
        weight_matrix(np.zeros((8, 8)), smoothing=0)
