"""Each fold's thresholds come from images that its judges have not seen."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from tamperscope.benchmark.splits import patient_folds
from tamperscope.detect.calibration import Untouched
from tamperscope.errors import TamperscopeError
from tamperscope.train import calibrate, multi_cue
from tamperscope.train.calibrate import GUISES
from tamperscope.train.config import TraceRecipe

# Thirty patients, and four images whose patients may stand on both sides of a cut.
CASES = [
    SimpleNamespace(name=f"{patient}-{view}", patients=(patient, patient)) for patient in range(30) for view in "ab"
]
CASES += [SimpleNamespace(name=f"{patient}-?", patients=(patient, patient + 2)) for patient in (8, 9, 18, 19)]
FOLDS = multi_cue.detector_folds(CASES)


RECIPE = TraceRecipe.model_construct(seed=5)


def trained(out, fold, **changes):
    """What a training leaves."""
    weights = out / f"fold-{fold}" / "weights"
    weights.mkdir(parents=True)
    recipe = RECIPE.model_copy(update={"seed": 5 + fold}).model_dump(mode="json")
    card = json.dumps({"images": sorted(case.name for case in FOLDS[fold].train), "recipe": recipe} | changes)
    for part in ("encoder", "head"):
        (weights / f"trace-{part}.json").write_text(card)
    return weights


@pytest.fixture
def asked(monkeypatch):
    """Pairs of a network's fold and an image that it was asked about; no network is needed for it."""
    pairs = []

    def judge(cases, detector, *, seed):
        pairs.extend((detector, case.name) for case in cases)
        return [Untouched({"trace": float(len(pairs))}, {"noise": 1.0}) for _ in cases for _ in range(GUISES)]

    monkeypatch.setattr(calibrate, "witnesses", judge)
    monkeypatch.setattr(
        multi_cue.MultiCueDetector,
        "uncalibrated",
        staticmethod(lambda *, weights, threads: int(weights.parent.name[-1])),
    )
    return pairs


def test_too_few_images_for_a_calibration_are_told_before_the_training(tmp_path):
    cases = [SimpleNamespace(**vars(case), split="train") for case in CASES]
    with pytest.raises(TamperscopeError, match="0 images are left for calibration, which takes 20: mark more"):
        multi_cue.train_multi_cue(None, cases, out=tmp_path)
    with pytest.raises(TamperscopeError, match="20 images can't be held out of 12"):
        multi_cue.train_multi_cue(None, CASES[:20], out=tmp_path, fold=0)
    assert not list(tmp_path.iterdir())


def test_each_fold_leaves_enough_out_for_a_calibration():
    for fold, was in zip(FOLDS, patient_folds(CASES, 3), strict=True):
        assert len(was.left_out) < 20 <= len(fold.left_out)
        assert fold.test == was.test
        held = [case for case in fold.left_out if case in was.train and "?" not in case.name]
        assert {case.patients for case in held}.isdisjoint(case.patients for case in fold.train)


def test_each_fold_is_trained_calibrated_and_asked(tmp_path, asked, monkeypatch):
    """In turn, and what is there already is not done again."""
    done = []

    def train(recipe, learn, out, **_):
        done.append(("train", out.name, recipe.seed))
        assert {case.name for case in learn} == {case.name for case in FOLDS[int(out.name[-1])].train}
        trained(out.parent, int(out.name[-1]))

    @dataclass(frozen=True)
    class Contender:
        weights: Path
        version: str = ""

    monkeypatch.setattr(multi_cue, "_train", train)
    monkeypatch.setattr(multi_cue, "load_contender", lambda name, *, threads, weights: Contender(weights))
    monkeypatch.setattr(
        multi_cue,
        "run",
        lambda bench, contender, out, *, parts: done.append(("run", contender.weights.parent.name, parts)),
    )
    rows = [
        SimpleNamespace(part=f"fold-{number}", patients=case.patients)
        for number, fold in enumerate(FOLDS)
        for case in fold.test
    ]
    monkeypatch.setattr(multi_cue, "read_manifest", lambda folder: rows)
    trained(tmp_path, 1)
    multi_cue.cross_validate(RECIPE, CASES, tmp_path, out=tmp_path)
    runs = [("run", f"fold-{fold}", [f"fold-{fold}"]) for fold in range(3)]
    assert done == [("train", "fold-0", 5), runs[0], runs[1], ("train", "fold-2", 7), runs[2]]
    for number, fold in enumerate(FOLDS):
        assert [name for judge, name in asked if judge == number] == [case.name for case in fold.left_out]
    calibrated = len(asked)
    multi_cue.cross_validate(RECIPE, CASES, tmp_path, out=tmp_path)
    assert done[5:] == runs
    assert len(asked) == calibrated


def test_a_benchmark_of_other_folds_is_refused_before_a_training(tmp_path, monkeypatch):
    rows = [SimpleNamespace(part="fold-0", patients=case.patients) for case in FOLDS[1].test]
    monkeypatch.setattr(multi_cue, "read_manifest", lambda folder: rows)
    with pytest.raises(TamperscopeError, match="would be tested by what learns from"):
        multi_cue.cross_validate(RECIPE, CASES, tmp_path, out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [{"images": ["1-a"]}, {"images": None}, {"recipe": {"seed": 7}}])
def test_weights_of_other_images_or_recipes_are_not_taken(tmp_path, monkeypatch, changes):
    monkeypatch.setattr(multi_cue, "read_manifest", lambda folder: [])
    trained(tmp_path, 2, **changes)
    with pytest.raises(TamperscopeError, match=r"fold-2 learnt by another recipe or from other images"):
        multi_cue.cross_validate(RECIPE, CASES, tmp_path, out=tmp_path, folds=[2])
