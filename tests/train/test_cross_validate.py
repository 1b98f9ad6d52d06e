import csv

import pytest

pytest.importorskip("torch")

from tamperscope.train.cross_validate import Outcome, read_outcomes, summarise, write_outcomes


def test_folds_are_pooled_into_the_reports_table(tmp_path):
    scores = {0: [0.1, 0.9, 0.4, 0.8], 1: [0.6, 0.7, 0.2, 0.3]}
    for fold, values in scores.items():
        outcomes = [Outcome(f"IM{i}", f"{fold}{i}", fold, i % 2, value) for i, value in enumerate(values)]
        write_outcomes(outcomes, tmp_path / f"fold-{fold}.csv")
        assert read_outcomes(tmp_path / f"fold-{fold}.csv") == outcomes
    table = summarise(tmp_path, folds=2)
    # Real: .1 .4 .6 .2, fake: .9 .8 .7 .3
    assert "| **called real** | 3 | 1 | NPV: 75.0 % |" in table
    assert "| **called fake** | 1 | 3 | PPV: 75.0 % |" in table
    assert "AUC 0.875" in table
    assert (tmp_path / "table.md").read_text().startswith("|")
    assert len(list(csv.DictReader((tmp_path / "scores.csv").open()))) == 8
