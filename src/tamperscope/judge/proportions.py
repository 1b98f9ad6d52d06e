"""One proportion and its intervals: Wilson and Clopper-Pearson.

Sources: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; Clopper & Pearson, Biometrika 26 (1934) 404-413;
which to prefer: Brown, Cai & DasGupta, Stat. Sci. 16 (2001) 101-133 (Wilson for small n, Clopper-Pearson
where the coverage must never fall below the stated level).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv, ndtri

from tamperscope.judge.interval import Interval, require_level


def _check_counts(count: int, n: int) -> tuple[int, int]:
    if count != int(count) or n != int(n):
        raise ValueError(f"counts are whole numbers; got {count} of {n}")
    if not 0 <= count <= n:
        raise ValueError(f"a count lies between 0 and n; got {count} of {n}")
    return int(count), int(n)


def wilson(count: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval for ``count`` successes in ``n`` trials.

    The ends are the p where ``|p_hat - p| = z * sqrt(p (1 - p) / n)``; no continuity correction.

    Args:
        count: Successes, 0..n.
        n: Trials.
        level: Confidence level.

    Returns:
        The interval within 0..1; (nan, nan) if ``n`` is 0.

    Raises:
        ValueError: ``count`` isn't a whole number in 0..n, or ``level`` isn't in (0, 1).

    >>> low, high, level = wilson(91, 101)
    >>> round(100 * low, 1), round(100 * high, 1)
    (82.7, 94.5)
    """
    count, n = _check_counts(count, n)
    require_level(level)
    if n == 0:
        return Interval(math.nan, math.nan, level)
    centre, half = wilson_centre_and_half_width(count / n, n, level)
    # At 0 and n the ends are exactly 0 and 1; rounding must not push them past or short of it.
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return Interval(low, high, level)


def wilson_centre_and_half_width(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """The middle of Wilson's interval and half its width, for a share that need not be a whole count.

    Args:
        share: Observed or expected share, 0..1.
        n: Trials, above 0.
        level: Confidence level.

    >>> centre, half = wilson_centre_and_half_width(0.5, 96)
    >>> round(centre, 3), round(half, 3)
    (0.5, 0.098)
    """
    z = float(ndtri(0.5 + require_level(level) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre, half


def clopper_pearson(count: int, n: int, level: float = 0.95) -> Interval:
    """Clopper and Pearson's exact interval for ``count`` successes in ``n`` trials.

    The ends are quantiles of Beta(count, n - count + 1) and Beta(count + 1, n - count); the coverage is never
    below ``level``, mostly well above it.

    Args:
        count: Successes, 0..n.
        n: Trials.
        level: Confidence level.

    Returns:
        The interval within 0..1; (nan, nan) if ``n`` is 0.

    Raises:
        ValueError: ``count`` isn't a whole number in 0..n, or ``level`` isn't in (0, 1).

    >>> low, high, level = clopper_pearson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.3085)
    """
    count, n = _check_counts(count, n)
    require_level(level)
    if n == 0:
        return Interval(math.nan, math.nan, level)
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, tail))
    high = 1.0 if count == n else float(betaincinv(count + 1, n - count, 1 - tail))
    return Interval(low, high, level)


@dataclass(frozen=True)
class Proportion:
    """``count`` of ``n``.

    Attributes:
        count: Successes, 0..n.
        n: Trials; 0 is allowed and makes ``value`` and both intervals nan.

    >>> share = Proportion(91, 101)
    >>> f"{share.value:.3f}"
    '0.901'
    """

    count: int
    n: int

    def __post_init__(self) -> None:
        count, n = _check_counts(self.count, self.n)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "n", n)

    @property
    def value(self) -> float:
        """The share, 0..1; nan if ``n`` is 0."""
        return self.count / self.n if self.n else math.nan

    def wilson(self, level: float = 0.95) -> Interval:
        """See `wilson`."""
        return wilson(self.count, self.n, level)

    def clopper_pearson(self, level: float = 0.95) -> Interval:
        """See `clopper_pearson`."""
        return clopper_pearson(self.count, self.n, level)

    def as_dict(self, level: float = 0.95) -> dict[str, object]:
        """A JSON-ready form: None stands for nan, since JSON has no nan."""

        def plain(value: float) -> float | None:
            return None if math.isnan(value) else value

        wilson_low, wilson_high, _ = self.wilson(level)
        exact_low, exact_high, _ = self.clopper_pearson(level)
        return {
            "count": self.count,
            "n": self.n,
            "value": plain(self.value),
            "wilson": [plain(wilson_low), plain(wilson_high)],
            "clopper_pearson": [plain(exact_low), plain(exact_high)],
            "level": level,
        }
