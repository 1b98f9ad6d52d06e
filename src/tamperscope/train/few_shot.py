"""How many examples of a new kind of forgery does the detector need (few-shot curves)?

For each family of a benchmark the detector is adapted to K forged images of patients outside the test part, and then
judges the test part's untouched images and those forged by the family. The null distribution comes from untouched
images whose patients may stand on both sides of the split, which are in no part.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.manifest import Row, read_manifest, read_mask, write_text
from tamperscope.benchmark.plan import CROSSES
from tamperscope.detect.calibration import Calibration
from tamperscope.detect.cues.adapted import Adaptation
from tamperscope.detect.fuse import fuse
from tamperscope.detect.multi_cue import MultiCueDetector
from tamperscope.detect.residuals import Residuals, noise_residuals
from tamperscope.detect.working_image import WorkingImage, prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.judge.proportions import wilson
from tamperscope.judge.roc import auc
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.weights import WEIGHTS
from tamperscope.train.fine_tune import adapt, example_of

SHOTS = (0, 5, 10, 20)


@dataclass(frozen=True)
class Shots:
    """One family after K examples, on the test part.

    Attributes:
        family: of forgers.
        shots: K.
        scores: of the forged images.
        untouched: of the untouched ones.
        threshold: fake above it.
    """

    family: str
    shots: int
    scores: tuple[float, ...]
    untouched: tuple[float, ...]
    threshold: float

    @property
    def found(self) -> int:
        """Forged images called fake."""
        return sum(score > self.threshold for score in self.scores)

    @property
    def false_alarms(self) -> int:
        """Untouched images called fake."""
        return sum(score > self.threshold for score in self.untouched)

    @property
    def accuracy(self) -> float:
        """Mean of the share of forged images called fake and that of untouched ones called real."""
        return 0.5 * (self.found / len(self.scores) + 1 - self.false_alarms / len(self.untouched))

    @property
    def auc(self) -> float:
        """Area under the ROC curve."""
        labels = np.repeat([1, 0], [len(self.scores), len(self.untouched)])
        return auc(labels, np.array(self.scores + self.untouched))


def few_shot(
    benchmark: Path,
    detector: MultiCueDetector,
    *,
    part: str,
    families: Sequence[str] = (),
    shots: Sequence[int] = SHOTS,
    seed: int = 0,
    weights: Path = WEIGHTS,
) -> list[Shots]:
    """Few-shot curves on one part of a benchmark.

    Args:
        benchmark: folder, of a protocol with folds whose images are untouched and forged by each family.
        detector: whose weights know no patient of ``part``.
        part: the test part.
        families: only these.
        shots: numbers of examples.
        seed: draws the examples, and their crops.
        weights: folder of the detector's networks, which the trainings start from.

    Raises:
        TamperscopeError: the benchmark lacks what is needed.
    """
    rows = [row for row in read_manifest(benchmark) if row.condition == "plain"]
    untouched = [row for row in rows if not row.label]
    test, null = ([row for row in untouched if row.part == name] for name in (part, CROSSES))
    forged: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.label and (not families or row.family in families):
            forged[row.family].append(row)
    if not test or not null or not forged:
        raise TamperscopeError(f"{benchmark} has no untouched or forged images in {part}, or none that cross parts.")

    def read(row: Row) -> Mammogram:
        return read_mammogram(benchmark / row.image)

    def look_at(row: Row) -> tuple[WorkingImage, Residuals, dict[str, np.ndarray]]:
        image = prepare_image(read(row))
        residuals = noise_residuals(image.pixels)
        return image, residuals, detector.evidence(image, residuals)

    looks = [look_at(row) for row in tqdm(test, desc="test", mininterval=5)]
    results = []
    for family, members in tqdm(sorted(forged.items()), desc="families", mininterval=5):
        rng = np.random.default_rng([seed, *family.encode()])
        pool = [row for row in members if row.part not in (part, CROSSES)]
        order = [pool[int(i)] for i in rng.permutation(len(pool))]
        examples = [example_of(read(row), read_mask(benchmark, row)) for row in order[: max(shots)]]
        learnt: dict[int, Adaptation | None] = {0: None}
        for count in shots:
            if 0 < count <= len(examples):
                learnt[count] = adapt(
                    family,
                    examples[:count],
                    (prepare_image(read(row)) for row in null),
                    model=detector.model["hash"],
                    seed=seed,
                    weights=weights,
                )
        found = [look_at(row) for row in members if row.part == part]
        for count, one in learnt.items():
            scores, calm = (tuple(_score(*look, one, detector.calibration) for look in some) for some in (found, looks))
            results.append(Shots(family, count, scores, calm, detector.threshold))
    return results


def _score(
    image: WorkingImage,
    residuals: Residuals,
    evidence: Mapping[str, np.ndarray],
    learnt: Adaptation | None,
    calibration: Calibration,
) -> float:
    """The score with and without what was learnt."""
    if learnt is not None:
        evidence = {**evidence, learnt.cue: learnt.evidence(residuals, image.pixels > 0)}
        calibration = replace(calibration, nulls={**calibration.nulls, learnt.cue: learnt.null})
    return float(1 - fuse(evidence, calibration)[0].min())


def write_few_shot(results: Sequence[Shots], out: Path) -> None:
    """Write ``few-shot.json`` and ``few-shot.md``."""
    facts = [
        {
            "family": one.family,
            "shots": one.shots,
            "accuracy": round(one.accuracy, 4),
            "auc": round(one.auc, 4),
            "found": one.found,
            "forged": len(one.scores),
            "false_alarms": one.false_alarms,
            "untouched": len(one.untouched),
        }
        for one in results
    ]
    write_text(out / "few-shot.json", json.dumps(facts, indent=1) + "\n")
    lines = [
        "| family | examples | accuracy | AUC | called fake (Wilson 95 %) | untouched called fake |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    for one in results:
        interval = wilson(one.found, len(one.scores))
        lines.append(
            f"| {one.family} | {one.shots} | {one.accuracy:.3f} | {one.auc:.3f} | {one.found} of {len(one.scores)} "
            f"({interval.low:.0%} to {interval.high:.0%}) | {one.false_alarms} of {len(one.untouched)} |"
        )
    write_text(out / "few-shot.md", "\n".join(lines) + "\n")
