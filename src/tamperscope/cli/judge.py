"""``tamperscope judge``: tables, intervals and tests from counts and CSV files."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

CsvFile = click.Path(exists=True, dir_okay=False, path_type=Path)
LEVEL = click.option("--level", default=0.95, show_default=True, help="Confidence level.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")

POSITIVE = {"1", "true", "fake", "forged", "abnormal", "diseased"}
NEGATIVE = {"0", "false", "real", "untouched", "normal", "healthy"}


@click.group()
def judge() -> None:
    """Judge how well people and machines tell forged mammograms from untouched ones."""


@judge.command()
@click.option("--draws", default=20_000, show_default=True, help="Draws of the simulated power.")
@click.option("--seed", default=0, show_default=True, help="Seed of the simulated power.")
@LEVEL
@JSON
def paper(draws: int, seed: int, level: float, as_json: bool) -> None:
    """Recompute every figure of the founding report, beside what it prints."""
    from tamperscope.judge.paper import recompute, to_markdown

    with _usage_errors():
        figures = recompute(draws=draws, seed=seed)
        if as_json:
            click.echo(json.dumps([figure.as_dict(level) for figure in figures], indent=2))
            return
        click.echo(_align(to_markdown(figures, level=level)))
    differing = [figure for figure in figures if figure.agrees is False]
    printed = sum(figure.printed is not None for figure in figures)
    click.echo(f"\n{printed - len(differing)} of the {printed} figures that the report prints come out the same.")


@judge.command()
@click.option("--tn", required=True, type=click.IntRange(0), help="Real images called real.")
@click.option("--fn", required=True, type=click.IntRange(0), help="Fake images called real.")
@click.option("--fp", required=True, type=click.IntRange(0), help="Real images called fake.")
@click.option("--tp", required=True, type=click.IntRange(0), help="Fake images called fake.")
@LEVEL
@JSON
def table(tn: int, fn: int, fp: int, tp: int, level: float, as_json: bool) -> None:
    """Rates and intervals of a confusion table, positive meaning fake."""
    from tamperscope.judge.confusion import ConfusionTable

    with _usage_errors():
        counts = ConfusionTable(tn, fn, fp, tp)
        if as_json:
            click.echo(json.dumps(counts.as_dict(level), indent=2))
        else:
            click.echo(_align(counts.to_markdown(level=level)))


@judge.command()
@click.argument("file", type=CsvFile)
@click.option("--threshold", default=0.5, show_default=True, help="A score above it is called fake.")
@click.option("--draws", default=2000, show_default=True, help="Bootstrap resamples of patients.")
@click.option("--seed", default=0, show_default=True, help="Seed of the bootstrap.")
@LEVEL
@JSON
def scores(file: Path, threshold: float, draws: int, seed: int, level: float, as_json: bool) -> None:
    """Judge scores: areas under the ROC curve, rates at few false alarms, the table at a threshold.

    FILE is a CSV file with the columns label (1 or fake, 0 or real) and score, and, if there are, patient
    (for the bootstrap) and group (each group is judged too).
    """
    from tamperscope.judge.confusion import ConfusionTable, percent, percent_range

    rows = list(_rows(file, ("label", "score")))
    with _usage_errors(file):
        labels = [_truth(row["label"], number) for number, row in rows]
        values = [_number(row["score"], "score", number) for number, row in rows]
        patients = [row["patient"] for _, row in rows] if "patient" in rows[0][1] else None
        groups = [row["group"] for _, row in rows] if "group" in rows[0][1] else []
        sets = {"all": list(range(len(rows)))}
        for index, group in enumerate(groups):
            sets.setdefault(f"group {group}", []).append(index)
        results = {}
        for name, chosen in sets.items():
            chosen_labels = [labels[i] for i in chosen]
            if name != "all" and min(chosen_labels.count(0), chosen_labels.count(1)) < 2:
                click.echo(f"{name}: fewer than two images of a class, so it is not judged", err=True)
                continue
            results[name] = _judge_scores(
                chosen_labels,
                [values[i] for i in chosen],
                [patients[i] for i in chosen] if patients else None,
                threshold=threshold,
                draws=draws,
                seed=seed,
                level=level,
            )
    if as_json:
        click.echo(json.dumps(results, indent=2, allow_nan=False))
        return
    for name, result in results.items():
        click.echo(f"{name}: {result['fake']} fake, {result['real']} real images")
        click.echo(f"  area under the ROC curve {result['auc']:.4f}")
        for method in ("logit", "delong", "bootstrap"):
            low, high = result[method]
            by = "bootstrap by patient" if method == "bootstrap" and patients else method
            click.echo(f"    {100 * level:g} % interval, {by}: {low:.4f} to {high:.4f}")
        for point in result["operating_points"]:
            click.echo(
                f"  at most {point['fpr_allowed']:.0%} false alarms: TPR {percent(point['tpr'])} "
                f"(Wilson {percent_range(*point['tpr_wilson'])}), threshold {point['threshold']}"
            )
        click.echo(f"  at the threshold {threshold}:\n")
        click.echo(_align(ConfusionTable(**result["table"]).to_markdown(level=level)) + "\n")


def _judge_scores(
    labels: list[int],
    values: list[float],
    patients: list[str] | None,
    *,
    threshold: float,
    draws: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    from tamperscope.judge.bootstrap import bootstrap_auc
    from tamperscope.judge.confusion import ConfusionTable
    from tamperscope.judge.delong import auc_interval
    from tamperscope.judge.roc import auc, tpr_at_fpr

    points = []
    for allowed in (0.01, 0.05):
        point = tpr_at_fpr(labels, values, allowed)
        points.append(
            {
                "fpr_allowed": allowed,
                "fpr": point.fpr.value,
                "tpr": point.tpr.value,
                "tpr_wilson": point.tpr.wilson(level)[:2],
                "threshold": point.threshold,
            }
        )
    counts = ConfusionTable.from_scores(labels, values, threshold)
    return {
        "fake": sum(labels),
        "real": len(labels) - sum(labels),
        "auc": auc(labels, values),
        "delong": auc_interval(labels, values, level=level, method="delong")[:2],
        "logit": auc_interval(labels, values, level=level, method="logit")[:2],
        "bootstrap": bootstrap_auc(labels, values, patients, draws=draws, seed=seed, level=level).interval[:2],
        "operating_points": points,
        "threshold": threshold,
        "table": {"tn": counts.tn, "fn": counts.fn, "fp": counts.fp, "tp": counts.tp},
    }


@judge.command()
@click.argument("file", type=CsvFile)
@click.option(
    "--covariance",
    type=click.Choice(["jackknife", "DeLong", "unbiased"]),
    default="jackknife",
    show_default=True,
    help="How the covariances of the areas are estimated.",
)
@LEVEL
@JSON
def mrmc(file: Path, covariance: str, level: float, as_json: bool) -> None:
    """Analyse a study of several readers and cases after Obuchowski and Rockette.

    FILE is a CSV file with the columns reader, case, modality, truth (1 or fake, 0 or real) and rating; every
    reader has rated every case in every modality.
    """
    from tamperscope.judge.mrmc import mrmc_auc
    from tamperscope.judge.mrmc_report import as_dict, to_text
    from tamperscope.judge.reader_study import ReaderStudy

    rows = list(_rows(file, ("reader", "case", "modality", "truth", "rating")))
    with _usage_errors(file):
        study = ReaderStudy.from_rows(
            (
                row["reader"],
                row["case"],
                row["modality"],
                _truth(row["truth"], number),
                _number(row["rating"], "rating", number),
            )
            for number, row in rows
        )
        result = mrmc_auc(study.truth, study.ratings, covariance=covariance, level=level)
    if as_json:
        click.echo(json.dumps(as_dict(study, result), indent=2, allow_nan=False))
    else:
        click.echo(to_text(study, result))


@contextmanager
def _usage_errors(file: Path | None = None) -> Iterator[None]:
    """Turn a ValueError into click's usage error: a sentence, and exit code 2."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}" if file else str(error)) from error


def _rows(file: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row of a CSV file with its line number; case and spaces of the column names don't matter."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = [(name or "").strip().lower() for name in reader.fieldnames or []]
            missing = [name for name in wanted if name not in names]
            if missing:
                found = ", ".join(names) or "none"
                raise click.UsageError(f"{file}: no column named {', '.join(missing)}; the columns are {found}")
            reader.fieldnames = names
            empty = True
            for row in reader:
                if any(row[name] is None for name in wanted):
                    raise click.UsageError(f"{file}: line {reader.line_num} has too few columns")
                empty = False
                yield reader.line_num, {name: (row[name] or "").strip() for name in names}
            if empty:
                raise click.UsageError(f"{file}: no rows below the column names")
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.UsageError(f"{file}: not a CSV file in UTF-8 ({error})") from error


def _truth(text: str, line: int) -> int:
    if text.lower() in POSITIVE:
        return 1
    if text.lower() in NEGATIVE:
        return 0
    raise ValueError(f"line {line}: {text!r} is neither 1 or fake nor 0 or real")


def _number(text: str, column: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"line {line}: the {column} {text!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"line {line}: the {column} {text!r} is not finite")
    return value


def _align(markdown: str) -> str:
    """Pad the columns of each Markdown table, so that it reads well in a terminal too."""
    out: list[str] = []
    block: list[list[str]] = []

    def flush() -> None:
        widths = [max(len(row[i]) for row in block if not row[i].startswith("---")) for i in range(len(block[0]))]
        right = [cell.endswith(":") for cell in block[1]]
        for row in block:
            cells = []
            for cell, width, to_right in zip(row, widths, right, strict=True):
                if cell.startswith("---"):
                    cells.append("-" * max(width - to_right, 3 - to_right) + ":" * to_right)
                else:
                    cells.append(cell.rjust(max(width, 3)) if to_right else cell.ljust(max(width, 3)))
            out.append("| " + " | ".join(cells) + " |")
        block.clear()

    for line in markdown.splitlines():
        if line.startswith("|"):
            block.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if block:
            flush()
        out.append(line)
    if block:
        flush()
    return "\n".join(out)
