"""Shortcut audits of a benchmark: what is no trace of forgery must not tell forged images from untouched ones.

Each audit gives a classifier one kind of number alone, cross-validated by patient. Its AUC must lie between 0.45 and
0.55, or its interval cover 0.5; otherwise a detector may have learnt that, and its figures mean nothing.
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

from tamperscope.benchmark.manifest import Row
from tamperscope.judge.bootstrap import bootstrap_auc

_FOLDS = 5
CHANCE = (0.45, 0.55)

AUDITS: dict[str, Callable[[dict[str, Any]], list[float]]] = {
    "JPEG-grid strength": lambda features: [features["grid"]],
    "global histogram": lambda features: list(features["histogram"]),
    "place and size of the region": lambda features: list(features["place"]),
    "resampled (periodicity)": lambda features: [float(np.log(value)) for value in features["periodicity"]],
}
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    "boosted trees": lambda: HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=0),
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
        forged: how many forged images.
        untouched: how many others.
    """

    name: str
    classifier: str
    condition: str
    auc: float
    low: float
    high: float
    forged: int
    untouched: int

    @property
    def at_chance(self) -> bool:
        """Whether the audit is passed."""
        return CHANCE[0] <= self.auc <= CHANCE[1] or self.low <= 0.5 <= self.high


def audit_rows(rows: Sequence[Row], *, draws: int = 1000, seed: int = 0) -> list[Audit]:
    """All audits, condition by condition.

    Args:
        rows: of the manifest.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    audits = []
    usable = [row for row in rows if row.family != "mass" and row.features.get("place") is not None]
    for condition in sorted({row.condition for row in usable}, key=lambda name: (name != "plain", name)):
        here = [row for row in usable if row.condition == condition]
        labels = np.array([row.label for row in here])
        patients = np.array([row.patient for row in here], object)
        if min(labels.sum(), (1 - labels).sum()) < _FOLDS or len(set(patients)) < _FOLDS:
            continue
        for name, measure in AUDITS.items():
            values = np.array([measure(row.features) for row in here], np.float64)
            for kind, make in CLASSIFIERS.items():
                scores = _cross_validated(values, labels, patients, make)
                result = bootstrap_auc(labels, scores, patients, draws=draws, seed=seed)
                audits.append(
                    Audit(
                        name,
                        kind,
                        condition,
                        result.estimate,
                        result.interval.low,
                        result.interval.high,
                        int(labels.sum()),
                        int((1 - labels).sum()),
                    )
                )
    return audits


def _cross_validated(
    values: np.ndarray, labels: np.ndarray, patients: np.ndarray, make: Callable[[], Any]
) -> np.ndarray:
    """Scores of each image by a classifier that saw no image of its patient, as ranks within its fold."""
    scores = np.zeros(len(labels))
    for train, test in GroupKFold(_FOLDS).split(values, labels, patients):
        if len(set(labels[train])) < 2:
            continue
        fitted = make().fit(values[train], labels[train])
        raw = fitted.predict_proba(values[test])[:, 1]
        # Folds have offsets of their own: pooled raw scores would lie below chance.
        scores[test] = (raw[:, None] > raw[None]).mean(axis=1) + (raw[:, None] == raw[None]).mean(axis=1) / 2
    return scores
