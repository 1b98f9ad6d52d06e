"""Shortcut audits of a benchmark: what is no trace of forgery must not tell forged images from untouched ones.

Each audit gives a classifier one kind of number alone, cross-validated by patient. Its AUC must lie between 0.45 and
0.55, or its interval cover 0.5; otherwise a detector may have learnt that, and its figures mean nothing.

An interval by patient usually takes the trained classifiers as they are. Where there are few untouched images, what a
classifier learns is itself chance, and its AUC moves by more than that. An audit that fails by such an interval is
therefore given one of the whole procedure: patients are drawn anew, and classifiers trained anew on each draw. Both
intervals are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tamperscope.benchmark.evaluate import on_one_side
from tamperscope.benchmark.manifest import Row
from tamperscope.judge.bootstrap import bootstrap_auc, cluster_bootstrap
from tamperscope.judge.roc import auc

_FOLDS = 5
_RETRAININGS = 100
_TWO_SIDED = 1.96
_REPEATS = 4
"""Of the cross-validation, each with other folds."""
CHANCE = (0.45, 0.55)

AUDITS: dict[str, Callable[[dict[str, Any]], list[float]]] = {
    "JPEG-grid strength": lambda features: [features["grid"]],
    "global histogram": lambda features: list(features["histogram"]),
    "place and size of the region": lambda features: list(features["place"]),
    "resampled (periodicity)": lambda features: [float(np.log(value)) for value in features["periodicity"]],
}
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    "boosted trees": lambda: HistGradientBoostingClassifier(max_iter=30, max_depth=3, random_state=0),
}


@dataclass(frozen=True)
class Audit:
    """One audit in one condition.

    Attributes:
        name: what the classifier was given.
        classifier: which.
        condition: of the images.
        auc: of telling forged from untouched, with its 95 % interval by patient.
        low: end of the interval.
        high: end of the interval.
        retrained: the interval with classifiers trained anew on each draw; None where that was not needed.
        forged: how many forged images.
        untouched: how many others.
    """

    name: str
    classifier: str
    condition: str
    auc: float
    low: float
    high: float
    retrained: tuple[float, float] | None
    forged: int
    untouched: int

    @property
    def at_chance(self) -> bool:
        """Whether the audit is passed."""
        return _near_half(self.auc, *(self.retrained or (self.low, self.high)))

    @property
    def verdict(self) -> str:
        """In words."""
        return "at chance" if self.at_chance else "NOT AT CHANCE"


@threadpool_limits.wrap(limits=1)  # the trees are small: several threads mostly wait for one another
def audit_rows(
    rows: Sequence[Row], *, draws: int = 1000, retrainings: int = _RETRAININGS, seed: int = 0
) -> list[Audit]:
    """All audits, condition by condition.

    Args:
        rows: of the manifest.
        draws: of the bootstrap.
        retrainings: draws of the bootstrap that trains anew, for an audit that is not at chance otherwise.
        seed: of both.
    """
    audits = []
    usable = on_one_side(rows)
    for condition in sorted({row.condition for row in usable}, key=lambda name: (name != "plain", name)):
        here = [row for row in usable if row.condition == condition]
        labels = np.array([row.label for row in here])
        patients = np.array([row.patient for row in here], object)
        if min(labels.sum(), (1 - labels).sum()) < _FOLDS or len(set(patients)) < _FOLDS:
            continue
        for name, measure in AUDITS.items():
            values = np.array([measure(row.features) for row in here], np.float64)
            for kind, make in CLASSIFIERS.items():
                scores = cross_validated(values, labels, patients, make)
                result = bootstrap_auc(labels, scores, patients, draws=draws, seed=seed)
                low, high, _ = result.interval
                retrained = None
                if not _near_half(result.estimate, low, high):
                    retrained = _retrained(values, labels, patients, make, draws=retrainings, seed=seed)
                counts = int(labels.sum()), int((1 - labels).sum())
                audits.append(Audit(name, kind, condition, result.estimate, low, high, retrained, *counts))
    return audits


def _near_half(area: float, low: float, high: float) -> bool:
    return CHANCE[0] <= area <= CHANCE[1] or low <= 0.5 <= high


def _retrained(
    values: np.ndarray, labels: np.ndarray, patients: np.ndarray, make: Callable[[], Any], *, draws: int, seed: int
) -> tuple[float, float]:
    """95 % interval of the AUC by a bootstrap of patients that trains and tests on each draw.

    Two standard errors around the estimate: a draw has fewer different patients, from whom less is learnt, so that
    the percentiles lean towards one half.
    """

    def area(chosen: np.ndarray) -> float:
        # A patient drawn twice stays one patient, so that no copy is tested by what learnt the other.
        scores = cross_validated(values[chosen], labels[chosen], patients[chosen], make)
        return auc(labels[chosen], scores)

    result = cluster_bootstrap(area, patients, draws=draws, seed=seed)
    half = _TWO_SIDED * result.standard_error
    return result.estimate - half, result.estimate + half


def cross_validated(
    values: np.ndarray, labels: np.ndarray, patients: np.ndarray, make: Callable[[], Any]
) -> np.ndarray:
    """Scores of each image by a classifier that saw no image of its patient, as ranks within its fold."""
    scores = np.zeros(len(labels))
    count = min(_FOLDS, len(set(patients)))  # a bootstrap of few patients may draw fewer
    for repeat in range(_REPEATS):
        folds = GroupKFold(count, shuffle=True, random_state=repeat)
        for train, test in folds.split(values, labels, patients):
            if len(set(labels[train])) < 2:
                continue
            fitted = make().fit(values[train], labels[train])
            raw = fitted.predict_proba(values[test])[:, 1]
            # Folds have offsets of their own: pooled raw scores would lie below chance.
            scores[test] += (raw[:, None] > raw[None]).mean(axis=1) + (raw[:, None] == raw[None]).mean(axis=1) / 2
    return scores
