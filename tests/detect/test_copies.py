"""Copies are found where they are and nowhere else."""

import cv2
import numpy as np
import pytest

from tamperscope.detect.cues.copies import find_copies, weigh_copies
from tamperscope.detect.cues.trace import OUTSIDE


def tissue(seed, shape=(504, 424)):
    """Coloured noise on a smooth ground."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 25)
    fine = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 1.2)
    return (500 + 100 * coarse / coarse.std() + 8 * fine / fine.std()).astype(np.float32)


def largest(copies):
    """Weight of the heaviest copied area."""
    return max((float(weights.max()) for _, _, weights in copies), default=0)


EVERYWHERE = np.ones((504, 424), bool)
ALIKE = np.zeros((63, 53), np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_copied_in_noise(seed):
    copies, _ = find_copies(tissue(seed), EVERYWHERE)
    assert largest(copies) < 150


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("gain", [1.0, 0.8])
def test_both_ends_of_a_copy_are_marked(mirrored, gain):
    pixels = tissue(0)
    patch = pixels[60:130, 50:120]
    pixels[300:370, 250:320] = gain * (patch[:, ::-1] if mirrored else patch) + 20
    copies, pairs = find_copies(pixels, EVERYWHERE)
    assert pairs >= 1
    area = weigh_copies(copies, ALIKE)
    marked = area > 1000
    for box in (np.s_[60:130, 50:120], np.s_[300:370, 250:320]):
        assert marked[box].mean() > 0.4
    away = marked.copy()
    away[40:150, 30:140] = away[280:390, 230:340] = False
    assert not away.any()


def test_copies_of_four_millimetres_are_found():
    """With a soft rim and noise of their own, in tissue whose crests lie where they will."""
    rows, columns = np.indices((60, 60)) - 29.5
    share = np.clip((20 - np.hypot(rows, columns)) / 3 + 0.5, 0, 1)
    found = 0
    for seed in range(8):
        pixels = tissue(seed)
        noise = 0.3 * np.random.default_rng(100 + seed).standard_normal((60, 60))
        here = pixels[320:380, 280:340]
        pixels[320:380, 280:340] = share * (pixels[80:140, 60:120] + 15 + noise) + (1 - share) * here
        copies, _ = find_copies(pixels, EVERYWHERE)
        found += largest(copies) > 0
        for start, end, _ in copies:
            for middle, ends in zip(((110, 90), (350, 310)), (start, end), strict=True):
                assert np.hypot(ends[0] - middle[0], ends[1] - middle[1]).max() < 20
    assert found >= 6


def test_pixels_that_correlate_better_weigh_more():
    weights = []
    for noise in (0.5, 2.5):
        pixels = tissue(0)
        patch = pixels[60:130, 50:120]
        pixels[300:370, 250:320] = patch + noise * np.random.default_rng(1).standard_normal(patch.shape)
        weights.append(largest(find_copies(pixels, EVERYWHERE)[0]))
    assert weights[0] > 1.4 * weights[1] > 1000


def test_a_straight_line_is_no_copy_of_itself():
    pixels = tissue(1)
    rows, columns = np.indices(pixels.shape)
    pixels += 200 * np.exp(-(((columns - 0.6 * rows - 60) / 2.5) ** 2))
    copies, _ = find_copies(pixels, EVERYWHERE)
    assert largest(copies) < 150


def test_too_small_or_flat_images_have_no_copies():
    copies, pairs = find_copies(np.full((504, 424), 500, np.float32), EVERYWHERE)
    assert pairs == 0
    assert not weigh_copies(copies, ALIKE).any()


def test_where_everything_repeats_it_comes_to_an_end():
    rows, columns = np.indices((900, 900))
    grid = 500 + 60 * np.sin(rows / 2.1) * np.sin(columns / 2.3)
    copies, pairs = find_copies(grid.astype(np.float32), np.ones((900, 900), bool))
    assert 0 < pairs <= 800
    assert copies
    assert all(end.min() >= 0 and end.max() < 900 for copy in copies for part in copy[:2] for end in part)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_end_that_is_odd_to_the_trace_cue_counts_more(mirrored):
    pixels = tissue(0)
    patch = pixels[60:140, 50:130]
    pixels[300:380, 250:330] = patch[:, ::-1] if mirrored else patch
    copies, _ = find_copies(pixels, EVERYWHERE)
    first, second = np.s_[60:140, 50:130], np.s_[300:380, 250:330]
    for odd, other in ((first, second), (second, first)):
        logits = ALIKE.copy()
        logits[tuple(slice(side.start // 8, side.stop // 8) for side in odd)] = 1
        area = weigh_copies(copies, logits)
        assert area[odd].max() == 2 * area[other].max() > 1000


def test_no_end_is_preferred_where_one_can_not_be_compared():
    pixels = tissue(0)
    pixels[300:380, 250:330] = pixels[60:140, 50:130]
    logits = ALIKE.copy()
    logits[30:] = OUTSIDE
    area = weigh_copies(find_copies(pixels, EVERYWHERE)[0], logits)
    assert area[:200].max() == area[200:].max() > 1000
