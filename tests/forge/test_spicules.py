"""Spiculated tumours: tissue comes nearer, strands run outwards and get fainter."""

import numpy as np
import pytest

from tamperscope.forge.spicules import draw_strands, retract

SIDE = 240
DOWN, ACROSS = (axis - (SIDE - 1) / 2 for axis in np.indices((SIDE, SIDE)))
RADIUS = np.hypot(DOWN, ACROSS)
COVER = np.clip((48 - RADIUS) / 16, 0, 1).astype(np.float32)
ADDED = 150 * COVER
TISSUE = np.ones((SIDE, SIDE), bool)


def ring(radius):
    return (500 + 200 * np.exp(-((RADIUS - radius) ** 2) / 2 / 3**2)).astype(np.float32)


@pytest.mark.parametrize("radius", [50, 70, 90])
def test_tissue_comes_nearer_and_nothing_moves_outside(radius):
    pulled, moved = retract(ring(radius), TISSUE, 0.8)
    brightest = RADIUS[pulled > 600].mean()
    assert radius - 14 < brightest < radius - 1
    assert moved[(RADIUS > 20) & (RADIUS < 90)].all()
    assert not moved[RADIUS > 0.48 * SIDE].any()
    still = RADIUS > 0.48 * SIDE
    np.testing.assert_array_equal(pulled[still], ring(radius)[still])
    assert not retract(ring(radius), TISSUE, 0.01)[1].any()  # less than a pixel


def test_the_farther_the_more_it_pulls():
    places = [RADIUS[retract(ring(70), TISSUE, pull)[0] > 600].mean() for pull in (0, 0.3, 0.6, 1)]
    assert (np.diff(places) < -2).all()


def test_grain_stays():
    grain = np.random.default_rng(0).normal(0, 20, (SIDE, SIDE)).astype(np.float32)
    pulled, moved = retract(500 + grain, TISSUE, 1)
    assert pulled[moved].std() == pytest.approx(20, rel=0.06)  # what is coarser moves away from what is finer


def test_skin_stays_where_it_is():
    tissue = ACROSS < 60
    square = np.where(tissue, 500, 0).astype(np.float32)
    pulled, moved = retract(square, tissue, 1)
    np.testing.assert_array_equal(pulled[~tissue], 0)
    assert pulled[tissue].min() > 450
    assert not moved[~tissue].any()
    assert moved.any()


def test_a_speck_leaves_no_ghost():
    square = np.random.default_rng(0).normal(500, 10, (SIDE, SIDE)).astype(np.float32)
    square[115:118, 60:63] += 400
    pulled, _ = retract(square, TISSUE, 1)
    assert pulled[115:118, 60:63].max() < 560
    assert pulled[110:123, 62:100].max() > 700


def strands(seed=0, spiculation=0.8):
    return draw_strands(COVER, ADDED, spiculation, np.random.default_rng(seed))


def test_strands_run_out_of_the_tumour_and_get_fainter():
    means = [np.mean([strands(seed)[(radius - 3 < RADIUS) & (radius + 3 > RADIUS)].mean() for seed in range(20)])
             for radius in (45, 55, 65, 75, 110)]  # fmt: skip
    assert (np.diff(means) < 0).all()
    assert means[0] > 5
    assert means[-1] == 0
    for seed in range(20):
        assert 0 < strands(seed).max() <= 0.6 * 0.8 * 150
        rim = strands(seed)[(RADIUS > 52) & (RADIUS < 56)]
        assert 0.02 < (rim > 5).mean() < 0.9  # strands, no halo


def test_the_same_numbers_the_same_strands():
    np.testing.assert_array_equal(strands(3), strands(3))
    assert (strands(3) != strands(4)).any()
    np.testing.assert_allclose(strands(3, 0.4), strands(3, 0.8) / 2, atol=1e-4)


def test_where_there_is_no_tumour_there_are_no_strands():
    nothing = draw_strands(np.zeros((SIDE, SIDE), np.float32), ADDED, 1, np.random.default_rng(0))
    assert not nothing.any()
    assert nothing.shape == (SIDE, SIDE)
