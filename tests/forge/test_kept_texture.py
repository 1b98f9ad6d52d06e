"""Stage 7 without noise: the tissue's own texture shows through the tumour."""

import numpy as np
import pytest

from tamperscope import Injector
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import generated_part
from tamperscope.forge.kept_texture import kept_texture
from tests.forge.test_matched_noise import CORE, RING, SQUARE, fine_noise, tissue_with_noise


@pytest.fixture(scope="module")
def injector():
    return Injector.load()


@pytest.mark.parametrize("blur", [0, 0.8])
def test_the_grain_inside_is_that_around(injector, blur):
    mammogram, _ = tissue_with_noise(blur)
    forged = injector.inject(mammogram, SQUARE, threshold=0, power=12, noise_model="tissue", seed=3).mammogram
    assert fine_noise(forged.pixels[CORE]) / fine_noise(mammogram.pixels[RING]) == pytest.approx(1, abs=0.1)
    # Not only as strong: it is the same grain.
    fine = [np.diff(pixels[CORE].astype(float), 2, axis=1).ravel() for pixels in (forged.pixels, mammogram.pixels)]
    assert np.corrcoef(*fine)[0, 1] > 0.85


def test_around_the_generated_part_nothing_changes(injector):
    mammogram, _ = tissue_with_noise(0.8)
    forged = injector.inject(mammogram, SQUARE, threshold=0, noise_model="tissue").mammogram
    change = np.abs(forged.pixels - mammogram.pixels)[SQUARE.slices]
    inside = generated_part(SQUARE)
    assert change[inside, inside].max() > 30
    change[inside, inside] = 0
    assert change.max() < 0.01


def test_it_takes_no_strength(injector):
    mammogram, _ = tissue_with_noise(0.8)
    with pytest.raises(TamperscopeError, match="its own strength"):
        injector.inject(mammogram, SQUARE, noise_model="tissue", noise=5)


def test_the_record_repeats_it(injector):
    mammogram, _ = tissue_with_noise(0.8)
    forgery = injector.inject(mammogram, SQUARE, noise_model="tissue", seed=11)
    again = injector.inject(mammogram, SQUARE, **forgery.record["parameters"])
    np.testing.assert_array_equal(forgery.mammogram.pixels, again.mammogram.pixels)


def test_holes_get_the_grain_of_the_tissue_around():
    mammogram, _ = tissue_with_noise(0.8)
    hole = SQUARE.y + 70, SQUARE.x + 70
    where = tuple(slice(start, start + 60) for start in hole)
    mammogram.pixels[where] = 0
    smooth = np.full((SQUARE.side, SQUARE.side), 600.0)
    inside = slice(75, 125), slice(75, 125)
    texture, with_hole = (
        kept_texture(mammogram, SQUARE, smooth, generated_part(SQUARE), fill_holes=fill)
        for fill in ((np.random.default_rng(0), np.ones_like(smooth)), None)
    )
    around = texture[140:180, 140:180]
    assert with_hole[inside].min() < around.min() - 50
    assert fine_noise(texture[inside]) == pytest.approx(fine_noise(around), rel=0.2)


def test_tissue_without_any_grain_stays_without():
    mammogram, _ = tissue_with_noise(0.8)
    mammogram.pixels[mammogram.tissue] = 500
    smooth = np.full((SQUARE.side, SQUARE.side), 600.0)
    fill = np.random.default_rng(0), np.ones_like(smooth)
    texture = kept_texture(mammogram, SQUARE, smooth, generated_part(SQUARE), fill_holes=fill)
    assert np.isfinite(texture).all()
    assert np.abs(texture[80:160, 80:160]).max() < 1


def test_a_square_that_is_half_air_keeps_its_grain():
    mammogram, _ = tissue_with_noise(0.8)
    mammogram.pixels[SQUARE.y : SQUARE.y + 150, SQUARE.x : SQUARE.x + SQUARE.side] = 0
    smooth = np.full((SQUARE.side, SQUARE.side), 600.0)
    fill = np.random.default_rng(0), np.ones_like(smooth)
    texture = kept_texture(mammogram, SQUARE, smooth, generated_part(SQUARE), fill_holes=fill)
    own = kept_texture(mammogram, SQUARE, smooth, generated_part(SQUARE))
    assert np.isfinite(texture).all()
    assert fine_noise(texture[165:185, 70:170]) == pytest.approx(fine_noise(own[165:185, 70:170]), rel=0.05)
