"""Figures of one run on its benchmark, by forger, family and condition, with intervals by patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tamperscope.benchmark.manifest import Row
from tamperscope.benchmark.metrics import balanced_accuracy, balanced_threshold, best_level, overlap, pixel_auc
from tamperscope.benchmark.plan import CROSSES
from tamperscope.benchmark.run import Scored
from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.judge.proportions import wilson
from tamperscope.judge.roc import auc, tpr_at_fpr

IMAGE_FIGURES = ("AUC", "balanced accuracy", "TPR at 5 % FPR", "TPR at 1 % FPR")
OWN_FIGURES = ("called fake", "false alarms", "peak inside, called fake")
"""At the detector's own threshold, whatever this benchmark's images would choose."""
PIXEL_FIGURES = ("pixel AUC", "IoU", "F1", "pointing")
SHARES = (*OWN_FIGURES, "pointing")
SIZES = ((0.0, 20.0, "under 20 mm2"), (20.0, 100.0, "20 to 100 mm2"), (100.0, math.inf, "over 100 mm2"))
"""Least area, area that is too large, and their name: lesions of less than 5 mm, and of more than 11."""
FIGURES = (*IMAGE_FIGURES, *OWN_FIGURES, *PIXEL_FIGURES)


@dataclass(frozen=True)
class Figure:
    """An estimate with its 95 % interval by patient; nan where there is none."""

    value: float
    low: float
    high: float


NONE = Figure(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Counts:
    """Images at the detector's own threshold.

    Attributes:
        found: forged images called fake.
        inside: of these, the heat map's peak lies in the forged area; None where there is no heat map.
        false_alarms: untouched images called fake.
    """

    found: int
    inside: int | None
    false_alarms: int


@dataclass(frozen=True)
class Group:
    """The figures of some forged images against the untouched ones of their condition.

    Attributes:
        condition: what happened to both afterwards.
        kind: ``overall``, ``family``, ``forger`` or ``size`` (a family's forgeries of like area, condition ``plain``).
        name: of the family or forger; of a size the family's and the area.
        forged: how many forged images.
        untouched: how many untouched ones.
        patients: how many patients, or ranges of patients.
        figures: by name, see ``FIGURES``.
        counts: at the detector's own threshold; None where it has none.
        parts: AUC within each part of the test images, such as a fold.
    """

    condition: str
    kind: str
    name: str
    forged: int
    untouched: int
    patients: int
    figures: dict[str, Figure]
    counts: Counts | None
    parts: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """All figures of a run.

    Attributes:
        groups: overall first, then families, forgers and sizes, condition by condition.
        not_scored: how many test images the detector did not score.
        crossing: how many were left out because their patient may be on both sides of the split.
        threshold: how it was chosen, a sentence.
    """

    groups: list[Group]
    not_scored: int
    crossing: int
    threshold: str


@dataclass(frozen=True, eq=False)
class _Table:
    """The scored test images as columns."""

    rows: list[Row]
    labels: np.ndarray
    scores: np.ndarray
    thresholds: np.ndarray
    patients: np.ndarray
    pixel: dict[str, np.ndarray]


def evaluate(
    rows: Sequence[Row],
    scored: Sequence[Scored],
    *,
    own_threshold: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Figures of a run.

    The threshold of the score, and the level of the heat map, are chosen on validation images: on those of the role
    ``validation``, or, in a benchmark of folds, for each fold on the images of the other folds.

    Args:
        rows: of the manifest.
        scored: of the run.
        own_threshold: the detector's, above which it calls an image fake.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    by_id = {one.id: one for one in scored}
    there = [row for row in rows if row.id in by_id and row.family != "mass"]
    folds = _has_folds(there)
    test = tested(there)
    crossing = sum(row.part == CROSSES and row.role == "test" for row in there) if folds else 0
    usable = [row for row in test if by_id[row.id].score is not None]
    thresholds, levels, how = _chosen_on_validation(there, usable, by_id, folds=folds)
    table = _table(usable, by_id, thresholds, levels)
    groups = []
    for condition in _order({row.condition for row in usable}):
        here = np.array([row.condition == condition for row in usable])
        for kind, name, chosen in _groups(table, here, sizes=condition == "plain"):
            groups.append(_group(table, chosen, condition, kind, name, own_threshold, draws=draws, seed=seed))
    return Evaluation(groups, len(test) - len(usable), crossing, how)


def tested(rows: Sequence[Row]) -> list[Row]:
    """The rows that figures are made of."""
    return [row for row in on_one_side(rows) if row.role == "test"]


def on_one_side(rows: Sequence[Row]) -> list[Row]:
    """Images, not masses, whose patient is on one side of the split.

    In a benchmark of folds one that may be of two parts has fewer versions, for want of donors, and enters no figure.
    """
    folds = _has_folds(rows)
    return [row for row in rows if row.family != "mass" and not (folds and row.part == CROSSES)]


def _has_folds(rows: Sequence[Row]) -> bool:
    return any(row.part.startswith("fold-") for row in rows)


def _order(conditions: set[str]) -> list[str]:
    return sorted(conditions, key=lambda name: (name != "plain", name))


def _chosen_on_validation(
    there: Sequence[Row], test: Sequence[Row], by_id: dict[str, Scored], *, folds: bool
) -> tuple[dict[str, float], dict[str, int | None], str]:
    """Threshold and level for each part of the test images, and how they were chosen."""
    thresholds: dict[str, float] = {}
    levels: dict[str, int | None] = {}
    for part in sorted({row.part for row in test}):
        if folds:
            validation = [row for row in test if row.part != part]
        else:
            validation = [row for row in there if row.role == "validation" and by_id[row.id].score is not None]
        try:
            thresholds[part] = balanced_threshold(
                np.array([row.label for row in validation]), np.array([by_id[row.id].score for row in validation])
            )
        except ValueError:
            thresholds[part] = math.nan
        forged = [by_id[row.id] for row in validation if row.label and by_id[row.id].inside is not None]
        pairs = [(one.inside, one.outside) for one in forged if one.inside is not None and one.outside is not None]
        pairs = [(inside, outside) for inside, outside in pairs if inside.any()]
        levels[part] = best_level([i for i, _ in pairs], [o for _, o in pairs]) if pairs else None
    if folds:
        return thresholds, levels, "for each fold on the images of the other folds"
    if all(math.isnan(value) for value in thresholds.values()):
        return thresholds, levels, "not at all: this benchmark has no validation images"
    return thresholds, levels, "on the validation images"


def _table(
    usable: list[Row], by_id: dict[str, Scored], thresholds: dict[str, float], levels: dict[str, int | None]
) -> _Table:
    pixel = {name: np.full(len(usable), np.nan) for name in PIXEL_FIGURES}
    for number, row in enumerate(usable):
        one = by_id[row.id]
        if not row.label or one.inside is None or one.outside is None:
            continue
        pixel["pixel AUC"][number] = pixel_auc(one.inside, one.outside)
        pixel["pointing"][number] = np.nan if one.peak_inside is None else one.peak_inside
        level = levels[row.part]
        if level is not None:
            pixel["IoU"][number], pixel["F1"][number] = overlap(one.inside, one.outside, level)
    return _Table(
        usable,
        np.array([row.label for row in usable], np.int64),
        np.array([by_id[row.id].score for row in usable], np.float64),
        np.array([thresholds[row.part] for row in usable]),
        np.array([row.patient for row in usable], object),
        pixel,
    )


def _groups(table: _Table, here: np.ndarray, *, sizes: bool) -> list[tuple[str, str, np.ndarray]]:
    """Kind, name and members of each group of a condition; the untouched images are in all of them."""
    untouched = here & (table.labels == 0)
    families = np.array([row.family for row in table.rows], object)
    forgers = np.array([row.forger for row in table.rows], object)
    forged = here & (table.labels == 1)
    groups = [("overall", "all", here)]
    groups += [("family", name, untouched | (forged & (families == name))) for name in sorted(set(families[forged]))]
    groups += [("forger", name, untouched | (forged & (forgers == name))) for name in sorted(set(forgers[forged]))]
    if sizes:
        area = np.array([row.forged_pixels * row.pitch_mm**2 for row in table.rows])
        for name in (None, *sorted(set(families[forged]))):
            of_kind = forged if name is None else forged & (families == name)
            for least, limit, size in SIZES:
                chosen = of_kind & (area >= least) & (area < limit)
                if chosen.any():
                    groups.append(("size", f"{name or 'all'}, {size}", untouched | chosen))
    return groups


def _group(
    table: _Table,
    chosen: np.ndarray,
    condition: str,
    kind: str,
    name: str,
    own_threshold: float | None,
    *,
    draws: int,
    seed: int,
) -> Group:
    members = np.flatnonzero(chosen)
    labels, scores = table.labels[members], table.scores[members]
    thresholds, patients = table.thresholds[members], table.patients[members]
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "AUC": lambda i: auc(labels[i], scores[i]),
        "balanced accuracy": lambda i: _accuracy(labels[i], scores[i], thresholds[i]),
        "TPR at 5 % FPR": lambda i: _tpr(labels[i], scores[i], 0.05),
        "TPR at 1 % FPR": lambda i: _tpr(labels[i], scores[i], 0.01),
    }
    figures = {key: _figure(one, patients, draws=draws, seed=seed) for key, one in statistics.items()}
    pixel = {key: values[members] for key, values in table.pixel.items()}
    means = _at_own_threshold(labels, scores, pixel["pointing"], own_threshold) | pixel
    for key, values in means.items():
        known = ~np.isnan(values)
        mean = _share if key in SHARES else _mean
        figures[key] = mean(values[known], patients[known], draws=draws, seed=seed) if known.any() else NONE
    parts = np.array([table.rows[i].part for i in members], object)
    return Group(
        condition,
        kind,
        name,
        int(labels.sum()),
        int((1 - labels).sum()),
        len(set(patients)),
        figures,
        None if own_threshold is None else _counts(*(means[name] for name in OWN_FIGURES)),
        {part: _auc(labels[parts == part], scores[parts == part]) for part in sorted(set(parts))},
    )


def _at_own_threshold(
    labels: np.ndarray, scores: np.ndarray, pointing: np.ndarray, threshold: float | None
) -> dict[str, np.ndarray]:
    """What each image adds to ``OWN_FIGURES``; nan where nothing."""
    if threshold is None:
        return {name: np.full(len(labels), np.nan) for name in OWN_FIGURES}
    fake = np.where(scores > threshold, 1.0, 0.0)
    return {
        "called fake": np.where(labels == 1, fake, np.nan),
        "false alarms": np.where(labels == 0, fake, np.nan),
        "peak inside, called fake": np.where(fake == 1, pointing, np.nan),
    }


def _counts(found: np.ndarray, false_alarms: np.ndarray, inside: np.ndarray) -> Counts:
    """Of what each image adds to ``OWN_FIGURES``."""
    pointed = np.isfinite(inside).any() or not np.nansum(found)
    return Counts(
        found=int(np.nansum(found)),
        inside=int(np.nansum(inside)) if pointed else None,
        false_alarms=int(np.nansum(false_alarms)),
    )


def _mean(values: np.ndarray, patients: np.ndarray, *, draws: int, seed: int) -> Figure:
    return _figure(lambda indices: float(values[indices].mean()), patients, draws=draws, seed=seed)


def _share(values: np.ndarray, patients: np.ndarray, *, draws: int, seed: int) -> Figure:
    """A share of images; where it is 0 or 1 a bootstrap has no width, and it has Wilson's interval over patients."""
    figure = _mean(values, patients, draws=draws, seed=seed)
    if set(values) in ({0.0}, {1.0}):
        count = len(set(patients))
        low, high, _ = wilson(count if values[0] else 0, count)
        return Figure(figure.value, low, high)
    return figure


def _accuracy(labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> float:
    return math.nan if np.isnan(thresholds).any() else balanced_accuracy(labels, scores, thresholds)


def _auc(labels: np.ndarray, scores: np.ndarray) -> float:
    return auc(labels, scores) if len(set(labels)) > 1 else math.nan


def _tpr(labels: np.ndarray, scores: np.ndarray, fpr: float) -> float:
    point = tpr_at_fpr(labels, scores, fpr).tpr
    return point.count / point.n


def _figure(statistic: Callable[[np.ndarray], float], patients: np.ndarray, *, draws: int, seed: int) -> Figure:
    try:
        result = cluster_bootstrap(statistic, patients, draws=draws, seed=seed)
    except ValueError:
        return NONE
    return Figure(result.estimate, result.interval.low, result.interval.high)
