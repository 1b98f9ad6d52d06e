"""All findings as one CSV table that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tamperscope.report.outcome import Outcome, write_atomically

COLUMNS = ("path", "sha256", "verdict", "score", "threshold", "regions", "reason", "seconds")


def write_table(outcomes: Sequence[Outcome], path: Path) -> None:
    """One row an image, in the order of the scan."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for outcome in outcomes:
        facts = {**outcome.facts, "regions": len(outcome.facts["regions"])}
        table.writerow([_harmless(facts[column]) for column in COLUMNS])
    write_atomically(path, text.getvalue().encode("utf-8", "replace"))


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return "'" + value
    return "" if value is None else value
