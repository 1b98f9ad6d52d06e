"""Table 2 of the founding report: what healthy, forged and unhealthy breasts were called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.judge.confusion import percent, percent_range
from tamperscope.judge.contingency import chi_squared, fisher_exact
from tamperscope.judge.proportions import wilson
from tamperscope.study.config import Question
from tamperscope.study.outcome import Judged
from tamperscope.study.report_text import p_value, table

GROUPS = ("healthy", "forged", "unhealthy", "real")
NAMES = {"healthy": "really healthy", "unhealthy": "really unhealthy", "real": "real, health unknown"}


def labels_section(own: Sequence[Judged], question: Question, seed: int) -> tuple[list[str], dict[str, Any]]:
    """The table, the tests between healthy and forged, and the same by reader and by forger.

    Args:
        own: A part's finished readings.
        question: Which asks whether the breast is healthy.
        seed: Of the bootstrap.
    """
    groups = [group for group in GROUPS if any(one.truth["group"] == group for one in own)]
    counts = {group: list(_counted([one for one in own if one.truth["group"] == group], question)) for group in groups}
    lines = ["### Labels (the report's table 2)", ""]
    lines += table(
        ("class", "unhealthy", "healthy", "total", "called unhealthy", "Wilson 95 %"),
        [(NAMES.get(group, group), *counts[group], sum(counts[group]), *_share(*counts[group])) for group in groups],
    )
    figures: dict[str, Any] = {"counts": counts, "tests": []}
    reference = reference_of(own)
    if reference and "forged" in groups:
        words, more = _compared(own, counts, reference, question, seed)
        lines += words
        figures |= more
    readers = {one.reader.id: one.reader.shown for one in own}
    by_reader = {
        reader: {
            group: list(_counted([o for o in own if o.reader.id == reader and o.truth["group"] == group], question))
            for group in groups
        }
        for reader in readers
    }
    lines += ["#### Called unhealthy, by reader", ""]
    lines += table(
        ("reader", *(NAMES.get(group, group) for group in groups)),
        [(readers[reader], *(_of(*found[group]) for group in groups)) for reader, found in by_reader.items()],
    )
    forgers = sorted({one.truth["forger"] for one in own if one.truth["forged"]})
    by_forger = {
        forger: list(_counted([one for one in own if one.truth["forger"] == forger], question)) for forger in forgers
    }
    lines += ["#### Called unhealthy, by forger", ""]
    lines += table(
        ("forger", "unhealthy", "of", "share", "Wilson 95 %"),
        [(forger, ill, ill + well, *_share(ill, well)) for forger, (ill, well) in by_forger.items()],
    )
    return lines, figures | {"by_reader": by_reader, "by_forger": by_forger}


def reference_of(own: Sequence[Judged]) -> str | None:
    """What forged breasts are compared with: the really healthy ones, or where health is unknown all real ones."""
    return next((group for group in ("healthy", "real") if any(one.truth["group"] == group for one in own)), None)


def _compared(
    own: Sequence[Judged], counts: dict[str, list[int]], reference: str, question: Question, seed: int
) -> tuple[list[str], dict[str, Any]]:
    """Forged against really healthy: tests as the report has them, and the difference with patients resampled."""
    lines, figures = [], {}
    try:
        pair = [counts[reference], counts["forged"]]
        tests = [chi_squared(pair), chi_squared(pair, yates=True), fisher_exact(pair)]
        said = "; ".join(f"{test.name}: {p_value(test.p_value)}" for test in tests)
        lines += [f"{NAMES[reference].capitalize()} against forged, readings taken as independent: {said}.", ""]
        figures["tests"] = [test.as_dict() for test in tests]
    except ValueError as error:
        lines += [f"{NAMES[reference].capitalize()} and forged can't be compared: {error}.", ""]
    ill = np.array([one.reading.answers.get(question.id) == "unhealthy" for one in own])
    forged = np.array([one.truth["group"] == "forged" for one in own])
    healthy = np.array([one.truth["group"] == reference for one in own])

    def difference(drawn: np.ndarray) -> float:
        if not forged[drawn].any() or not healthy[drawn].any():
            return float("nan")
        return float(ill[drawn][forged[drawn]].mean() - ill[drawn][healthy[drawn]].mean())

    try:
        found = cluster_bootstrap(difference, [one.truth["patient"] for one in own], seed=seed)
    except ValueError:
        return lines, figures
    low, high = found.interval[:2]
    interval = f"{percent_range(low, high)}; 95 %, {found.clusters} patients resampled with all their readings"
    lines += [f"Called unhealthy, forged less {NAMES[reference]}: {percent(found.estimate)} ({interval}).", ""]
    return lines, figures | {"difference": found.estimate, "difference_by_patient": [low, high]}


def _counted(some: Sequence[Judged], question: Question) -> tuple[int, int]:
    said = [one.reading.answers.get(question.id) for one in some]
    return said.count("unhealthy"), said.count("healthy")


def _share(ill: int, well: int) -> tuple[str, str]:
    if not ill + well:
        return "n/a", "n/a"
    return percent(ill / (ill + well)), percent_range(*wilson(ill, ill + well)[:2])


def _of(ill: int, well: int) -> str:
    return f"{ill} of {ill + well}"
