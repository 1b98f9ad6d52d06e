"""The default detector's trained half: the trace network of one fold or of all training images, its calibration, and
the cross-validation of the whole detector by patient."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tamperscope.benchmark.cesm import SOURCE_STATEMENT, Case
from tamperscope.benchmark.contender import load_contender
from tamperscope.benchmark.manifest import read_manifest
from tamperscope.benchmark.run import run
from tamperscope.benchmark.splits import Fold, check_apart, leave_out, patient_folds
from tamperscope.detect.calibration import LEAST_IMAGES
from tamperscope.detect.multi_cue import CALIBRATION, NAME, MultiCueDetector
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.train.calibrate import calibrate_on
from tamperscope.train.config import TraceRecipe
from tamperscope.train.trace import card_of, export_trace, images_of, train_trace

FOLDS = 3


def detector_folds(cases: Sequence[Case]) -> list[Fold[Case]]:
    """The folds of the detector's cross-validation: each leaves out as many images as a calibration takes.

    Most of them are left out since their patients, known only as ranges of numbers, may stand on either side.

    Args:
        cases: all images.

    Returns:
        In the order of the patients.

    Raises:
        TamperscopeError: there are too few images.
    """
    return [leave_out(fold, least=LEAST_IMAGES) for fold in patient_folds(cases, FOLDS)]


def train_multi_cue(
    recipe: TraceRecipe,
    cases: Sequence[Case],
    *,
    out: Path,
    fold: int | None = None,
    start_from: Path | None = None,
    threads: int | None = None,
    device: str = "cpu",
    workers: int = 1,
) -> Path:
    """Train the trace network, export it and calibrate the detector with it.

    Thresholds come from images that nothing was learnt from, and a fold's test images stay out of them as well.

    Args:
        recipe: settings.
        cases: all images.
        out: folder of the checkpoint; what is exported goes to ``OUT/weights``.
        fold: train on the training patients of one of three folds; None takes the split "train", calibrated on "val".
        start_from: checkpoint of another training to start from.
        threads: of the networks, for calibration.
        device: PyTorch's name of what is trained on, such as ``cuda``.
        workers: processes that draw crops; a GPU learns faster than one of them draws.

    Returns:
        The folder of the weights.

    Raises:
        TamperscopeError: too few images are left for calibration.
    """
    if fold is None:
        learn = [case for case in cases if case.split == "train"]
        held = [case for case in cases if case.split == "val"]
    else:
        chosen = detector_folds(cases)[fold]
        learn, held = list(chosen.train), list(chosen.left_out)
    if len(held) < LEAST_IMAGES:
        raise TamperscopeError(
            f"{len(held)} images are left for calibration, which takes {LEAST_IMAGES}: mark more images as val."
        )
    weights = _train(recipe, learn, out, start_from=start_from, device=device, workers=workers)
    _calibrate(weights, held, seed=recipe.seed, threads=threads)
    return weights


def cross_validate(
    recipe: TraceRecipe,
    cases: Sequence[Case],
    benchmark: Path,
    *,
    out: Path,
    folds: Sequence[int] = tuple(range(FOLDS)),
    threads: int | None = None,
) -> Path:
    """Train a detector a fold and let each judge its own test patients of a benchmark.

    What is there already is not done again: ``OUT/fold-K`` holds a fold's checkpoint and weights, ``OUT/run`` the
    scores of all folds, for ``bench report``.

    Args:
        recipe: settings; each fold has a seed of its own, the recipe's plus the fold's number.
        cases: all images.
        benchmark: folder, of a protocol with three folds.
        out: folder.
        folds: only these.
        threads: of the networks.

    Returns:
        The folder of the run.

    Raises:
        TamperscopeError: the benchmark has a fold's test images of patients that the fold learns from, or there are too
            few images for a calibration of each fold.
    """
    rows, parts = read_manifest(benchmark), detector_folds(cases)
    for fold in folds:
        tested = [row.patients for row in rows if row.part == f"fold-{fold}"]
        check_apart(parts[fold].train, tested)
    for fold in folds:
        seeded = recipe.model_copy(update={"seed": recipe.seed + fold})
        weights = out / f"fold-{fold}" / "weights"
        if not _is_trained(weights, seeded, parts[fold].train):
            _train(seeded, parts[fold].train, weights.parent)
        if not (weights / CALIBRATION).is_file():
            _calibrate(weights, parts[fold].left_out, seed=seeded.seed, threads=threads)
        contender = load_contender(NAME, threads=threads, weights=weights)
        # One run of several detectors, each on the patients that it has not seen.
        run(benchmark, replace(contender, version="cross-validated"), out / "run", parts=[f"fold-{fold}"])
    return out / "run"


def _train(
    recipe: TraceRecipe,
    learn: Sequence[Case],
    out: Path,
    *,
    start_from: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
) -> Path:
    """Train and export: the folder of the weights."""
    network = train_trace(
        recipe, learn, Injector.load(threads=1), out=out, start_from=start_from, device=device, workers=workers
    )
    data = f"{SOURCE_STATEMENT} {len(learn)} images, most of them resampled."
    export_trace(network, out / "weights", card=card_of(recipe, learn, data=data))
    return out / "weights"


def _calibrate(weights: Path, held: Sequence[Case], *, seed: int, threads: int | None) -> None:
    """Write the calibration beside the weights, from images that they have not learnt from."""
    detector = MultiCueDetector.uncalibrated(weights=weights, threads=threads)
    calibrate_on(held, detector, seed=seed).save(weights / CALIBRATION)


def _is_trained(weights: Path, recipe: TraceRecipe, learn: Sequence[Case]) -> bool:
    """Whether the weights are there.

    Raises:
        TamperscopeError: they are of another recipe, or learnt from other images, of which some may be tested.
    """
    cards = [weights / f"trace-{part}.json" for part in ("encoder", "head")]
    if not all(card.is_file() for card in cards):
        return False
    for facts in (json.loads(card.read_text(encoding="utf-8")) for card in cards):
        if facts.get("images") != images_of(learn) or facts.get("recipe") != recipe.model_dump(mode="json"):
            raise TamperscopeError(
                f"{weights.parent} learnt by another recipe or from other images than this fold's, or does not say "
                "from which: move it away."
            )
    return True
