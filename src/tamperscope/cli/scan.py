"""``tamperscope scan``: has each mammogram been tampered with?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from tamperscope.cli.main import EXIT_FAKE, EXIT_PROBLEM

_COLOURS = {"real": "green", "fake": "red", "not-scored": "yellow"}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the results.")
@click.option(
    "--format",
    "table",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="csv adds OUT/findings.csv, one row an image.",
)
@click.option("--detector", default="forensic-transfer", show_default=True, help="Which detector.")
@click.pass_context
def scan(ctx: click.Context, paths: tuple[Path, ...], out: Path, table: str, detector: str) -> int:
    """Scan files and folders.

    Writes for each image NAME.json and, if it was scored, NAME.heatmap.png and NAME.scores.npy (61 x 61), folders
    mirrored below OUT, and one report.html for all. An image that can't be scored says why; it is never called real.
    """
    from tqdm import tqdm

    from tamperscope.detect.detector import Detector
    from tamperscope.errors import TamperscopeError
    from tamperscope.report.batch import find_inputs, scan_batch
    from tamperscope.report.page import write_report
    from tamperscope.report.table import write_table

    inputs = find_inputs(paths, out)
    if not inputs.images:
        skipped = f" {len(inputs.skipped)} other files were skipped." if inputs.skipped else ""
        raise TamperscopeError(f"there is no image in {', '.join(str(path) for path in paths)}.{skipped}")
    loaded = Detector.load(detector)
    out.mkdir(parents=True, exist_ok=True)

    debug = bool(ctx.find_root().params.get("debug"))
    outcomes = []
    with tqdm(total=len(inputs.images), unit="image", disable=None, leave=False) as progress:
        for outcome in scan_batch(inputs.images, out, loaded, debug=debug):
            outcomes.append(outcome)
            tqdm.write(_line(outcome.facts), file=click.get_text_stream("stdout"))
            progress.update()
    for path, reason in inputs.skipped:
        click.echo(f"skipped     {_plain(str(path))}: {reason}")
    if table == "csv":
        write_table(outcomes, out / "findings.csv")
    report = write_report(outcomes, out / "report.html", skipped=inputs.skipped, model=loaded.model)

    counts = Counter(outcome.verdict for outcome in outcomes)
    click.echo(
        f"{len(outcomes)} image{'s' * (len(outcomes) != 1)}: {counts['real']} real, {counts['fake']} fake, "
        f"{counts['not-scored']} not scored. See {report}"
    )
    if counts["not-scored"]:
        return EXIT_PROBLEM
    return EXIT_FAKE if counts["fake"] else 0


def _line(facts: dict) -> str:
    verdict = click.style(f"{facts['verdict']:<11}", fg=_COLOURS[facts["verdict"]], bold=True)
    path = _plain(facts["path"])
    if facts["score"] is None:
        return f"{verdict} {path}: {facts['reason']}"
    areas = len(facts["regions"])
    return f"{verdict} {facts['score']:.3f}  {path}  ({areas} suspicious area{'s' * (areas != 1)})"


def _plain(text: str) -> str:
    """A path as one line, also where its name holds control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)
