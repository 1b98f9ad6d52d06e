"""A study's report: the founding report's tables 2 and 3, agreement, MRMC, readers, forgers and marks."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.judge.confusion import ConfusionTable, percent, percent_range
from tamperscope.judge.contingency import chi_squared, fisher_exact
from tamperscope.judge.localisation import Lesion, Mark, jafroc, lesion_sensitivity, match_marks
from tamperscope.judge.mrmc import mrmc_auc
from tamperscope.judge.mrmc_report import as_dict, to_text
from tamperscope.judge.proportions import wilson
from tamperscope.judge.reader_study import ReaderStudy
from tamperscope.study.agreement import agreement_of
from tamperscope.study.config import Part, Question
from tamperscope.study.marks_picture import marks_picture
from tamperscope.study.outcome import Judged, Outcome, outcome_of
from tamperscope.study.store import Store

LABEL = "SIMULATED READERS: no person gave these answers."
POOLED = (
    "Counts pool the readings of all readers. Readings of one image are not independent, so Wilson's intervals are too "
    "narrow; those by patient resample patients with all their readings."
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
    lines = [f"# {outcome.config.title}", ""]
    figures: dict[str, Any] = {"simulated": outcome.simulated, "parts": {}}
    if outcome.simulated:
        lines += [f"**{LABEL}**", ""]
    lines += [f"{len(outcome.readers)} readers, {len(done)} of {len(outcome.judged)} readings done.", "", POOLED, ""]
    pictures = []
    store = Store(folder)
    readings = {one.case_id: one.reading for one in outcome.judged}
    for part in outcome.config.parts:
        own = [one for one in done if one.part.id == part.id]
        words, figures["parts"][part.id] = _part(part, own, outcome, seed)
        lines += [f"## {part.title}", "", *words]
        if found := agreement_of(store, part, readings):
            lines += ["### Agreement", "", *_table(("figure", "value"), found), ""]
            figures["parts"][part.id]["agreement"] = dict(found)
        if any(one.reading.marks for one in own):
            path = out / "marks" / f"{part.id}.png"
            marks_picture(store.folder, own, outcome.sizes[part.id], path, LABEL if outcome.simulated else "")
            lines += ["### Marks", "", f"![Marks of {part.title}](marks/{part.id}.png)", ""]
            pictures.append(path)
    store.engine.dispose()
    text = "\n".join(lines)
    (out / "report.md").write_text(text, encoding="utf-8")
    (out / "report.html").write_text(to_html(outcome.config.title, lines), encoding="utf-8")
    (out / "figures.json").write_text(json.dumps(_plain(figures), indent=1), encoding="utf-8")
    return [out / "report.html", out / "report.md", out / "figures.json", *pictures]


def _part(part: Part, own: Sequence[Judged], outcome: Outcome, seed: int) -> tuple[list[str], dict[str, Any]]:
    lines: list[str] = []
    figures: dict[str, Any] = {"readings": len(own)}
    if not own:
        return ["No case is done.", ""], figures
    if health := _choice(part, {"healthy", "unhealthy"}):
        words, figures["labels"] = _labels(own, health)
        lines += words
    if authenticity := _choice(part, {"real", "fake"}):
        words, figures["detection"] = _detection(own, authenticity, seed)
        lines += words
        scale = next((q for q in part.questions if q.kind == "scale"), None)
        words, figures["mrmc"] = _mrmc(own, authenticity, scale)
        lines += words
    words, figures["marks"] = _localisation(own, outcome)
    times = [one.reading.seconds for one in own]
    figures["median_seconds"] = float(np.median(times))
    return [*lines, *words, f"Median time a case: {np.median(times):.1f} s.", ""], figures


def _choice(part: Part, values: set[str]) -> Question | None:
    found = (q for q in part.questions if q.kind == "choice" and {option.value for option in q.options} == values)
    return next(found, None)


def _labels(own: Sequence[Judged], question: Question) -> tuple[list[str], dict[str, Any]]:
    """Table 2: what healthy, forged and unhealthy images were called."""
    rows, counts = [], {}
    for group in ("healthy", "forged", "unhealthy"):
        said = [one.reading.answers.get(question.id) for one in own if one.truth["group"] == group]
        ill, well = said.count("unhealthy"), said.count("healthy")
        counts[group] = [ill, well]
        interval = percent_range(*wilson(ill, ill + well)[:2]) if ill + well else "n/a"
        share = percent(ill / (ill + well)) if ill + well else "n/a"
        rows.append((f"really {group}" if group != "forged" else group, ill, well, ill + well, share, interval))
    lines = ["### Labels (the report's table 2)", ""]
    lines += _table(("class", "unhealthy", "healthy", "total", "called unhealthy", "Wilson 95 %"), rows)
    tests = []
    try:
        table = [counts["healthy"], counts["forged"]]
        tests = [chi_squared(table), chi_squared(table, yates=True), fisher_exact(table)]
        lines += [
            "",
            "Really healthy against forged: " + "; ".join(f"{t.name}: p = {t.p_value:.6f}" for t in tests) + ".",
        ]
    except ValueError as error:
        lines += ["", f"Really healthy and forged can't be compared: {error}."]
    return [*lines, ""], {"counts": counts, "tests": [test.as_dict() for test in tests]}


def _detection(own: Sequence[Judged], question: Question, seed: int) -> tuple[list[str], dict[str, Any]]:
    """Table 3: forged and real, called fake and real; by reader and by forger."""

    def table(some: Sequence[Judged]) -> ConfusionTable:
        truth = [one.truth["forged"] for one in some]
        return ConfusionTable.from_decisions(truth, [one.reading.answers[question.id] == "fake" for one in some])

    whole = table(own)
    lines = ["### Real or fake (the report's table 3)", "", whole.to_markdown(), ""]
    rates: dict[str, Callable[[ConfusionTable], float]] = {
        "TPR": lambda t: t.tpr.value,
        "TNR": lambda t: t.tnr.value,
        "accuracy": lambda t: t.accuracy.value,
    }
    by_patient: dict[str, list[float]] = {}
    rows: list[tuple[object, ...]] = []
    patients = [one.truth["patient"] for one in own]
    for name, rate in rates.items():
        try:
            found = cluster_bootstrap(partial(_rate_of, table, rate, own), patients, seed=seed)
        except ValueError:
            continue
        by_patient[name] = list(found.interval[:2])
        rows.append((name, percent(found.estimate), percent_range(*found.interval[:2]), found.clusters))
    lines += _table(("rate", "value", "95 % by patient", "patients"), rows)
    readers = {one.reader.id: one.reader for one in own}
    by_reader = {name: table([one for one in own if one.reader.id == name]) for name in readers}
    lines += ["", "#### By reader", ""]
    lines += _table(
        ("reader", "TN", "FN", "FP", "TP", "accuracy", "Wilson 95 %"),
        [
            (
                readers[name].name + (" (simulated)" if readers[name].simulated else ""),
                *(t.tn, t.fn, t.fp, t.tp, percent(t.accuracy.value), percent_range(*t.accuracy.wilson()[:2])),
            )
            for name, t in by_reader.items()
        ],
    )
    forgers = sorted({one.truth["forger"] for one in own if one.truth["forged"]})
    by_forger = {}
    for forger in forgers:
        said = [one.reading.answers[question.id] == "fake" for one in own if one.truth["forger"] == forger]
        by_forger[forger] = [sum(said), len(said)]
    rows = [(f, hit, n, percent(hit / n), percent_range(*wilson(hit, n)[:2])) for f, (hit, n) in by_forger.items()]
    lines += ["", "#### By forger", "", *_table(("forger", "called fake", "of", "TPR", "Wilson 95 %"), rows), ""]
    return lines, {
        "table": whole.as_dict(),
        "by_patient": by_patient,
        "by_reader": {name: one.as_dict() for name, one in by_reader.items()},
        "by_forger": by_forger,
    }


def _rate_of(
    table: Callable[[Sequence[Judged]], ConfusionTable],
    rate: Callable[[ConfusionTable], float],
    own: Sequence[Judged],
    drawn: np.ndarray,
) -> float:
    return rate(table([own[index] for index in drawn]))


def _mrmc(own: Sequence[Judged], question: Question, scale: Question | None) -> tuple[list[str], Any]:
    """Area under the ROC curve over readers and cases; the rating is the confidence, negative for "real"."""
    rows = []
    for one in own:
        sure = float(one.reading.answers.get(scale.id) or 0) if scale else 0.0
        rating = (1 + sure) * (1 if one.reading.answers[question.id] == "fake" else -1)
        rows.append((one.reader.id, one.image_id, one.part.id, int(one.truth["forged"]), rating))
    lines = ["### Readers and cases (Obuchowski-Rockette)", ""]
    try:
        study = ReaderStudy.from_rows(rows)
        result = mrmc_auc(study.truth, study.ratings)
    except ValueError as error:
        return [*lines, f"Not to be had: {error}.", ""], None
    return [*lines, "```", to_text(study, result), "```", ""], as_dict(study, result)


def _localisation(own: Sequence[Judged], outcome: Outcome) -> tuple[list[str], dict[str, Any]]:
    """Marks against the lesions, real and forged: a hit lies in the ellipse within the lesion's box."""
    rows, figures = [], {}
    for reader in outcome.readers:
        images = []
        for one in (one for one in own if one.reader.id == reader.id):
            marks = [
                Mark(
                    mark["shape"]["x"] + mark["shape"]["width"] / 2,
                    mark["shape"]["y"] + mark["shape"]["height"] / 2,
                    50.0 if mark["confidence"] is None else mark["confidence"],
                )
                for mark in one.reading.marks.values()
            ]
            if one.truth["lesions"] or one.truth["group"] == "healthy":
                images.append(match_marks(marks, [Lesion(*box) for box in one.truth["lesions"]]))
        try:
            area, (sensitivity, false) = jafroc(images), lesion_sensitivity(images)
        except ValueError:
            continue
        figures[reader.id] = {"jafroc": area, "lesion_sensitivity": sensitivity, "false_marks_an_image": false}
        rows.append(
            (
                f"{reader.name} (simulated)" if reader.simulated else reader.name,
                len(images),
                f"{area:.3f}",
                percent(sensitivity),
                f"{false:.2f}",
            )
        )
    if not rows:
        return [], figures
    header = ("reader", "images", "JAFROC", "lesions marked", "false marks an image")
    return ["### Marks against lesions", "", *_table(header, rows), ""], figures


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    def cells(row: Sequence[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"

    return [cells(header), "| --- |" + " ---: |" * (len(header) - 1), *map(cells, rows)]


def _plain(value: Any) -> Any:
    """JSON has no nan: None stands for it."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_html(title: str, lines: Sequence[str]) -> str:
    """The report's Markdown (headings, tables, code, pictures, paragraphs) as a page; every word is escaped."""
    out: list[str] = []
    fenced = in_table = False
    for line in "\n".join(lines).splitlines():
        if line.startswith("|") and not fenced:
            cells = [cell.strip().replace("\\|", "|") for cell in line.strip("|").split(" | ")]
            if all(set(cell.strip("| ")) <= set("-:") and "-" in cell for cell in cells):
                continue
            tag = "td" if in_table else "th"
            out.append(("" if in_table else "<table>") + "<tr>")
            out.append("".join(f"<{tag}>{html.escape(c.strip('*| '))}</{tag}>" for c in cells) + "</tr>")
            in_table = True
            continue
        if in_table:
            out.append("</table>")
            in_table = False
        if line.startswith("```"):
            out.append("</pre>" if fenced else "<pre>")
            fenced = not fenced
        elif fenced:
            out.append(html.escape(line))
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            out.append(f"<h{level}>{html.escape(line.lstrip('# '))}</h{level}>")
        elif line.startswith("!["):
            words, _, path = line[2:-1].partition("](")
            out.append(f'<img alt="{html.escape(words)}" src="{html.escape(path)}">')
        elif line:
            warn = ' class="warn"' if line.startswith("**") else ""
            out.append(f"<p{warn}>{html.escape(line.strip('*'))}</p>")
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.3rem .7rem;text-align:right}"
        "td:first-child,th:first-child{text-align:left}img{max-width:100%}pre{overflow:auto}.warn{background:#fde68a;padding:.5rem}"
    )
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    head += f"<style>{style}</style>"
    return head + "\n".join([*out, "</table>" if in_table else ""]) + "</html>\n"
