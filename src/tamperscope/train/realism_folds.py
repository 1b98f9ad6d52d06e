"""The reader proxy with every real mass held out once: generators and classifier are trained anew in each of five
folds.

The source's own split holds out 13 masses, which tell little. Here the patients are cut into folds; the tumours put
into a fold's images are drawn by generators, and told from its real masses by a classifier, that saw none of them. Not
learnt anew are the few numbers that place and settle tumours (``forge/mass_places.py``, ``tissue_contrast.py``,
``settle.py``): they come from the patients of the source's split *train*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.realism import KINDS, collect_squares, features, real_squares
from tamperscope.benchmark.realism_report import Told, ask_held_out, mean_auc
from tamperscope.benchmark.splits import Fold, patient_folds
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.networks.mobilenet_v2 import MobileNetV2Features, load_mobilenet_v2
from tamperscope.train.config import MammoCganRecipe
from tamperscope.train.mammo_cgan import export_mammo_cgan, train_mammo_cgan

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Realism:
    """What the folds say together.

    Attributes:
        seed: of conversion, places and tumours.
        masses: real ones, each held out once.
        told: by kind.
    """

    seed: int
    masses: int
    told: dict[str, Told]


def cross_validate_realism(
    recipe: MammoCganRecipe,
    cases: Sequence[Case],
    *,
    out: Path,
    seeds: Sequence[int] = (0,),
    kinds: Sequence[str] = KINDS,
) -> Iterator[Realism]:
    """Train generators a fold, and ask about its squares.

    ``OUT/fold-K`` holds a fold's checkpoints and weights; what is there is not trained again.

    Args:
        recipe: of the generators, and of their seed.
        cases: all images.
        out: folder.
        seeds: one result each, by the same generators.
        kinds: of ``realism.KINDS``.

    Raises:
        TamperscopeError: the weights of a fold are there, but of another recipe.
    """
    network, folds = load_mobilenet_v2(), patient_folds(cases, FOLDS)
    weights = [train_fold(recipe, fold, out / f"fold-{number}") for number, fold in enumerate(folds)]
    for seed in seeds:
        parts = [
            _ask(fold, Injector.load(folder=folder), network, kinds, seed)
            for fold, folder in zip(folds, weights, strict=True)
        ]
        told = {kind: _together([part[kind] for part in parts]) for kind in kinds}
        yield Realism(seed, int((next(iter(told.values())).labels == 0).sum()), told)


def train_fold(recipe: MammoCganRecipe, fold: Fold[Case], out: Path) -> Path:
    """The folder of the weights of generators that know none of the fold's test patients."""
    weights = out / "weights"
    card = weights / "mammo-cgan-2.json"
    if card.is_file() and json.loads(card.read_text(encoding="utf-8"))["recipe"] != recipe.model_dump(mode="json"):
        raise TamperscopeError(f"{weights} holds generators of another recipe: choose an empty folder.")
    if not card.is_file():
        export_mammo_cgan(recipe, *train_mammo_cgan(recipe, fold.train, out=out), weights)
    return weights


def _ask(
    fold: Fold[Case], injector: Injector, network: MobileNetV2Features, kinds: Sequence[str], seed: int
) -> dict[str, Told]:
    """The fold's held-out squares, by kind."""
    # What is held out is told by the source's split everywhere in the reader proxy: a fold is a split of its own.
    cases = [replace(case, split="train") for case in fold.train]
    cases += [replace(case, split="val") for case in fold.test]
    shown = collect_squares(cases, injector, real_squares(cases, seed=seed), seed=seed, kinds=kinds)
    described = features(network, [one.picture for one in shown])
    return {kind: ask_held_out(shown, described, kind) for kind in kinds}


def _together(parts: Sequence[Told]) -> Told:
    return Told(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "scores", "patients")))


def to_markdown(results: Sequence[Realism]) -> str:
    """One row a kind, one column a seed and their mean: AUC over all folds, interval by patient."""
    masses = " or ".join(str(count) for count in sorted({result.masses for result in results}))
    lines = [
        f"{masses} real masses, each held out once in {FOLDS} folds by patient; 95 % intervals by patient",
        "",
        "| kind | " + " | ".join(f"seed {result.seed}" for result in results) + " | mean |",
        "| --- |" + " --- |" * (len(results) + 1),
    ]
    for kind in results[0].told:
        told = [result.told[kind] for result in results]
        cells = [one.auc.text for one in told] + [mean_auc(told).text]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
