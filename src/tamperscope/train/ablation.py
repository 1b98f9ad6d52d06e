"""What each part of the trace network, and each kind of pseudo-forgery, adds: short trainings that differ in one thing.

All of them learn from the training patients of one fold, and are asked about the forgeries of its test patients. No
threshold is involved: what counts is how high forged cells, and the strongest evidence of forged images, rank
(``ablation_report.py``).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.manifest import MANIFEST, Row, read_manifest, read_mask, write_text
from tamperscope.benchmark.splits import check_apart, patient_folds
from tamperscope.detect.cues.areas import area_evidence
from tamperscope.detect.cues.trace import cell_means, smoothed
from tamperscope.detect.working_image import mask_on_pixels, prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.io.files import file_sha256
from tamperscope.io.read import read_mammogram
from tamperscope.judge.roc import auc
from tamperscope.networks.trace import TraceNetwork
from tamperscope.train.config import AblationRecipe, TraceRecipe, Variant
from tamperscope.train.multi_cue import FOLDS
from tamperscope.train.trace import FORGED, UNTOUCHED, train_trace
from tamperscope.train.trace_crops import describe_crop
from tamperscope.train.trace_variants import VARIANTS

SETTINGS, SCORES = "settings.json", "scores.csv"


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

    What is there already is not done again: ``OUT/NAME`` holds a variant's settings, checkpoint, curves and scores.

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
        TamperscopeError: there is no variant of a name, the benchmark has no images of the fold or some of patients
            that the variants learn from, or a variant's folder holds another training.
    """
    unknown = set(only) - {variant.name for variant in ablations.variants}
    if unknown:
        raise TamperscopeError(f"there is no variant {', '.join(sorted(unknown))}.")
    part = f"fold-{ablations.fold}"
    rows = [row for row in read_manifest(benchmark) if row.condition == "plain" and row.part == part]
    if len({row.label for row in rows}) < 2:
        raise TamperscopeError(f"{benchmark} has no untouched or no forged images in {part}.")
    learn = patient_folds(cases, FOLDS)[ablations.fold].train
    check_apart(learn, [row.patients for row in rows])
    told = {}
    for variant in ablations.variants:
        folder, settings = out / variant.name, variant_of(recipe, ablations, variant)
        if only and variant.name not in only and not (folder / SCORES).is_file():
            continue
        _keep_settings(folder / SETTINGS, settings, variant, benchmark)
        if not (folder / SCORES).is_file():
            build, loss = VARIANTS[variant.network]
            network = train_trace(settings, learn, Injector.load(threads=1), out=folder, build=build, loss=loss)
            write_asked(list(ask(network, benchmark, rows)), folder / SCORES)
        told[variant.name] = read_asked(folder / SCORES)
    return told


def variant_of(recipe: TraceRecipe, ablations: AblationRecipe, variant: Variant) -> TraceRecipe:
    """The shared recipe, shortened, with what the variant changes.

    Raises:
        TamperscopeError: the variant leaves out a kind that the recipe has not, or all of them.
    """
    missing = set(variant.leaves_out) - set(recipe.kinds)
    if missing:
        raise TamperscopeError(f"the recipe has no {', '.join(sorted(missing))} that {variant.name} could leave out.")
    kinds = {kind: weight for kind, weight in recipe.kinds.items() if kind not in variant.leaves_out}
    if not kinds:
        raise TamperscopeError(f"{variant.name} leaves out every kind of pseudo-forgery.")
    return recipe.model_copy(
        update={"name": variant.name, "seed": variant.seed, "steps": ablations.steps, "kinds": kinds}
    )


def _keep_settings(path: Path, settings: TraceRecipe, variant: Variant, benchmark: Path) -> None:
    """Write what a folder's results are of, or see that they are of this."""
    told = {
        "recipe": settings.model_dump(mode="json"),
        "network": variant.network,
        "benchmark": file_sha256(benchmark / MANIFEST),
    }
    if not path.is_file():
        write_text(path, json.dumps(told, indent=1) + "\n")
    elif json.loads(path.read_text(encoding="utf-8")) != told:
        raise TamperscopeError(f"{path.parent} holds another training, or answers about another benchmark.")


def ask(network: TraceNetwork, benchmark: Path, rows: Sequence[Row]) -> Iterator[Asked]:
    """What a network sees in each image of a benchmark.

    Args:
        network: in evaluation mode.
        benchmark: folder.
        rows: of it.

    Raises:
        TamperscopeError: an image or a mask is missing or damaged.
    """
    for row in tqdm(rows, desc="asking", mininterval=5):
        image = prepare_image(read_mammogram(benchmark / row.image))
        share = np.zeros(image.pixels.shape, np.float32)
        if row.label:
            share = mask_on_pixels(read_mask(benchmark, row), image)
        *planes, valid, _, _ = (torch.from_numpy(np.asarray(part))[None] for part in describe_crop(image.pixels, share))
        with torch.inference_mode():
            logits = network(*planes, valid)[0].numpy()
        cells = valid[0].numpy()
        seen, forged = smoothed(logits, cells), cell_means(share)
        inside, around = cells & (forged > FORGED), cells & (forged < UNTOUCHED)
        told = None
        if inside.any() and around.any():
            told = auc(np.repeat([1, 0], [inside.sum(), around.sum()]), np.concatenate([seen[inside], seen[around]]))
        area = float(area_evidence(seen, cells).max())
        yield Asked(row.id, row.patient, row.label, row.family, row.forger, told, float(seen.max()), area)


def write_asked(asked: Sequence[Asked], path: Path) -> None:
    """One CSV row an image."""
    lines = io.StringIO(newline="")
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(field.name for field in fields(Asked))
    table.writerows(astuple(one) for one in asked)
    write_text(path, lines.getvalue())


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
