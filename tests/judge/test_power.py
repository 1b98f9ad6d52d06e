import itertools

import pytest
from scipy import stats

from tamperscope.judge.power import power_exact, power_simulated, rejection_table

REPORT = (36 / 80, 80, 124 / 180, 180)


@pytest.mark.parametrize("test", ["chi-squared", "yates", "fisher"])
def test_each_outcome_is_called_as_scipy_calls_it(test):
    n, m = 9, 12
    mine = rejection_table(n, m, test=test)
    for i, j in itertools.product(range(n + 1), range(m + 1)):
        table = [[i, n - i], [j, m - j]]
        if i + j in (0, n + m):
            p = 1.0
        elif test == "fisher":
            p = stats.fisher_exact(table)[1]
        else:
            p = stats.chi2_contingency(table, correction=test == "yates").pvalue
        assert mine[i, j] == (p < 0.05), table


def test_exact_power_is_the_sum_over_outcomes():
    n, m, p, q = 9, 12, 0.2, 0.7
    calls = rejection_table(n, m)
    total = sum(
        stats.binom.pmf(i, n, p) * stats.binom.pmf(j, m, q) * calls[i, j] for i in range(n + 1) for j in range(m + 1)
    )
    assert power_exact(p, n, q, m) == pytest.approx(total)


def test_the_report():
    # Spec, section 6: 95.5 % and 93.9 % with Yates' correction, each from 20,000 draws, which leaves 0.15 %
    # either way.
    assert 100 * power_exact(*REPORT) == pytest.approx(95.5, abs=0.15)
    assert f"{100 * power_exact(*REPORT, test='yates'):.1f}" == "93.9"


@pytest.mark.parametrize("test", ["chi-squared", "yates", "fisher"])
def test_simulation_and_enumeration_agree(test):
    simulated = power_simulated(*REPORT, test=test, seed=3)
    assert power_exact(*REPORT, test=test) in simulated.wilson(0.999)
    assert simulated == power_simulated(*REPORT, test=test, seed=3)


@pytest.mark.parametrize("test", ["yates", "fisher"])
def test_the_careful_tests_keep_their_level(test):
    assert max(power_exact(p, 25, p, 40, test=test) for p in (0.05, 0.2, 0.5, 0.8)) <= 0.05


def test_swapping_groups_or_answers_changes_nothing():
    p, n, q, m = 0.3, 20, 0.6, 31
    for test in ("chi-squared", "yates", "fisher"):
        power = power_exact(p, n, q, m, test=test)
        assert power_exact(q, m, p, n, test=test) == pytest.approx(power)
        assert power_exact(1 - p, n, 1 - q, m, test=test) == pytest.approx(power)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((1.2, 5, 0.5, 5), {}),
        ((0.2, 0, 0.5, 5), {}),
        ((0.2, 5, 0.5, 5), {"alpha": 5}),
        ((0.2, 5, 0.5, 5), {"test": "t"}),
    ],
)
def test_bad_input_is_refused(arguments, keywords):
    with pytest.raises(ValueError, match=r"probability|member|level|test"):
        power_exact(*arguments, **keywords)


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match="draw"):
        power_simulated(*REPORT, draws=0)
