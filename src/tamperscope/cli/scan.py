"""``tamperscope scan``: has each mammogram been tampered with?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamperscope.cli.main import EXIT_FAKE, EXIT_PROBLEM

if TYPE_CHECKING:
    from tamperscope.detect.detectors import Scanner
    from tamperscope.report.outcome import Outcome

_COLOURS = {"real": "green", "fake": "red", "not-scored": "yellow"}
_SKIPPED_SHOWN = 5
_WORTH_PROCESSES = 8
"""Images from which on processes, which take a second to start, are worth it: one may crash, and the others go on."""
_LEAST_EACH = 4
"""Images of each process."""


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
@click.option(
    "--detector",
    type=click.Choice(["multi-cue", "forensic-transfer"]),
    default="multi-cue",
    show_default=True,
    help="forensic-transfer is the report's.",
)
@click.option(
    "--calibration",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of this site's own images, by 'tamperscope calibrate'; for the detector multi-cue.",
)
@click.option(
    "--adaptation",
    "adaptations",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="To a new kind of forgery, by 'tamperscope adapt'; can be given several times.",
)
@click.option("--jobs", type=click.IntRange(1), help="Images read, scored and written at once; by default one a core.")
@click.pass_context
def scan(
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    table: str,
    detector: str,
    calibration: Path | None,
    adaptations: tuple[Path, ...],
    jobs: int | None,
) -> None:
    """Scan files and folders of DICOM, PNG, TIFF, JPEG or NPY images.

    Writes for each image NAME.json and, if it was scored, NAME.heatmap.png and NAME.scores.npy (61 x 61), folders
    mirrored below OUT, and one report.html for all. NAME is the file's name without .dcm, .png and so on, or with it
    where two would meet. An image that can't be scored says why; it is never called real.

    Exit code: 0 all scored and none fake, 1 at least one fake, 2 something could not be scored (2 wins over 1).
    """
    from tqdm import tqdm

    from tamperscope.errors import TamperscopeError
    from tamperscope.report.batch import find_inputs, scan_batch, scan_in_processes
    from tamperscope.report.page import write_report
    from tamperscope.report.table import write_table
    from tamperscope.runtime.memory import keep_freed_memory
    from tamperscope.runtime.network import available_cores

    inputs = find_inputs(paths, out)
    if not inputs.images:
        skipped = f" {len(inputs.skipped)} other files were skipped." if inputs.skipped else ""
        raise TamperscopeError(f"there is no image in {', '.join(str(path) for path in paths)}.{skipped}")
    jobs = min(jobs or available_cores(), len(inputs.images))
    debug = bool(ctx.find_root().params.get("debug"))
    apart = len(inputs.images) >= _WORTH_PROCESSES
    if apart:
        jobs = min(jobs, len(inputs.images) // _LEAST_EACH)
    elif len(inputs.images) > jobs:
        keep_freed_memory()
    load = partial(_load, detector, max(1, available_cores() // jobs), calibration, adaptations)
    loaded = load()
    out.mkdir(parents=True, exist_ok=True)
    scanned = (
        scan_in_processes(inputs.images, out, load, jobs=jobs, debug=debug)
        if apart
        else scan_batch(inputs.images, out, loaded, jobs=jobs, debug=debug)
    )

    outcomes: list[Outcome] = []
    try:
        # Closed before the report is written, so that it tells all that was begun.
        with closing(scanned), tqdm(total=len(inputs.images), unit="image", disable=None, leave=False) as progress:
            for outcome in scanned:
                outcomes.append(outcome)
                # The bar is on stderr, the lines on stdout; click leaves colours out where it is no terminal.
                with tqdm.external_write_mode():
                    click.echo(line_of(outcome.facts))
                progress.update()
    finally:
        # Also after Ctrl-C: what has been scanned can be looked at.
        missing = len(inputs.images) - len(outcomes)
        if outcomes:
            if table == "csv":
                write_table(outcomes, out / "findings.csv")
            report = write_report(
                outcomes, out / "report.html", skipped=inputs.skipped, model=loaded.model, missing=missing
            )
    _echo_skipped(inputs.skipped)
    click.echo(f"{summary_of(outcomes)}. See {report}")
    ctx.exit(exit_code(outcomes))


def _load(name: str, threads: int, calibration: Path | None, adaptations: Sequence[Path]) -> Scanner:
    """The detector with what a site has taught it."""
    from tamperscope.detect.calibration import Calibration
    from tamperscope.detect.cues.adapted import Adaptation
    from tamperscope.detect.detectors import load_detector
    from tamperscope.detect.multi_cue import MultiCueDetector
    from tamperscope.errors import TamperscopeError

    detector = load_detector(name, threads=threads)
    if calibration is None and not adaptations:
        return detector
    if not isinstance(detector, MultiCueDetector):
        raise TamperscopeError("--calibration and --adaptation are for the detector multi-cue.")
    learnt = [Adaptation.load(path, model=detector.model["hash"]) for path in adaptations]
    if calibration is not None:
        detector = detector.calibrated(Calibration.load(calibration))
    return detector.adapted(*learnt) if learnt else detector


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 all scored and none fake, 1 at least one fake, 2 something could not be scored; 2 wins over 1."""
    verdicts = {outcome.verdict for outcome in outcomes}
    if not verdicts <= {"real", "fake"}:
        return EXIT_PROBLEM
    return EXIT_FAKE if "fake" in verdicts else 0


def summary_of(outcomes: Sequence[Outcome]) -> str:
    """How many images have which verdict, in words."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return (
        f"{len(outcomes)} image{'s' * (len(outcomes) != 1)}: {counts['real']} real, {counts['fake']} fake, "
        f"{counts['not-scored']} not scored"
    )


def line_of(facts: dict) -> str:
    """What the terminal says about one image."""
    from tamperscope.report.visible import visible

    verdict = click.style(f"{facts['verdict']:<10}", fg=_COLOURS[facts["verdict"]], bold=True)
    path = visible(facts["path"])
    if facts["score"] is None:
        return f"{verdict}   -    {path}: {visible(facts['reason'])}"
    areas = len(facts["regions"])
    found = f"{areas or 'no'} suspicious area{'s' * (areas != 1)}"
    return f"{verdict} {facts['score']:.3f}  {path}  ({found})"


def _echo_skipped(skipped: Sequence[tuple[Path, str]]) -> None:
    from tamperscope.report.visible import visible

    for path, reason in skipped[:_SKIPPED_SHOWN]:
        click.echo(f"skipped            {visible(str(path))}: {reason}")
    if len(skipped) > _SKIPPED_SHOWN:
        click.echo(f"skipped            {len(skipped) - _SKIPPED_SHOWN} more files; report.html lists them all")
