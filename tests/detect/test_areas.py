"""Areas that are a little odd all over, against the other areas of the same image."""

import numpy as np
import pytest

from tamperscope.detect.cues.areas import SIDE, area_evidence
from tamperscope.detect.cues.trace import OUTSIDE

SHAPE = (120, 90)
BOX = np.s_[40:60, 30:50]


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(-3, 1, SHAPE).astype(np.float32)


def test_what_no_cell_shows_alone_an_area_shows(logits):
    cells = np.ones(SHAPE, np.bool_)
    calm = area_evidence(logits, cells)
    odd = logits.copy()
    odd[BOX] += 1
    evidence = area_evidence(odd, cells)
    assert odd.max() == pytest.approx(logits.max(), abs=1)
    assert evidence.max() > 2 * calm.max()
    row, column = np.unravel_index(int(evidence.argmax()), SHAPE)
    assert 40 <= row < 60
    assert 30 <= column < 50


def test_an_image_that_is_odd_all_over_has_no_odd_area(logits):
    cells = np.ones(SHAPE, np.bool_)
    np.testing.assert_allclose(area_evidence(logits + 5, cells), area_evidence(logits, cells), atol=1e-3)


def test_means_are_those_of_the_cells_that_count(logits):
    cells = np.ones(SHAPE, np.bool_)
    cells[:, :20] = False
    logits[~cells] = OUTSIDE
    evidence = area_evidence(logits, cells)
    assert (evidence[~cells] == OUTSIDE).all()
    half = SIDE // 2
    means, certainty = np.full((2, *SHAPE), np.nan)
    for row, column in np.argwhere(cells):
        box = np.s_[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1]
        if cells[box].sum() > SIDE**2 / 2:
            means[row, column] = logits[box][cells[box]].mean()
            certainty[row, column] = np.sqrt(cells[box].sum() / SIDE**2)
    there = ~np.isnan(means)
    assert (evidence[cells & ~there] == OUTSIDE).all()
    median, usual = np.quantile(means[there], (0.5, 0.9))
    expected = (means - median) / (usual - median + 0.1) * certainty
    np.testing.assert_allclose(evidence[there], expected[there], atol=1e-3)


def test_without_cells_there_is_no_evidence(logits):
    assert (area_evidence(logits, np.zeros(SHAPE, np.bool_)) == OUTSIDE).all()
