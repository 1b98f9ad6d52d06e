"""Cross-validation of the report's detector by patient: injected against untouched images (report, table 4)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.splits import hold_out, patient_folds
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.forge.injector import Injector
from tamperscope.judge.bootstrap import bootstrap_auc, cluster_bootstrap
from tamperscope.judge.confusion import ConfusionTable, percent_range
from tamperscope.train.config import ForensicTransferRecipe
from tamperscope.train.report_detector import TrainedReportDetector, make_images, train_report_detector
from tamperscope.train.score_classifier import as_activation_maps, score_images

_VALIDATION_IMAGES = 10


@dataclass(frozen=True)
class Outcome:
    """One scored test image."""

    image: str
    patients: str
    fold: int
    label: int
    score: float


def run_fold(
    recipe: ForensicTransferRecipe,
    cases: Sequence[Case],
    injector: Injector,
    *,
    folds: int,
    fold: int,
    out: Path,
) -> list[Outcome]:
    """Train on one fold's training patients and score its test images, each untouched and injected once.

    Writes ``OUT/fold-K.csv``, and checkpoints under ``OUT/fold-K``.

    Args:
        recipe: settings.
        cases: all images.
        injector: makes the forgeries of both sides.
        folds: number of folds.
        fold: which one, from 0.
        out: folder of the results.
    """
    chosen = patient_folds(cases, folds)[fold]
    inner = hold_out(chosen.train, least=_VALIDATION_IMAGES)
    trained = train_report_detector(recipe, inner.train, inner.test, injector, out=out / f"fold-{fold}")
    outcomes = score_cases(trained, as_test_recipe(recipe), chosen.test, injector, fold=fold)
    write_outcomes(outcomes, out / f"fold-{fold}.csv")
    return outcomes


def as_test_recipe(recipe: ForensicTransferRecipe) -> ForensicTransferRecipe:
    """One forgery an image, and another seed than in training: other squares, presets and noise."""
    return recipe.model_copy(update={"forgeries_per_image": 1, "seed": recipe.seed + 1})


def score_cases(
    trained: TrainedReportDetector,
    recipe: ForensicTransferRecipe,
    cases: Sequence[Case],
    injector: Injector,
    *,
    fold: int,
) -> list[Outcome]:
    """Scores of the images, untouched and injected."""
    images = make_images(recipe, cases, injector)
    matrices, labels = score_images(images, as_activation_maps(trained.forensic_transfer))

    def classifier(matrix: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return trained.score_classifier(torch.from_numpy(matrix)).numpy()

    names = [image.case for image in images for _ in range(1 + len(image.patches))]
    return [
        Outcome(
            case.name,
            "-".join(str(number) for number in case.patients),
            fold,
            int(label),
            classify_scores(matrix, classifier),
        )
        for case, matrix, label in zip(names, matrices, labels, strict=True)
    ]


def write_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """One CSV row an image: the input of ``tamperscope judge scores``."""
    with path.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, fieldnames=["image", "patients", "fold", "label", "score"])
        table.writeheader()
        table.writerows(asdict(outcome) for outcome in outcomes)


def summarise(folder: Path, *, folds: int) -> str:
    """Pool the folds' scores: the report's table with intervals, and the AUC, as Markdown.

    Writes ``FOLDER/scores.csv`` and ``FOLDER/table.md``. The table's intervals are Wilson's and Clopper-Pearson's;
    accuracy and AUC also have one by bootstrap over patients, since a patient's images are not independent.
    """
    outcomes = [outcome for fold in range(folds) for outcome in read_outcomes(folder / f"fold-{fold}.csv")]
    write_outcomes(outcomes, folder / "scores.csv")
    labels = np.array([outcome.label for outcome in outcomes])
    scores = np.array([outcome.score for outcome in outcomes])
    patients = [outcome.patients for outcome in outcomes]
    right = (scores > THRESHOLD) == (labels > 0.5)
    accuracy = cluster_bootstrap(lambda chosen: float(right[chosen].mean()), patients).interval
    area = bootstrap_auc(labels, scores, patients)
    table = "\n".join(
        [
            ConfusionTable.from_scores(labels, scores, THRESHOLD).to_markdown(),
            "",
            f"{folds} folds by patient, {len(set(patients))} patients or ranges of patients, {len(labels)} images; "
            f"threshold {THRESHOLD} (the report's). Bootstrap by patient, 95 %: accuracy "
            f"{percent_range(accuracy.low, accuracy.high)}; AUC {area.estimate:.3f} "
            f"[{area.interval.low:.3f}, {area.interval.high:.3f}].",
        ]
    )
    (folder / "table.md").write_text(table + "\n", encoding="utf-8")
    return table


def read_outcomes(path: Path) -> list[Outcome]:
    """What ``write_outcomes`` wrote."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            Outcome(row["image"], row["patients"], int(row["fold"]), int(row["label"]), float(row["score"]))
            for row in csv.DictReader(lines)
        ]
