"""The trained folds in ``folds/`` are whole, apart, and the first is what ships."""

import json
from pathlib import Path

import pytest

from tamperscope.detect.multi_cue import CALIBRATION, MultiCueDetector
from tamperscope.runtime.weights import WEIGHTS
from tests.detect.images import make_mammogram

FOLDS = Path(__file__).parents[2] / "folds"
FILES = (CALIBRATION, *(f"trace-{part}.{ending}" for part in ("encoder", "head") for ending in ("onnx", "json")))


def test_the_first_is_what_ships():
    for file in FILES:
        assert (FOLDS / "fold-0" / "weights" / file).read_bytes() == (WEIGHTS / file).read_bytes(), file


@pytest.mark.parametrize("fold", range(3))
def test_each_is_a_detector_of_its_own(fold):
    weights = FOLDS / f"fold-{fold}" / "weights"
    assert {path.name for path in weights.iterdir()} == set(FILES)
    detector = MultiCueDetector.load(weights=weights, threads=1)
    assert detector.scan(make_mammogram(1200, 900)).verdict in ("real", "fake", "not-scored")
    cards = [json.loads((weights / f"trace-{part}.json").read_text(encoding="utf-8")) for part in ("encoder", "head")]
    assert all(card["seed"] == card["recipe"]["seed"] == fold for card in cards)
    assert cards[0]["images"] == cards[1]["images"]
    assert len(set(cards[0]["images"])) == (55, 52, 58)[fold]


def test_no_image_is_learnt_from_in_all_folds():
    """Each is tested in one."""
    learnt = [
        set(json.loads((FOLDS / f"fold-{fold}" / "weights" / "trace-head.json").read_text())["images"])
        for fold in range(3)
    ]
    assert not set.intersection(*learnt)
