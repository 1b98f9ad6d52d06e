"""A study's report: the founding report's tables 2 and 3, agreement, MRMC, readers, forgers and marks."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.study.agreement import agreement_of
from tamperscope.study.config import Part, Question
from tamperscope.study.marks_picture import marks_picture
from tamperscope.study.outcome import Judged, Outcome, outcome_of
from tamperscope.study.report_detection import detection_section
from tamperscope.study.report_labels import NAMES, labels_section, reference_of
from tamperscope.study.report_marks import marks_section
from tamperscope.study.report_mrmc import mrmc_section
from tamperscope.study.report_text import table, to_html
from tamperscope.study.store import Store

LABEL = "SIMULATED READERS: no person gave these answers."
MIXED_LABEL = "SOME READERS ARE SIMULATED: no person gave their answers, which are part of all sums."
POOLED = (
    "Counts pool the readings of all readers. Readings of one image are not independent, so Wilson's intervals and the "
    "tests of counts are too sure; intervals by patient resample patients with all their readings."
)


def analyse_study(folder: str | Path, out: str | Path, *, seed: int = 0) -> list[Path]:
    """Judge a study.

    Args:
        folder: The study.
        out: The folder to make; it must not exist, or be empty.
        seed: Of the bootstrap.

    Returns:
        ``report.html``, ``report.md``, ``figures.json``, and ``marks/`` with a picture a part.

    Raises:
        TamperscopeError: see ``outcome_of``; the folder isn't empty; or nothing is done yet.
    """
    out = Path(out)
    if out.exists() and any(out.iterdir()):
        raise TamperscopeError(f"{out} is not empty.")
    outcome = outcome_of(folder)
    done = [one for one in outcome.judged if one.reading.state(one.part.questions) == "done"]
    if not done:
        raise TamperscopeError("No case of this study is done yet.")
    (out / "marks").mkdir(parents=True, exist_ok=True)
    lines = [f"# {outcome.config.title}", "", *_label(outcome), *_overview(outcome, done), POOLED, ""]
    figures: dict[str, Any] = {"simulated": outcome.simulated, "seed": seed, "parts": {}}
    pictures = []
    store = Store(folder)
    readings = {one.case_id: one.reading for one in outcome.judged}
    for part in outcome.config.parts:
        own = [one for one in done if one.part.id == part.id]
        words, figures["parts"][part.id] = _part(part, own, seed)
        lines += [f"## {part.title}", "", *_label(outcome), *words]
        if found := agreement_of(store, part, readings):
            rows = [(name.removeprefix(f"{part.title}: "), value) for name, value in found]
            lines += ["### Agreement of the readers", "", *table(("question", "figure"), rows)]
            figures["parts"][part.id]["agreement"] = dict(found)
        if any(one.reading.marks for one in own):
            path = out / "marks" / f"{part.id}.png"
            marks_picture(store.folder, own, outcome.sizes[part.id], path, label_of(outcome))
            lines += ["### Marks over the images", "", f"![Marks of {part.title}](marks/{part.id}.png)", ""]
            pictures.append(path)
    store.engine.dispose()
    (out / "report.md").write_text("\n".join(lines), encoding="utf-8")
    (out / "report.html").write_text(to_html(outcome.config.title, lines), encoding="utf-8")
    (out / "figures.json").write_text(json.dumps(_plain(figures), indent=1), encoding="utf-8")
    return [out / "report.html", out / "report.md", out / "figures.json", *pictures]


def _label(outcome: Outcome) -> list[str]:
    """Where simulated readers read, it is said before every figure of theirs."""
    return [f"**{label}**", ""] if (label := label_of(outcome)) else []


def label_of(outcome: Outcome) -> str:
    """What is said where all or some readers are simulated; empty where people read."""
    if all(reader.simulated for reader in outcome.readers):
        return LABEL
    return MIXED_LABEL if outcome.simulated else ""


def _overview(outcome: Outcome, done: Sequence[Judged]) -> list[str]:
    """How much was read, by whom, and of what."""
    lines = [f"{len(outcome.readers)} readers, {len(done)} of {len(outcome.judged)} readings done.", ""]
    rows: list[tuple[object, ...]] = []
    for part in outcome.config.parts:
        images = {one.image_id: one.truth["group"] for one in outcome.judged if one.part.id == part.id}
        groups = ", ".join(f"{count} {group}" for group, count in sorted(Counter(images.values()).items()))
        locked = sum(states[part.id] == "locked" for states in outcome.states.values())
        rows.append(
            (part.title, "yes" if part.blind else "no", len(images), groups, f"{locked} of {len(outcome.readers)}")
        )
    lines += table(("part", "blind", "images", "of which", "locked by"), rows)
    rows = [
        (reader.shown, *_times([one for one in done if one.reader.id == reader.id]))
        for reader in outcome.readers
        if any(one.reader.id == reader.id for one in done)
    ]
    return lines + table(("reader", "cases done", "marks", "median time a case, s", "time in all, min"), rows)


def _times(own: Sequence[Judged]) -> tuple[object, ...]:
    seconds = [one.reading.seconds for one in own]
    marks = sum(len(one.reading.marks) for one in own)
    return len(own), marks, f"{np.median(seconds):.1f}", f"{sum(seconds) / 60:.1f}"


def _part(part: Part, own: Sequence[Judged], seed: int) -> tuple[list[str], dict[str, Any]]:
    lines: list[str] = []
    figures: dict[str, Any] = {"readings": len(own)}
    if not own:
        return ["No case is done.", ""], figures
    scale = next((q for q in part.questions if q.kind == "scale"), None)
    authenticity = _choice(part, {"real", "fake"})
    if health := _choice(part, {"healthy", "unhealthy"}):
        words, figures["labels"] = labels_section(own, health, seed)
        lines += words
        reference = reference_of(own)
        for ill in ("unhealthy", "forged") if reference and authenticity is None else ():  # the confidence is in health
            some = [one for one in own if one.truth["group"] in (reference, ill)]
            if all(one.truth["group"] == reference for one in some):
                continue
            told = f"{NAMES.get(ill, ill)} from {NAMES[reference or '']}"
            words, figures[f"mrmc_{ill}"] = mrmc_section(
                told, some, partial(_in_group, group=ill), health, "unhealthy", scale
            )
            lines += words
    if authenticity:
        words, figures["detection"] = detection_section(own, authenticity, seed)
        lines += words
        words, figures["mrmc"] = mrmc_section(
            "forged from real", own, lambda one: one.truth["forged"], authenticity, "fake", scale
        )
        lines += words
    words, figures["marks"] = marks_section(own)
    figures["median_seconds"] = float(np.median([one.reading.seconds for one in own]))
    return [*lines, *words], figures


def _in_group(one: Judged, *, group: str) -> bool:
    return bool(one.truth["group"] == group)


def _choice(part: Part, values: set[str]) -> Question | None:
    found = (q for q in part.questions if q.kind == "choice" and {option.value for option in q.options} == values)
    return next(found, None)


def _plain(value: Any) -> Any:
    """JSON has no nan: None stands for it."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
