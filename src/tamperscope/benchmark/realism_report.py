"""The table of ``tamperscope bench realism``: can synthetic masses be told from real ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tamperscope.benchmark.diversity import Diversity
from tamperscope.benchmark.realism import BANDS, KINDS, REAL, Shown, kernel_distance
from tamperscope.judge.bootstrap import Bootstrap, bootstrap_auc, cluster_bootstrap
from tamperscope.judge.roc import auc

_STRENGTH = 0.01
"""Inverse regularisation: 1,280 features and some hundred squares."""
_FOLDS = 5
_SPLITS = 20


@dataclass(frozen=True, eq=False)
class Told:
    """What the classifier says of some squares.

    Attributes:
        labels: int, N, 1 synthetic, 0 real.
        scores: float, N, higher is more synthetic.
        patients: of each.
    """

    labels: np.ndarray
    scores: np.ndarray
    patients: np.ndarray

    @property
    def auc(self) -> Bootstrap:
        """Of telling synthetic from real squares, interval by patient."""
        return bootstrap_auc(self.labels, self.scores, self.patients)


def mean_auc(told: Sequence[Told]) -> Bootstrap:
    """Mean of the AUCs of several seeds; a patient is drawn with the squares of all of them."""
    labels, scores, patients = (
        np.concatenate([getattr(one, name) for one in told]) for name in ("labels", "scores", "patients")
    )
    seed = np.repeat(np.arange(len(told)), [len(one.labels) for one in told])

    def mean(chosen: np.ndarray) -> float:
        of_seeds = (chosen[seed[chosen] == number] for number in range(len(told)))
        return float(np.mean([auc(labels[squares], scores[squares]) for squares in of_seeds]))

    return cluster_bootstrap(mean, patients)


def ask_held_out(shown: Sequence[Shown], features: np.ndarray, kind: str) -> Told:
    """Squares of held-out patients, told by a classifier that learnt on the generators' patients.

    Args:
        shown: squares of all kinds.
        features: N x F, of the same squares.
        kind: one of ``KINDS``, told from real ones.
    """
    x, labels, patients, held_out = _real_and(shown, features, kind)
    model = _classifier().fit(x[~held_out], labels[~held_out])
    return Told(labels[held_out], model.decision_function(x[held_out]), patients[held_out])


def ask_in_folds(shown: Sequence[Shown], features: np.ndarray, kind: str) -> Told:
    """All squares, each told by a classifier of five that learnt on other patients; arguments as ``ask_held_out``."""
    x, labels, patients, _ = _real_and(shown, features, kind)
    scores = np.zeros(len(x))
    for learn, test in GroupKFold(_FOLDS).split(x, labels, patients):
        scores[test] = _classifier().fit(x[learn], labels[learn]).decision_function(x[test])
    return Told(labels, scores, patients)


def _real_and(
    shown: Sequence[Shown], features: np.ndarray, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels, patients, whether held out: of real squares and those of a kind."""
    chosen = np.array([one.kind in (REAL, kind) for one in shown])
    squares = [one for one, taken in zip(shown, chosen, strict=True) if taken]
    labels = np.array([int(one.kind == kind) for one in squares])
    patients = np.array([one.patient for one in squares])
    return features[chosen], labels, patients, np.array([one.held_out for one in squares])


def summarise_realism(shown: Sequence[Shown], features: np.ndarray, diversity: Diversity | None = None) -> str:
    """Markdown: the proxy, KID and the rings.

    Args:
        shown: squares of all kinds.
        features: of the same squares.
        diversity: of one square.
    """
    real = np.array([one.kind == REAL for one in shown])
    held = sum(one.held_out for one in shown if one.kind == REAL)
    within = _real_to_real(features[real], [one.patient for one in shown if one.kind == REAL])
    rows = [
        f"{int(real.sum())} real masses ({held} on held-out patients); 95 % intervals by patient",
        "",
        "| kind | squares | AUC, held-out patients | AUC, 5 folds by patient | KID to real over real to real |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        of_kind = np.array([one.kind == kind for one in shown])
        if not of_kind.any():
            continue
        asked, folded = (ask(shown, features, kind).auc for ask in (ask_held_out, ask_in_folds))
        distance = kernel_distance(features[of_kind], features[real])
        rows.append(
            f"| {kind} | {int(of_kind.sum())} | {asked.text} | {folded.text} | "
            f"{distance:.4f} / {within:.4f} = {distance / within:.1f} |"
        )
    names = [f"{fine:g} to {coarse:g} px" for fine, coarse in BANDS]
    rows += [
        "",
        "Noise inside the mask over that in the ring around the square (1 is a match; mean of all images):",
        "",
        "| kind | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(BANDS),
    ]
    for kind in KINDS:
        measured = [one for one in shown if one.kind == kind and one.ratios is not None]
        if not measured:
            continue
        ratios = np.array([one.ratios for one in measured])
        patients = [one.patient for one in measured]
        cells = [_mean(ratios[:, band], patients).text for band in range(len(BANDS))]
        rows.append(f"| {kind} | " + " | ".join(cells) + " |")
    if diversity is not None:
        rows += [
            "",
            f"Mean perceptual distance of the seeds of one square {diversity.seeds:.4f}; of real masses settled there "
            f"in the same way {diversity.settled:.4f} ({diversity.seeds / diversity.settled:.2f}), pasted there, with "
            f"their texture, {diversity.pasted:.4f} ({diversity.seeds / diversity.pasted:.2f}), in their own tissue "
            f"{diversity.real:.4f} ({diversity.seeds / diversity.real:.2f}).",
        ]
    return "\n".join(rows)


def _classifier() -> LogisticRegression:
    return make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000))


def _real_to_real(features: np.ndarray, patients: Sequence[str]) -> float:
    """Mean absolute KID between random halves of the patients: what chance alone gives."""
    rng = np.random.default_rng(0)
    names = sorted(set(patients))
    distances = []
    for _ in range(_SPLITS):
        half = set(rng.permutation(names)[: len(names) // 2])
        one = np.array([patient in half for patient in patients])
        distances.append(abs(kernel_distance(features[one], features[~one])))
    return float(np.mean(distances))


def _mean(values: np.ndarray, patients: Sequence[str]) -> Bootstrap:
    return cluster_bootstrap(lambda indices: float(values[indices].mean()), patients, draws=1000)
