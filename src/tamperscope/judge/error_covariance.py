"""Covariances of readers' figures of merit, as an Obuchowski-Rockette analysis wants them.

Three ways: the jackknife over cases, for any figure of merit; DeLong's, and the unbiased one-shot estimate,
for areas under ROC curves. All give the same four numbers: the variance of a figure (over cases), and its
covariance with the figure of the same reader in another modality (cov1), of another reader in the same
modality (cov2), and of another reader in another modality (cov3).

Sources: Obuchowski & Rockette, Commun. Stat. Simul. Comput. 24 (1995) 285-308; Hillis, Stat. Med. 33 (2014)
330-360 (which entries are averaged); Gallas, Acad. Radiol. 13 (2006) 353-362 (one-shot estimate).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamperscope.judge.delong import delong_covariance
from tamperscope.judge.roc import auc, labels_and_scores

FigureOfMerit = Callable[[np.ndarray], npt.ArrayLike]


@dataclass(frozen=True, eq=False)
class ErrorCovariance:
    """Figures of merit and their covariances over samples of cases.

    Attributes:
        figures: Shape (modalities, readers).
        covariance: Shape (modalities, readers, modalities, readers).
        cases: How many cases they come from.
        method: "jackknife", "DeLong" or "unbiased".
    """

    figures: np.ndarray
    covariance: np.ndarray
    cases: int
    method: str

    def variance(self, modality: int | None = None, reader: int | None = None) -> float:
        """Mean variance of a figure, over all or over one modality or reader."""
        diagonal = np.einsum("ijij->ij", self.covariance)
        modalities = slice(None) if modality is None else [modality]
        readers = slice(None) if reader is None else [reader]
        return float(diagonal[modalities][:, readers].mean())

    def cov1(self, reader: int | None = None) -> float:
        """Mean covariance of a reader's figures in two modalities; nan with one modality."""
        same_reader = np.einsum("ijkj->ikj", self.covariance)
        pairs = same_reader[~np.eye(len(self.figures), dtype=bool)]
        return _mean(pairs if reader is None else pairs[:, reader])

    def cov2(self, modality: int | None = None) -> float:
        """Mean covariance of two readers' figures in one modality; nan with one reader."""
        same_modality = np.einsum("ijil->ijl", self.covariance)
        chosen = same_modality if modality is None else same_modality[[modality]]
        return _mean(chosen[:, ~np.eye(self.figures.shape[1], dtype=bool)])

    def cov3(self) -> float:
        """Mean covariance of two readers' figures in two modalities; nan with one of either."""
        modalities, readers = self.figures.shape
        other = ~np.eye(modalities, dtype=bool)[:, None, :, None] & ~np.eye(readers, dtype=bool)[None, :, None]
        return _mean(self.covariance[other])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else math.nan


def _tensor(covariance: np.ndarray, figures: np.ndarray) -> np.ndarray:
    return covariance.reshape(*figures.shape, *figures.shape)


def jackknife_covariance(figure_of_merit: FigureOfMerit, cases: int) -> ErrorCovariance:
    """Covariance of any figure of merit by leaving one case out at a time.

    ``(n - 1) / n`` times the sum of products of the deviations of the n leave-one-out figures from their
    mean, which is the covariance of the pseudovalues divided by n.

    Args:
        figure_of_merit: Of an array of case indices, shape (any,); gives figures of shape (modalities,
            readers).
        cases: How many cases there are, n.

    Returns:
        Figures on all cases, and their covariance.

    Raises:
        ValueError: Fewer than two cases, or the figures aren't a table of finite numbers.
    """
    if cases < 2:
        raise ValueError(f"a jackknife needs at least two cases; got {cases}")
    everyone = np.arange(cases)
    figures = _figures(figure_of_merit(everyone))
    without = np.stack([_figures(figure_of_merit(np.delete(everyone, case))).ravel() for case in everyone])
    deviations = without - without.mean(axis=0)
    return ErrorCovariance(
        figures, _tensor(deviations.T @ deviations * (cases - 1) / cases, figures), cases, "jackknife"
    )


def _figures(values: npt.ArrayLike) -> np.ndarray:
    figures = np.asarray(values, dtype=float)
    if figures.ndim != 2 or not np.isfinite(figures).all():
        raise ValueError("a figure of merit must give one finite number a modality and reader, with any case left out")
    return figures


def auc_by_reader(truth: npt.ArrayLike, ratings: npt.ArrayLike) -> np.ndarray:
    """Area under the empirical ROC curve of each modality and reader.

    Args:
        truth: Shape (cases,), 1 for the positive class.
        ratings: Shape (modalities, readers, cases).

    Returns:
        Shape (modalities, readers).
    """
    values = np.asarray(ratings, dtype=float)
    return np.array([[auc(truth, one) for one in modality] for modality in values])


def auc_covariance(truth: npt.ArrayLike, ratings: npt.ArrayLike, method: str = "jackknife") -> ErrorCovariance:
    """Areas under the readers' ROC curves and their covariance.

    Args:
        truth: Shape (cases,), 1 for the positive class.
        ratings: Shape (modalities, readers, cases).
        method: "jackknife", "DeLong" or "unbiased".

    Returns:
        Areas and covariances.

    Raises:
        ValueError: Shapes that don't fit, fewer than two cases of a class, or an unknown method.
    """
    values = np.asarray(ratings, dtype=float)
    if values.ndim != 3:
        raise ValueError(f"ratings of shape (modalities, readers, cases) are wanted; got {values.shape}")
    flat = values.reshape(-1, values.shape[-1])
    labels, flat = labels_and_scores(truth, flat)
    if min(labels.sum(), (~labels).sum()) < 2:
        raise ValueError("at least two cases of each class are needed")
    shape = values.shape[:2]
    if method == "DeLong":
        areas, covariance = delong_covariance(labels, flat)
        return ErrorCovariance(areas.reshape(shape), covariance.reshape(shape + shape), labels.size, method)
    wins = _wins(labels, flat)
    areas = wins.mean(axis=(1, 2))
    if method == "unbiased":
        return ErrorCovariance(areas.reshape(shape), _unbiased(wins).reshape(shape + shape), labels.size, method)
    if method != "jackknife":
        raise ValueError(f"the method is jackknife, DeLong or unbiased; got {method!r}")
    # An area without one case, from the table of wins: no need to rank n times.
    k, n_positive, n_negative = wins.shape
    total = wins.sum(axis=(1, 2))
    without = np.empty((labels.size, k))
    without[labels] = ((total[:, None] - wins.sum(axis=2)) / ((n_positive - 1) * n_negative)).T
    without[~labels] = ((total[:, None] - wins.sum(axis=1)) / (n_positive * (n_negative - 1))).T
    deviations = without - without.mean(axis=0)
    covariance = deviations.T @ deviations * (labels.size - 1) / labels.size
    return ErrorCovariance(areas.reshape(shape), covariance.reshape(shape + shape), labels.size, method)


def _wins(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Shape (scorers, positives, negatives): 1 where the positive rates higher, one half for ties."""
    positive, negative = scores[:, labels, None], scores[:, None, ~labels]
    return (positive > negative) + 0.5 * (positive == negative)


def _unbiased(wins: np.ndarray) -> np.ndarray:
    """The U-statistic of each covariance of areas, shape (scorers, scorers).

    E[A B] - E[A] E[B] with each expectation over pairs of pairs that share what they should: both cases, only
    the positive, only the negative, or none.
    """
    k, m, n = wins.shape
    flat = wins.reshape(k, -1)
    both = flat @ flat.T
    rows, columns, total = wins.sum(axis=2), wins.sum(axis=1), flat.sum(axis=1)
    positive = rows @ rows.T - both
    negative = columns @ columns.T - both
    none = np.outer(total, total) - both - positive - negative
    moments = (
        both / (m * n),
        positive / (m * n * (n - 1)),
        negative / (m * n * (m - 1)),
        none / (m * n * (m - 1) * (n - 1)),
    )
    shares = (1 / (m * n), (n - 1) / (m * n), (m - 1) / (m * n), (m - 1) * (n - 1) / (m * n) - 1)
    return np.asarray(sum(share * moment for share, moment in zip(shares, moments, strict=True)))
