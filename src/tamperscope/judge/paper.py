"""Every figure of the founding report, recomputed from the counts it prints, beside what it prints.

Source: the report, section 3, tables 2 to 5 (it calls both of the last two "table 4"). The report's own
wording and data stay with its authors; the counts and figures are facts.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest

from tamperscope.judge.confusion import ConfusionTable, percent_range
from tamperscope.judge.contingency import chi_squared, fisher_exact
from tamperscope.judge.power import power_exact, power_simulated
from tamperscope.judge.proportions import Proportion

#: Table 2, the blind part: labels of (unhealthy, healthy) given to real healthy images, and to forged ones.
BLIND_LABELS = ((36, 44), (124, 56))
#: Table 3: the radiologists in the open part.
READERS_OPEN = ConfusionTable(tn=48, fn=15, fp=8, tp=13)
#: Table 4: the detector on the forgeries it was trained for.
DETECTOR_SOURCE = ConfusionTable(tn=46, fn=7, fp=3, tp=45)
#: Table 5 (the report's second table 4): the detector on unseen forgeries.
DETECTOR_TARGET = ConfusionTable(tn=24, fn=16, fp=8, tp=16)

_PRINTED_RATES = (
    ("3 readers, open part", READERS_OPEN, ("76.2", "61.9", "85.7", "46.4", "72.6")),
    ("4 detector, source", DETECTOR_SOURCE, ("86.8", "93.8", "93.9", "86", "90.1")),
    ("5 detector, target", DETECTOR_TARGET, ("60", "66.7", "75", "50", "64.5")),
)


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes:
        table: Which table of the report it belongs to.
        name: What it is.
        printed: As the report prints it, in per cent; None for a figure that it doesn't give.
        recomputed: From the counts, in per cent.
        decimals: With how many decimals ``recomputed`` is shown; never fewer than printed.
        share: The counts behind it, for a rate.
        note: What a reader ought to know; "" for nothing.
    """

    table: str
    name: str
    printed: str | None
    recomputed: float
    decimals: int
    share: Proportion | None = None
    note: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the recomputed figure rounds to the printed one; None if nothing is printed."""
        if self.printed is None:
            return None
        decimals = len(self.printed.partition(".")[2])
        return f"{self.recomputed:.{decimals}f}" == self.printed

    @property
    def verdict(self) -> str:
        """ "same", "differs", or "not in the report"."""
        return {True: "same", False: "differs", None: "not in the report"}[self.agrees]

    @property
    def shown(self) -> str:
        """The recomputed figure as text."""
        return f"{self.recomputed:.{self.decimals}f}"

    def as_dict(self, level: float = 0.95) -> dict[str, object]:
        """A JSON-ready form."""
        return {
            "table": self.table,
            "name": self.name,
            "printed_percent": self.printed,
            "recomputed_percent": self.recomputed,
            "verdict": self.verdict,
            "share": self.share.as_dict(level) if self.share else None,
            "note": self.note,
        }


def recompute(*, draws: int = 20_000, seed: int = 0) -> tuple[Figure, ...]:
    """Recompute all figures.

    Args:
        draws: Of the simulated power.
        seed: Of the simulated power.

    Returns:
        The figures, in the report's order.

    >>> [(one.table, one.name, one.printed, one.shown) for one in recompute(draws=100) if one.agrees is False]
    [('2 blind labels', 'power of chi-squared, exact', '96.8', '95.6'),
     ('4 detector, source', 'TPR', '86', '86.5'),
     ('5 detector, target', 'accuracy', '64.5', '62.5')]
    """
    return (*_blind_figures(draws, seed), *_rate_figures())


def _blind_figures(draws: int, seed: int) -> tuple[Figure, ...]:
    (real_unhealthy, real_healthy), (forged_unhealthy, forged_healthy) = BLIND_LABELS
    n_real, n_forged = real_unhealthy + real_healthy, forged_unhealthy + forged_healthy
    table = "2 blind labels"

    def p_value(name: str, value: float, printed: str | None = None, note: str = "") -> Figure:
        return Figure(table, name, printed, 100 * value, 4, note=note)

    arguments = (real_unhealthy / n_real, n_real, forged_unhealthy / n_forged, n_forged)
    simulated = power_simulated(*arguments, draws=draws, seed=seed)
    return (
        Figure(
            table,
            "real images called unhealthy",
            None,
            100 * real_unhealthy / n_real,
            1,
            Proportion(real_unhealthy, n_real),
        ),
        Figure(
            table,
            "forged images called unhealthy",
            None,
            100 * forged_unhealthy / n_forged,
            1,
            Proportion(forged_unhealthy, n_forged),
        ),
        p_value(
            "p, chi-squared without Yates",
            chi_squared(BLIND_LABELS).p_value,
            "0.026",
            "the 260 labels are 65 images read by the same four readers, so they are not independent, and the p "
            "values here are smaller than they should be",
        ),
        p_value("p, chi-squared with Yates", chi_squared(BLIND_LABELS, yates=True).p_value),
        p_value("p, Fisher", fisher_exact(BLIND_LABELS).p_value),
        Figure(
            table,
            "power of chi-squared, exact",
            "96.8",
            100 * power_exact(*arguments),
            1,
            note="the report simulated and does not say how often; up to about 1,000 draws would explain the gap",
        ),
        Figure(
            table,
            f"power of chi-squared, {draws:,} draws",
            None,
            100 * simulated.value,
            1,
            simulated,
        ),
        Figure(table, "power with Yates, exact", None, 100 * power_exact(*arguments, test="yates"), 1),
    )


def _rate_figures() -> tuple[Figure, ...]:
    target = DETECTOR_TARGET.accuracy
    chance = binomtest(target.count, target.n, 0.5).pvalue
    notes = {
        ("4 detector, source", "TPR"): "45 of 52 is 86.54; the report cuts here and rounds elsewhere",
        ("5 detector, target", "accuracy"): (
            f"{target.count} of {target.n}: barely above chance "
            f"(Wilson {percent_range(*target.wilson()[:2])}, exact test against 50 %: p = {chance:.3f})"
        ),
    }
    return tuple(
        Figure(table, name, printed, 100 * rate.value, 1, rate, notes.get((table, name), ""))
        for table, confusion, all_printed in _PRINTED_RATES
        for (name, rate), printed in zip(confusion.rates.items(), all_printed, strict=True)
    )


def to_markdown(figures: tuple[Figure, ...], *, level: float = 0.95) -> str:
    """The figures as a Markdown table with their notes below.

    Args:
        figures: As from `recompute`.
        level: Confidence level of the Wilson intervals.

    Returns:
        Markdown, no trailing newline.
    """
    lines = [
        f"| table | figure | printed, % | recomputed, % | of n | Wilson {100 * level:g} % | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    notes: list[str] = []
    for figure in figures:
        counts = interval = ""
        if figure.share:
            counts = f"{figure.share.count} of {figure.share.n}"
            interval = percent_range(*figure.share.wilson(level)[:2])
        mark = ""
        if figure.note:
            notes.append(f"{len(notes) + 1}. {figure.name}: {figure.note}.")
            mark = f" ({len(notes)})"
        lines.append(
            f"| {figure.table} | {figure.name} | {figure.printed or ''} | {figure.shown} | {counts} | {interval} "
            f"| {figure.verdict}{mark} |"
        )
    return "\n".join([*lines, "", *notes])
