from time import process_time

import cv2
import numpy as np
import pytest

from tamperscope import Injector, read_mammogram
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import random_square
from tamperscope.forge.settle import chance_contrast
from tamperscope.forge.tissue_contrast import brightest_mass, usual_share
from tests.detect.images import make_mammogram
from tests.forge.test_merge import weight_by_hand

SQUARE = Square(120, 300, 200)


@pytest.fixture(scope="module")
def injector():
    return Injector.load()


@pytest.fixture(scope="module")
def mammogram():
    return make_mammogram(900, 700)


def test_only_the_square_changes(injector, mammogram):
    forgery = injector.inject(mammogram, SQUARE, seed=1)
    changed = forgery.mammogram.pixels != mammogram.pixels
    assert changed[SQUARE.slices].mean() > 0.3
    changed[SQUARE.slices] = False
    assert not changed.any()
    assert forgery.mask.any()
    outside = forgery.mask.copy()
    outside[SQUARE.slices] = False
    assert not outside.any()


def test_eight_stages_recomputed_independently(injector, mammogram):
    forgery = injector.inject(
        mammogram, SQUARE, threshold=430, smoothing=30, power=5, noise=7, noise_model="white", lift=False, seed=4
    )
    original = mammogram.pixels[SQUARE.slices].astype(np.float64)
    rng = np.random.default_rng(4)
    condition = cv2.resize(original.astype(np.float32), (64, 64), interpolation=cv2.INTER_LINEAR) / 1100
    condition[10:54, 10:54] = rng.standard_normal((44, 44), dtype=np.float32)  # the latent map
    blurred = injector.first(condition[None, None].astype(np.float32))[0, 0].copy()
    blurred[10:54, 10:54] += 0.003 * rng.standard_normal((44, 44), dtype=np.float32)
    sharp = injector.second(blurred[None, None])[0, 0]
    generated = cv2.resize(sharp, (200, 200), interpolation=cv2.INTER_LINEAR).astype(np.float64) * 1100
    generated += 7 * rng.standard_normal((200, 200))
    weight = weight_by_hand(generated, 430, 30, 5)
    merged = weight * generated + (1 - weight) * original
    np.testing.assert_allclose(forgery.mammogram.pixels[SQUARE.slices], merged, atol=0.01)
    np.testing.assert_array_equal(forgery.mask[SQUARE.slices], weight >= 0.65)


def test_cgan2_keeps_the_frame_of_its_condition(injector, mammogram):
    stages = injector.inject(mammogram, SQUARE).stages
    frame = np.ones((64, 64), bool)
    frame[10:54, 10:54] = False
    np.testing.assert_allclose(stages["cgan2"][frame], stages["cgan1"][frame], rtol=1e-5)
    # The middle holds the latent map, not the tissue.
    assert abs(stages["condition"][~frame].mean()) < 0.1 * 1100
    assert stages["condition"][~frame].std() == pytest.approx(1100, rel=0.1)


def test_same_seed_same_pixels_other_seed_others(injector, mammogram):
    first, again, other = (injector.inject(mammogram, SQUARE, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.mammogram.pixels, again.mammogram.pixels)
    assert (first.mammogram.pixels != other.mammogram.pixels).any()


def test_record_repeats_the_forgery(injector, mammogram):
    forgery = injector.inject(mammogram, SQUARE, noise=3, noise_model="white", contrast=0.8, seed=9)
    record = forgery.record
    again = injector.inject(mammogram, Square(**record["square"]), **record["parameters"])
    np.testing.assert_array_equal(forgery.mammogram.pixels, again.mammogram.pixels)


@pytest.mark.parametrize(
    ("square", "message"),
    [
        ((-1, 0, 100), "not inside the image"),
        ((650, 0, 100), "not inside the image"),
        ((0, 850, 100), "not inside the image"),
        ((0, 0, 31), "at least 32"),
    ],
)
def test_bad_squares_are_refused(injector, mammogram, square, message):
    with pytest.raises(TamperscopeError, match=message):
        injector.inject(mammogram, square)


@pytest.mark.parametrize("parameters", [{"smoothing": 0}, {"power": -1}, {"noise": -1}, {"noise": float("nan")}])
def test_bad_parameters_are_refused(injector, mammogram, parameters):
    with pytest.raises(TamperscopeError, match="must be"):
        injector.inject(mammogram, SQUARE, **parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"spiculation": 1.1}, "from 0 to 1"),
        ({"spiculation": -0.1}, "from 0 to 1"),
        ({"spiculation": 0.5, "lift": False}, "only a tumour that settles"),
    ],
)
def test_a_spiculation_that_is_none_is_refused(injector, mammogram, parameters, message):
    with pytest.raises(TamperscopeError, match=message):
        injector.inject(mammogram, SQUARE, **parameters)


@pytest.mark.parametrize("noise_model", ["white", "matched", "tissue"])
def test_a_spiculated_tumour_changes_what_its_mask_says(injector, mammogram, noise_model):
    plain = injector.inject(mammogram, SQUARE, seed=3, noise_model=noise_model)
    forgery = injector.inject(mammogram, SQUARE, seed=3, noise_model=noise_model, spiculation=0.8)
    changed = np.abs(forgery.mammogram.pixels - mammogram.pixels) > 0.01
    assert changed.sum() > 1.2 * (np.abs(plain.mammogram.pixels - mammogram.pixels) > 0.01).sum()
    outside = changed.copy()
    outside[SQUARE.slices] = False
    assert not outside.any()
    assert forgery.mask.sum() > plain.mask.sum()
    assert changed[forgery.mask].mean() > 0.9
    assert forgery.record["parameters"]["spiculation"] == 0.8
    assert forgery.record["mask"]["rule"].endswith("or moved")
    np.testing.assert_array_equal(forgery.stages["original"], mammogram.pixels[SQUARE.slices])


def test_pulled_tissue_without_a_tumour_is_no_injection(injector, mammogram):
    forgery = injector.inject(mammogram, SQUARE, threshold=5000, spiculation=0.8)
    assert not forgery.mask.any()


def test_the_tumour_is_the_same_however_far_the_tissue_is_pulled(injector, mammogram):
    little, much = (injector.inject(mammogram, SQUARE, seed=3, spiculation=pull).stages for pull in (0.01, 1.0))
    np.testing.assert_array_equal(little["cgan1"], much["cgan1"])


def test_random_square_lies_in_the_tissue(mammogram):
    for seed in range(20):
        square = random_square(mammogram, np.random.default_rng(seed), sides=(64, 200))
        assert mammogram.tissue[square.slices].mean() >= 0.97
        assert 64 <= square.side <= 200


def test_no_room_for_a_random_square(mammogram):
    with pytest.raises(TamperscopeError, match="no square of 690 to 690 pixels"):
        random_square(mammogram, np.random.default_rng(0), sides=(690, 690))


@pytest.mark.slow
@pytest.mark.parametrize("noise_model", ["white", "matched", "tissue"])
def test_a_full_size_film_takes_less_than_a_second(injector, dicom_files, noise_model):
    for file in dicom_files:
        film = read_mammogram(file)
        square = random_square(film, np.random.default_rng(3))

        def once(film=film, square=square):
            start = process_time()
            injector.inject(film, square, noise_model=noise_model)
            return process_time() - start

        taken = min(once() for _ in range(3))
        print(f"{file.name} {film.shape} {noise_model}: {taken:.2f} s of processor time")
        assert taken < 1


def test_lift_draws_in_dark_tissue_what_it_draws_in_usual_tissue():
    """Two squares that differ in brightness alone: the darker is lifted to the brighter one's level, and taken down."""
    injector = Injector.load(threads=1)
    grain = np.random.default_rng(0).normal(0, 10, (128, 128)).astype(np.float32)
    pictures = {}
    for level in (350, 470):
        for lift in (True, False):
            drawn = injector.draw(grain + level, np.random.default_rng(1), lift=lift)
            pictures[level, lift] = (drawn[2] - drawn[2][:5].mean()) * 1100
    usual = pictures[470, True]
    np.testing.assert_allclose(pictures[350, True], usual, atol=2)
    assert np.abs(pictures[350, False] - usual).max() > 20


def test_a_settled_tumour_has_the_contrast_of_image_and_chance(injector, mammogram):
    """By ``contrast`` one has another: what chance makes of it taken back, all seeds' tumours are as drawn."""
    share = usual_share(mammogram)
    for seed in (3, 4):
        forgery = injector.inject(mammogram, SQUARE, contrast=1 / chance_contrast(seed) / share, seed=seed)
        rng = np.random.default_rng(seed)
        ceiling = brightest_mass(mammogram)
        expected = injector.draw(mammogram.pixels[SQUARE.slices], rng, lift=True, contrast=1, ceiling=ceiling)[2]
        np.testing.assert_allclose(forgery.stages["cgan2"], expected * 1100, atol=0.01)


def test_a_tumour_takes_nothing_from_the_tissue(injector, mammogram):
    """Else dark holes of what the generators draw show as rings around the tumour."""
    small = cv2.resize(mammogram.pixels[SQUARE.slices], (64, 64))
    # Darker than both is nothing; where there is no tumour the tissue is as it was.
    tissue = np.minimum(small, cv2.GaussianBlur(small, (0, 0), 2))
    drawn, without = (
        np.stack([injector.inject(mammogram, SQUARE, lift=lift, seed=seed).stages["cgan2"] for seed in range(4)])
        for lift in (True, False)
    )
    assert (drawn >= tissue - 0.1)[:, 10:54, 10:54].all()
    assert (without < tissue - 30)[:, 10:54, 10:54].any()


def test_the_frame_of_the_stages_is_the_originals(mammogram):
    forgery = Injector.load(threads=1).inject(mammogram, SQUARE, seed=1)
    small = forgery.stages["condition"][:10]
    for stage in ("cgan1", "cgan2"):
        np.testing.assert_allclose(forgery.stages[stage][:10], small, atol=0.1)
    assert forgery.record["parameters"]["lift"] is True


def test_beside_the_tumour_nothing_changes(injector, mammogram):
    forgery = injector.inject(mammogram, SQUARE, threshold=0, seed=3)
    change = np.abs(forgery.mammogram.pixels - mammogram.pixels)[SQUARE.slices]
    assert 0.1 < (change > 1).mean() < 0.4
    # All of the middle is 0.47 of the square, and all of it changes without lift.
    without = injector.inject(mammogram, SQUARE, threshold=0, seed=3, lift=False).mammogram.pixels - mammogram.pixels
    assert (np.abs(without)[SQUARE.slices] > 1).mean() > 0.4
