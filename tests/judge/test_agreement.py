import math

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from tamperscope.judge.agreement import cohen_kappa, cross_table, fleiss_kappa, krippendorff_alpha

NAN = math.nan
# Krippendorff, Computing Krippendorff's alpha-reliability (2011), section C: 4 observers, 12 units, 7 answers
# missing.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
PAIRS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=4, max_size=40)


@given(PAIRS, st.sampled_from(["none", "linear", "quadratic"]))
def test_cohen_agrees_with_scikit_learn_and_statsmodels(pairs, weights):
    first, second = zip(*pairs, strict=True)
    table = cross_table(first, second, categories=(1, 2, 3, 4))
    mine = cohen_kappa(table, weights)
    if math.isnan(mine.value):
        assert len(set(first) | set(second)) == 1
        return
    other = cohen_kappa_score(first, second, labels=[1, 2, 3, 4], weights=None if weights == "none" else weights)
    assert mine.value == pytest.approx(other, abs=1e-9)
    with np.errstate(all="ignore"):
        third = inter_rater.cohens_kappa(table, wt=None if weights == "none" else weights)
    assert mine.value == pytest.approx(third.kappa, abs=1e-9)
    # Where the variance is 0 but for rounding, statsmodels takes the root of a negative number.
    expected = 0.0 if math.isnan(third.std_kappa) else third.std_kappa
    assert mine.standard_error == pytest.approx(expected, abs=1e-6)


@given(PAIRS)
def test_kappa_does_not_care_who_is_first_or_what_the_answers_are_called(pairs):
    first, second = zip(*pairs, strict=True)
    table = cross_table(first, second, categories=(1, 2, 3, 4))
    for weights in ("none", "linear", "quadratic"):
        value = cohen_kappa(table, weights).value
        assert cohen_kappa(table.T, weights).value == pytest.approx(value, nan_ok=True)
        assert cohen_kappa(table[::-1, ::-1], weights).value == pytest.approx(value, nan_ok=True)
    shuffled = table[np.ix_([2, 0, 3, 1], [2, 0, 3, 1])]
    assert cohen_kappa(shuffled).value == pytest.approx(cohen_kappa(table).value, nan_ok=True)


def test_cohen_interval_stays_below_one():
    kappa = cohen_kappa([[20, 1], [1, 20]])
    low, high, _ = kappa.interval()
    assert low < kappa.value < high <= 1.0
    assert math.isnan(cohen_kappa([[5, 0], [0, 0]]).value)


def test_fleiss_published():
    # Ten subjects by fourteen raters into five categories, the textbook example of Fleiss' kappa: 0.210.
    table = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    kappa = fleiss_kappa(table)
    assert f"{kappa.value:.3f} {kappa.observed:.3f} {kappa.expected:.3f}" == "0.210 0.378 0.213"
    assert kappa.value == pytest.approx(inter_rater.fleiss_kappa(np.array(table)))


@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=2, max_size=20))
def test_fleiss_agrees_with_statsmodels(answers):
    table, _ = inter_rater.aggregate_raters(np.array(answers), n_cat=4)
    mine = fleiss_kappa(table)
    if math.isnan(mine.value):
        assert len(set(np.ravel(answers))) == 1
    else:
        assert mine.value == pytest.approx(inter_rater.fleiss_kappa(table))


@pytest.mark.parametrize(("metric", "printed"), [("nominal", "0.743"), ("ordinal", "0.815"), ("interval", "0.849")])
def test_krippendorff_published(metric, printed):
    assert f"{krippendorff_alpha(FOUR_OBSERVERS, metric):.3f}" == printed


@given(st.integers(0, 10_000), st.sampled_from(["nominal", "ordinal", "interval"]))
def test_krippendorff_agrees_with_the_package(seed, metric):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(1, 5, size=(4, 12)).astype(float)
    ratings[rng.random(ratings.shape) < 0.3] = NAN
    mine = krippendorff_alpha(ratings, metric)
    assert mine == pytest.approx(krippendorff.alpha(ratings, level_of_measurement=metric), abs=1e-9)
    assert krippendorff_alpha(ratings[::-1, ::-1], metric) == pytest.approx(mine)
    if metric != "nominal":
        assert krippendorff_alpha(10 - 2 * ratings, metric) == pytest.approx(mine)
    if metric == "ordinal":
        assert krippendorff_alpha(np.exp(ratings), metric) == pytest.approx(mine)


def test_nothing_to_disagree_on():
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cohen_kappa([[1, 2, 3], [1, 2, 3]]), "square"),
        (lambda: cohen_kappa([[0, 0], [0, 0]]), "counts"),
        (lambda: cohen_kappa([[1, 0], [0, 1]], "cubic"), "weights"),
        (lambda: cross_table([1], [1, 2]), "1 answers"),
        (lambda: cross_table([1], [9], categories=[1, 2]), "categories"),
        (lambda: fleiss_kappa([[3, 0], [1, 1]]), "same number"),
        (lambda: fleiss_kappa([[1, 0], [0, 1]]), "same number"),
        (lambda: fleiss_kappa([1, 2]), "shape"),
        (lambda: krippendorff_alpha([1, 2]), "shape"),
        (lambda: krippendorff_alpha([[1, NAN], [NAN, 2]]), "two answers"),
        (lambda: krippendorff_alpha([[1, math.inf], [1, 2]]), "infinite"),
        (lambda: krippendorff_alpha([[1, 2], [1, 2]], "ratio"), "metric"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
