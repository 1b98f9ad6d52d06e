"""The default detector's trained half: the trace network of one fold or of all training images, its calibration, and
the cross-validation of the whole detector by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tamperscope.benchmark.cesm import SOURCE_STATEMENT, Case
from tamperscope.benchmark.contender import load_contender
from tamperscope.benchmark.run import run
from tamperscope.benchmark.splits import patient_folds
from tamperscope.detect.calibration import LEAST_IMAGES, Calibration, Untouched
from tamperscope.detect.multi_cue import CALIBRATION, NAME, MultiCueDetector
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.train.calibrate import GUISES, calibrate_on, witnesses
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
    calibrate: bool = True,
    threads: int | None = None,
) -> Path:
    """Train the trace network, export it and calibrate the detector with it.

    Thresholds come from images that nothing was learnt from, and a fold's test images stay out of them as well.

    Args:
        recipe: settings.
        cases: all images.
        out: folder of the checkpoint; what is exported goes to ``OUT/weights``.
        fold: train on the training patients of one of three folds; None takes the split "train", calibrated on "val".
        start_from: checkpoint of another training to start from.
        calibrate: without it the weights can't be used before ``calibrate_fold``.
        threads: of the networks, for calibration.

    Returns:
        The folder of the weights.

    Raises:
        TamperscopeError: too few images are left for calibration.
    """
    if fold is None:
        learn = [case for case in cases if case.split == "train"]
        held = [case for case in cases if case.split == "val"]
    else:
        chosen = patient_folds(cases, FOLDS)[fold]
        learn, held = list(chosen.train), list(chosen.left_out)
    if calibrate and len(held) < LEAST_IMAGES:
        raise TamperscopeError(
            f"{len(held)} images are neither learnt from nor tested on, and a calibration takes {LEAST_IMAGES}: "
            "cross-validate all folds, each of which then lends its tested images to the others."
        )
    weights = out / "weights"
    network = train_trace(recipe, learn, Injector.load(threads=1), out=out, start_from=start_from)
    data = f"{SOURCE_STATEMENT} {len(learn)} images, most of them resampled."
    export_trace(network, weights, card=card_of(recipe, data=data))
    if calibrate:
        detector = MultiCueDetector.uncalibrated(weights=weights, threads=threads)
        calibrate_on(held, detector, seed=recipe.seed).save(weights / CALIBRATION)
    return weights


def calibrate_fold(
    fold: int, cases: Sequence[Case], *, out: Path, seed: int = 0, threads: int | None = None
) -> Calibration:
    """The calibration of a fold that leaves too few images out.

    To these come the test images of the other folds, each judged by its own fold's network, which has not seen it: how
    strong the strongest evidence in an untouched image is differs little from one training to the next.

    Args:
        fold: its number.
        cases: all images.
        out: folder with ``fold-K/weights`` of all folds.
        seed: of the guises.
        threads: of the networks.

    Raises:
        TamperscopeError: another fold is not there yet.
    """
    folds = patient_folds(cases, FOLDS)
    judged = [(number, folds[number].left_out if number == fold else folds[number].test) for number in range(FOLDS)]
    images: list[Untouched] = []
    for number, chosen in judged:
        weights = out / f"fold-{number}" / "weights"
        if not weights.is_dir():
            raise TamperscopeError(
                f"fold {fold} leaves too few images out and needs the other folds: {weights} is missing."
            )
        images += witnesses(chosen, MultiCueDetector.uncalibrated(weights=weights, threads=threads), seed=seed)
    source = (
        f"{len(folds[fold].left_out)} untouched CESM images and {len(images) // GUISES - len(folds[fold].left_out)} "
        f"judged by the networks of the other folds, in {GUISES} guises each"
    )
    return Calibration.of_images(images, source, guises=GUISES)


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
    """
    for fold in folds:
        place = out / f"fold-{fold}"
        if not (place / "weights" / CALIBRATION).is_file():
            seeded = recipe.model_copy(update={"seed": recipe.seed + fold})
            enough = len(patient_folds(cases, FOLDS)[fold].left_out) >= LEAST_IMAGES
            weights = train_multi_cue(seeded, cases, out=place, fold=fold, calibrate=enough, threads=threads)
            if not enough:
                calibration = calibrate_fold(fold, cases, out=out, seed=seeded.seed, threads=threads)
                calibration.save(weights / CALIBRATION)
        contender = load_contender(NAME, threads=threads, weights=place / "weights")
        # One run of several detectors, each on the patients that it has not seen.
        run(benchmark, replace(contender, version="cross-validated"), out / "run", parts=[f"fold-{fold}"])
    return out / "run"
