"""Tables of sources: CSV files of any separator, and the first sheet of a workbook."""

from __future__ import annotations

import csv
from pathlib import Path

from tamperscope.errors import TamperscopeError


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV, TSV or XLSX file as text, by stripped column names.

    Raises:
        TamperscopeError: the file can't be read as a table.
    """
    try:
        return _workbook(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
        raise TamperscopeError(f"{path.name} can't be read as a table: {error}.") from error


def needed(row: dict[str, str], column: str, path: Path) -> str:
    """A cell.

    Raises:
        TamperscopeError: the table has no such column.
    """
    if column not in row:
        raise TamperscopeError(f"{path.name} has no column '{column}': is it the owner's own file?")
    return row[column]


def _csv(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = csv.DictReader(text.splitlines(), delimiter=separator)
    return [
        {(key or "").strip(): (value or "").strip() for key, value in row.items() if not isinstance(value, list)}
        for row in rows
    ]


def _workbook(path: Path) -> list[dict[str, str]]:
    from openpyxl import load_workbook

    sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    lines = sheet.iter_rows(values_only=True)
    names = ["" if cell is None else str(cell).strip() for cell in next(lines, ())]
    return [
        {name: "" if cell is None else str(cell).strip() for name, cell in zip(names, line, strict=False)}
        for line in lines
        if any(cell is not None for cell in line)
    ]
