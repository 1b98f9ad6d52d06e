import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import AnovaRM, anova_lm

from tamperscope.judge.delong import delong_test
from tamperscope.judge.error_covariance import auc_by_reader, auc_covariance, jackknife_covariance
from tamperscope.judge.localisation import MarkedImage, jafroc
from tamperscope.judge.mrmc import mean_squares, mrmc_auc, obuchowski_rockette


def simulate(rng, modalities=2, readers=5, positive=20, negative=25, distance=1.2, levels=None, effect=0.0):
    """Ratings after Roe & Metz, Acad. Radiol. 4 (1997) 298-303, with high correlations between cases."""
    truth = np.repeat([1, 0], [positive, negative])
    shape = (modalities, readers, truth.size)
    ratings = distance * truth + effect * np.arange(modalities)[:, None, None] * truth
    ratings = ratings + rng.normal(scale=0.15, size=(1, readers, 2))[..., truth]
    ratings = ratings + rng.normal(scale=0.1, size=(modalities, readers, 2))[..., truth]
    ratings = ratings + rng.normal(scale=math.sqrt(0.3), size=(1, 1, truth.size))
    ratings = ratings + rng.normal(scale=math.sqrt(0.3), size=(modalities, 1, truth.size))
    ratings = ratings + rng.normal(scale=math.sqrt(0.2), size=(1, readers, truth.size))
    ratings = ratings + rng.normal(scale=math.sqrt(0.2), size=shape)
    return truth, np.round(ratings * levels) if levels else ratings


def dbm(truth, ratings):
    """Dorfman-Berbaum-Metz with Hillis' (2007) degrees of freedom, by a three-way ANOVA of pseudovalues."""
    t, r, n = ratings.shape
    whole = auc_by_reader(truth, ratings)
    pseudo = np.empty(ratings.shape)
    for case in range(n):
        keep = np.arange(n) != case
        pseudo[..., case] = n * whole - (n - 1) * auc_by_reader(truth[keep], ratings[..., keep])
    index = np.indices(pseudo.shape).reshape(3, -1)
    frame = pd.DataFrame({"y": pseudo.ravel(), "t": index[0], "r": index[1], "c": index[2]})
    fit = ols("y ~ C(t) + C(r) + C(c) + C(t):C(r) + C(t):C(c) + C(r):C(c)", frame).fit()
    table = anova_lm(fit)
    square = table["sum_sq"] / table["df"]
    tr, extra = square["C(t):C(r)"], max(square["C(t):C(c)"] - square["Residual"], 0.0)
    return square["C(t)"] / (tr + extra), (tr + extra) ** 2 / (tr**2 / ((t - 1) * (r - 1)))


@pytest.mark.parametrize("modalities", [2, 3])
def test_pseudovalue_anova_gives_the_same_f(modalities):
    truth, ratings = simulate(np.random.default_rng(7), modalities, readers=4, positive=8, negative=9, levels=3)
    statistic, df = dbm(truth, ratings)
    test = mrmc_auc(truth, ratings).random_readers_random_cases.test
    assert test.statistic == pytest.approx(statistic)
    assert test.df == pytest.approx((modalities - 1, df))
    assert test.p_value == pytest.approx(stats.f.sf(statistic, modalities - 1, df))


@pytest.mark.parametrize("modalities", [2, 4])
def test_fixed_cases_are_a_repeated_measures_anova(modalities):
    truth, ratings = simulate(np.random.default_rng(3), modalities)
    figures = auc_by_reader(truth, ratings)
    frame = pd.DataFrame([(i, j, figures[i, j]) for i in range(modalities) for j in range(5)], columns=["t", "r", "y"])
    table = AnovaRM(frame, "y", "r", within=["t"]).fit().anova_table
    result = mrmc_auc(truth, ratings).random_readers_fixed_cases
    assert result.test.statistic == pytest.approx(table["F Value"].iloc[0])
    assert result.test.p_value == pytest.approx(table["Pr > F"].iloc[0])
    if modalities == 2:
        paired = stats.ttest_rel(figures[0], figures[1])
        assert result.differences[0].p_value == pytest.approx(paired.pvalue)
        ends = paired.confidence_interval(0.95)
        assert result.differences[0].interval[:2] == pytest.approx((ends.low, ends.high))


def test_one_reader_is_delongs_test():
    truth, ratings = simulate(np.random.default_rng(1), readers=1)
    result = mrmc_auc(truth, ratings, covariance="DeLong")
    other = delong_test(truth, ratings[0, 0], ratings[1, 0])
    assert result.random_readers_random_cases is None
    assert result.random_readers_fixed_cases is None
    assert result.components is None
    fixed = result.fixed_readers_random_cases
    assert fixed.test.statistic == pytest.approx(other.statistic**2)
    assert fixed.test.p_value == pytest.approx(other.p_value)
    assert fixed.differences[0].p_value == pytest.approx(other.p_value)


def test_fixed_readers_are_delongs_variance_of_the_mean():
    """With equal covariances or not, a mean over fixed readers has the variance that the covariances say."""
    truth, ratings = simulate(np.random.default_rng(2))
    errors = auc_covariance(truth, ratings, "DeLong")
    contrast = np.stack([np.full(5, 0.2), np.full(5, -0.2)])
    variance = np.einsum("ij,ijkl,kl->", contrast, errors.covariance, contrast)
    estimate = obuchowski_rockette(errors).fixed_readers_random_cases.differences[0]
    assert estimate.standard_error == pytest.approx(math.sqrt(variance))


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_shortcut_jackknife_is_the_general_one(seed):
    truth, ratings = simulate(np.random.default_rng(seed), 2, 3, positive=5, negative=6, levels=2)
    quick = auc_covariance(truth, ratings)
    slow = jackknife_covariance(lambda cases: auc_by_reader(truth[cases], ratings[..., cases]), truth.size)
    np.testing.assert_allclose(quick.figures, slow.figures)
    np.testing.assert_allclose(quick.covariance, slow.covariance, atol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["jackknife", "DeLong", "unbiased"]))
def test_invariances(seed, method):
    truth, ratings = simulate(np.random.default_rng(seed), 3, 4, positive=8, negative=7, levels=2)
    first = mrmc_auc(truth, ratings, covariance=method)
    whole = first.random_readers_random_cases.test.p_value
    for same in (
        mrmc_auc(truth, np.exp(ratings / 3), covariance=method),
        mrmc_auc(1 - truth, -ratings, covariance=method),
        mrmc_auc(1 - truth, ratings, covariance=method),
        mrmc_auc(truth, ratings[::-1, ::-1], covariance=method),
        mrmc_auc(truth[::-1], ratings[..., ::-1], covariance=method),
    ):
        assert same.random_readers_random_cases.test.p_value == pytest.approx(whole)
        assert same.fixed_readers_random_cases.test.p_value == pytest.approx(
            first.fixed_readers_random_cases.test.p_value
        )


@given(st.integers(0, 10_000))
def test_mean_squares_add_up(seed):
    table = np.random.default_rng(seed).random((3, 4))
    squares = mean_squares(table)
    total = ((table - table.mean()) ** 2).sum()
    assert 2 * squares["T"] + 3 * squares["R"] + 6 * squares["TR"] == pytest.approx(total)


def test_marks_can_be_jackknifed_too():
    rng = np.random.default_rng(6)
    images = [
        [
            [
                MarkedImage((rng.normal() + 1,) if case < 8 else (), tuple(rng.normal(size=rng.poisson(0.7))))
                for case in range(16)
            ]
            for _ in range(3)
        ]
        for _ in range(2)
    ]
    errors = jackknife_covariance(
        lambda cases: [[jafroc([one[i] for i in cases]) for one in modality] for modality in images], 16
    )
    result = obuchowski_rockette(errors)
    assert result.figures.shape == (2, 3)
    assert 0.0 <= result.random_readers_random_cases.test.p_value <= 1.0


def test_readers_who_are_perfect_and_alike():
    truth = np.repeat([0, 1], 4)
    result = mrmc_auc(truth, np.tile(truth, (2, 3, 1)))
    for analysis in (
        result.random_readers_random_cases,
        result.fixed_readers_random_cases,
        result.random_readers_fixed_cases,
    ):
        assert analysis.test.p_value == 1.0
        assert analysis.differences[0].p_value == 1.0
        assert analysis.modalities[0].interval[:2] == (1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mrmc_auc([0, 1, 1], np.zeros((2, 2, 3))), "at least two"),
        (lambda: mrmc_auc([0, 0, 1, 1], np.zeros((2, 4))), "shape"),
        (lambda: mrmc_auc([0, 0, 1, 1], np.zeros((1, 2, 3))), "one label"),
        (lambda: mrmc_auc([0, 0, 1, 1], np.zeros((1, 2, 4)), covariance="guess"), "method"),
        (lambda: mrmc_auc([0, 0, 1, 1], np.zeros((1, 2, 4)), level=95), "level"),
        (lambda: jackknife_covariance(lambda cases: [[0.5]], 1), "two cases"),
        (lambda: jackknife_covariance(lambda cases: [[math.nan]], 3), "finite"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["jackknife", "DeLong", "unbiased"])
def test_level_and_coverage(method):
    """Under no effect, p < 5 % comes up in about 5 % of studies; intervals for a modality hold the truth."""
    rng = np.random.default_rng(12)
    # Variance of a rating difference between the classes: 2 x (0.3 + 0.3 + 0.2 + 0.2) + 2 x (0.15^2 + 0.1^2).
    truth_area = stats.norm.cdf(1.2 / math.sqrt(2 + 2 * (0.15**2 + 0.1**2)))
    rejected = covered = fixed = 0
    draws = 2000
    for _ in range(draws):
        result = mrmc_auc(*simulate(rng, positive=40, negative=40), covariance=method)
        rejected += result.random_readers_random_cases.test.p_value < 0.05
        fixed += result.fixed_readers_random_cases.test.p_value < 0.05
        covered += truth_area in result.random_readers_random_cases.modalities[0].interval
    print(method, rejected / draws, fixed / draws, covered / draws)
    assert 0.035 <= rejected / draws <= 0.065
    # Readers differ between modalities here, which an analysis for fixed readers rightly calls a difference.
    assert fixed / draws > rejected / draws
    assert 0.925 <= covered / draws <= 0.975
