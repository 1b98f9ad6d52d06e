"""The confusion table of the report (section 3): forged is the positive class, real the negative.

Source of the five rates: the report, section 3.1, below its table 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tamperscope.judge.interval import require_level
from tamperscope.judge.proportions import Proportion


@dataclass(frozen=True)
class ConfusionTable:
    """Counts of calls against the truth; positive = fake.

    A rate whose denominator is 0 is a `Proportion` with ``n`` 0: its value and intervals are nan, written as
    "n/a" in Markdown and as None in `as_dict`.

    Attributes:
        tn: Real images called real.
        fn: Fake images called real.
        fp: Real images called fake.
        tp: Fake images called fake.

    >>> table = ConfusionTable(tn=46, fn=7, fp=3, tp=45)
    >>> f"{100 * table.tpr.value:.1f} % of {table.tpr.n}"
    '86.5 % of 52'
    >>> low, high, level = table.accuracy.wilson()
    >>> f"{100 * low:.1f} to {100 * high:.1f}"
    '82.7 to 94.5'
    """

    tn: int
    fn: int
    fp: int
    tp: int

    def __post_init__(self) -> None:
        for name in ("tn", "fn", "fp", "tp"):
            value = getattr(self, name)
            if value != int(value) or value < 0:
                raise ValueError(f"{name} is a count, a whole number from 0 on; got {value}")
            object.__setattr__(self, name, int(value))

    @classmethod
    def from_decisions(cls, labels: Iterable[object], decisions: Iterable[object]) -> ConfusionTable:
        """Count labels against decisions.

        Args:
            labels: Truth of each image, shape (n,): True or 1 for fake, False or 0 for real.
            decisions: Call on each image, shape (n,), coded alike.

        Returns:
            The table.

        Raises:
            ValueError: The two differ in length, or hold anything but 0/1 or booleans.

        >>> ConfusionTable.from_decisions([0, 0, 1, 1], [0, 1, 1, 1])
        ConfusionTable(tn=1, fn=0, fp=1, tp=2)
        """
        truth = _binary(labels, "labels")
        calls = _binary(decisions, "decisions")
        if truth.shape != calls.shape:
            raise ValueError(f"{truth.size} labels but {calls.size} decisions")
        return cls(
            tn=int(np.sum(~truth & ~calls)),
            fn=int(np.sum(truth & ~calls)),
            fp=int(np.sum(~truth & calls)),
            tp=int(np.sum(truth & calls)),
        )

    @classmethod
    def from_scores(cls, labels: Iterable[object], scores: Iterable[float], threshold: float = 0.5) -> ConfusionTable:
        """Count labels against ``score > threshold`` (strictly above is fake, as in the report).

        Args:
            labels: Truth, shape (n,), 1 for fake.
            scores: How fake each image looks, shape (n,), finite.
            threshold: Where a call turns to fake.

        Raises:
            ValueError: As in `from_decisions`, or a score is nan.
        """
        values = np.asarray(list(scores), dtype=float)
        if np.isnan(values).any():
            raise ValueError("a score is nan; leave images that were not scored out, and say how many")
        return cls.from_decisions(labels, (values > threshold).tolist())

    @property
    def n(self) -> int:
        """Images in the table."""
        return self.tn + self.fn + self.fp + self.tp

    @property
    def npv(self) -> Proportion:
        """Negative predictive value, TN / (TN + FN): of the images called real, how many are."""
        return Proportion(self.tn, self.tn + self.fn)

    @property
    def ppv(self) -> Proportion:
        """Positive predictive value (precision), TP / (TP + FP)."""
        return Proportion(self.tp, self.tp + self.fp)

    @property
    def tnr(self) -> Proportion:
        """True negative rate (specificity), TN / (TN + FP)."""
        return Proportion(self.tn, self.tn + self.fp)

    @property
    def tpr(self) -> Proportion:
        """True positive rate (sensitivity, recall), TP / (TP + FN)."""
        return Proportion(self.tp, self.tp + self.fn)

    @property
    def accuracy(self) -> Proportion:
        """Share of right calls, (TN + TP) / n."""
        return Proportion(self.tn + self.tp, self.n)

    @property
    def rates(self) -> dict[str, Proportion]:
        """The report's five rates by name, in its order: NPV, PPV, TNR, TPR, accuracy."""
        return {
            "NPV": self.npv,
            "PPV": self.ppv,
            "TNR": self.tnr,
            "TPR": self.tpr,
            "accuracy": self.accuracy,
        }

    def __add__(self, other: ConfusionTable) -> ConfusionTable:
        """Pool two tables (readers, folds)."""
        if not isinstance(other, ConfusionTable):
            return NotImplemented
        return ConfusionTable(self.tn + other.tn, self.fn + other.fn, self.fp + other.fp, self.tp + other.tp)

    def as_dict(self, level: float = 0.95) -> dict[str, object]:
        """A JSON-ready form: the counts, and each rate with both intervals (None for nan)."""
        return {
            "tn": self.tn,
            "fn": self.fn,
            "fp": self.fp,
            "tp": self.tp,
            "n": self.n,
            "rates": {name: rate.as_dict(level) for name, rate in self.rates.items()},
        }

    def to_markdown(self, *, intervals: bool = True, level: float = 0.95) -> str:
        """Render as the report does: truth across, calls down, rates in the margins.

        Args:
            intervals: Add a second table with n, Wilson and Clopper-Pearson intervals.
            level: Confidence level of those intervals.

        Returns:
            Markdown, no trailing newline. Percentages with one decimal; "n/a" where nothing was counted.

        >>> print(ConfusionTable(tn=48, fn=15, fp=8, tp=13).to_markdown(intervals=False))
        |  | actually real | actually fake |  |
        | --- | ---: | ---: | ---: |
        | **called real** | 48 | 15 | NPV: 76.2 % |
        | **called fake** | 8 | 13 | PPV: 61.9 % |
        |  | TNR: 85.7 % | TPR: 46.4 % | accuracy: 72.6 % |
        """
        require_level(level)
        margin = {name: f"{name}: {percent(rate.value)}" for name, rate in self.rates.items()}
        lines = [
            "|  | actually real | actually fake |  |",
            "| --- | ---: | ---: | ---: |",
            f"| **called real** | {self.tn} | {self.fn} | {margin['NPV']} |",
            f"| **called fake** | {self.fp} | {self.tp} | {margin['PPV']} |",
            f"|  | {margin['TNR']} | {margin['TPR']} | {margin['accuracy']} |",
        ]
        if intervals:
            name = f"{100 * level:g} %"
            lines += [
                "",
                f"| rate | value | of n | Wilson {name} | Clopper-Pearson {name} |",
                "| --- | ---: | ---: | ---: | ---: |",
            ]
            for key, rate in self.rates.items():
                wilson, exact = rate.wilson(level), rate.clopper_pearson(level)
                lines.append(
                    f"| {key} | {percent(rate.value)} | {rate.count} of {rate.n} "
                    f"| {percent_range(wilson.low, wilson.high)} | {percent_range(exact.low, exact.high)} |"
                )
        return "\n".join(lines)


def percent(value: float) -> str:
    """0.7619 as "76.2 %"; nan as "n/a"."""
    return "n/a" if math.isnan(value) else f"{100 * value:.1f} %"


def percent_range(low: float, high: float) -> str:
    """0.827, 0.945 as "82.7 to 94.5 %"; nan as "n/a"."""
    return "n/a" if math.isnan(low) or math.isnan(high) else f"{100 * low:.1f} to {100 * high:.1f} %"


def _binary(values: Iterable[object], name: str) -> np.ndarray:
    """A boolean array from 0/1 or booleans; anything else is refused rather than cast."""
    array = np.asarray(list(values))
    if array.size == 0:
        return np.zeros(0, dtype=bool)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; one value an image is wanted")
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} must be 0 (real) or 1 (fake)")
    return array.astype(bool)
