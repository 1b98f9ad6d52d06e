"""Filling by the network: what it may see, and what it must give back."""

import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.control import TripControl
from tamperscope.forge.partial_convolution import PartialConvolution, PartialConvolution512, fill_tissue
from tamperscope.forge.region import Region
from tests.forge.images import blob, read_at_tenth_mm, tissue_like, write_image


@pytest.fixture(scope="module")
def picture():
    return (300 + 400 * tissue_like(256, 200)).astype(np.float32)


def hole_in(picture, side=50, top=100, left=30):
    hole = np.zeros(picture.shape, bool)
    hole[top : top + side, left : left + side] = True
    return hole


@pytest.mark.parametrize("side", [20, 60, 110])
def test_what_stands_in_the_hole_is_never_seen(picture, side):
    hole = hole_in(picture, side)
    known = (picture > 300) & ~hole
    other = np.where(hole, 5000, picture)
    filled = fill_tissue(picture, hole, known, work_side=96)
    np.testing.assert_array_equal(filled[~hole], picture[~hole].astype(np.float64))
    np.testing.assert_allclose(fill_tissue(other, hole, known, work_side=96)[hole], filled[hole])


@pytest.mark.parametrize("side", [30, 120])
def test_a_flat_picture_comes_back_flat_whatever_its_level(side):
    for level in (50.0, 500.0, 900.0):
        flat = np.full((260, 260), level, np.float32)
        hole = hole_in(flat, side)
        np.testing.assert_allclose(fill_tissue(flat, hole, ~hole, work_side=96), level, atol=25)


def test_no_tissue_around_is_said(picture):
    hole = hole_in(picture)
    with pytest.raises(TamperscopeError, match="no breast tissue around"):
        fill_tissue(picture, hole, np.zeros_like(hole))


def test_grain_brings_the_noise_of_the_tissue_around(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    region = blob(60, 220, 90, 80)

    def noise(forger):
        forged = forger.repeat(mammogram, region, seed=0).mammogram.pixels
        inner = forged[region.slices][20:-20, 20:-20]
        return np.abs(np.diff(inner, axis=1)).mean()

    original = np.abs(np.diff(mammogram.pixels[region.slices][20:-20, 20:-20], axis=1)).mean()
    assert noise(PartialConvolution(grain=0)) < 0.6 * original
    assert noise(PartialConvolution()) == pytest.approx(original, rel=0.3)


def test_the_trip_has_a_network_of_its_own(tmp_path, monkeypatch):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    region = Region.ellipse(110, 260, 30, 25)
    own = PartialConvolution512(grain=0).repeat(mammogram, region, seed=0)
    assert own.record["drawn"]["model"]["name"] == "partial-convolution-512"
    monkeypatch.setattr("tamperscope.forge.partial_convolution.TRIP", "partial-convolution")
    native = PartialConvolution512(grain=0).repeat(mammogram, region, seed=0)
    assert native.record["drawn"]["model"]["name"] == "partial-convolution"
    assert np.abs(own.mammogram.pixels - native.mammogram.pixels)[region.slices].max() > 0.5


def test_outside_the_region_the_trip_is_that_of_its_control(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    region = Region.ellipse(110, 260, 30, 25)
    forged = PartialConvolution512().repeat(mammogram, region, seed=0)
    control = TripControl().repeat(mammogram, region, seed=0)
    assert forged.record["reach"] == control.record["reach"]
    # Beyond the ramp (16 of 512 pixels: 4 of the image) and what the resampling's kernels carry further, forgery and
    # control are the same picture.
    differs = forged.mammogram.source.stored != control.mammogram.source.stored
    far = ~Region.ellipse(110, 260, 38, 33).on_image(*mammogram.shape)
    assert not differs[far].any()
    assert differs[forged.mask].mean() > 0.9
