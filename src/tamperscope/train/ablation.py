"""What each part of the trace network, and each kind of pseudo-forgery, adds: short trainings that differ in one thing.

All of them learn from the training patients of one fold, and are asked about the forgeries of its test patients. No
threshold is involved: what counts is how high forged cells, and the strongest evidence of forged images, rank.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.manifest import Row, read_manifest
from tamperscope.benchmark.splits import patient_folds
from tamperscope.detect.cues.areas import area_evidence
from tamperscope.detect.cues.trace import OUTSIDE, cell_means
from tamperscope.detect.working_image import mask_on_pixels, prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.io.read import read_mammogram
from tamperscope.judge.bootstrap import Bootstrap, bootstrap_auc, cluster_bootstrap
from tamperscope.judge.roc import auc
from tamperscope.networks.trace import TraceNetwork
from tamperscope.networks.trace_variants import FineOnly, Halves, NotCompared
from tamperscope.train.config import AblationRecipe, TraceRecipe, Variant
from tamperscope.train.multi_cue import FOLDS
from tamperscope.train.trace import Loss, balanced, crop_logits, trace_loss, train_trace
from tamperscope.train.trace_crops import Batch, describe_crop

NETWORKS: Mapping[str, tuple[Callable[[], TraceNetwork], Loss]]
_RECONSTRUCTION = 0.2
"""Weight of the reconstruction beside the activations: the report's one to five."""
_FORGED, _UNTOUCHED = 0.5, 0.02
"""Forged share above and below which a cell counts as one or the other, as in training."""
SCORES = "scores.csv"
_COLUMNS = ("id", "patient", "label", "family", "forger", "cells", "strongest", "area")


@dataclass(frozen=True)
class Asked:
    """What a network sees in one image.

    Attributes:
        id: of the benchmark's row.
        patient: cluster of the bootstrap.
        label: 1 forged.
        family: of the forger.
        forger: ``none`` for untouched images.
        cells: AUC of the forged cells against the untouched ones of the same image; None where there are none.
        strongest: highest logit of a cell.
        area: highest evidence of an area.
    """

    id: str
    patient: str
    label: int
    family: str
    forger: str
    cells: float | None
    strongest: float
    area: float


def halves_loss(
    network: TraceNetwork, batch: Batch, *, crop_weight: float, mixed: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """ForensicTransfer's loss on cells: activations of the halves, and reconstruction from the one that is chosen.

    Arguments and result as ``trace.trace_loss``; whole crops have no loss of their own.
    """
    assert isinstance(network, Halves)
    del crop_weight
    *pictures, structure, brightness, valid, share, _ = batch
    residuals, bands = (picture.contiguous(memory_format=torch.channels_last) for picture in pictures)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        compared = network.compare(network.describe(residuals, bands, structure), brightness, valid)
        latent = network.head(compared)
        again = network.reconstruct(latent).float()
    activations = network.activations(latent.float())
    positive, negative = valid & (share > _FORGED), valid & (share < _UNTOUCHED)
    wanted = torch.stack([negative, positive], 1).float()
    loss = balanced((activations - wanted).abs().sum(1), positive, negative)
    differs = (again - compared[:, :-1].detach()).abs().mean(1)
    logits = network.logits(activations)
    return loss + _RECONSTRUCTION * balanced(differs, positive, negative), crop_logits(logits, valid)


NETWORKS = {
    "trace": (TraceNetwork, trace_loss),
    "fine-only": (FineOnly, trace_loss),
    "not-compared": (NotCompared, trace_loss),
    "halves": (Halves, halves_loss),
}


def ablate(
    recipe: TraceRecipe,
    ablations: AblationRecipe,
    cases: Sequence[Case],
    benchmark: Path,
    *,
    out: Path,
    only: Sequence[str] = (),
) -> dict[str, list[Asked]]:
    """Train the variants and ask each about the benchmark's images of the fold's test patients.

    What is there already is not done again: ``OUT/NAME`` holds a variant's checkpoint, curves and ``scores.csv``.

    Args:
        recipe: that all variants share.
        ablations: the variants.
        cases: all images.
        benchmark: folder, of a protocol with three folds.
        out: folder.
        only: names of variants; all without.

    Returns:
        Of each variant that is there by now, in the order of the recipe.

    Raises:
        TamperscopeError: there is no variant of a name, or the benchmark has no images of the fold.
    """
    unknown = set(only) - {variant.name for variant in ablations.variants}
    if unknown:
        raise TamperscopeError(f"there is no variant {', '.join(sorted(unknown))}.")
    part = f"fold-{ablations.fold}"
    rows = [row for row in read_manifest(benchmark) if row.condition == "plain" and row.part == part]
    if len({row.label for row in rows}) < 2:
        raise TamperscopeError(f"{benchmark} has no untouched or no forged images in {part}.")
    learn = patient_folds(cases, FOLDS)[ablations.fold].train
    for variant in ablations.variants:
        folder = out / variant.name
        if (only and variant.name not in only) or (folder / SCORES).is_file():
            continue
        build, loss = NETWORKS[variant.network]
        settings = variant_of(recipe, ablations, variant)
        network = train_trace(settings, learn, Injector.load(threads=1), out=folder, build=build, loss=loss)
        write_asked(ask(network, benchmark, rows), folder / SCORES)
    return {
        variant.name: read_asked(out / variant.name / SCORES)
        for variant in ablations.variants
        if (out / variant.name / SCORES).is_file()
    }


def variant_of(recipe: TraceRecipe, ablations: AblationRecipe, variant: Variant) -> TraceRecipe:
    """The shared recipe, shortened, with what the variant changes.

    Raises:
        TamperscopeError: the variant leaves out a kind that the recipe has not.
    """
    missing = set(variant.leaves_out) - set(recipe.kinds)
    if missing:
        raise TamperscopeError(f"the recipe has no {', '.join(sorted(missing))} that {variant.name} could leave out.")
    kinds = {kind: weight for kind, weight in recipe.kinds.items() if kind not in variant.leaves_out}
    return recipe.model_copy(
        update={"name": variant.name, "seed": variant.seed, "steps": ablations.steps, "kinds": kinds, "whole": None}
    )


def ask(network: TraceNetwork, benchmark: Path, rows: Sequence[Row]) -> Iterator[Asked]:
    """What a network sees in each image of a benchmark.

    Args:
        network: in evaluation mode.
        benchmark: folder.
        rows: of it.
    """
    for row in tqdm(rows, desc="asking", mininterval=5):
        image = prepare_image(read_mammogram(benchmark / row.image))
        share = np.zeros(image.pixels.shape, np.float32)
        if row.label:
            mask = cv2.imread(str(benchmark / row.mask), cv2.IMREAD_GRAYSCALE)
            share = mask_on_pixels(np.asarray(mask) > 0, image)
        *planes, valid, _, _ = (torch.from_numpy(np.asarray(part))[None] for part in describe_crop(image.pixels, share))
        with torch.inference_mode():
            logits = functional.avg_pool2d(network(*planes, valid)[None], 3, 1, 1)[0, 0].numpy()
        cells = valid[0].numpy()
        seen, forged = np.where(cells, logits, np.float32(OUTSIDE)), cell_means(share)
        inside, around = cells & (forged > _FORGED), cells & (forged < _UNTOUCHED)
        told = None
        if inside.any() and around.any():
            told = auc(np.repeat([1, 0], [inside.sum(), around.sum()]), np.concatenate([seen[inside], seen[around]]))
        area = float(area_evidence(seen, cells).max())
        yield Asked(row.id, row.patient, row.label, row.family, row.forger, told, float(seen.max()), area)


def summarise(asked: Mapping[str, Sequence[Asked]], ablations: AblationRecipe) -> str:
    """Markdown: one row a variant, AUC of cells and of images, and of images by kind of forgery.

    Intervals: 95 %, bootstrap by patient. Variants of the same ``group``, which differ by the seed alone, have a row
    of their mean, with the lowest and the highest.
    """
    kinds = sorted({_kind(one) for some in asked.values() for one in some if one.label})
    lines = [
        "| | cells | strongest cell | strongest area | " + " | ".join(kinds) + " |",
        "| --- | --- | --- | --- |" + " --- |" * len(kinds),
    ]
    known = [variant for variant in ablations.variants if variant.name in asked]
    for group, members in groupby(known, key=lambda variant: variant.group):
        tables = [_figures(asked[variant.name], kinds) for variant in members]
        if len(tables) == 1:
            figures = tables[0]
            cells = [_interval(figure) for figure in figures[:3]] + [f"{figure.estimate:.2f}" for figure in figures[3:]]
        else:
            columns = [[figure.estimate for figure in column] for column in zip(*tables, strict=True)]
            cells = [f"{np.mean(column):.2f} ({min(column):.2f} to {max(column):.2f})" for column in columns]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _kind(one: Asked) -> str:
    """A column of the table: families, and each kind of injection."""
    return one.forger if one.family == "synthetic-mass" else one.family


def _figures(asked: Sequence[Asked], kinds: Sequence[str]) -> list[Bootstrap]:
    """Cells, strongest cell, strongest area; then the strongest cell's of each kind."""
    known = [one for one in asked if one.cells is not None]
    cells = np.array([one.cells for one in known])
    means = cluster_bootstrap(lambda chosen: float(cells[chosen].mean()), [one.patient for one in known])

    def images(some: Sequence[Asked], values: Sequence[float]) -> Bootstrap:
        return bootstrap_auc(np.array([one.label for one in some]), np.array(values), [one.patient for one in some])

    figures = [
        means,
        images(asked, [one.strongest for one in asked]),
        images(asked, [one.area for one in asked]),
    ]
    for kind in kinds:
        some = [one for one in asked if not one.label or _kind(one) == kind]
        figures.append(images(some, [one.strongest for one in some]))
    return figures


def _interval(figure: Bootstrap) -> str:
    return f"{figure.estimate:.2f} [{figure.interval.low:.2f}, {figure.interval.high:.2f}]"


def write_asked(asked: Iterator[Asked], path: Path) -> None:
    """One CSV row an image; the file is there once all are."""
    rows = [[getattr(one, column) for column in _COLUMNS] for one in asked]
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(_COLUMNS)
        table.writerows(rows)
    unfinished.replace(path)


def read_asked(path: Path) -> list[Asked]:
    """What ``write_asked`` wrote."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            Asked(
                row["id"],
                row["patient"],
                int(row["label"]),
                row["family"],
                row["forger"],
                float(row["cells"]) if row["cells"] else None,
                float(row["strongest"]),
                float(row["area"]),
            )
            for row in csv.DictReader(lines)
        ]
