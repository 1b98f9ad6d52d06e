"""Multi-reader multi-case analysis after Obuchowski and Rockette, with Hillis' degrees of freedom.

The figure of merit of reader j in modality i is modelled as ``mean + modality_i + reader_j + (modality x
reader)_ij + error_ij``, where errors of figures on the same cases are correlated (`error_covariance`). With r
readers, t modalities and MS the mean squares of the two-way table of figures:

- random readers, random cases: ``F = MS(T) / (MS(TR) + r max(cov2 - cov3, 0))`` with t - 1 and
  ``ddf_H = (MS(TR) + r max(cov2 - cov3, 0))^2 / (MS(TR)^2 / ((t - 1)(r - 1)))`` degrees of freedom;
- fixed readers, random cases: ``X2 = (t - 1) MS(T) / (var - cov1 + (r - 1) max(cov2 - cov3, 0))``, t - 1;
- random readers, fixed cases: ``F = MS(T) / MS(TR)`` with t - 1 and (t - 1)(r - 1).

Intervals for one modality use that modality's data alone.

Sources: Obuchowski & Rockette, Commun. Stat. Simul. Comput. 24 (1995) 285-308; Hillis, Obuchowski, Schartz &
Berbaum, Stat. Med. 24 (2005) 1579-1607; Hillis, Stat. Med. 26 (2007) 596-619 (ddf_H, for one modality too);
Hillis, Stat. Med. 33 (2014) 330-360.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from tamperscope.judge.error_covariance import ErrorCovariance, auc_covariance
from tamperscope.judge.interval import Interval, require_level
from tamperscope.judge.significance import SignificanceTest


@dataclass(frozen=True)
class VarianceComponents:
    """Obuchowski-Rockette components, as a later study's sample size wants them.

    Attributes:
        reader: Var(R); may come out negative, as ANOVA estimates can.
        modality_reader: Var(TR); likewise.
        error: Var(error): of a figure over samples of cases.
        cov1: Same reader, different modality.
        cov2: Different reader, same modality.
        cov3: Different reader, different modality.
        cases: How many cases ``error`` and the covariances belong to.
    """

    reader: float
    modality_reader: float
    error: float
    cov1: float
    cov2: float
    cov3: float
    cases: int


@dataclass(frozen=True)
class Estimate:
    """A figure of merit, or a difference of two, with what follows from it.

    Attributes:
        modality: Index of the modality.
        against: Index of the other modality of a difference, None for a single modality.
        reader: Index of the reader where it concerns one alone, else None.
        value: The figure, averaged over readers, or the difference.
        standard_error: Of it.
        df: Degrees of freedom of the t distribution; infinite for the normal one.
        interval: value +- t x standard_error, not cut to 0..1.
        p_value: Of the difference being 0; nan for a single modality.
    """

    modality: int
    against: int | None
    reader: int | None
    value: float
    standard_error: float
    df: float
    interval: Interval
    p_value: float


@dataclass(frozen=True)
class MrmcAnalysis:
    """One of the three analyses.

    Attributes:
        name: Whom it speaks for.
        test: That all modalities are alike; None with one modality.
        differences: Every pair of modalities, first minus second.
        modalities: Every modality on its own data.
        by_reader: Differences of single readers (fixed readers only).
    """

    name: str
    test: SignificanceTest | None
    differences: tuple[Estimate, ...]
    modalities: tuple[Estimate, ...]
    by_reader: tuple[Estimate, ...] = ()


@dataclass(frozen=True, eq=False)
class MrmcResult:
    """An Obuchowski-Rockette analysis.

    Attributes:
        figures: Shape (modalities, readers).
        covariance: What the error terms came from.
        components: Variance components; None unless there are two modalities and two readers or more.
        mean_squares: "T", "R", "TR" of the two-way table, and "R:0", "R:1", ... of each modality; nan where a
            factor has one level.
        random_readers_random_cases: Results for the populations of readers and cases; None with one reader.
        fixed_readers_random_cases: For these readers and the population of cases.
        random_readers_fixed_cases: For the population of readers and these cases; None with one reader.
    """

    figures: np.ndarray
    covariance: ErrorCovariance
    components: VarianceComponents | None
    mean_squares: dict[str, float]
    random_readers_random_cases: MrmcAnalysis | None
    fixed_readers_random_cases: MrmcAnalysis
    random_readers_fixed_cases: MrmcAnalysis | None


def mean_squares(figures: npt.ArrayLike) -> dict[str, float]:
    """Mean squares of the two-way table of figures.

    Args:
        figures: Shape (modalities, readers).

    Returns:
        "T", "R", "TR", and "R:i" for the readers within modality i; nan where there are no degrees of
        freedom.

    >>> squares = mean_squares([[0.8, 0.9], [0.7, 0.6]])
    >>> {name: round(value, 4) for name, value in squares.items()}
    {'T': 0.04, 'R': 0.0, 'TR': 0.01, 'R:0': 0.005, 'R:1': 0.005}
    """
    table = np.asarray(figures, dtype=float)
    t, r = table.shape
    modality, reader, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = table - modality[:, None] - reader[None, :] + grand

    def square(total: float, df: int) -> float:
        return total / df if df else math.nan

    squares = {
        "T": square(float(r * ((modality - grand) ** 2).sum()), t - 1),
        "R": square(float(t * ((reader - grand) ** 2).sum()), r - 1),
        "TR": square(float((rest**2).sum()), (t - 1) * (r - 1)),
    }
    for i in range(t):
        squares[f"R:{i}"] = square(float(((table[i] - modality[i]) ** 2).sum()), r - 1)
    return squares


def obuchowski_rockette(covariance: ErrorCovariance, *, level: float = 0.95) -> MrmcResult:
    """Analyse figures of merit of one or more readers in one or more modalities.

    Args:
        covariance: Figures and their covariances.
        level: Confidence level.

    Returns:
        The three analyses, as far as there are readers for them.

    Raises:
        ValueError: A bad level.
    """
    require_level(level)
    t, r = covariance.figures.shape
    squares = mean_squares(covariance.figures)
    components = None
    if t > 1 and r > 1:
        error, cov1, cov2, cov3 = (
            covariance.variance(),
            covariance.cov1(),
            covariance.cov2(),
            covariance.cov3(),
        )
        components = VarianceComponents(
            reader=(squares["R"] - squares["TR"]) / t - cov1 + cov3,
            modality_reader=squares["TR"] - error + cov1 + (cov2 - cov3),
            error=error,
            cov1=cov1,
            cov2=cov2,
            cov3=cov3,
            cases=covariance.cases,
        )
    return MrmcResult(
        figures=covariance.figures,
        covariance=covariance,
        components=components,
        mean_squares=squares,
        random_readers_random_cases=_random_random(covariance, squares, level) if r > 1 else None,
        fixed_readers_random_cases=_fixed_readers(covariance, squares, level),
        random_readers_fixed_cases=_fixed_cases(covariance, squares, level) if r > 1 else None,
    )


def mrmc_auc(
    truth: npt.ArrayLike, ratings: npt.ArrayLike, *, covariance: str = "jackknife", level: float = 0.95
) -> MrmcResult:
    """Analyse areas under the readers' empirical ROC curves.

    Args:
        truth: Shape (cases,), 1 for the positive class.
        ratings: Shape (modalities, readers, cases); higher is surer of the positive class.
        covariance: "jackknife", "DeLong" or "unbiased".
        level: Confidence level.

    Returns:
        The analysis.

    Raises:
        ValueError: See `error_covariance.auc_covariance`.

    >>> truth = [0, 0, 0, 1, 1, 1]
    >>> ratings = [[[1, 2, 3, 3, 4, 5], [1, 1, 2, 3, 5, 4]], [[1, 3, 2, 2, 3, 5], [2, 1, 2, 3, 2, 5]]]
    >>> result = mrmc_auc(truth, ratings)
    >>> result.figures.round(3).tolist()
    [[0.944, 1.0], [0.778, 0.889]]
    >>> f"{result.random_readers_random_cases.differences[0].value:.3f}"
    '0.139'
    """
    return obuchowski_rockette(auc_covariance(truth, ratings, covariance), level=level)


def _estimate(
    value: float,
    variance: float,
    df: float,
    level: float,
    modality: int,
    against: int | None = None,
    reader: int | None = None,
) -> Estimate:
    error = math.sqrt(max(variance, 0.0))
    # SciPy's t distribution takes infinite degrees of freedom for the normal one.
    half = float(stats.t.ppf(0.5 + level / 2, df)) * error
    if against is None:
        p_value = math.nan
    elif error == 0.0:
        p_value = 1.0 if value == 0.0 else 0.0
    else:
        p_value = float(2 * stats.t.sf(abs(value) / error, df))
    interval = Interval(value - half, value + half, level)
    return Estimate(modality, against, reader, value, error, df, interval, p_value)


def _differences(figures: np.ndarray, variance: float, df: float, level: float) -> tuple[Estimate, ...]:
    means = figures.mean(axis=1)
    return tuple(
        _estimate(float(means[i] - means[k]), variance, df, level, i, against=k)
        for i, k in combinations(range(len(means)), 2)
    )


def _f_test(name: str, square: float, error: float, df: float, df_error: float) -> SignificanceTest:
    if error <= 0.0:
        statistic = math.inf if square > 0 else 0.0
        return SignificanceTest(name, statistic, 0.0 if square > 0 else 1.0, (df, df_error))
    statistic = square / error
    p_value = stats.chi2.sf(df * statistic, df) if math.isinf(df_error) else stats.f.sf(statistic, df, df_error)
    return SignificanceTest(name, statistic, float(p_value), (df, df_error))


def _random_random(covariance: ErrorCovariance, squares: dict[str, float], level: float) -> MrmcAnalysis:
    figures = covariance.figures
    t, r = figures.shape
    test: SignificanceTest | None = None
    differences: tuple[Estimate, ...] = ()
    if t > 1:
        error = squares["TR"] + r * max(covariance.cov2() - covariance.cov3(), 0.0)
        df = _ddf(error, squares["TR"], (t - 1) * (r - 1))
        test = _f_test("F, random readers and cases", squares["T"], error, t - 1, df)
        differences = _differences(figures, 2 / r * error, df, level)
    modalities = []
    for i in range(t):
        square = squares[f"R:{i}"]
        error = square + r * max(covariance.cov2(i), 0.0)
        df = _ddf(error, square, r - 1)
        modalities.append(_estimate(float(figures[i].mean()), error / r, df, level, i))
    return MrmcAnalysis("random readers, random cases", test, differences, tuple(modalities))


def _ddf(error: float, square: float, df: int) -> float:
    """Hillis' (2007) degrees of freedom of ``error = square + a constant``, ``square`` having ``df``."""
    if square <= 0.0:
        return math.inf
    return df * (error / square) ** 2


def _fixed_readers(covariance: ErrorCovariance, squares: dict[str, float], level: float) -> MrmcAnalysis:
    figures = covariance.figures
    t, r = figures.shape
    test: SignificanceTest | None = None
    differences: tuple[Estimate, ...] = ()
    by_reader: list[Estimate] = []
    if t > 1:
        spread = max(covariance.cov2() - covariance.cov3(), 0.0) if r > 1 else 0.0
        error = covariance.variance() - covariance.cov1() + (r - 1) * spread
        as_f = _f_test("chi-squared, fixed readers and random cases", squares["T"], error, t - 1, math.inf)
        test = SignificanceTest(as_f.name, (t - 1) * as_f.statistic, as_f.p_value, (t - 1,))
        differences = _differences(figures, 2 / r * error, math.inf, level)
        for j in range(r):
            variance = 2 * (covariance.variance(reader=j) - covariance.cov1(j))
            by_reader += [
                _estimate(float(figures[i, j] - figures[k, j]), variance, math.inf, level, i, k, j)
                for i, k in combinations(range(t), 2)
            ]
    modalities = []
    for i in range(t):
        spread = max(covariance.cov2(i), 0.0) if r > 1 else 0.0
        variance = (covariance.variance(i) + (r - 1) * spread) / r
        modalities.append(_estimate(float(figures[i].mean()), variance, math.inf, level, i))
    return MrmcAnalysis("fixed readers, random cases", test, differences, tuple(modalities), tuple(by_reader))


def _fixed_cases(covariance: ErrorCovariance, squares: dict[str, float], level: float) -> MrmcAnalysis:
    figures = covariance.figures
    t, r = figures.shape
    test: SignificanceTest | None = None
    differences: tuple[Estimate, ...] = ()
    if t > 1:
        df = (t - 1) * (r - 1)
        test = _f_test("F, random readers and fixed cases", squares["T"], squares["TR"], t - 1, df)
        differences = _differences(figures, 2 / r * squares["TR"], df, level)
    modalities = tuple(_estimate(float(figures[i].mean()), squares[f"R:{i}"] / r, r - 1, level, i) for i in range(t))
    return MrmcAnalysis("random readers, fixed cases", test, differences, modalities)
