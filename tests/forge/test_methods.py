"""What single forgers promise beyond the common rules."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.biharmonic import Biharmonic
from tamperscope.forge.blend import Hard, Poisson
from tamperscope.forge.calcifications import RemoveCalcifications
from tamperscope.forge.copy_move import CopyMove, PoissonCopyMove
from tamperscope.forge.nearest_patches import PATCH, synthesise
from tamperscope.forge.real_mass import RealMass
from tamperscope.forge.region import Region
from tamperscope.forge.retouch import Blur, Contrast, Denoise, Sharpen
from tamperscope.forge.splice import Splice
from tamperscope.forge.telea import Telea
from tamperscope.forge.texture_fill import TextureFill
from tests.forge.images import blob, read_at_tenth_mm, write_image

BLOB = blob(90, 220, 50, 40)


@pytest.fixture(scope="module")
def mammogram(tmp_path_factory):
    return read_at_tenth_mm(write_image(tmp_path_factory.mktemp("images"), "target16.png"))


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    return read_at_tenth_mm(write_image(tmp_path_factory.mktemp("images"), "donor16.png", seed=9))


def with_disc(mammogram, x, y, radius, contrast):
    pixels = mammogram.pixels.copy()
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    pixels[inside] += contrast
    return replace(mammogram, pixels=pixels, source=None), inside


@pytest.mark.parametrize("forger", [Telea(), Biharmonic(), TextureFill()])
def test_a_removal_takes_a_mass_away_and_leaves_tissue(mammogram, forger):
    ill, mass = with_disc(mammogram, 110, 240, 18, 250)
    healed = forger.forge(ill, Region.ellipse(110, 240, 23, 23), rng=np.random.default_rng(0)).mammogram.pixels
    ring = Region.ellipse(110, 240, 45, 45).on_image(*ill.shape) & ~Region.ellipse(110, 240, 30, 30).on_image(
        *ill.shape
    )
    assert abs(healed[mass].mean() - mammogram.pixels[ring].mean()) < 60
    fine = healed - cv2.GaussianBlur(healed, (0, 0), 2)
    # The grain is there, and no more of it than around.
    assert 0.6 < fine[mass].std() / fine[ring].std() < 1.4


def test_without_grain_a_fill_is_the_plain_method(mammogram):
    plain = Telea(grain=0).forge(mammogram, BLOB, rng=np.random.default_rng(0)).mammogram.pixels
    fine = plain - cv2.GaussianBlur(plain, (0, 0), 2)
    mask = cv2.erode(BLOB.on_image(*mammogram.shape).view(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert fine[mask].std() < 0.7 * (mammogram.pixels - cv2.GaussianBlur(mammogram.pixels, (0, 0), 2))[mask].std()


def test_patches_of_a_stripe_pattern_are_put_together_exactly():
    y, x = np.mgrid[:80, :90]
    stripes = np.where((x + y) % 10 < 5, 700.0, 400.0).astype(np.float32)
    hole = (x - 45) ** 2 + (y - 40) ** 2 < 12**2
    guess = np.where(hole, 550, stripes).astype(np.float32)
    filled = synthesise(guess, hole, np.ones_like(hole), np.random.default_rng(0))
    np.testing.assert_array_equal(filled[~hole], stripes[~hole])
    assert set(np.unique(filled)) == {400.0, 700.0}
    assert (filled == stripes).mean() > 0.97


def test_patches_come_from_allowed_places_only():
    picture = np.random.default_rng(0).normal(500, 5, (60, 60)).astype(np.float32)
    picture[:, 40:] = 9000
    hole = np.zeros((60, 60), bool)
    hole[25:33, 15:24] = True
    allowed = np.ones_like(hole)
    allowed[:, 40:] = False
    filled = synthesise(picture, hole, allowed, np.random.default_rng(0))
    assert np.isin(filled[hole], picture[allowed & ~hole]).all()


def test_without_sources_the_guess_stays():
    picture = np.random.default_rng(0).normal(500, 5, (40, 40)).astype(np.float32)
    hole = np.zeros((40, 40), bool)
    hole[10 : 10 + PATCH, 10:20] = True
    np.testing.assert_array_equal(synthesise(picture, hole, hole, np.random.default_rng(0)), picture)


def test_calcifications_go_and_the_tissue_between_them_stays(mammogram):
    pixels = mammogram.pixels.copy()
    places = [(220, 100), (228, 112), (236, 104), (244, 120)]
    for row, column in places:
        pixels[row - 1 : row + 2, column - 1 : column + 2] += 300
    ill = replace(mammogram, pixels=pixels, source=None)
    region = Region.ellipse(110, 232, 30, 30)
    forgery = RemoveCalcifications().forge(ill, region, rng=np.random.default_rng(0))
    for row, column in places:
        assert forgery.mask[row, column]
        assert abs(forgery.mammogram.pixels[row, column] - mammogram.pixels[row, column]) < 150
    assert forgery.mask.sum() < 0.25 * region.mask.sum()


def test_a_vessel_is_no_calcification(mammogram):
    pixels = mammogram.pixels.copy()
    pixels[231:234, 85:140] += 300
    ill = replace(mammogram, pixels=pixels, source=None)
    forgery = RemoveCalcifications().forge(ill, Region.ellipse(110, 232, 30, 30), rng=np.random.default_rng(0))
    assert forgery.mask[232, 85:140].mean() < 0.2


@pytest.mark.parametrize("mirrored", [False, True])
def test_copy_move_copies_exactly(mammogram, mirrored):
    forger = CopyMove(blend=Hard(), mirrored=mirrored)
    forgery = forger.forge(mammogram, BLOB, rng=np.random.default_rng(0))
    placement = forgery.record["drawn"]["placement"]
    rows, columns = np.nonzero(forgery.mask)
    down, right = round(placement["y"] - BLOB.centre[1]), columns - BLOB.centre[0]
    source_columns = np.rint(placement["x"] + (-right if mirrored else right)).astype(int)
    np.testing.assert_array_equal(
        forgery.mammogram.source.stored[rows, columns], mammogram.source.stored[rows + down, source_columns]
    )


def test_a_given_lesion_is_copied_to_the_region(mammogram):
    ill, _ = with_disc(mammogram, 60, 300, 8, 400)
    forger = PoissonCopyMove(source=Region.ellipse(60, 300, 12, 12))
    forgery = forger.forge(ill, Region.ellipse(110, 220, 12, 12), rng=np.random.default_rng(0))
    assert (forgery.mammogram.pixels - ill.pixels)[216:225, 106:115].mean() > 250
    with pytest.raises(TamperscopeError, match="not inside"):
        CopyMove(source=Region.box(-5, 0, 9, 9)).forge(ill, BLOB, rng=np.random.default_rng(0))


def test_copy_move_without_room(mammogram):
    with pytest.raises(TamperscopeError, match="no place of the region's size"):
        CopyMove().forge(mammogram, Region.box(10, 60, 220, 400), rng=np.random.default_rng(0))


def test_a_splice_brings_the_donor_to_the_same_pitch(mammogram, donor):
    coarse = replace(donor, spacing=replace(donor.spacing, mm=0.2))
    forgery = Splice(donor=coarse).forge(mammogram, BLOB, rng=np.random.default_rng(0))
    assert forgery.record["drawn"]["placement"]["scale"] == pytest.approx(2)


def test_a_splice_from_a_finer_donor_does_not_alias(mammogram, donor):
    checks = np.indices(donor.shape).sum(0) % 2
    fine = replace(donor, spacing=replace(donor.spacing, mm=0.03), pixels=(400 + 300 * checks).astype(np.float32))
    forger = Splice(donor=fine, source=Region.box(100, 200, 60, 60), match=False)
    pixels = forger.forge(mammogram, BLOB, rng=np.random.default_rng(0)).mammogram.pixels
    assert np.abs(pixels[BLOB.on_image(*mammogram.shape)] - 550).max() < 30


def test_a_real_mass_is_merged_by_equation_2_1(mammogram, donor):
    ill, _ = with_disc(donor, 80, 250, 14, 300)
    forger = RealMass(donor=ill, source=Region.box(60, 230, 41, 41), match=False)
    forgery = forger.forge(mammogram, Region.box(90, 220, 41, 41), rng=np.random.default_rng(0))
    centre = forgery.mammogram.pixels[236:245, 106:115]
    np.testing.assert_allclose(centre, ill.pixels[246:255, 76:85], atol=2)
    assert forgery.record["mask"]["rule"] == "W >= 0.65"
    assert forgery.mask[240, 110]
    assert not forgery.mask[220, 90]


def test_an_empty_mask_is_no_forgery(mammogram, donor):
    dark = replace(donor, pixels=donor.pixels - 800)
    with pytest.raises(TamperscopeError, match="its mask is empty"):
        RealMass(donor=dark, match=False).forge(mammogram, BLOB, rng=np.random.default_rng(0))


def test_retouching_does_what_it_says(mammogram):
    def fine(forger):
        pixels = forger.forge(mammogram, BLOB, rng=np.random.default_rng(0)).mammogram.pixels
        return (pixels - cv2.GaussianBlur(pixels, (0, 0), 1.5))[BLOB.on_image(*mammogram.shape)].std()

    before = (mammogram.pixels - cv2.GaussianBlur(mammogram.pixels, (0, 0), 1.5))[BLOB.on_image(*mammogram.shape)].std()
    assert fine(Blur()) < 0.5 * before
    assert fine(Denoise()) < 0.95 * before
    assert fine(Contrast(gain=0.5)) == pytest.approx(0.5 * before, rel=0.1)
    assert fine(Sharpen()) > 1.5 * before


def test_blends_can_be_exchanged(mammogram):
    forgery = Telea(blend=Poisson()).forge(mammogram, BLOB, rng=np.random.default_rng(0))
    assert forgery.record["parameters"]["blend"] == {"kind": "poisson"}
