import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score

from tamperscope.judge.confusion import ConfusionTable

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_counts_and_rates_agree_with_scikit_learn(pairs):
    truth, calls = (list(column) for column in zip(*pairs, strict=True))
    table = ConfusionTable.from_decisions(truth, calls)
    tn, fp, fn, tp = confusion_matrix(truth, calls, labels=[False, True]).ravel()
    assert (table.tn, table.fp, table.fn, table.tp) == (tn, fp, fn, tp)
    assert table.accuracy.value == pytest.approx(accuracy_score(truth, calls))
    for rate, function, positive in (
        (table.ppv, precision_score, True),
        (table.npv, precision_score, False),
        (table.tpr, recall_score, True),
        (table.tnr, recall_score, False),
    ):
        if rate.n:
            other = function(truth, calls, pos_label=positive, zero_division=np.nan)
            assert rate.value == pytest.approx(other)


@given(PAIRS)
def test_swapping_the_classes_swaps_the_rates(pairs):
    truth, calls = (np.array(column) for column in zip(*pairs, strict=True))
    table = ConfusionTable.from_decisions(truth, calls)
    swapped = ConfusionTable.from_decisions(~truth, ~calls)
    assert (table.npv, table.tnr) == (swapped.ppv, swapped.tpr)
    assert table.accuracy == swapped.accuracy
    assert ConfusionTable.from_decisions(~truth, ~calls) + table == swapped + table


def test_the_threshold_itself_is_called_real():
    assert ConfusionTable.from_scores([0, 1, 1], [0.5, 0.5, 0.6]) == ConfusionTable(1, 1, 0, 1)


def test_an_empty_row_is_told_as_such():
    table = ConfusionTable(tn=5, fn=2, fp=0, tp=0)
    assert math.isnan(table.ppv.value)
    assert "PPV: n/a" in table.to_markdown()
    assert json.loads(json.dumps(table.as_dict(), allow_nan=False))["rates"]["PPV"]["value"] is None


def test_markdown_with_intervals():
    text = ConfusionTable(tn=46, fn=7, fp=3, tp=45).to_markdown()
    assert "| accuracy | 90.1 % | 91 of 101 | 82.7 to 94.5 % | 82.5 to 95.1 % |" in text


@pytest.mark.parametrize(
    ("labels", "decisions", "message"),
    [
        ([0, 1], [0], "2 labels but 1"),
        ([0, 2], [0, 1], "labels must be 0"),
        (["real", "fake"], [0, 1], "labels must be 0"),
        ([0, 1], [0, math.nan], "decisions must be 0"),
        ([[0, 1]], [0, 1], "shape"),
    ],
)
def test_bad_input_is_refused(labels, decisions, message):
    with pytest.raises(ValueError, match=message):
        ConfusionTable.from_decisions(labels, decisions)


def test_bad_counts_and_scores_are_refused():
    with pytest.raises(ValueError, match="fp is a count"):
        ConfusionTable(1, 1, -1, 1)
    with pytest.raises(ValueError, match="nan"):
        ConfusionTable.from_scores([0, 1], [0.1, math.nan])
