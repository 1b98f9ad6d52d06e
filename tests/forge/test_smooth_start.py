"""The surface that the inpainting network adds to."""

import numpy as np
import pytest

from tamperscope.forge.harmonic import fill_biharmonic, fill_harmonic
from tamperscope.forge.smooth_start import smooth_start

ROWS, COLUMNS = np.mgrid[:120, :100].astype(float)
HOLE = (ROWS - 60) ** 2 + (COLUMNS - 50) ** 2 < 25**2
ALL = np.ones(HOLE.shape, bool)


def test_a_ramp_goes_on():
    ramp = 400 + 2 * ROWS - COLUMNS
    np.testing.assert_allclose(smooth_start(ramp, HOLE, ~HOLE), ramp, atol=0.01)


def test_it_lies_between_membrane_and_plate():
    bowl = 0.1 * ((ROWS - 60) ** 2 + (COLUMNS - 50) ** 2)
    start, membrane, plate = (
        part[60, 50]
        for part in (smooth_start(bowl, HOLE, ~HOLE), fill_harmonic(bowl, HOLE), fill_biharmonic(bowl, HOLE))
    )
    assert start == pytest.approx((membrane + plate) / 2, rel=0.01)


def test_neither_the_hole_nor_air_is_seen():
    rng = np.random.default_rng(0)
    picture = 500 + rng.normal(0, 5, HOLE.shape)
    known = ~HOLE & (COLUMNS < 70)
    other = np.where(HOLE, 5000, np.where(COLUMNS < 70, picture, 0))
    start = smooth_start(picture * (COLUMNS < 70), HOLE, known)
    np.testing.assert_allclose(smooth_start(other, HOLE, known)[HOLE], start[HOLE])
    np.testing.assert_array_equal(start[known], picture[known])
    assert abs(start[HOLE].mean() - 500) < 5


@pytest.mark.parametrize("shape", [(1, 2), (3, 5), (33, 60)])
def test_pictures_of_any_size(shape):
    hole = np.zeros(shape, bool)
    hole[:, shape[1] // 2 :] = True
    np.testing.assert_allclose(smooth_start(np.full(shape, 500.0), hole, ~hole), 500)
