"""A confidence interval: two ends and how sure one wants to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A two-sided confidence interval.

    Attributes:
        low: Lower end, in the unit of the estimate; nan where there is nothing to estimate from.
        high: Upper end.
        level: Confidence level, 0..1 (0.95 for 95 %).
    """

    low: float
    high: float
    level: float = 0.95

    def __contains__(self, value: object) -> bool:
        return isinstance(value, (int, float, np.number)) and bool(self.low <= float(value) <= self.high)

    @property
    def width(self) -> float:
        """``high - low``."""
        return self.high - self.low


def require_level(level: float) -> float:
    """Return ``level`` if it lies strictly between 0 and 1.

    Raises:
        ValueError: It doesn't (95 instead of 0.95 is the usual slip).
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a confidence level lies between 0 and 1, as in 0.95; got {level}")
    return float(level)
