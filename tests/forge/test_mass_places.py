"""Squares where masses are likely: bright and varied tissue, never darker than around masses."""

import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import random_square
from tamperscope.forge.mass_places import DARKEST, PLACES, Breast, Surroundings, likely_square
from tamperscope.mammogram import Mammogram, Spacing

SIDES = (100, 100)


def breast(*levels, height=1200, width=800):
    """Bands of tissue of these levels, one below the other, with grain."""
    pixels = np.repeat(np.array(levels, np.float32), height // len(levels))[:, None].repeat(width, 1)
    pixels += np.random.default_rng(0).normal(0, 5, pixels.shape).astype(np.float32)
    tissue = np.ones(pixels.shape, bool)
    tissue[:, 700:] = False
    pixels[~tissue] = 0
    return Mammogram(pixels, tissue, Spacing(0.1, "given"))


def test_brighter_tissue_is_chosen_more_often_and_the_seed_says_which():
    mammogram = breast(440, 640)
    drawn = [likely_square(mammogram, np.random.default_rng(seed), sides=SIDES) for seed in range(30)]
    anywhere = [random_square(mammogram, np.random.default_rng(seed), sides=SIDES) for seed in range(30)]
    assert drawn == [likely_square(mammogram, np.random.default_rng(seed), sides=SIDES) for seed in range(30)]
    look = Breast(mammogram)
    odds, usual = (np.array([look.around(square).odds for square in squares]) for squares in (drawn, anywhere))
    assert odds.mean() > 1.3 * usual.mean()
    # Likely is no rule without exceptions.
    assert odds.min() < np.median(usual)


def test_tissue_darker_than_around_masses_is_left_out_or_refused():
    mammogram = breast(330, 600)
    for seed in range(20):
        square = likely_square(mammogram, np.random.default_rng(seed), sides=SIDES)
        assert Breast(mammogram).around(square).level >= DARKEST
    with pytest.raises(TamperscopeError, match="darker than around masses"):
        likely_square(breast(330, 350), np.random.default_rng(0), sides=SIDES)
    assert PLACES["anywhere"](breast(330, 350), np.random.default_rng(0), sides=SIDES).side == 100


def test_only_squares_that_are_allowed_are_taken():
    mammogram = breast(500, 600)
    for seed in range(10):
        square = likely_square(
            mammogram, np.random.default_rng(seed), sides=SIDES, allowed=lambda square: square.x > 400
        )
        assert square.x > 400
    with pytest.raises(TamperscopeError, match="free of annotated lesions"):
        likely_square(mammogram, np.random.default_rng(0), sides=SIDES, allowed=lambda square: False)
    with pytest.raises(TamperscopeError, match="lies inside the breast"):
        likely_square(mammogram, np.random.default_rng(0), sides=(790, 790))


def test_the_middle_is_told_from_the_surroundings():
    mammogram = breast(500, 500)
    square = Square(200, 400, 200)
    before = Breast(mammogram).around(square)
    mammogram.pixels[450:550, 250:350] = 900
    breast_after = Breast(mammogram)
    after = breast_after.around(square)
    assert after.level == pytest.approx(before.level, abs=0.5)
    assert before.level == pytest.approx(500, abs=1)
    assert before.middle == pytest.approx(0, abs=0.3)
    assert after.middle * breast_after.deviation == pytest.approx(400, abs=5)


@pytest.mark.parametrize("side", [3, 32, 64, 600])
def test_squares_of_any_size_have_surroundings(side):
    around = Breast(breast(500, 600)).around(Square(1, 1, side))
    assert 490 < around.level < 610
    assert np.isfinite(around.contrast)


def test_odds_are_those_of_the_regression():
    usual = Surroundings(500, 0.0, 4.0)
    assert Surroundings(500, 1.0, 4.0).odds > 2 * usual.odds
    assert Surroundings(500, 0.0, 5.0).odds > 2 * usual.odds
    assert Surroundings(DARKEST - 1, 1.0, 4.0).odds == 0


def test_tissue_denser_than_around_it_counts_as_brighter_surroundings():
    assert Surroundings(500, 0.2, 4.0, 0.5).odds == pytest.approx(Surroundings(500, 0.7, 4.0).odds)
    assert Surroundings(500, 0.2, 4.0, -0.5).odds < Surroundings(500, 0.2, 4.0).odds
