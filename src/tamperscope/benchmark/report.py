"""The report of one or more runs: tables with intervals, shortcut audits, example heat maps, as HTML and Markdown."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np

from tamperscope import __version__
from tamperscope.benchmark.evaluate import FIGURES, IMAGE_FIGURES, Evaluation, Figure, Group, evaluate
from tamperscope.benchmark.heat_pictures import outline_of, small_picture, with_heat, with_outline
from tamperscope.benchmark.manifest import Row, read_header, read_manifest, write_text
from tamperscope.benchmark.run import benchmark_of, heat_picture, read_run, read_scores
from tamperscope.benchmark.shortcuts import CHANCE, Audit, audit_rows
from tamperscope.errors import TamperscopeError
from tamperscope.judge.proportions import wilson

_EXAMPLES_A_FAMILY = 1
_COUNTS = ("called fake", "peak inside", "untouched called fake", "accuracy (Wilson)")
AUDIT_RULE = (
    "A classifier given one of these alone must be at chance at telling forged images from untouched ones: AUC "
    f"between {CHANCE[0]} and {CHANCE[1]}, or a 95 % interval by patient that covers 0.5. An audit that fails by the "
    "interval of the classifiers as they were trained is given one that trains anew on each draw of patients: where "
    "untouched images are few, what a classifier learns is itself chance. Cross-validated by patient."
)


@dataclass(frozen=True)
class Entry:
    """One run with its figures."""

    detector: str
    version: str
    folder: Path
    evaluation: Evaluation


@dataclass(frozen=True)
class Example:
    """A forged image beside its heat maps, as PNG data for a page."""

    title: str
    image: str
    heat: dict[str, str]


def write_report(
    runs: Sequence[Path], out: Path, *, benchmark: Path | None = None, draws: int = 1000
) -> tuple[Path, list[Entry], list[Audit]]:
    """Write ``report.html``, ``report.md`` and ``report.json``.

    Args:
        runs: folders of runs on the same benchmark.
        out: folder to write.
        benchmark: its folder, where it has moved since the runs.
        draws: of the bootstraps.

    Raises:
        TamperscopeError: a folder holds no run, or the runs are of different benchmarks.
    """
    headers = [read_run(folder) for folder in runs]
    if len({header["benchmark_sha256"] for header in headers}) != 1:
        raise TamperscopeError("the runs are of different benchmarks: one report compares runs on the same images.")
    folder = benchmark_of(headers[0], moved_to=benchmark)
    rows = read_manifest(folder)
    entries = [
        Entry(
            header["detector"],
            header["detector_version"],
            run,
            evaluate(rows, read_scores(run), own_threshold=header.get("threshold"), draws=draws),
        )
        for header, run in zip(headers, runs, strict=True)
    ]
    audits = audit_rows(rows, draws=draws)
    about = read_header(folder)
    write_text(out / "report.json", _as_json(entries, audits, about))
    write_text(out / "report.md", as_markdown(entries, audits, about))
    page = out / "report.html"
    write_text(page, _as_html(entries, audits, about, _examples(folder, rows, entries)))
    return page, entries, audits


def as_markdown(entries: Sequence[Entry], audits: Sequence[Audit], about: dict[str, Any]) -> str:
    """The tables as Markdown."""
    lines = [f"# Benchmark `{about.get('protocol', {}).get('name', '')}`", "", *_facts(entries, about), ""]
    for entry in entries:
        for condition, groups in _by_condition(entry.evaluation.groups):
            lines += [f"## {entry.detector}{'' if condition == 'plain' else f', {condition}'}", ""]
            lines += [_markdown_row(["", "n", *FIGURES]), _markdown_row(["---"] * (2 + len(FIGURES)))]
            lines += [
                _markdown_row([title(group), str(group.forged), *(text(group.figures[name]) for name in FIGURES)])
                for group in groups
            ]
            lines += ["", f"{groups[0].untouched} untouched images, {groups[0].patients} patients or ranges.", ""]
            counted = _counted(groups)
            if counted:
                lines += [_markdown_row(counted[0]), _markdown_row(["---"] * len(counted[0]))]
                lines += [*map(_markdown_row, counted[1:]), ""]
    lines += ["## Shortcut audits", "", AUDIT_RULE, ""]
    lines += [_markdown_row(["given alone", "classifier", "condition", "n forged / others", "AUC", "trained anew", ""])]
    lines += [_markdown_row(["---"] * 7)]
    lines += [
        _markdown_row(
            [
                audit.name,
                audit.classifier,
                audit.condition,
                f"{audit.forged} / {audit.untouched}",
                text(Figure(audit.auc, audit.low, audit.high)),
                "" if audit.retrained is None else f"{audit.retrained[0]:.2f} to {audit.retrained[1]:.2f}",
                audit.verdict if audit.at_chance else f"**{audit.verdict}**",
            ]
        )
        for audit in audits
    ]
    return "\n".join(lines) + "\n"


def _counted(groups: Sequence[Group]) -> list[list[str]]:
    """The images counted at the detector's own threshold, and the AUC of each part of the test images: a table's head
    and rows; nothing for a detector without a threshold."""
    parts = sorted({part for group in groups for part in group.parts})
    parts = parts if len(parts) > 1 else []
    rows = []
    for group in groups:
        if group.counts is None:
            continue
        found, inside, alarms = group.counts.found, group.counts.inside, group.counts.false_alarms
        right, all_of_them = found + group.untouched - alarms, group.forged + group.untouched
        low, high, _ = wilson(right, all_of_them)
        of_parts = [group.parts.get(part, math.nan) for part in parts]
        rows.append(
            [
                title(group),
                str(group.forged),
                text(group.figures["AUC"]),
                str(found),
                "-" if inside is None else str(inside),
                f"{alarms} of {group.untouched}",
                f"{right / all_of_them:.1%} [{100 * low:.1f}, {100 * high:.1f}]",
                *("-" if math.isnan(value) else f"{value:.2f}" for value in of_parts),
            ]
        )
    return [["", "n", "AUC", *_COUNTS, *(f"AUC, {part}" for part in parts)], *rows] if rows else []


def title(group: Group) -> str:
    """A group's name in a table."""
    if group.kind == "overall":
        return "**all**"
    return f"**{group.name}**" if group.kind == "family" else group.name


def text(figure: Figure) -> str:
    """A figure with its interval, in two digits."""
    if math.isnan(figure.value):
        return "-"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _facts(entries: Sequence[Entry], about: dict[str, Any]) -> list[str]:
    sources = about.get("sources", [])
    facts = [
        " ".join(str(about.get("protocol", {}).get("purpose", "")).split()),
        "",
        f"Images: {'; '.join(s['name'] + ' (' + s['licence'] + ', ' + s['cite'] + ')' for s in sources)}. "
        f"Prepared: {about.get('protocol', {}).get('prepare', '')}. tamperscope {__version__}.",
        "",
        "Intervals: 95 %, bootstrap by patient. Image figures set the forged images of a row against all untouched "
        "images of the same condition; pixel figures are means over forged images, on tissue. A dash: not to be had "
        "from these images (a threshold needs validation images, or other folds). *Called fake* and *false alarms* are "
        "at the detector's own threshold. A share of 0 or 1 has Wilson's interval over patients. Second tables count "
        "images at that threshold: of those called fake, in how many the heat map's peak lies in the forged area; "
        "accuracy is that of the row's forged images and all untouched ones, with Wilson's interval over images.",
    ]
    for entry in entries:
        evaluation = entry.evaluation
        facts.append(
            f"{entry.detector}: thresholds chosen {evaluation.threshold}; images not scored: {evaluation.not_scored}; "
            f"left out because their patient may be on both sides of the split: {evaluation.crossing}."
        )
    return facts


def _by_condition(groups: Sequence[Group]) -> list[tuple[str, list[Group]]]:
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group.condition, []).append(group)
    return list(found.items())


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _as_json(entries: Sequence[Entry], audits: Sequence[Audit], about: dict[str, Any]) -> str:
    content = {
        "schema": "tamperscope-report",
        "schema_version": 1,
        "benchmark": about,
        "runs": [
            {
                "detector": entry.detector,
                "version": entry.version,
                "not_scored": entry.evaluation.not_scored,
                "crossing": entry.evaluation.crossing,
                "threshold": entry.evaluation.threshold,
                "groups": [_plain(asdict(group)) for group in entry.evaluation.groups],
            }
            for entry in entries
        ],
        "audits": [{**asdict(audit), "at_chance": audit.at_chance, "verdict": audit.verdict} for audit in audits],
    }
    return json.dumps(content, indent=1) + "\n"


def _plain(group: dict[str, Any]) -> dict[str, Any]:
    """JSON has no nan."""
    for name, figure in group["figures"].items():
        group["figures"][name] = {key: None if math.isnan(value) else value for key, value in figure.items()}
    group["parts"] = {part: None if math.isnan(value) else value for part, value in group["parts"].items()}
    return group


def _as_html(
    entries: Sequence[Entry], audits: Sequence[Audit], about: dict[str, Any], examples: Sequence[Example]
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tamperscope.benchmark", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2")
    return page.render(
        about=about,
        facts=[fact for fact in _facts(entries, about) if fact],
        entries=[
            (entry, [(name, groups, _counted(groups)) for name, groups in _by_condition(entry.evaluation.groups)])
            for entry in entries
        ],
        figures=FIGURES,
        shaded=(*IMAGE_FIGURES[:1], "pixel AUC"),
        text=text,
        audits=audits,
        audit_rule=AUDIT_RULE,
        examples=examples,
        isnan=math.isnan,
    )


def _examples(folder: Path, rows: Sequence[Row], entries: Sequence[Entry]) -> list[Example]:
    """For each forger and its plain condition the first forged test image that all runs have scored."""
    scored = [{one.id: one.score for one in read_scores(entry.folder)} for entry in entries]
    seen: dict[str, int] = {}
    examples = []
    for row in rows:
        if not row.label or row.role != "test" or seen.get(row.forger, 0) >= _EXAMPLES_A_FAMILY:
            continue
        if any(row.id not in one for one in scored):
            continue
        picture = cv2.imread(str(folder / row.image), cv2.IMREAD_UNCHANGED)
        mask = cv2.imread(str(folder / row.mask), cv2.IMREAD_GRAYSCALE)
        if picture is None or mask is None:
            continue
        seen[row.forger] = seen.get(row.forger, 0) + 1
        small, outline = small_picture(picture), outline_of(mask)
        heat = {}
        for number, (entry, scores) in enumerate(zip(entries, scored, strict=True)):
            heat_map = heat_picture(entry.folder, row.id)
            if heat_map is not None:
                score = scores[row.id]
                name = f"{entry.detector}: {'not scored' if score is None else f'{score:.2f}'}"
                heat[f"{name}{' ' * number}"] = _png(with_heat(small, heat_map, outline))
        examples.append(Example(f"{row.forger} ({row.family})", _png(with_outline(small, outline)), heat))
    return sorted(examples, key=lambda example: example.title)


def _png(picture: np.ndarray) -> str:
    _, encoded = cv2.imencode(".png", picture)
    return base64.b64encode(encoded.tobytes()).decode()
