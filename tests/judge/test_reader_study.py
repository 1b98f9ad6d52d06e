import math
import random

import numpy as np
import pytest

from tamperscope.judge.reader_study import ReaderStudy
from tests.judge.studies import rows, study


def test_order_of_rows_does_not_matter():
    shuffled = list(rows("franken"))
    random.Random(1).shuffle(shuffled)
    first, second = study("franken"), ReaderStudy.from_rows(shuffled)
    place = [[second.cases.index(c) for c in first.cases], [second.readers.index(r) for r in first.readers]]
    modalities = [second.modalities.index(m) for m in first.modalities]
    np.testing.assert_array_equal(second.ratings[np.ix_(modalities, place[1], place[0])], first.ratings)
    np.testing.assert_array_equal(second.truth[place[0]], first.truth)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [], "no readings"),
        (lambda rows: rows[:-1], "1 readings are missing, the first: reader 2, case d"),
        (lambda rows: [*rows, rows[0]], "twice"),
        (lambda rows: [*rows[:-1], (2, "d", "m", 0, 1.0)], "truth 0 in one row"),
        (lambda rows: [*rows[:-1], (2, "d", "m", 2, 1.0)], "truth is 0 or 1"),
        (lambda rows: [*rows[:-1], (2, "d", "m", 1, math.nan)], "nan"),
        (lambda rows: [(*row[:3], 1, 1.0) for row in rows], "both needed"),
    ],
)
def test_bad_rows_are_refused(change, message):
    good = [(r, c, "m", int(c in "cd"), 1.0) for r in (1, 2) for c in "abcd"]
    assert ReaderStudy.from_rows(good).ratings.shape == (1, 2, 4)
    with pytest.raises(ValueError, match=message):
        ReaderStudy.from_rows(change(good))
