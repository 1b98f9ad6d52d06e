"""Membrane and thin plate against functions that solve their equations, and against each other's definition."""

import numpy as np
import pytest

from tamperscope.forge import harmonic
from tamperscope.forge.harmonic import fill_biharmonic, fill_harmonic

Y, X = np.mgrid[:80, :90].astype(np.float64)
HOLE = ((X - 45) / 28) ** 2 + ((Y - 38) / 24) ** 2 < 1


@pytest.mark.parametrize("function", [X * 0 + 7, 3 * X - 2 * Y + 1, X * Y, X**2 - Y**2, X**3 - 3 * X * Y**2])
def test_harmonic_functions_come_back(function):
    # The five-point Laplacian of these polynomials is 0 exactly.
    np.testing.assert_allclose(fill_harmonic(np.where(HOLE, -999, function), HOLE), function, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("function", [X * 0 + 7, 3 * X - 2 * Y, X**2 + Y**2, X**3 + Y**3, X**2 * Y])
def test_the_thin_plate_continues_cubics(function):
    scaled = function / np.abs(function).max()
    np.testing.assert_allclose(fill_biharmonic(np.where(HOLE, -999, scaled), HOLE), scaled, atol=1e-9)


def test_large_holes_agree_with_the_direct_solution(monkeypatch):
    values = np.random.default_rng(0).normal(500, 60, (260, 250))
    y, x = np.mgrid[:260, :250]
    hole = (x - 120) ** 2 + (y - 130) ** 2 < 110**2
    iterated = fill_harmonic(values, hole)
    monkeypatch.setattr(harmonic, "_DIRECT", 10**9)
    np.testing.assert_allclose(iterated, fill_harmonic(values, hole), atol=0.1)


@pytest.mark.parametrize("fill", [fill_harmonic, fill_biharmonic])
def test_a_hole_at_the_border_has_a_free_edge(fill):
    hole = np.zeros((40, 50), bool)
    hole[:20, :15] = True
    np.testing.assert_allclose(fill(np.where(hole, 0, 6.0), hole), 6.0)


@pytest.mark.parametrize("fill", [fill_harmonic, fill_biharmonic])
def test_nothing_to_fill_and_nothing_known(fill):
    values = np.random.default_rng(0).normal(size=(9, 9))
    np.testing.assert_array_equal(fill(values, np.zeros((9, 9), bool)), values)
    np.testing.assert_array_equal(fill(values, np.ones((9, 9), bool)), 0)


def test_the_thin_plate_is_that_of_scikit_image():
    inpaint = pytest.importorskip("skimage.restoration", reason="scikit-image is not installed")
    picture = np.cos(X / 9) * np.sin(Y / 13)
    hole = ((X - 45) / 12) ** 2 + ((Y - 38) / 10) ** 2 < 1
    theirs = inpaint.inpaint_biharmonic(picture, hole)
    np.testing.assert_allclose(fill_biharmonic(picture, hole), theirs, atol=0.02)
