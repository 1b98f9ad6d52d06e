"""Stage 7 with the tissue's own noise: inside the forgery as around it."""

import cv2
import numpy as np
import pytest

from tamperscope import Injector
from tamperscope.forge.forgery import Square
from tamperscope.forge.matched_noise import matched_noise, power_spectrum, through_merge
from tamperscope.forge.noise_curve import noise_curve
from tamperscope.mammogram import Mammogram, Spacing

SQUARE = Square(200, 260, 240)
CORE = slice(350, 410), slice(290, 350)
"""All tumour."""
RING = slice(180, 250), slice(120, 500)


@pytest.fixture(scope="module")
def injector():
    return Injector.load()


def tissue_with_noise(blur, *, by_brightness=False, seed=0):
    """Smooth tissue with noise of a known correlation length, and of a known curve."""
    rng = np.random.default_rng(seed)
    height, width = 800, 640
    smooth = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 40)
    smooth = 500 + 100 * smooth / smooth.std()
    noise = rng.standard_normal((height, width))
    noise = cv2.GaussianBlur(noise, (0, 0), blur) if blur else noise
    noise *= (np.sqrt(np.clip(smooth, 1, None) * 0.1) if by_brightness else 7) / noise.std()
    tissue = np.zeros((height, width), bool)
    tissue[40:-40, :600] = True
    pixels = np.where(tissue, smooth + noise, 0).astype(np.float32)
    return Mammogram(pixels, tissue, Spacing(0.1, "given")), noise


@pytest.mark.parametrize("blur", [0, 0.8, 1.5])
def test_it_has_the_spectrum_that_the_picture_lacks(blur):
    mammogram, noise = tissue_with_noise(blur)
    picture = cv2.GaussianBlur(mammogram.pixels[SQUARE.slices], (0, 0), 5)
    drawn = matched_noise(mammogram, SQUARE, picture, slice(37, 202), np.random.default_rng(1))
    assert drawn.std() == pytest.approx(7, rel=0.15)
    assert abs(drawn.mean()) < 0.5
    wanted, got = power_spectrum(noise[300:600, 100:400], 32), power_spectrum(drawn, 32)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(32), np.fft.fftfreq(32)))
    for low, high in [(0.1, 0.2), (0.2, 0.35), (0.35, 0.5)]:
        band = (frequency >= low) & (frequency < high)
        if wanted[band].mean() > 0.05:  # below that a blurred noise is nothing but leakage
            assert 10 * np.log10(got[band].mean() / wanted[band].mean()) == pytest.approx(0, abs=1.5)


def test_nothing_is_added_to_a_picture_that_lacks_nothing():
    mammogram, _ = tissue_with_noise(0.8)
    picture = mammogram.pixels[SQUARE.slices]
    drawn = matched_noise(mammogram, SQUARE, picture, slice(37, 202), np.random.default_rng(1))
    assert drawn.std() < 2.5


def test_it_follows_the_noise_curve():
    mammogram, _ = tissue_with_noise(0.6, by_brightness=True)
    picture = np.full((240, 240), 350.0)
    picture[:, 120:] = 650
    drawn = matched_noise(mammogram, SQUARE, picture, slice(37, 202), np.random.default_rng(2))
    dark, bright = drawn[:, :100].std(), drawn[:, 140:].std()
    assert bright / dark == pytest.approx(np.sqrt(650 / 350), rel=0.12)


def test_it_is_as_strong_as_around_where_it_does_not_follow_the_curve():
    mammogram, noise = tissue_with_noise(0.6, by_brightness=True)
    pictures = (np.full((240, 240), level, np.float32) for level in (450.0, 650.0))
    dark, bright = (
        matched_noise(mammogram, SQUARE, picture, slice(37, 202), np.random.default_rng(2), by_brightness=False)
        for picture in pictures
    )
    np.testing.assert_array_equal(dark, bright)
    assert fine_noise(dark) == pytest.approx(fine_noise(noise[SQUARE.slices]), rel=0.1)


def test_the_noise_curve_is_the_true_one():
    mammogram, _ = tissue_with_noise(0, by_brightness=True)
    curve = noise_curve(mammogram)
    for brightness in (400, 500, 600):
        assert float(curve.at(brightness)) == pytest.approx(np.sqrt(0.1 * brightness), rel=0.08)


def test_a_merge_keeps_the_power_of_the_noise():
    rng = np.random.default_rng(0)
    original, added = rng.standard_normal((2, 400_000))
    for weight in (1e-9, 0.05, 0.5, 0.95, 1.0):
        w = np.full(original.shape, weight)
        assert (w * through_merge(added, w) + (1 - w) * original).std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("blur", [0.8, 1.5])
def test_merged_noise_matches_its_surroundings_and_white_noise_does_not(injector, blur):
    mammogram, _ = tissue_with_noise(blur)
    ring = fine_noise(mammogram.pixels[RING])
    levels = {}
    for model in ("white", "matched"):
        forged = injector.inject(mammogram, SQUARE, threshold=0, noise_model=model, power=12, seed=3).mammogram
        levels[model] = fine_noise(forged.pixels[CORE]) / ring
    # The generators' own stripes add to it where the noise is soft.
    assert levels["matched"] == pytest.approx(1, abs=0.15 if blur < 1 else 0.25)
    assert levels["white"] > 1.8


def test_a_wanted_strength_is_kept(injector):
    mammogram, _ = tissue_with_noise(0.8)
    merged = [
        injector.inject(mammogram, SQUARE, threshold=0, power=12, noise=noise, noise_model="matched", seed=3)
        for noise in (0, 4, 8)
    ]
    none, some, twice = (forgery.mammogram.pixels[CORE].astype(float) for forgery in merged)
    assert (some - none).std() == pytest.approx(4, rel=0.1)
    np.testing.assert_allclose(twice - none, 2 * (some - none), atol=0.01)


@pytest.mark.parametrize("square", [Square(0, 0, 32), Square(0, 40, 64), Square(540, 0, 100), Square(0, 0, 640)])
def test_squares_at_the_border_and_off_the_tissue(injector, square):
    mammogram, _ = tissue_with_noise(0.8)
    forgery = injector.inject(mammogram, square, noise_model="matched")
    assert np.isfinite(forgery.mammogram.pixels).all()


def test_the_record_repeats_it(injector):
    mammogram, _ = tissue_with_noise(0.8)
    forgery = injector.inject(mammogram, SQUARE, noise_model="matched", seed=11)
    assert forgery.record["parameters"]["noise_model"] == "matched"
    again = injector.inject(mammogram, Square(**forgery.record["square"]), **forgery.record["parameters"])
    np.testing.assert_array_equal(forgery.mammogram.pixels, again.mammogram.pixels)


def fine_noise(pixels):
    """Spread of the horizontal second differences, which no smooth tissue has."""
    differences = np.diff(pixels.astype(float), 2, axis=1)
    return np.median(np.abs(differences)) / 0.6745 / np.sqrt(6)
