import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2

from tamperscope.judge.contingency import chi_squared, chi_squared_statistic, fisher_exact

CELLS = st.lists(st.integers(1, 80), min_size=4, max_size=4).map(lambda cells: [cells[:2], cells[2:]])


@given(CELLS)
def test_chi_squared_agrees_with_scipy_and_statsmodels(table):
    for yates in (False, True):
        other = stats.chi2_contingency(table, correction=yates)
        mine = chi_squared(table, yates=yates)
        assert mine.statistic == pytest.approx(other.statistic, abs=1e-9)
        assert mine.p_value == pytest.approx(other.pvalue, abs=1e-12)
        assert mine.df == (other.dof,)
    third = Table2x2(np.array(table), shift_zeros=False).test_nominal_association()
    assert chi_squared(table).p_value == pytest.approx(third.pvalue, abs=1e-9)


@given(CELLS)
def test_fisher_agrees_with_the_hypergeometric_sum(table):
    (a, b), (c, d) = table
    counts = np.arange(max(0, a + c - (c + d)), min(a + b, a + c) + 1)
    mass = stats.hypergeom.pmf(counts, a + b + c + d, a + b, a + c)
    seen = mass[counts == a][0]
    assert fisher_exact(table).p_value == pytest.approx(mass[mass <= seen * (1 + 1e-7)].sum(), abs=1e-9)


def test_fishers_tea():
    # Fisher, The Design of Experiments (1935), chapter II: 3 of 4 cups right; 34 of 70 ways are no likelier.
    assert fisher_exact([[3, 1], [1, 3]]).p_value == pytest.approx(34 / 70)


@given(CELLS)
def test_turning_or_swapping_the_table_changes_nothing(table):
    array = np.array(table)
    for other in (array.T, array[::-1], array[:, ::-1]):
        for yates in (False, True):
            assert chi_squared(other, yates=yates).p_value == pytest.approx(chi_squared(table, yates=yates).p_value)
        assert fisher_exact(other).p_value == pytest.approx(fisher_exact(table).p_value)


def test_an_empty_column_has_no_chi_squared():
    assert math.isnan(chi_squared([[5, 0], [7, 0]]).p_value)
    assert chi_squared_statistic(5, 5, 7, 7) == 0.0


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -2], [3, 4]], [[1.5, 2], [3, 4]], [["a", 2], [3, 4]]])
def test_other_tables_are_refused(table):
    with pytest.raises(ValueError, match="table"):
        chi_squared(table)
