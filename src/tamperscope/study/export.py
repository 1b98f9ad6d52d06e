"""All that a study has, as files: CSV that is safe to open in a spreadsheet, JSON that is exact, and a dictionary."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tamperscope.errors import TamperscopeError
from tamperscope.study.operator import when
from tamperscope.study.outcome import Judged, Outcome, outcome_of

DICTIONARY = {
    "readings.csv": {
        "reader": "the reader's id",
        "simulated": "yes where no person read, but a simulated reader",
        "part": "the part's id",
        "number": "place of the case in this reader's order, from 1",
        "case": "random id of the case, of this reader alone",
        "image": "random id of the image, the same for all readers",
        "group": "forged, healthy, unhealthy, or real (health unknown)",
        "truth": "real or fake",
        "healthy": "whether the breast is: healthy, unhealthy, or empty where unknown",
        "forger": "what forged it; empty for a real image",
        "source": "the image that it was made from",
        "patient": "patient, or range of patients",
        "state": "new, begun, or done (every required question answered)",
        "seconds": "time at work, s, by the browser's monotonic clock",
        "opened": "how often the case was opened",
        "first": "server's time of the first act, UTC",
        "last": "server's time of the last act, UTC",
        "marks": "how many marks are left",
        "answer.*": "the answer to the question of that id; a choice by its value, a scale 0 to 100",
    },
    "marks.csv": {
        "reader, simulated, part, case, image": "as in readings.csv",
        "mark": "the mark's id",
        "kind": "point, box or ellipse",
        "x, y, width, height": "pixels of the image, from its top left corner; a point has no size",
        "confidence": "0 to 100, or empty",
    },
    "events.csv": {
        "seq": "order of arrival",
        "case_id": "the case",
        "uuid": "id made by the reader's browser",
        "kind": "answer, mark-add, mark-edit, mark-delete, open, close or view",
        "data": "what was said, JSON",
        "client_time": "the reader's wall clock",
        "active_ms": "time at work since the last report, ms, by the browser's monotonic clock",
        "server_time": "seconds since 1970, UTC, by the server's clock",
    },
    "parts.csv": {
        "reader, simulated, part": "as in readings.csv",
        "state": "open, locked, or closed (not open yet)",
        "series_remark": "the reader's remark on the series",
    },
    "audit.csv": {
        "at": "server's time, UTC",
        "by": "reader's id, or operator",
        "kind": "lock, reopen, remark",
        "reader, part": "whose part",
        "text": "reason, or remark",
    },
}


def export_study(folder: str | Path, out: str | Path) -> list[Path]:
    """Write a study's outcome.

    Args:
        folder: The study.
        out: The folder to make; it must not exist, or be empty.

    Returns:
        The files.

    Raises:
        TamperscopeError: see ``outcome_of``; or the folder isn't empty.
    """
    out = Path(out)
    if out.exists() and any(out.iterdir()):
        raise TamperscopeError(f"{out} is not empty.")
    outcome = outcome_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[dict[str, Any]]] = {
        "readings.csv": [_reading_row(one) for one in outcome.judged],
        "marks.csv": [row for one in outcome.judged for row in _mark_rows(one)],
        "events.csv": outcome.events,
        "parts.csv": _part_rows(outcome),
        "audit.csv": [
            {"at": when(e.at), "by": e.by, "kind": e.kind, "reader": e.reader_id, "part": e.part_id, "text": e.text}
            for e in outcome.part_events
        ],
    }
    for name, rows in tables.items():
        _write_csv(out / name, rows)
    exact = {"config": outcome.config.model_dump(mode="json"), "simulated": outcome.simulated}
    exact |= {name.removesuffix(".csv"): rows for name, rows in tables.items()}
    (out / "study.json").write_text(json.dumps(exact, indent=1, ensure_ascii=False), encoding="utf-8")
    (out / "dictionary.json").write_text(json.dumps(DICTIONARY, indent=1), encoding="utf-8")
    rows = [{"file": f, "column": c, "meaning": m} for f, columns in DICTIONARY.items() for c, m in columns.items()]
    _write_csv(out / "dictionary.csv", rows)
    return sorted(out.iterdir())


def _reading_row(one: Judged) -> dict[str, Any]:
    truth, read = one.truth, one.reading
    return {
        "reader": one.reader.id,
        "simulated": "yes" if one.reader.simulated else "no",
        "part": one.part.id,
        "number": one.number,
        "case": one.case_id,
        "image": one.image_id,
        "group": truth["group"],
        "truth": "fake" if truth["forged"] else "real",
        "healthy": {True: "healthy", False: "unhealthy", None: ""}[truth["healthy"]],
        "forger": truth["forger"],
        "source": truth["source"],
        "patient": truth["patient"],
        "state": read.state(one.part.questions),
        "seconds": round(read.seconds, 3),
        "opened": read.opened,
        "first": when(read.first) if read.first else "",
        "last": when(read.last) if read.last else "",
        "marks": len(read.marks),
    } | {f"answer.{question.id}": read.answers.get(question.id) for question in one.part.questions}


def _mark_rows(one: Judged) -> Iterable[dict[str, Any]]:
    for mark in one.reading.marks.values():
        yield {
            "reader": one.reader.id,
            "simulated": "yes" if one.reader.simulated else "no",
            "part": one.part.id,
            "case": one.case_id,
            "image": one.image_id,
            "mark": mark["id"],
            "kind": mark["kind"],
            **mark["shape"],
            "confidence": mark["confidence"],
        }


def _part_rows(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "reader": reader.id,
            "simulated": "yes" if reader.simulated else "no",
            "part": part.id,
            "state": outcome.states[reader.id][part.id],
            "series_remark": outcome.remarks[reader.id, part.id],
        }
        for reader in outcome.readers
        for part in outcome.config.parts
    ]


def spreadsheet_safe(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay.

    >>> spreadsheet_safe("=1+1"), spreadsheet_safe(" @x"), spreadsheet_safe(-3), spreadsheet_safe("a=b")
    ("'=1+1", "' @x", -3, 'a=b')
    """
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "")
    full_width = "＝＋－＠"
    return f"'{value}" if value.lstrip()[:1] in tuple(f"=+-@|%{full_width}") and value.strip() else _no_control(value)


def _no_control(value: str) -> str:
    return f"'{value}" if value[:1] in ("\t", "\r", "\n") else value


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, columns, quoting=csv.QUOTE_MINIMAL)
        writer.writeheader()
        writer.writerows({name: spreadsheet_safe(value) for name, value in row.items()} for row in rows)
