"""The outcome of a significance test, whichever test it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SignificanceTest:
    """One test.

    Attributes:
        name: Which test, in words.
        statistic: Its statistic; nan for tests that have none (Fisher, exact McNemar).
        p_value: Two-sided p value, 0..1.
        df: Degrees of freedom: (), (numerator,), or (numerator, denominator).
    """

    name: str
    statistic: float
    p_value: float
    df: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """A JSON-ready form; None stands for nan and for infinite degrees of freedom."""

        def plain(value: float) -> float | None:
            return value if abs(value) != float("inf") and value == value else None

        return {
            "name": self.name,
            "statistic": plain(self.statistic),
            "p_value": plain(self.p_value),
            "df": [plain(value) for value in self.df],
        }
