"""A training's curves: the table, TensorBoard's file, and what a resumed training adds."""

import csv

import pytest

pytest.importorskip("torch")

from tamperscope.errors import TamperscopeError
from tamperscope.train.curves import Curves

COLUMNS = ("step", "loss", "accuracy")


def table(out):
    return list(csv.reader((out / "net.csv").read_text().splitlines()))


def test_table_and_board_hold_the_same_numbers(tmp_path):
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.75, 0.5)
        curves.add(200, 0.5, 0.625)
    assert table(tmp_path) == [list(COLUMNS), ["100", "0.75000", "0.50000"], ["200", "0.50000", "0.62500"]]
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = events.EventAccumulator(str(tmp_path / "curves" / "net")).Reload()
    assert [(point.step, point.value) for point in board.Scalars("loss")] == [(100, 0.75), (200, 0.5)]


def test_a_resumed_training_adds_and_a_new_one_begins_anew(tmp_path):
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.75, 0.5)
    with Curves(tmp_path, "net", COLUMNS, start=100) as curves:
        curves.add(200, 0.5, 0.6)
    assert [row[0] for row in table(tmp_path)] == ["step", "100", "200"]
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.7, 0.5)
    assert [row[0] for row in table(tmp_path)] == ["step", "100"]


def test_entries_that_a_killed_training_will_draw_again_are_dropped(tmp_path):
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.75, 0.5)
        curves.add(200, 0.5, 0.6)
    with Curves(tmp_path, "net", COLUMNS, start=100) as curves:
        curves.add(200, 0.45, 0.6)
    assert [row[0] for row in table(tmp_path)] == ["step", "100", "200"]
    assert table(tmp_path)[-1][1] == "0.45000"


def test_a_column_may_have_no_number(tmp_path):
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.75, None)
    assert table(tmp_path)[-1] == ["100", "0.75000", ""]


def test_a_training_that_failed_stops(tmp_path):
    with Curves(tmp_path, "net", COLUMNS) as curves:
        curves.add(100, 0.75, None)
        with pytest.raises(TamperscopeError, match="loss is nan at step 200"):
            curves.add(200, float("nan"), 0.5)
