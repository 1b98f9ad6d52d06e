"""Learning where masses lie: the numbers in ``forge/mass_places.py``, from the masses of the training patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.realism import free_square, lossless_images, mass_squares, patient_of
from tamperscope.errors import TamperscopeError
from tamperscope.forge.mass_places import Breast, Surroundings
from tamperscope.forge.tissue_contrast import tissue_contrast
from tamperscope.judge.bootstrap import Bootstrap, bootstrap_auc

_SQUARES = 12
"""Drawn anywhere in each image."""
_DARKEST = 0.05
"""Quantile of the masses' levels."""
_FOLDS = 5


@dataclass(frozen=True)
class LearntPlaces:
    """What ``forge/mass_places.py`` says in numbers, and how well it tells.

    Attributes:
        odds: logarithm of the odds of a mass for each unit of brightness and of contrast.
        darkest: level that 19 of 20 masses' surroundings exceed.
        masses: how many real ones.
        squares: how many drawn anywhere.
        contrast: median of the images' ``tissue_contrast``.
        auc: of telling masses' surroundings from those of squares anywhere, five folds by patient.
    """

    odds: tuple[float, float]
    darkest: float
    masses: int
    squares: int
    contrast: float
    auc: Bootstrap


def learn_places(cases: Sequence[Case], *, seed: int) -> LearntPlaces:
    """Logistic regression of the surroundings of real masses against those of squares anywhere in the tissue.

    Args:
        cases: images of the source, of which those of the split *train* are used.
        seed: of conversion and places.

    Raises:
        TamperscopeError: there is no annotated mass.
    """
    cases = [case for case in cases if case.split == "train"]
    real: list[tuple[Surroundings, str]] = []
    anywhere: list[tuple[Surroundings, str]] = []
    sides: list[int] = []
    for case, mammogram, squares in mass_squares(cases, seed=seed):
        breast = Breast(mammogram)
        sides += [square.side for square in squares]
        real += [(breast.around(square), patient_of(case)) for square in squares]
    if not sides:
        raise TamperscopeError("there is no annotated mass in these images.")
    contrasts: list[float] = []
    for case, mammogram, scale in lossless_images(cases, seed, "places"):
        rng, breast = np.random.default_rng([seed, 2, *case.name.encode()]), Breast(mammogram)
        contrasts.append(tissue_contrast(mammogram))
        for _ in range(_SQUARES):
            square = free_square(mammogram, case, scale, sides, rng, places="anywhere")
            if square is not None:
                anywhere.append((breast.around(square), patient_of(case)))
    both = [*real, *anywhere]
    x = np.array([[one.brightness, one.contrast] for one, _ in both])
    labels = np.array([1] * len(real) + [0] * len(anywhere))
    patients = np.array([patient for _, patient in both])
    scores = np.zeros(len(both))
    for learn, test in GroupKFold(_FOLDS).split(x, labels, patients):
        scores[test] = _regression().fit(x[learn], labels[learn]).decision_function(x[test])
    first, second = (float(value) for value in _regression().fit(x, labels).coef_[0])
    darkest = float(np.quantile([one.level for one, _ in real], _DARKEST))
    told = bootstrap_auc(labels, scores, patients)
    return LearntPlaces((first, second), darkest, len(real), len(anywhere), float(np.median(contrasts)), told)


def _regression() -> LogisticRegression:
    return LogisticRegression(class_weight="balanced", max_iter=2000)
