import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from tamperscope.benchmark.lossless import GREY_LEVEL, SCALE_RANGE, make_lossless_like
from tests.detect.images import make_mammogram


def grid_strength(pixels, period=8):
    """Mean step across columns at each phase of the period: the largest over the median (plus a grey level)."""
    steps = np.abs(np.diff(pixels.astype(np.float64), axis=1))[:, : (pixels.shape[1] - 1) // period * period]
    phases = steps.mean(axis=0).reshape(-1, period).mean(axis=0)
    return phases.max() / (np.median(phases) + GREY_LEVEL)


def blocky(height=1200, width=960):
    """Noise averaged over 8 x 8 blocks: the strongest JPEG grid there can be."""
    mammogram = make_mammogram(height, width)
    blocks = np.kron(np.random.default_rng(1).normal(550, 60, (height // 8, width // 8)), np.ones((8, 8)))
    mammogram.pixels[:] = np.where(mammogram.tissue, blocks, 0)
    return mammogram


def test_the_jpeg_grid_is_gone_from_its_period():
    mammogram = blocky()
    assert grid_strength(mammogram.pixels[300:900, 100:700]) > 50
    lossless = make_lossless_like(mammogram, rng=np.random.default_rng(0))
    assert grid_strength(lossless.pixels[300:800, 100:600]) < 1.5


def test_noise_grows_with_the_signal_and_grey_levels_are_twelve_bit():
    mammogram = make_mammogram(1200, 960)
    mammogram.pixels[:] = np.where(mammogram.tissue, np.where(np.arange(960) < 400, 400.0, 800.0), 0)
    lossless = make_lossless_like(mammogram, rng=np.random.default_rng(2))
    levels = lossless.pixels / np.float32(GREY_LEVEL)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
    noise = lossless.pixels - uniform_filter(lossless.pixels, 9)
    middle = slice(400, 600)
    dark, bright = noise[middle, 50:250].std(), noise[middle, 450:600].std()
    assert bright / dark == pytest.approx(2**0.5, rel=0.1)


def test_same_draws_same_image():
    mammogram = make_mammogram(600, 500)
    first, again = (make_lossless_like(mammogram, rng=np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert SCALE_RANGE[0] * 600 <= first.shape[0] <= SCALE_RANGE[1] * 600 + 1
    assert first.spacing.mm == 0.1


def test_forged_pixels_lie_on_the_grey_levels_of_all_others(tmp_path):
    from tamperscope.forge.region import Region
    from tamperscope.forge.retouch import Blur
    from tests.forge.images import read_at_tenth_mm, write_image

    file = write_image(tmp_path, "eight.png", height=620, width=400)
    lossless = make_lossless_like(read_at_tenth_mm(file), rng=np.random.default_rng(3))
    forged = Blur().forge(lossless, Region.box(60, 200, 80, 80), rng=np.random.default_rng(0)).mammogram
    assert lossless.source is not None
    assert forged.source.stored.dtype == np.uint16
    assert forged.source.stored.max() < 4096
    assert (forged.pixels != lossless.pixels).any()
    levels = forged.pixels / np.float32(GREY_LEVEL)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)


def test_an_images_own_noise_can_be_kept():
    mammogram = make_mammogram(1200, 960)
    halved = make_lossless_like(mammogram, rng=np.random.default_rng(0), scales=(0.5, 0.5), noise=None)
    assert halved.shape == (600, 480)
    blocks = mammogram.pixels.reshape(600, 2, 480, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(halved.pixels, blocks, atol=GREY_LEVEL)
