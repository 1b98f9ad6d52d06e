"""Where a lesion is said to be, on lesions whose place is known."""

import numpy as np
import pytest

from tamperscope import Injector, read_mammogram
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.injector import HOLE
from tamperscope.forge.lesion import lesion_mask
from tamperscope.forge.tissue_contrast import USUAL, brightest_mass, tissue_contrast, usual_share
from tamperscope.mammogram import Mammogram, Spacing
from tests.detect.images import make_mammogram

SIDE = 256


def bump(height):
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    return height * np.exp(-(x**2 + y**2) / (2 * 30**2))


def test_a_bump_is_found_at_half_of_its_height_whatever_lies_under_it():
    original = np.random.default_rng(0).normal(500, 5, (SIDE, SIDE))
    mask = lesion_mask(original, original + bump(100))
    half = np.pi * (30 * np.sqrt(2 * np.log(2))) ** 2
    assert mask.sum() == pytest.approx(half, rel=0.15)
    assert mask[SIDE // 2, SIDE // 2]


@pytest.mark.parametrize("height", [0, 5, -100])
def test_where_nothing_is_added_there_is_no_lesion(height):
    original = np.full((SIDE, SIDE), 500.0)
    assert not lesion_mask(original, original + bump(height)).any()


def test_on_film_neither_mask_nor_lesion_is_a_square(dicom_files):
    """There equation 2.2 alone gives 0.65 or more in all but a few corners of the square."""
    film = read_mammogram(dicom_files[3])
    injector, square = Injector.load(), (1500, 2200, 480)
    forgery = injector.inject(film, square)
    assert 0.1 * 480**2 < forgery.record["mask"]["pixels"] < 0.35 * 480**2
    assert injector.inject(film, square, lift=False).record["mask"]["pixels"] > 0.35 * 480**2
    lesion = forgery.record["lesion"]
    left, top, width, height = lesion["bbox"]
    assert lesion["area"] < 0.3 * 480**2
    assert lesion["area"] < 0.9 * width * height
    assert 1500 <= left < left + width <= 1980
    assert 2200 <= top < top + height <= 2680


def tumour_of(forgery):
    drawn, hole = forgery.stages["cgan2"], np.zeros((64, 64), bool)
    hole[HOLE, HOLE] = True
    return (drawn - fill_harmonic(drawn, hole))[HOLE, HOLE]


def test_contrast_scales_the_tumour_and_nothing_else():
    mammogram, injector = make_mammogram(900, 700), Injector.load()
    plain, fainter = (injector.inject(mammogram, (120, 300, 200), contrast=c, lift=False, seed=3) for c in (1.0, 0.5))
    np.testing.assert_allclose(tumour_of(fainter), 0.5 * tumour_of(plain), atol=0.5)


@pytest.mark.parametrize(("amplitude", "mm"), [(40, 0.1), (160, 0.1), (40, 0.05)])
def test_tissue_contrast_is_that_of_waves_of_a_masss_size(amplitude, mm):
    """Waves of 20 mm, of which a Gaussian of 1.5 mm leaves 0.895 and one of 8 mm 0.043."""
    side = round(100 / mm)
    wave = 500 + amplitude * np.sin(np.arange(side) * mm / 20 * 2 * np.pi)[None, :].repeat(side, 0)
    mammogram = Mammogram(wave.astype(np.float32), np.ones((side, side), bool), Spacing(mm, "given"))
    expected = (0.895 - 0.043) * amplitude / np.sqrt(2)
    assert tissue_contrast(mammogram) == pytest.approx(expected, rel=0.1)
    assert usual_share(mammogram) == pytest.approx(min(1, expected / USUAL), rel=0.1)
    fine = mammogram.pixels + np.random.default_rng(0).normal(0, 50, mammogram.shape).astype(np.float32)
    assert tissue_contrast(Mammogram(fine, mammogram.tissue, mammogram.spacing)) == pytest.approx(expected, rel=0.15)


def test_films_have_less_contrast_than_the_images_learnt_from(dicom_files):
    assert 0.3 < usual_share(read_mammogram(dicom_files[0])) < 0.8


def test_a_mass_may_be_brighter_than_the_brightest_hundredth_by_75():
    mammogram = make_mammogram(900, 700)
    expected = np.percentile(mammogram.pixels[mammogram.tissue], 99) + 75
    assert brightest_mass(mammogram) == pytest.approx(expected, abs=5)
    nothing = np.zeros(mammogram.shape, bool)
    assert brightest_mass(Mammogram(mammogram.pixels, nothing, mammogram.spacing)) == np.inf
