"""The table of ``tamperscope bench ablate``: how much is lost without one thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby

import numpy as np

from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.judge.roc import auc
from tamperscope.train.ablation import Asked
from tamperscope.train.config import AblationRecipe

_DRAWS = 500
Figure = Callable[[Sequence[Asked], np.ndarray], float]
"""Of a variant's answers and the indices of a resample."""


def summarise(asked: Mapping[str, Sequence[Asked]], ablations: AblationRecipe) -> str:
    """Markdown: a row a group of variants, which differ by the seed alone.

    AUC of cells and of images (by their strongest cell, and by their strongest area), means over the group's seeds,
    with 95 % intervals by patient; then the differences of the first two from the first group, on the same resamples;
    then images by their strongest cell for each kind of forgery.

    Args:
        asked: of each variant, about the same images in the same order.
        ablations: their order and groups.
    """
    variants = [variant for variant in ablations.variants if variant.name in asked]
    groups = [
        (name, [asked[variant.name] for variant in members])
        for name, members in groupby(variants, key=lambda variant: variant.group)
    ]
    if not groups:
        return "no variant is there yet"
    whole = groups[0][1]
    patients = [one.patient for one in whole[0]]
    kinds = sorted({_kind(one) for one in whole[0] if one.label})

    def row(name: str, members: list[Sequence[Asked]]) -> str:
        def mean(figure: Figure, chosen: np.ndarray) -> float:
            return float(np.mean([figure(one, chosen) for one in members]))

        def less(figure: Figure, chosen: np.ndarray) -> float:
            return mean(figure, chosen) - float(np.mean([figure(one, chosen) for one in whole]))

        def text(of: Callable[[Figure, np.ndarray], float], figure: Figure) -> str:
            return cluster_bootstrap(partial(of, figure), patients, draws=_DRAWS).text

        cells = [text(mean, figure) for figure in (_cells, _strongest, _area)]
        cells += ["" if members is whole else text(less, figure) for figure in (_cells, _strongest)]
        for kind in kinds:
            some = np.flatnonzero([not one.label or _kind(one) == kind for one in whole[0]])
            cells.append(f"{mean(_strongest, some):.2f}")
        return f"| {name} | {len(members)} | " + " | ".join(cells) + " |"

    head = ["", "seeds", "cells", "strongest cell", "strongest area", "cells, less", "strongest cell, less", *kinds]
    lines = [f"| {' | '.join(head)} |", "| --- | ---: |" + " --- |" * (len(head) - 2)]
    lines += [row(name, members) for name, members in groups]
    spread = [
        float(np.ptp([figure(one, np.arange(len(patients))) for one in whole])) for figure in (_cells, _strongest)
    ]
    if len(whole) > 1:
        lines += ["", f"Between the {len(whole)} seeds of the first row: {spread[0]:.2f} and {spread[1]:.2f} at most."]
    return "\n".join(lines)


def _kind(one: Asked) -> str:
    """A column of the table: families, and each kind of injection."""
    return one.forger if one.family == "synthetic-mass" else one.family


def _cells(asked: Sequence[Asked], chosen: np.ndarray) -> float:
    known = [cells for cells in (asked[index].cells for index in chosen) if cells is not None]
    return float(np.mean(known))


def _strongest(asked: Sequence[Asked], chosen: np.ndarray) -> float:
    return auc(*_labels_and([one.strongest for one in asked], asked, chosen))


def _area(asked: Sequence[Asked], chosen: np.ndarray) -> float:
    return auc(*_labels_and([one.area for one in asked], asked, chosen))


def _labels_and(values: Sequence[float], asked: Sequence[Asked], chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one.label for one in asked])[chosen], np.array(values)[chosen]
