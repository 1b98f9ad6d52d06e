import cv2
import numpy as np
import pytest

from tamperscope.forge.blend import Feathered, Hard, Poisson, Weighted
from tamperscope.forge.merge import MASK_LEVEL
from tamperscope.forge.window import Window
from tests.forge.test_merge import weight_by_hand

RNG = np.random.default_rng(0)
PIXELS = RNG.normal(500, 40, (70, 80)).astype(np.float32)
CONTENT = RNG.normal(560, 90, (70, 80))


def window(hole, tissue=None):
    return Window(0, 0, PIXELS, np.ones(PIXELS.shape, bool) if tissue is None else tissue, hole, 0.1)


def disc(x, y, radius):
    rows, columns = np.mgrid[:70, :80]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def test_hard():
    hole = disc(40, 30, 12)
    np.testing.assert_array_equal(Hard().apply(window(hole), CONTENT), np.where(hole, CONTENT, PIXELS))


def test_feathered_pixel_by_pixel():
    hole = disc(40, 30, 12)
    blend = Feathered(mm=0.5)
    blended, reach = blend.apply(window(hole), CONTENT), blend.reach(window(hole))
    inside = np.argwhere(hole)
    for y in range(70):
        for x in range(80):
            distance = np.sqrt(((inside - (y, x)) ** 2).sum(1).min())
            weight = 0.5 + 0.5 * np.cos(np.pi * distance / 6) if distance < 6 else 0.0
            assert reach[y, x] == (weight > 0)
            assert blended[y, x] == pytest.approx(weight * CONTENT[y, x] + (1 - weight) * PIXELS[y, x], abs=1e-3)
    np.testing.assert_array_equal(blend.mask(window(hole), CONTENT), hole)


def test_a_feather_fades_towards_air_and_never_reaches_it():
    tissue = np.zeros((70, 80), bool)
    tissue[:, :45] = True
    hole = disc(40, 30, 12) & tissue
    blend = Feathered(mm=0.5)
    assert not (blend.reach(window(hole, tissue)) & ~tissue).any()
    assert blend.weight(window(hole, tissue))[30, 44] < 0.1
    mask = blend.mask(window(hole, tissue), CONTENT)
    assert mask[30, 35]
    assert not mask[30, 44]


def test_poisson_keeps_gradients_and_has_no_step():
    hole = disc(40, 30, 15)
    blended = Poisson().apply(window(hole), CONTENT)
    np.testing.assert_array_equal(blended[~hole], PIXELS[~hole])
    # Where all four neighbours are in the hole, the Laplacian is that of the content.
    inner = cv2.erode(hole.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))) > 0
    laplace = cv2.Laplacian(blended, cv2.CV_64F, ksize=1) - cv2.Laplacian(CONTENT, cv2.CV_64F, ksize=1)
    np.testing.assert_allclose(laplace[inner], 0, atol=1e-6)


def test_poisson_of_a_shifted_copy_is_the_original():
    hole = disc(40, 30, 15)
    np.testing.assert_allclose(Poisson().apply(window(hole), PIXELS + 123.0), PIXELS, atol=1e-3)


@pytest.mark.parametrize("side", [33, 40])
def test_weighted_on_a_square_is_equation_2_2(side):
    hole = np.zeros((70, 80), bool)
    hole[10 : 10 + side, 20 : 20 + side] = True
    blend = Weighted(threshold=430, smoothing=30, power=5)
    weight = blend.weight(window(hole), CONTENT)
    square = slice(10, 10 + side), slice(20, 20 + side)
    np.testing.assert_allclose(weight[square], weight_by_hand(CONTENT[square], 430, 30, 5), atol=1e-12)
    assert not weight[~hole].any()
    np.testing.assert_array_equal(blend.mask(window(hole), CONTENT), weight >= MASK_LEVEL)


def test_weighted_on_an_outline_is_full_in_the_middle_and_nothing_at_the_rim():
    hole = disc(40, 30, 15)
    weight = Weighted().weight(window(hole), np.full((70, 80), 1e4))
    assert weight[30, 40] == pytest.approx(1)
    rim = hole & ~(cv2.erode(hole.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    assert not weight[rim].any()


@pytest.mark.parametrize("hole", [disc(0, 0, 5), disc(79, 69, 0)])
@pytest.mark.parametrize("blend", [Hard(), Feathered(), Poisson(), Weighted()])
def test_holes_at_the_corner(blend, hole):
    assert np.isfinite(blend.apply(window(hole), CONTENT)[blend.reach(window(hole))]).all()
