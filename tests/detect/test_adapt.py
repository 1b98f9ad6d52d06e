"""A new kind of forgery is learnt from a few examples, and nothing else changes."""

import json

import cv2
import numpy as np
import pytest

from tamperscope.detect.adapt import CellsOfImage, learn, mask_on_cells
from tamperscope.detect.cues.adapted import Adaptation, neighbourhood_features
from tamperscope.detect.cues.trace import OUTSIDE, Compared
from tamperscope.detect.working_image import prepare_image
from tamperscope.errors import TamperscopeError

from .images import make_mammogram

PLANES, SHAPE = 12, (60, 50)


def image(seed, *, forged=True):
    """Cells of noise; in a forged one a disc where two features are a little off, each alone within the noise."""
    rng = np.random.default_rng(seed)
    planes = rng.standard_normal((PLANES + 1, *SHAPE)).astype(np.float32)
    planes[-1] = 1
    where = np.zeros(SHAPE, np.uint8)
    if forged:
        cv2.circle(where, (int(rng.integers(12, 38)), int(rng.integers(12, 48))), 6, (1,), -1)
        planes[3] += 0.9 * where
        planes[7] -= 0.9 * where
    cells = np.ones(SHAPE, np.bool_)
    cells[:3] = False
    features = neighbourhood_features(Compared(planes, cells), np.zeros(SHAPE, np.float32))
    return CellsOfImage(features, cells, where.view(np.bool_) if forged else None)


@pytest.fixture(scope="module")
def learnt():
    return learn("discs", [image(i) for i in range(8)], (image(i, forged=False) for i in range(100, 130)), model="m")


def test_what_was_learnt_finds_what_it_has_not_seen(learnt):
    adaptation, inside = learnt
    assert inside >= 7
    found = quiet = 0
    for seed in range(200, 220):
        new = image(seed)
        evidence = adaptation.evidence(new.features, new.cells)
        p = adaptation.null.p_value(evidence)
        found += bool(p.min() < 0.02 and new.forged[np.unravel_index(p.argmin(), p.shape)])
        untouched = image(seed + 100, forged=False)
        quiet += adaptation.null.p_value(adaptation.evidence(untouched.features, untouched.cells)).min() >= 0.02
    assert found >= 18
    assert quiet >= 19


def test_cells_that_do_not_count_have_no_evidence(learnt):
    one = image(5)
    evidence = learnt[0].evidence(one.features, one.cells)
    assert (evidence[~one.cells] == OUTSIDE).all()
    assert (evidence[one.cells] > OUTSIDE).all()


def test_too_few_examples_or_untouched_images_are_refused():
    untouched = [image(i, forged=False) for i in range(100, 110)]
    with pytest.raises(TamperscopeError, match="at least 3"):
        learn("discs", [image(0), image(1)], untouched, model="m")
    with pytest.raises(TamperscopeError, match="at least 20"):
        learn("discs", [image(i) for i in range(4)], untouched, model="m")


def test_an_adaptation_survives_a_file_and_stays_with_its_detector(learnt, tmp_path):
    path = tmp_path / "discs.json"
    learnt[0].save(path)
    assert Adaptation.load(path, model="m") == learnt[0]
    with pytest.raises(TamperscopeError, match="adapt again"):
        Adaptation.load(path, model="another")
    for text in ("", "{}", json.dumps({"name": 1})):
        path.write_text(text)
        with pytest.raises(TamperscopeError, match="adaptation"):
            Adaptation.load(path, model="m")


@pytest.mark.parametrize("spacing_mm", [0.1, 0.05])
def test_masks_lie_on_the_cells_where_they_lie_on_the_image(spacing_mm):
    side = round(0.1 / spacing_mm)
    mammogram = make_mammogram(900 * side, 700 * side, spacing_mm=spacing_mm)
    working = prepare_image(mammogram)
    mask = np.zeros(mammogram.shape, np.bool_)
    box = np.s_[400 * side : 480 * side, 200 * side : 296 * side]
    mask[box] = True
    cells = mask_on_cells(mask, working)
    rows, columns = np.nonzero(cells)
    y, x = working.to_original(
        8.0 * np.array([rows.min(), rows.max() + 1]), 8.0 * np.array([columns.min(), columns.max() + 1])
    )
    np.testing.assert_allclose(y, [400 * side, 480 * side], atol=4 * side + 1)
    np.testing.assert_allclose(x, [200 * side, 296 * side], atol=4 * side + 1)
