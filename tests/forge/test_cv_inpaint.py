"""OpenCV's inpainting: its faults with floats, and that we keep clear of them."""

import cv2
import numpy as np
import pytest

from tamperscope.forge.cv_inpaint import inpaint_16_bit

METHODS = [cv2.INPAINT_TELEA, cv2.INPAINT_NS]
HOLE = np.zeros((80, 80), bool)
HOLE[30:50, 30:50] = True
RAMP = np.tile(np.linspace(0, 1, 80), (80, 1))


def test_telea_of_opencv_is_wrong_on_small_floats():
    """The reason for the detour over levels. Should this fail, OpenCV has mended it, and the detour may go."""
    filled = cv2.inpaint(RAMP.astype(np.float32), HOLE.view(np.uint8), 5, cv2.INPAINT_TELEA)
    assert filled[HOLE].min() < -0.2
    assert filled[HOLE].max() > 1.2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.5, -5.0, 40000.0, 0.0])
def test_a_flat_picture_stays_flat(method, level):
    np.testing.assert_array_equal(inpaint_16_bit(np.full((80, 80), level), HOLE, 5, method), level)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-4, 0.0), (500.0, 300.0), (60000.0, -30000.0)])
def test_the_range_of_the_picture_does_not_matter(method, scale, offset):
    unit = inpaint_16_bit(RAMP, HOLE, 5, method)
    other = inpaint_16_bit(RAMP * scale + offset, HOLE, 5, method)
    np.testing.assert_allclose((other - offset) / scale, unit, atol=1e-4)
    # Neither method continues slopes, but neither leaves the range of the rim.
    assert unit[HOLE].min() >= RAMP[HOLE].min() - 0.05
    assert unit[HOLE].max() <= RAMP[HOLE].max() + 0.05


@pytest.mark.parametrize("method", METHODS)
def test_known_pixels_are_not_quantised(method):
    picture = np.random.default_rng(0).normal(500, 50, (80, 80))
    filled = inpaint_16_bit(picture, HOLE, 5, method)
    np.testing.assert_array_equal(filled[~HOLE], picture[~HOLE])


@pytest.mark.parametrize("method", METHODS)
def test_what_stands_in_the_hole_does_not_matter(method):
    picture = np.random.default_rng(0).normal(500, 50, (80, 80))
    first = inpaint_16_bit(picture, HOLE, 5, method)
    np.testing.assert_array_equal(first, inpaint_16_bit(np.where(HOLE, 1e6, picture), HOLE, 5, method))


@pytest.mark.parametrize("method", METHODS)
def test_a_hole_at_the_corner_and_a_hole_that_is_all(method):
    hole = np.zeros((80, 80), bool)
    hole[:20, :20] = True
    filled = inpaint_16_bit(RAMP, hole, 5, method)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(inpaint_16_bit(RAMP, np.ones((80, 80), bool), 5, method), 0)
