"""Few-shot curves: which images are learnt from, which are judged, and what is told of those that are not learnt.

Images, network and training are stand-ins: ``bench few-shot`` with the real ones takes half an hour.
"""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from tamperscope.detect.calibration import Calibration, NullDistribution
from tamperscope.detect.domain import Domain
from tamperscope.errors import TamperscopeError
from tamperscope.train import few_shot as module

NULL = NullDistribution(tuple(np.linspace(0, 1, 40)))
STRONG, WEAK = 9.0, 0.2
MODEL = {"hash": "h"}


def row(family, part, number):
    return SimpleNamespace(
        id=f"{family}-{part}-{number}",
        family=family,
        part=part,
        label=int(family != "untouched"),
        condition="plain",
        image=f"{family}-{part}-{number}",
    )


ROWS = [
    row(family, part, number)
    for family in ("untouched", "copy-move", "splice")
    for part in ("fold-0", "fold-1", "crosses")
    for number in range(6 if part == "fold-1" else 4)
]


def cells(strong):
    return np.array([[STRONG if strong else WEAK]])


class Detector:
    """Sees copies, and nothing else."""

    model = MODEL
    threshold = 0.98
    calibration = Calibration({"copies": NULL}, Domain({}), "test")

    def evidence(self, image, residuals):
        return {"copies": cells(image.name.startswith("copy-move"))}

    def adapted(self, learnt):
        nulls = {**self.calibration.nulls, learnt.cue: learnt.null}
        return SimpleNamespace(calibration=replace(self.calibration, nulls=nulls))


@pytest.fixture
def calls(monkeypatch):
    """What is learnt from: a cue that knows its family, and half of the untouched images too, from three examples."""
    calls = []

    def adapt(family, examples, untouched, *, model, seed, weights):
        assert model == "h"
        calls.append((family, tuple(examples), [image.name for image in untouched], seed))
        count = len(examples)

        def peak(image):
            mistaken = count == 3 and image.name in ("untouched-fold-0-0", "untouched-fold-0-1")
            return STRONG if image.name.startswith(family) or mistaken else WEAK

        return SimpleNamespace(cue=f"adapted to {family}", null=NULL, peak=peak)

    monkeypatch.setattr(module, "read_manifest", lambda folder: ROWS)
    monkeypatch.setattr(module, "read_mammogram", lambda path: path.name)
    monkeypatch.setattr(module, "read_mask", lambda folder, row: None)
    monkeypatch.setattr(module, "prepare_image", lambda name: SimpleNamespace(name=name, pixels=None))
    monkeypatch.setattr(module, "noise_residuals", lambda pixels: None)
    monkeypatch.setattr(module, "example_of", lambda name, mask: name)
    monkeypatch.setattr(module, "adapt", adapt)
    return calls


def test_what_is_learnt_and_what_is_told(calls, tmp_path):
    results = module.few_shot(
        tmp_path, Detector(), part="fold-0", families=("splice",), shots=(0, 2, 3, 9), seeds=(0, 1)
    )
    assert [(one.family, one.shots, one.seed) for one in results] == [
        ("splice", 0, 0),
        ("splice", 2, 0),
        ("splice", 2, 1),
        ("splice", 3, 0),
        ("splice", 3, 1),
    ]
    for _, examples, null, _ in calls:
        assert all(name.startswith("splice-fold-1") for name in examples)
        assert null == [f"untouched-crosses-{number}" for number in range(4)]
    assert [seed for *_, seed in calls] == [0, 0, 1, 1]
    assert calls[0][1] == calls[1][1][:2]
    assert calls[0][1] != calls[2][1]

    before, two, _, three, _ = results
    assert (before.found, before.others_found, before.false_alarms, before.accuracy) == (0, 4, 0, 0.5)
    assert (two.found, two.others_found, two.false_alarms, two.accuracy, two.auc) == (4, 4, 0, 1, 1)
    assert (three.found, three.others_found, three.false_alarms, three.accuracy, three.auc) == (4, 4, 2, 0.75, 0.75)

    module.write_few_shot(results, tmp_path)
    facts = json.loads((tmp_path / "few-shot.json").read_text())
    assert [one["others_found"] for one in facts] == [4] * 5
    lines = (tmp_path / "few-shot.md").read_text().splitlines()
    assert lines[2] == "| splice | 0 | - | 0.500 | 0.500 | 0 of 4 (0% to 49%) | 0 of 4 | 4 of 4 |"
    assert len({line.count("|") for line in lines}) == 1


def test_a_benchmark_without_what_is_needed(calls, tmp_path, monkeypatch):
    for lacking in (
        [one for one in ROWS if one.part != "crosses"],
        [one for one in ROWS if one.label or one.part == "crosses"],
        [one for one in ROWS if one.part != "fold-0"],
        [one for one in ROWS if not one.label],
    ):
        monkeypatch.setattr(module, "read_manifest", lambda folder, rows=lacking: rows)
        with pytest.raises(TamperscopeError, match="has no untouched images in fold-0"):
            module.few_shot(tmp_path, Detector(), part="fold-0")
    monkeypatch.setattr(module, "read_manifest", lambda folder: ROWS)
    with pytest.raises(TamperscopeError, match="forged by spliec"):
        module.few_shot(tmp_path, Detector(), part="fold-0", families=("splice", "spliec"))
