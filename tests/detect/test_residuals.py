"""Noise residuals are multiples of the image's own noise."""

import numpy as np

from tamperscope.detect.residuals import noise_residuals


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


def test_an_empty_image_has_nothing_valid():
    residuals, _, valid, _ = noise_residuals(np.zeros((64, 64), np.float32))
    assert not valid.any()
    assert not residuals.any()
