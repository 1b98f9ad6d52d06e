"""All findings as one CSV table that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tamperscope.io.files import write_atomically
from tamperscope.report.outcome import Outcome

COLUMNS = ("path", "sha256", "verdict", "score", "threshold", "regions", "reason", "seconds")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_table(outcomes: Sequence[Outcome], path: Path) -> None:
    """One row an image, in the order of the scan; ``regions`` is their number."""
    text = io.StringIO(newline="")
    # All text is quoted: a spreadsheet that splits at semicolons must not find a formula behind one.
    table = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(COLUMNS)
    for outcome in outcomes:
        facts = {**outcome.facts, "regions": len(outcome.facts["regions"])}
        table.writerow([harmless(facts[column]) for column in COLUMNS])
    write_atomically(path, text.getvalue().encode("utf-8", "replace"))


def harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front (CWE-1236)."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value
