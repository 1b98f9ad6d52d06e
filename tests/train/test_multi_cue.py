"""Each fold's thresholds come from images that its judges have not seen."""

from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from tamperscope.benchmark.splits import patient_folds
from tamperscope.detect.calibration import Untouched
from tamperscope.errors import TamperscopeError
from tamperscope.train import multi_cue
from tamperscope.train.calibrate import GUISES

# Thirty patients, and two images of each third that may belong to another third as well.
CASES = [
    SimpleNamespace(name=f"{patient}-{view}", patients=(patient, patient)) for patient in range(30) for view in "ab"
]
CASES += [SimpleNamespace(name=f"{patient}-?", patients=(patient, patient + 2)) for patient in (8, 9, 18, 19)]


def test_too_few_images_for_a_calibration_are_told_before_the_training(tmp_path):
    with pytest.raises(TamperscopeError, match="2 images are neither learnt from nor tested on"):
        multi_cue.train_multi_cue(None, CASES, out=tmp_path, fold=0)
    assert not list(tmp_path.iterdir())


def test_a_fold_that_leaves_few_images_out_borrows_from_the_others(tmp_path, monkeypatch):
    """The other folds' test images, each judged by the network that has not seen it."""
    for fold in range(3):
        (tmp_path / f"fold-{fold}" / "weights").mkdir(parents=True)
    asked = []

    def judge(cases, detector, *, seed):
        asked.extend((detector, case.name) for case in cases)
        return [Untouched({"trace": float(len(asked))}, {"noise": 1.0}) for _ in cases for _ in range(GUISES)]

    monkeypatch.setattr(multi_cue, "witnesses", judge)
    monkeypatch.setattr(
        multi_cue.MultiCueDetector, "uncalibrated", staticmethod(lambda *, weights, threads: weights.parent.name)
    )
    calibration = multi_cue.calibrate_fold(2, CASES, out=tmp_path)
    folds = patient_folds(CASES, 3)
    assert {case.name for case in folds[2].test}.isdisjoint(name for _, name in asked)
    for number, fold in enumerate(folds):
        judged = {name for detector, name in asked if detector == f"fold-{number}"}
        assert judged == {case.name for case in (fold.left_out if number == 2 else fold.test)}
        assert judged.isdisjoint(case.name for case in fold.train)
    assert len(set(calibration.nulls["trace"].images)) == len(asked)
    assert len(calibration.nulls["trace"].peaks) == GUISES * len(asked)
    assert "2 untouched CESM images and 40 judged" in calibration.source


def test_a_fold_that_is_not_there_yet_is_told(tmp_path):
    with pytest.raises(TamperscopeError, match="needs the other folds"):
        multi_cue.calibrate_fold(2, CASES, out=tmp_path)
