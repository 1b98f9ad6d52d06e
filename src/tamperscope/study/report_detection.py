"""Table 3 of the founding report: forged and real mammograms, called fake and real."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.judge.confusion import ConfusionTable, percent, percent_range
from tamperscope.judge.proportions import wilson
from tamperscope.study.config import Question
from tamperscope.study.outcome import Judged
from tamperscope.study.report_text import table

RATES: dict[str, Callable[[ConfusionTable], float]] = {
    "TPR": lambda found: found.tpr.value,
    "TNR": lambda found: found.tnr.value,
    "accuracy": lambda found: found.accuracy.value,
}


def detection_section(own: Sequence[Judged], question: Question, seed: int) -> tuple[list[str], dict[str, Any]]:
    """The table with its rates, and the same by reader and by forger.

    Args:
        own: A part's finished readings.
        question: Which asks whether the mammogram is real.
        seed: Of the bootstrap.
    """

    def confusion(some: Sequence[Judged]) -> ConfusionTable:
        truth = [one.truth["forged"] for one in some]
        return ConfusionTable.from_decisions(truth, [one.reading.answers[question.id] == "fake" for one in some])

    whole = confusion(own)
    lines = ["### Real or fake (the report's table 3)", "", whole.to_markdown(), ""]
    patients = [one.truth["patient"] for one in own]
    by_patient: dict[str, list[float]] = {}
    rows: list[tuple[object, ...]] = []
    for name, rate in RATES.items():

        def of_drawn(drawn: np.ndarray, rate: Callable[[ConfusionTable], float] = rate) -> float:
            return rate(confusion([own[index] for index in drawn]))

        try:
            found = cluster_bootstrap(of_drawn, patients, seed=seed)
        except ValueError:
            continue
        by_patient[name] = list(found.interval[:2])
        rows.append((name, percent(found.estimate), percent_range(*found.interval[:2]), found.clusters))
    lines += table(("rate", "value", "95 % by patient", "patients"), rows)
    readers = {one.reader.id: one.reader.shown for one in own}
    by_reader = {name: confusion([one for one in own if one.reader.id == name]) for name in readers}
    lines += ["#### By reader", ""]
    lines += table(
        ("reader", "TN", "FN", "FP", "TP", "TPR", "TNR", "accuracy", "Wilson 95 %"),
        [
            (
                readers[name],
                *(t.tn, t.fn, t.fp, t.tp),
                *(percent(rate(t)) for rate in RATES.values()),
                percent_range(*t.accuracy.wilson()[:2]),
            )
            for name, t in by_reader.items()
        ],
    )
    by_forger = {}
    for forger in sorted({one.truth["forger"] for one in own if one.truth["forged"]}):
        said = [one.reading.answers[question.id] == "fake" for one in own if one.truth["forger"] == forger]
        by_forger[forger] = [sum(said), len(said)]
    lines += ["#### By forger", ""]
    lines += table(
        ("forger", "called fake", "of", "TPR", "Wilson 95 %"),
        [(f, hit, n, percent(hit / n), percent_range(*wilson(hit, n)[:2])) for f, (hit, n) in by_forger.items()],
    )
    return lines, {
        "table": whole.as_dict(),
        "by_patient": by_patient,
        "by_reader": {name: one.as_dict() for name, one in by_reader.items()},
        "by_forger": by_forger,
    }
