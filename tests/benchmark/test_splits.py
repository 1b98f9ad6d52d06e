from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamperscope.benchmark.cesm import Case, load_cases
from tamperscope.benchmark.splits import fold_by_patients, hold_out, leave_out, patient_folds, split_by_patients
from tamperscope.errors import TamperscopeError


def case(number, first, last):
    return Case(f"IM{number:04}", Path("x"), "train", (first, last), True, (), ())


brackets = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 15)), min_size=12, max_size=60)


@given(brackets, st.integers(2, 4))
def test_no_patient_can_be_on_both_sides(brackets, count):
    cases = [case(i, first, first + extent) for i, (first, extent) in enumerate(brackets)]
    if len({c.patients for c in cases}) < 3 * count:
        return
    folds = patient_folds(cases, count)
    tested = [c.name for fold in folds for c in fold.test]
    assert len(tested) == len(set(tested))
    for fold in folds:
        assert len(fold.train) + len(fold.test) + len(fold.left_out) == len(cases)
        for test in fold.test:
            for train in fold.train:
                # No patient number is possible for both.
                assert test.patients[1] < train.patients[0] or train.patients[1] < test.patients[0]


def test_image_of_uncertain_patient_is_left_out_where_it_may_cross():
    cases = [case(1, 1, 1), case(2, 1, 5), case(3, 5, 5), case(4, 9, 9)]
    fold = fold_by_patients(cases, 1, 4)
    assert [c.name for c in fold.test] == ["IM0001"]
    assert [c.name for c in fold.left_out] == ["IM0002"]
    assert [c.name for c in fold.train] == ["IM0003", "IM0004"]


def test_hold_out_keeps_as_much_as_it_can():
    cases = [case(i, i, i) for i in range(20)] + [case(99, 0, 9)]
    fold = hold_out(cases, least=4)
    assert len(fold.test) == 4
    assert not fold.left_out


@given(brackets, st.integers(0, 6))
def test_what_is_left_out_is_on_neither_side(brackets, least):
    cases = [case(i, first, first + extent) for i, (first, extent) in enumerate(brackets)]
    if len({c.patients for c in cases}) < 9:
        return
    for fold in patient_folds(cases, 3):
        try:
            more = leave_out(fold, least=least)
        except TamperscopeError:
            continue
        assert more.test == fold.test
        assert len(more.left_out) >= least
        assert sorted(c.name for c in (*more.train, *more.test, *more.left_out)) == sorted(c.name for c in cases)
        if len(fold.left_out) >= least:
            assert more == fold
        # What was held back, but for images whose own range reaches across a cut, is of none of the patients that are
        # still learnt from.
        seen = {number for c in more.train for number in range(c.patients[0], c.patients[1] + 1)}
        moved = [c for c in more.left_out if c in fold.train]
        apart = [c for c in moved if seen.isdisjoint(range(c.patients[0], c.patients[1] + 1))]
        assert len(apart) >= least - len(fold.left_out)


def test_a_calibration_learns_of_other_patients_than_the_network():
    cases = [case(i, i // 2, i // 2) for i in range(60)]
    fold = leave_out(fold_by_patients(cases, 0, 9), least=8)
    assert len(fold.left_out) == 8
    assert len(fold.train) == 32
    assert {c.patients for c in fold.left_out}.isdisjoint(c.patients for c in fold.train)


def test_more_than_there_is_can_not_be_left_out():
    cases = [case(i, i, i) for i in range(6)]
    with pytest.raises(TamperscopeError, match="5 images can't be held out of 4"):
        leave_out(fold_by_patients(cases, 0, 1), least=5)


@given(brackets, st.lists(st.integers(1, 9), min_size=2, max_size=4))
def test_parts_are_disjoint_in_the_order_of_the_shares(brackets, shares):
    cases = [case(i, first, first + extent) for i, (first, extent) in enumerate(brackets)]
    if len({c.patients for c in cases}) < 3 * len(shares):
        return
    parts = split_by_patients(cases, shares)
    assert len(parts) == len(shares)
    assert all(first <= last for first, last in parts)
    assert all(one[1] < other[0] for one, other in pairwise(parts))


def test_parts_are_as_large_as_their_shares():
    cases = [case(i, i // 2, i // 2) for i in range(400)]
    sizes = [sum(a <= c.patients[0] <= b for c in cases) for a, b in split_by_patients(cases, [6, 1, 3])]
    assert sum(sizes) == 400
    assert sizes == pytest.approx([240, 40, 120], abs=8)


def test_more_parts_than_patients_are_refused():
    with pytest.raises(ValueError, match="at least as many patients"):
        split_by_patients([case(1, 1, 1), case(2, 2, 2)], [1, 1, 1])


@pytest.mark.data
def test_the_sources_own_split_and_folds(cesm_folder):
    cases = load_cases(cesm_folder)
    assert len(cases) == 106
    assert sum(bool(c.masses) for c in cases) == 30
    assert sum(len(c.regions) for c in cases) == 137
    train = {n for c in cases if c.split == "train" for n in range(c.patients[0], c.patients[1] + 1)}
    assert not any(c.patients[0] in train or c.patients[1] in train for c in cases if c.split == "val")
    folds = patient_folds(cases, 4)
    assert sum(len(fold.test) for fold in folds) >= 75
    assert min(len(fold.test) for fold in folds) >= 15


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(TamperscopeError, match=r"images\.csv"):
        load_cases(tmp_path)
