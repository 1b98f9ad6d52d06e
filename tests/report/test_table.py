import csv
import io
from pathlib import Path

import pytest

from tamperscope.detect.finding import Finding
from tamperscope.report.outcome import Outcome, describe
from tamperscope.report.table import COLUMNS, write_table


def rows_of(tmp_path, *paths, reason="why."):
    finding = Finding("not-scored", None, 0.5, reason)
    outcomes = [Outcome(describe(Path(p), finding, sha256=None, mammogram=None), tmp_path / "x") for p in paths]
    write_table(outcomes, tmp_path / "findings.csv")
    text = (tmp_path / "findings.csv").read_bytes().decode("utf-8")
    return text, list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", "\n", " =", "＝"])
def test_no_cell_starts_a_formula(tmp_path, start):
    _, rows = rows_of(tmp_path, f"{start}cmd|' /C calc'!A0")
    assert rows[0]["path"] == f"'{start}cmd|' /C calc'!A0"
    _, rows = rows_of(tmp_path, "a.dcm", reason=f"{start}1+1")
    assert rows[0]["reason"].startswith("'")


def test_a_semicolon_does_not_split_a_cell(tmp_path):
    text, _ = rows_of(tmp_path, 'a;=1+1";,b.dcm')
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_columns_and_order(tmp_path):
    _, rows = rows_of(tmp_path, "b.dcm", "a.dcm")
    assert tuple(rows[0]) == COLUMNS
    assert [row["path"] for row in rows] == ["b.dcm", "a.dcm"]
    assert (rows[0]["score"], rows[0]["regions"]) == ("", "0")
