"""The round trip through the autoencoder."""

import numpy as np
import pytest

from tamperscope.forge.autoencoder import Autoencoder, RoundTrip, round_trip
from tamperscope.forge.control import AutoencoderControl
from tests.forge.images import blob, read_at_tenth_mm, tissue_like, write_image


@pytest.fixture(scope="module")
def picture():
    return (300 + 400 * tissue_like(700, 600)).astype(np.float32)


def test_a_part_comes_back_as_in_the_whole(picture):
    tissue = picture > 300
    whole = round_trip(picture, tissue)
    # Cut at a whole cell, so that the cells of both lie alike.
    part = slice(160, 560), slice(80, 440)
    inner = slice(64, -64), slice(64, -64)
    np.testing.assert_allclose(round_trip(picture[part], tissue[part])[inner], whole[part][inner], atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (130, 17)])
def test_pictures_of_any_size(shape):
    flat = np.full(shape, 500, np.float32)
    made = round_trip(flat, np.ones(shape, bool))
    assert made.shape == shape
    np.testing.assert_allclose(made, 500, atol=15)


def test_noise_goes_and_brightness_stays(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    region = blob(60, 220, 90, 80)
    forged = Autoencoder().repeat(mammogram, region, seed=0).mammogram.pixels
    before, after = (pixels[region.slices][20:-20, 20:-20] for pixels in (mammogram.pixels, forged))
    assert np.abs(np.diff(after, axis=1)).mean() < 0.6 * np.abs(np.diff(before, axis=1)).mean()
    assert after.mean() == pytest.approx(before.mean(), abs=15)


def test_the_control_is_the_trip_of_everything(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    control = AutoencoderControl().repeat(mammogram, blob(60, 220, 90, 80), seed=0)
    changed = control.mammogram.source.stored != mammogram.source.stored
    assert changed[mammogram.tissue].mean() > 0.9
    assert not changed[mammogram.pixels <= 0].any()
    assert not control.mask.any()


def test_air_stays_air():
    rng = np.random.default_rng(0)
    pixels = np.where(np.arange(80) < 50, 500 + rng.normal(0, 5, (60, 80)), 0).astype(np.float32)
    made = RoundTrip().apply(pixels, rng)
    assert made.dtype == np.float32
    assert not made[:, 50:].any()
