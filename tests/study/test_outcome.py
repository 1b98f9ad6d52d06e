"""Export, analysis and simulated readers."""

import csv
import json
import sqlite3

import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.study.analyse import LABEL, MIXED_LABEL, analyse_study
from tamperscope.study.export import export_study, spreadsheet_safe
from tamperscope.study.simulate import simulate_readers

from .conftest import answer_event, make_study, truth_of


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    study = make_study(tmp_path_factory.mktemp("simulated"), simulated=True)
    simulate_readers(study, seed=3)
    return study


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_export_gives_back_what_was_said_with_the_truth(reader, study, tmp_path):
    case = reader.session()["parts"][0]["cases"][2]["id"]
    reader.act(case, answer_event("health", "unhealthy"), answer_event("remark", '=HYPERLINK("http://x")'))
    export_study(study, tmp_path / "out")
    (row,) = [one for one in rows_of(tmp_path / "out" / "readings.csv") if one["case"] == case]
    assert (row["answer.health"], row["number"], row["state"]) == ("unhealthy", "3", "begun")
    assert row["answer.remark"] == '\'=HYPERLINK("http://x")'
    assert row["forger"] == truth_of(study)[row["image"]]["forger"]
    exact = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    (same,) = [one for one in exact["readings"] if one["case"] == case]
    assert same["answer.remark"] == '=HYPERLINK("http://x")'


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "|x", "＝1"])
def test_no_cell_is_a_formula(text):
    assert spreadsheet_safe(text).startswith("'")


def test_analysis_counts_what_the_readers_said(simulated, tmp_path):
    analyse_study(simulated, tmp_path / "report")
    export_study(simulated, tmp_path / "export")
    rows = [one for one in rows_of(tmp_path / "export" / "readings.csv") if one["part"] == "second"]
    figures = json.loads((tmp_path / "report" / "figures.json").read_text(encoding="utf-8"))
    table = figures["parts"]["second"]["detection"]["table"]
    assert sum(table[name] for name in ("tn", "fn", "fp", "tp")) == len(rows) == 18
    assert table["tp"] == sum(r["truth"] == "fake" and r["answer.authenticity"] == "fake" for r in rows)
    assert figures["parts"]["second"]["mrmc"]["cases"] == {"positive": 2, "negative": 4}
    for name in ("report.html", "report.md"):
        assert LABEL in (tmp_path / "report" / name).read_text(encoding="utf-8")
    assert {row["simulated"] for row in rows} == {"yes"}


def test_a_report_on_people_and_simulated_readers_says_which_are_which(tmp_path):
    study = make_study(tmp_path, simulated=True)
    simulate_readers(study, seed=3)
    with sqlite3.connect(study / "study.db") as database:
        database.execute("UPDATE reader SET simulated = 0 WHERE id = 'reader-2'")
    analyse_study(study, tmp_path / "report")
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert text.count(MIXED_LABEL) == 3  # on top and at each part
    assert LABEL not in text
    assert "| Reader 1 (simulated) |" in text
    assert "| Reader 2 |" in text


def test_people_are_never_simulated(study):
    with pytest.raises(TamperscopeError, match="people's answers stay theirs"):
        simulate_readers(study)
