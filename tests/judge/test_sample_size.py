import math

import numpy as np
import pytest
from statsmodels.stats.proportion import samplesize_confint_proportion

from tamperscope.judge.mrmc import VarianceComponents, mrmc_auc
from tamperscope.judge.proportions import wilson_centre_and_half_width
from tamperscope.judge.sample_size import (
    cases_for_power,
    hanley_mcneil_error,
    mrmc_power,
    n_for_auc,
    n_for_proportion,
)
from tests.judge.studies import study


def components(name):
    data = study(name)
    return mrmc_auc(data.truth, data.ratings).components


@pytest.mark.parametrize(
    ("readers", "cases", "generalise", "printed"),
    [
        (10, 165, "readers and cases", "0.80541995"),
        (10, 131, "cases", "0.80091813"),
        (10, 53, "readers", "0.80496663"),
        (6, 111, "readers and cases", "0.5526116"),
    ],
)
def test_van_dyke_as_rjafroc_prints_it(readers, cases, generalise, printed):
    # Values asserted in RJafroc's tests of SsPowerGivenJK (dataset02, difference as observed).
    plan = mrmc_power(
        components("van_dyke"), difference=-0.043800322, readers=readers, cases=cases, generalise=generalise
    )
    assert f"{plan.power:.{len(printed) - 2}f}" == printed


def test_plans_as_rjafroc_prints_them():
    # RJafroc: 251 cases for 6 readers and 80 % (Van Dyke); power 0.8004469 with the fewest cases, 6 readers,
    # 0.05 (Franken); noncentrality 4.8 and 23.1 degrees of freedom with 6 readers and 112 cases.
    plan = cases_for_power(components("van_dyke"), difference=-0.043800322, readers=6)
    assert (plan.cases, round(plan.power, 3)) == (251, 0.801)
    plan = cases_for_power(components("franken"), difference=0.05, readers=6)
    assert f"{plan.power:.7f}" == "0.8004469"
    plan = mrmc_power(components("van_dyke"), difference=-0.043800322, readers=6, cases=112)
    assert f"{plan.noncentrality:.1f} {plan.df:.1f} {plan.power:.7f}" == "4.8 23.1 0.5555789"


def test_fewest_cases_are_the_fewest():
    pilot = components("van_dyke")
    plan = cases_for_power(pilot, difference=0.05, readers=8, power=0.9)
    assert mrmc_power(pilot, difference=0.05, readers=8, cases=plan.cases).power >= 0.9
    assert mrmc_power(pilot, difference=0.05, readers=8, cases=plan.cases - 1).power < 0.9


def test_with_few_readers_no_number_of_cases_helps():
    assert cases_for_power(components("van_dyke"), difference=0.01, readers=2) is None


def test_power_grows_with_readers_cases_and_difference():
    pilot = components("van_dyke")
    base = mrmc_power(pilot, difference=0.04, readers=6, cases=100).power
    assert mrmc_power(pilot, difference=0.04, readers=9, cases=100).power > base
    assert mrmc_power(pilot, difference=0.04, readers=6, cases=200).power > base
    assert mrmc_power(pilot, difference=0.06, readers=6, cases=100).power > base
    assert mrmc_power(pilot, difference=-0.04, readers=6, cases=100).power == base
    assert mrmc_power(pilot, difference=0.0, readers=6, cases=100).power == pytest.approx(0.05)


@pytest.mark.parametrize(("share", "half"), [(0.5, 0.1), (0.9, 0.05), (0.725, 0.04), (1.0, 0.03)])
def test_number_for_a_proportion(share, half):
    n = n_for_proportion(share, half)
    assert wilson_centre_and_half_width(share, n)[1] <= half < wilson_centre_and_half_width(share, n - 1)[1]
    if 0.2 < share < 0.8:
        # statsmodels' number is for the normal interval, which is nearly as wide in the middle.
        assert n == pytest.approx(samplesize_confint_proportion(share, half), rel=0.05)


def test_hanley_mcneil_is_exact_for_exponential_scores():
    # Their variance holds exactly for exponential scores, where the area is ratio / (1 + ratio).
    rng = np.random.default_rng(1)
    ratio, m, n, draws = 4.0, 12, 15, 20_000
    fake, real = rng.exponential(ratio, (draws, m, 1)), rng.exponential(1.0, (draws, 1, n))
    areas = (fake > real).mean(axis=(1, 2))
    assert areas.mean() == pytest.approx(0.8, abs=0.003)
    assert areas.std() == pytest.approx(hanley_mcneil_error(0.8, m, n), rel=0.02)


def test_number_for_an_area():
    fake, real = n_for_auc(0.85, 0.04, real_per_fake=2.0)
    assert real == 2 * fake
    assert 1.959964 * hanley_mcneil_error(0.85, fake, real) <= 0.04
    assert 1.959964 * hanley_mcneil_error(0.85, fake - 1, real - 2) > 0.04


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: mrmc_power(c, difference=0.1, readers=1, cases=50), "too few"),
        (lambda c: mrmc_power(c, difference=0.1, readers=3, cases=1), "too few"),
        (lambda c: mrmc_power(c, difference=0.1, readers=3, cases=50, alpha=5), "level"),
        (lambda c: mrmc_power(c, difference=0.1, readers=3, cases=50, generalise="all"), "generalise"),
        (lambda c: mrmc_power(VarianceComponents(0, 0, 0, 0, 0, 0, 9), difference=0.1, readers=3, cases=50), "error"),
        (lambda c: cases_for_power(c, difference=0.1, readers=3, power=80), "power"),
        (lambda c: n_for_proportion(1.2, 0.1), "share"),
        (lambda c: n_for_proportion(0.2, 0.0), "share"),
        (lambda c: hanley_mcneil_error(0.5, 0, 5), "area"),
        (lambda c: n_for_auc(0.9, 0.0), "half width"),
        (lambda c: n_for_auc(1.9, 0.1), "area"),
        (lambda c: n_for_auc(0.9, 0.1, level=95), "level"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(VarianceComponents(0.001, 0.0002, 0.0008, 0.0003, 0.0003, 0.0002, cases=100))


def test_one_fixed_reader_will_do():
    pilot = VarianceComponents(0.001, 0.0002, 0.0008, 0.0003, 0.0003, 0.0002, cases=100)
    plan = mrmc_power(pilot, difference=0.1, readers=1, cases=100, generalise="cases")
    assert math.isinf(plan.df)
    assert 0.5 < plan.power < 1.0
