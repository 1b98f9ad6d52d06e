"""How many readers and cases a planned study needs.

Multi-reader studies after Hillis, Obuchowski & Berbaum, Acad. Radiol. 18 (2011) 129-142: the variance
components of a pilot study are carried over, error variance and covariances shrinking in proportion to the
cases. For two modalities that differ by d, with r readers, c cases against c* in the pilot, and k = c* / c:

- random readers and cases: F with noncentrality ``(r d^2 / 2) / (v_TR + k (v - cov1 + (r - 1) (cov2 -
cov3)))`` and
  ``(r - 1) (denominator / (v_TR + k (v - cov1 - (cov2 - cov3))))^2`` degrees of freedom;
- fixed readers: chi-squared with noncentrality ``(r d^2 / 2) / (k (v - cov1 + (r - 1) (cov2 - cov3)))``;
- fixed cases: F with noncentrality ``(r d^2 / 2) / (v_TR + k (v - cov1 - (cov2 - cov3)))``, r - 1 degrees of
freedom.

Negative estimates of v_TR and cov2 - cov3 count as 0. A single area after Hanley & McNeil, Radiology 143
(1982) 29-36.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy import stats
from scipy.special import ndtri

from tamperscope.judge.interval import require_level
from tamperscope.judge.mrmc import VarianceComponents
from tamperscope.judge.proportions import wilson_centre_and_half_width

Generalise = Literal["readers and cases", "cases", "readers"]


@dataclass(frozen=True)
class MrmcPower:
    """Power of a planned multi-reader study of two modalities.

    Attributes:
        readers: Planned.
        cases: Planned, with the pilot's share of positives.
        power: Probability of p < alpha, 0..1.
        noncentrality: Of the F or chi-squared distribution.
        df: Degrees of freedom of its denominator; infinite for chi-squared.
    """

    readers: int
    cases: int
    power: float
    noncentrality: float
    df: float


def mrmc_power(
    components: VarianceComponents,
    *,
    difference: float,
    readers: int,
    cases: int,
    alpha: float = 0.05,
    generalise: Generalise = "readers and cases",
) -> MrmcPower:
    """Power of a planned study that compares two modalities.

    Args:
        components: Of a pilot study, with its number of cases (`mrmc.obuchowski_rockette`), or conjectured.
        difference: Difference of the mean figures of merit to be found.
        readers: Planned readers, two or more (one or more if only over cases is generalised).
        cases: Planned cases.
        alpha: Significance level, two-sided.
        generalise: To which populations the conclusion is to hold: "readers and cases", "cases" (fixed
            readers) or "readers" (fixed cases).

    Returns:
        The power.

    Raises:
        ValueError: Too few readers or cases, alpha outside 0..1, an unknown kind, or components without an
            error variance.

    >>> pilot = VarianceComponents(0.001535, 0.0002004, 0.00080229, 0.00034661, 0.00034407, 0.00023903, cases=114)
    >>> f"{mrmc_power(pilot, difference=0.0438, readers=10, cases=165).power:.3f}"
    '0.805'
    """
    if generalise not in ("readers and cases", "cases", "readers"):
        raise ValueError(f"generalise to readers and cases, cases, or readers; got {generalise!r}")
    if readers < (1 if generalise == "cases" else 2) or cases < 2:
        raise ValueError(f"too few readers or cases: {readers} and {cases}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"a significance level lies between 0 and 1; got {alpha}")
    shrink = components.cases / cases
    between = max(components.cov2 - components.cov3, 0.0)
    own = components.error - components.cov1
    v_tr = max(components.modality_reader, 0.0)
    square = v_tr + shrink * max(own - between, 0.0)
    case_error = shrink * (own + (readers - 1) * between)
    signal = readers * difference**2 / 2
    # SciPy's noncentral F is wrong at a noncentrality of exactly 0.
    nothing = difference == 0.0
    if case_error <= 0.0 or (generalise != "cases" and square <= 0.0):
        raise ValueError("the components leave no error to detect a difference against")
    if generalise == "cases":
        noncentrality = signal / case_error
        power = alpha if nothing else stats.ncx2.sf(stats.chi2.isf(alpha, 1), 1, noncentrality)
        return MrmcPower(readers, cases, float(power), noncentrality, math.inf)
    error = v_tr + case_error if generalise == "readers and cases" else square
    df = (readers - 1) * (error / square) ** 2
    noncentrality = signal / error
    power = alpha if nothing else stats.ncf.sf(stats.f.isf(alpha, 1, df), 1, df, noncentrality)
    return MrmcPower(readers, cases, float(power), noncentrality, df)


def cases_for_power(
    components: VarianceComponents,
    *,
    difference: float,
    readers: int,
    power: float = 0.8,
    alpha: float = 0.05,
    generalise: Generalise = "readers and cases",
    most: int = 10_000,
) -> MrmcPower | None:
    """The fewest cases with which a planned study has the power wanted.

    Args:
        components: See `mrmc_power`.
        difference: To be found.
        readers: Planned.
        power: Wanted at least, 0..1.
        alpha: Significance level.
        generalise: See `mrmc_power`.
        most: Cases beyond which nobody would go.

    Returns:
        The plan, or None if even ``most`` cases are too few: then only more readers help.

    Raises:
        ValueError: See `mrmc_power`; or a power outside 0..1.

    >>> pilot = VarianceComponents(0.001535, 0.0002004, 0.00080229, 0.00034661, 0.00034407, 0.00023903, cases=114)
    >>> cases_for_power(pilot, difference=0.0438, readers=10).cases
    163
    """
    if not 0.0 < power < 1.0:
        raise ValueError(f"a power lies between 0 and 1; got {power}")

    def plan(cases: int) -> MrmcPower:
        return mrmc_power(
            components,
            difference=difference,
            readers=readers,
            cases=cases,
            alpha=alpha,
            generalise=generalise,
        )

    low, high = 2, most
    if plan(high).power < power:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if plan(middle).power >= power else (middle + 1, high)
    return plan(low)


def n_for_proportion(expected: float, half_width: float, *, level: float = 0.95) -> int:
    """The fewest images for which Wilson's interval around an expected share is narrow enough.

    Args:
        expected: Share expected, 0..1.
        half_width: Half the width allowed, above 0, below 0.5.
        level: Confidence level.

    Returns:
        The number.

    Raises:
        ValueError: Arguments out of range.

    >>> n_for_proportion(0.9, 0.05)
    141
    """
    require_level(level)
    if not 0.0 <= expected <= 1.0 or not 0.0 < half_width < 0.5:
        raise ValueError(f"a share of 0..1 and a half width of 0..0.5; got {expected} and {half_width}")

    def narrow(n: int) -> bool:
        return wilson_centre_and_half_width(expected, n, level)[1] <= half_width

    return _fewest(narrow)


def hanley_mcneil_error(area: float, n_fake: int, n_real: int) -> float:
    """Standard error of an area under the ROC curve from its value alone, for planning.

    Args:
        area: Expected area, 0..1.
        n_fake: Fake images.
        n_real: Real images.

    Raises:
        ValueError: Arguments out of range.

    >>> f"{hanley_mcneil_error(0.9, 50, 50):.4f}"
    '0.0321'
    """
    if not 0.0 <= area <= 1.0 or min(n_fake, n_real) < 1:
        raise ValueError(f"an area of 0..1 and at least one image a class; got {area}, {n_fake}, {n_real}")
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (n_fake - 1) * (q1 - area**2) + (n_real - 1) * (q2 - area**2)
    return math.sqrt(max(variance, 0.0) / (n_fake * n_real))


def n_for_auc(area: float, half_width: float, *, real_per_fake: float = 1.0, level: float = 0.95) -> tuple[int, int]:
    """The fewest images for which the interval around an expected area is narrow enough.

    Args:
        area: Expected area, between 0 and 1.
        half_width: Half the width allowed.
        real_per_fake: Real images for each fake one.
        level: Confidence level.

    Returns:
        Fake and real images.

    Raises:
        ValueError: Arguments out of range.

    >>> n_for_auc(0.9, 0.05)
    (79, 79)
    """
    z = float(ndtri(0.5 + require_level(level) / 2))
    if half_width <= 0.0 or real_per_fake <= 0.0:
        raise ValueError(f"a half width and a ratio above 0; got {half_width} and {real_per_fake}")
    if not 0.0 <= area <= 1.0:
        raise ValueError(f"an area lies between 0 and 1; got {area}")

    def narrow(n_fake: int) -> bool:
        return z * hanley_mcneil_error(area, n_fake, math.ceil(n_fake * real_per_fake)) <= half_width

    n_fake = _fewest(narrow)
    return n_fake, math.ceil(n_fake * real_per_fake)


def _fewest(enough: Callable[[int], bool]) -> int:
    """The least number from 1 on that is enough, for a condition that stays true once it is."""
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2 + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
