"""Noise residuals are multiples of the image's own noise."""

import numpy as np
import pytest

from tamperscope.detect.residuals import SKIN, noise_residuals


def noisy(shape=(400, 300), seed=0):
    rng = np.random.default_rng(seed)
    ground = np.broadcast_to(np.linspace(300, 800, shape[1], dtype=np.float32), shape)
    pixels = ground + rng.standard_normal(shape) * np.sqrt(0.05 * ground)
    return pixels.astype(np.float32)


def test_spread_is_one_whatever_brightness_and_gain():
    for gain in (1.0, 4.0):
        pixels = 500 + gain * (noisy() - 500)
        residuals, _, valid, _ = noise_residuals(np.maximum(pixels, 1))
        dark, bright = valid.copy(), valid.copy()
        dark[:, 100:] = bright[:, :200] = False
        for band in residuals:
            assert 0.9 < band[dark].std() < 1.1
            assert 0.9 < band[bright].std() < 1.1


def test_air_and_the_skin_next_to_it_are_not_valid():
    pixels = noisy()
    pixels[:, :60] = 20.0
    residuals, _, valid, _ = noise_residuals(pixels)
    assert not valid[:, :76].any()
    assert valid[:, 100:280].mean() > 0.95
    assert not residuals[:, ~valid].any()


def test_a_strip_of_air_along_the_border_is_air_even_if_it_is_narrow():
    pixels = noisy()
    pixels[-12:] = 20.0  # more than the rim, less than air is wide elsewhere
    valid = noise_residuals(pixels).valid
    assert not valid[-SKIN - 4 :].any()
    assert valid[100:300, 50:280].mean() > 0.95


@pytest.mark.parametrize(("column", "is_air"), [(150, False), (295, True)])
def test_clipped_fat_is_found_under_noise_that_came_after_it_and_has_no_skin_unless_it_ends_the_image(column, is_air):
    pixels = noisy()
    rows, columns = np.mgrid[:400, :300]
    away = np.hypot(rows - 200, columns - column)
    # Noise spreads the clipped pixels over 60 units, far more than they may lie above the darkest.
    pixels[away < 30] = np.random.default_rng(1).normal(250, 10, int((away < 30).sum()))
    valid = noise_residuals(pixels).valid
    assert not valid[away < 24].any()
    around = (away > 32) & (away < 42) & (columns < 280)
    assert valid[around].mean() < 0.02 if is_air else valid[around].mean() > 0.95


@pytest.mark.parametrize("first", [99, 100, 101])
def test_a_sliver_of_breast_is_no_error(first):
    pixels = np.zeros((300, 200), np.float32)
    pixels[:, first : first + 17] = noisy()[:300, :17]
    assert not noise_residuals(pixels).valid[:, : first - 1].any()


def test_an_empty_image_has_nothing_valid():
    residuals, _, valid, _ = noise_residuals(np.zeros((64, 64), np.float32))
    assert not valid.any()
    assert not residuals.any()
