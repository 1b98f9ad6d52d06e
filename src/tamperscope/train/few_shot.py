"""How many examples of a new kind of forgery does the detector need (few-shot curves), and what does it forget?

For each family of a benchmark the detector is adapted to K forged images of patients outside the test part, and then
judges the test part's untouched images, those forged by the family, and those forged by all others. The null
distribution comes from untouched images whose patients may stand on both sides of the split, which are in no part.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.manifest import Row, read_manifest, read_mask, write_text
from tamperscope.benchmark.plan import CROSSES
from tamperscope.detect.calibration import Calibration
from tamperscope.detect.fuse import fuse
from tamperscope.detect.multi_cue import MultiCueDetector
from tamperscope.detect.residuals import noise_residuals
from tamperscope.detect.working_image import WorkingImage, prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.judge.proportions import wilson
from tamperscope.judge.roc import auc
from tamperscope.runtime.weights import WEIGHTS
from tamperscope.train.fine_tune import adapt, example_of

SHOTS = (0, 5, 10, 20)


@dataclass(frozen=True)
class Shots:
    """One family after K examples, on the test part.

    Attributes:
        family: of forgers.
        shots: K.
        seed: which examples.
        scores: of the images that the family forged.
        others: of those that other families forged.
        untouched: of the untouched ones.
        threshold: fake above it.
    """

    family: str
    shots: int
    seed: int
    scores: tuple[float, ...]
    others: tuple[float, ...]
    untouched: tuple[float, ...]
    threshold: float

    @property
    def found(self) -> int:
        """Images that the family forged, called fake."""
        return self._fake(self.scores)

    @property
    def others_found(self) -> int:
        """Images that other families forged, called fake."""
        return self._fake(self.others)

    @property
    def false_alarms(self) -> int:
        """Untouched images called fake."""
        return self._fake(self.untouched)

    @property
    def accuracy(self) -> float:
        """Mean of the share of forged images called fake and that of untouched ones called real."""
        return 0.5 * (self.found / len(self.scores) + 1 - self.false_alarms / len(self.untouched))

    @property
    def auc(self) -> float:
        """Area under the ROC curve."""
        labels = np.repeat([1, 0], [len(self.scores), len(self.untouched)])
        return auc(labels, np.array(self.scores + self.untouched))

    def _fake(self, scores: Sequence[float]) -> int:
        return sum(score > self.threshold for score in scores)


def few_shot(
    benchmark: Path,
    detector: MultiCueDetector,
    *,
    part: str,
    families: Sequence[str] = (),
    shots: Sequence[int] = SHOTS,
    seeds: Sequence[int] = (0,),
    weights: Path = WEIGHTS,
) -> list[Shots]:
    """Few-shot curves on one part of a benchmark.

    Args:
        benchmark: folder, of a protocol with folds whose images are untouched and forged by each family.
        detector: whose weights know no patient of ``part``.
        part: the test part.
        families: only these are learnt; what became of the others is told.
        shots: numbers of examples.
        seeds: each draws other examples, and other crops of them.
        weights: folder of the detector's networks, which the trainings start from.

    Raises:
        TamperscopeError: the benchmark lacks what is needed.
    """
    rows = [row for row in read_manifest(benchmark) if row.condition == "plain" and row.family != "mass"]
    test = [row for row in rows if row.part == part]
    null = [row for row in rows if row.part == CROSSES and not row.label]
    pools: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.label and row.part not in (part, CROSSES) and (not families or row.family in families):
            pools[row.family].append(row)
    missing = (set(families) or set(pools)) - (set(pools) & {row.family for row in test})
    if missing or not null or not pools or all(row.label for row in test):
        raise TamperscopeError(
            f"{benchmark} has no untouched images in {part} or across parts, or too few parts with images forged by "
            f"{', '.join(sorted(missing)) or 'a family'}."
        )

    def open_image(row: Row) -> WorkingImage:
        return prepare_image(read_mammogram(benchmark / row.image))

    peaks: dict[str, dict[str, float]] = {}
    for row in tqdm(test, desc="test", mininterval=5):
        image = open_image(row)
        evidence = detector.evidence(image, noise_residuals(image.pixels))
        peaks[row.id] = {cue: float(cells.max()) for cue, cells in evidence.items()}

    def scored(family: str, count: int, seed: int, calibration: Calibration) -> Shots:
        scores = [(row, _score(peaks[row.id], calibration)) for row in test]
        ours = tuple(score for row, score in scores if row.label and row.family == family)
        others = tuple(score for row, score in scores if row.label and row.family != family)
        untouched = tuple(score for row, score in scores if not row.label)
        return Shots(family, count, seed, ours, others, untouched, detector.threshold)

    results = []
    for family, pool in tqdm(sorted(pools.items()), desc="families", mininterval=5):
        if 0 in shots:
            results.append(scored(family, 0, seeds[0], detector.calibration))
        for seed in seeds:
            rng = np.random.default_rng([seed, *family.encode()])
            order = [pool[int(i)] for i in rng.permutation(len(pool))][: max(shots)]
            examples = [example_of(read_mammogram(benchmark / row.image), read_mask(benchmark, row)) for row in order]
            for count in shots:
                if not 0 < count <= len(examples):
                    continue
                learnt = adapt(
                    family,
                    examples[:count],
                    map(open_image, null),
                    model=detector.model["hash"],
                    seed=seed,
                    weights=weights,
                )
                for row in test:
                    peaks[row.id][learnt.cue] = learnt.peak(open_image(row))
                results.append(scored(family, count, seed, detector.adapted(learnt).calibration))
    return sorted(results, key=lambda one: (one.family, one.shots, one.seed))


def _score(peaks: Mapping[str, float], calibration: Calibration) -> float:
    """The image's, of the cues that the calibration knows."""
    strongest = {cue: np.array([[peaks[cue]]]) for cue in calibration.nulls}
    return float(1 - fuse(strongest, calibration)[0].min())


def write_few_shot(results: Sequence[Shots], out: Path) -> None:
    """Write ``few-shot.json`` and ``few-shot.md``."""
    facts = [
        {
            "family": one.family,
            "shots": one.shots,
            "seed": one.seed if one.shots else None,
            "accuracy": round(one.accuracy, 4),
            "auc": round(one.auc, 4),
            "found": one.found,
            "forged": len(one.scores),
            "others_found": one.others_found,
            "others": len(one.others),
            "false_alarms": one.false_alarms,
            "untouched": len(one.untouched),
        }
        for one in results
    ]
    write_text(out / "few-shot.json", json.dumps(facts, indent=1) + "\n")
    lines = [
        "| family | examples | seed | accuracy | AUC | called fake (Wilson 95 %) | untouched called fake | "
        "forged by others, called fake |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for one in results:
        interval = wilson(one.found, len(one.scores))
        lines.append(
            f"| {one.family} | {one.shots} | {one.seed if one.shots else '-'} | {one.accuracy:.3f} | {one.auc:.3f} | "
            f"{one.found} of {len(one.scores)} ({interval.low:.0%} to {interval.high:.0%}) | "
            f"{one.false_alarms} of {len(one.untouched)} | {one.others_found} of {len(one.others)} |"
        )
    write_text(out / "few-shot.md", "\n".join(lines) + "\n")
