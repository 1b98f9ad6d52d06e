"""Copies are found where they are and nowhere else."""

import cv2
import numpy as np
import pytest

from tamperscope.detect.cues.copies import copied_areas


def tissue(seed, shape=(500, 420)):
    """Coloured noise on a smooth ground."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 25)
    fine = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 1.2)
    return (500 + 100 * coarse / coarse.std() + 8 * fine / fine.std()).astype(np.float32)


EVERYWHERE = np.ones((500, 420), bool)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_copied_in_noise(seed):
    area, _ = copied_areas(tissue(seed), EVERYWHERE)
    assert area.max() < 150


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("gain", [1.0, 0.8])
def test_both_ends_of_a_copy_are_marked(mirrored, gain):
    pixels = tissue(0)
    patch = pixels[60:130, 50:120]
    pixels[300:370, 250:320] = gain * (patch[:, ::-1] if mirrored else patch) + 20
    area, pairs = copied_areas(pixels, EVERYWHERE)
    assert pairs >= 1
    marked = area > 1000
    for box in (np.s_[60:130, 50:120], np.s_[300:370, 250:320]):
        assert marked[box].mean() > 0.4
    away = marked.copy()
    away[40:150, 30:140] = away[280:390, 230:340] = False
    assert not away.any()


def test_a_straight_line_is_no_copy_of_itself():
    pixels = tissue(1)
    rows, columns = np.indices(pixels.shape)
    pixels += 200 * np.exp(-(((columns - 0.6 * rows - 60) / 2.5) ** 2))
    area, _ = copied_areas(pixels, EVERYWHERE)
    assert area.max() < 150


def test_too_small_or_flat_images_have_no_copies():
    area, pairs = copied_areas(np.full((500, 420), 500, np.float32), EVERYWHERE)
    assert pairs == 0
    assert not area.any()


def test_where_everything_repeats_it_comes_to_an_end():
    rows, columns = np.indices((900, 900))
    grid = 500 + 60 * np.sin(rows / 2.1) * np.sin(columns / 2.3)
    area, pairs = copied_areas(grid.astype(np.float32), np.ones((900, 900), bool))
    assert pairs <= 800
    assert area.shape == (900, 900)


@pytest.mark.parametrize("seed", range(4))
def test_the_pasted_end_counts_more(seed):
    pixels = tissue(seed)
    patch = pixels[60:140, 50:130].copy()
    weight = np.zeros((80, 80), np.float32)
    weight[8:-8, 8:-8] = 1
    weight = cv2.GaussianBlur(weight, (0, 0), 3)
    # Brought to the brightness of its new place, as whoever pastes it would.
    there = pixels[300:380, 250:330]
    patch += there.mean() - patch.mean()
    pixels[300:380, 250:330] = weight * patch + (1 - weight) * there
    area, _ = copied_areas(pixels, EVERYWHERE)
    assert area[300:380, 250:330].max() == pytest.approx(2 * area[60:140, 50:130].max())


def test_an_exemplar_fill_counts_more_than_its_sources():
    pixels = tissue(7)
    for number, (y, x) in enumerate([(40, 40), (60, 300), (380, 60), (430, 330)]):
        down, across = 200 + 40 * (number // 2), 180 + 40 * (number % 2)
        pixels[down : down + 40, across : across + 40] = pixels[y : y + 40, x : x + 40]
    area, _ = copied_areas(pixels, EVERYWHERE)
    filled = area[200:280, 180:260].max()
    area[190:290, 170:270] = 0
    assert filled == pytest.approx(2 * area.max(), rel=0.5)
    assert filled > area.max()
