"""``tamperscope inject --batch``: the rows of a plan, with progress and a table of what became of each."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tamperscope.forge.batch import Outcome

TABLE = "injections.csv"
_FAILURES_SHOWN = 20


def inject_batch(plan: Path, out: Path) -> bool:
    """Do the rows of a plan that are not done yet.

    Returns:
        Whether every row has its file.
    """
    from tqdm import tqdm

    from tamperscope.forge.batch import run_plan
    from tamperscope.forge.injector import Injector
    from tamperscope.forge.plan import read_plan
    from tamperscope.report.visible import visible

    rows = read_plan(plan)
    outcomes: list[Outcome] = []
    failed = 0
    try:
        with tqdm(total=len(rows), unit="row", disable=None, leave=False) as progress:
            for outcome in run_plan(rows, out, Injector.load()):
                outcomes.append(outcome)
                progress.update()
                if outcome.status == "failed":
                    failed += 1
                    if failed <= _FAILURES_SHOWN:
                        with tqdm.external_write_mode():
                            click.echo(f"row {outcome.number}: {visible(outcome.reason)}", err=True)
    finally:
        # Also after Ctrl-C: what is done can be looked up.
        if outcomes:
            _write_table(outcomes, out)
    counts = Counter(outcome.status for outcome in outcomes)
    click.echo(
        f"{len(rows)} rows: {counts['done']} done, {counts['there already']} there already, {failed} failed. "
        f"See {out / TABLE}"
    )
    return not failed


def _write_table(outcomes: Sequence[Outcome], out: Path) -> None:
    from tamperscope.io.files import write_atomically
    from tamperscope.report.table import harmless

    text = io.StringIO(newline="")
    table = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(["row", "image", "status", "file", "reason"])
    for outcome in sorted(outcomes, key=lambda outcome: outcome.number):
        file = outcome.file.name if outcome.file else ""
        cells = (outcome.number, outcome.image, outcome.status, file, outcome.reason)
        table.writerow([harmless(cell) for cell in cells])
    write_atomically(out / TABLE, text.getvalue().encode("utf-8", "replace"))
