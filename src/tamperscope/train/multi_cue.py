"""The default detector's trained half: the trace network of one fold or of all training images, its calibration, and
the cross-validation of the whole detector by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tamperscope.benchmark.cesm import SOURCE_STATEMENT, Case
from tamperscope.benchmark.contender import load_contender
from tamperscope.benchmark.manifest import read_manifest
from tamperscope.benchmark.run import run
from tamperscope.benchmark.splits import check_apart, patient_folds
from tamperscope.detect.calibration import LEAST_IMAGES, Calibration
from tamperscope.detect.multi_cue import CALIBRATION, NAME, MultiCueDetector
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.train.calibrate import calibrate_on
from tamperscope.train.config import TraceRecipe
from tamperscope.train.trace import card_of, export_trace, train_trace

FOLDS = 3


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
        advice = "mark more images as val"
    else:
        chosen = patient_folds(cases, FOLDS)[fold]
        learn, held = list(chosen.train), list(chosen.left_out)
        advice = "cross-validate all folds, then it borrows from the others (bench cross-validate-multi-cue)"
    if len(held) < LEAST_IMAGES:
        raise TamperscopeError(f"{len(held)} images are left for calibration, which takes {LEAST_IMAGES}: {advice}.")
    weights = _train(recipe, learn, out, start_from=start_from, device=device, workers=workers)
    detector = MultiCueDetector.uncalibrated(weights=weights, threads=threads)
    calibrate_on(held, detector, seed=recipe.seed).save(weights / CALIBRATION)
    return weights


def calibrate_fold(
    fold: int, cases: Sequence[Case], *, out: Path, seed: int = 0, threads: int | None = None
) -> Calibration:
    """The calibration of one fold's detector: on the images that the fold leaves out, as far as these are enough.

    Where they are too few, the test images of the other folds join, each judged by its own fold's network, which has
    not seen it. A network with stronger evidence in untouched images than this fold's makes it more careful.

    Args:
        fold: its number.
        cases: all images.
        out: folder with ``fold-K/weights``, of all folds if images have to be borrowed.
        seed: of the guises.
        threads: of the networks.

    Returns:
        Null distributions of whole images, and the domain around them.

    Raises:
        TamperscopeError: a network that is needed is not there yet.
    """
    folds = patient_folds(cases, FOLDS)
    judges = [(fold, folds[fold].left_out)]
    if len(folds[fold].left_out) < LEAST_IMAGES:
        judges += [(number, folds[number].test) for number in range(FOLDS) if number != fold]
    missing = [str(number) for number, _ in judges if not _is_trained(_weights(out, number))]
    if missing:
        raise TamperscopeError(f"fold {fold} can't be calibrated before fold {' and '.join(missing)} is trained.")
    own, *borrowed = (
        (chosen, MultiCueDetector.uncalibrated(weights=_weights(out, number), threads=threads))
        for number, chosen in judges
    )
    return calibrate_on(*own, borrowed=borrowed, seed=seed)


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
        TamperscopeError: a fold has to borrow images for its calibration from one that is not trained, or the benchmark
            has a fold's test images of patients that the fold learns from.
    """
    rows, learn = read_manifest(benchmark), [fold.train for fold in patient_folds(cases, FOLDS)]
    for fold in folds:
        tested = [row.patients for row in rows if row.part == f"fold-{fold}"]
        check_apart(learn[fold], tested)
    for fold in folds:
        if not _is_trained(_weights(out, fold)):
            seeded = recipe.model_copy(update={"seed": recipe.seed + fold})
            _train(seeded, learn[fold], out / f"fold-{fold}")
    # Only now: a fold may borrow from those after it.
    for fold in folds:
        calibration = _weights(out, fold) / CALIBRATION
        if not calibration.is_file():
            calibrate_fold(fold, cases, out=out, seed=recipe.seed + fold, threads=threads).save(calibration)
    for fold in folds:
        contender = load_contender(NAME, threads=threads, weights=_weights(out, fold))
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
    export_trace(network, out / "weights", card=card_of(recipe, data=data))
    return out / "weights"


def _weights(out: Path, fold: int) -> Path:
    return out / f"fold-{fold}" / "weights"


def _is_trained(weights: Path) -> bool:
    return all((weights / f"trace-{part}.json").is_file() for part in ("encoder", "head"))
