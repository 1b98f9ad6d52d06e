import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from tamperscope.judge.mcnemar import discordant_pairs, mcnemar


@given(st.integers(0, 60), st.integers(0, 60))
def test_agrees_with_statsmodels(b, c):
    if b + c == 0:
        return
    for method, exact, correction in (
        ("exact", True, False),
        ("chi-squared", False, False),
        ("corrected", False, True),
    ):
        if method == "corrected" and b == c:
            continue  # statsmodels corrects a difference of 0 to 1 there
        other = statsmodels_mcnemar([[3, b], [c, 9]], exact=exact, correction=correction)
        assert mcnemar(b, c, method).p_value == pytest.approx(other.pvalue)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mid_p_counts_half_of_the_outcome_seen(b, c):
    n, low = b + c, min(b, c)
    if n == 0:
        return
    tail = sum(binom.pmf(k, n, 0.5) for k in range(low)) + 0.5 * binom.pmf(low, n, 0.5)
    assert mcnemar(b, c, "mid-p").p_value == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(b, c, "mid-p").p_value == mcnemar(c, b, "mid-p").p_value


def test_published_example():
    # Agresti, Categorical Data Analysis (1990), approval of the prime minister: 150 against 86 changed their
    # mind; z squared is 17.36.
    assert mcnemar(150, 86, "chi-squared").statistic == pytest.approx(17.36, abs=0.005)


def test_nothing_to_tell_them_apart():
    assert [mcnemar(0, 0, m).p_value for m in ("exact", "mid-p", "chi-squared", "corrected")] == [1.0] * 4
    assert math.isnan(mcnemar(0, 0).statistic)


def test_pairs_and_refusals():
    assert discordant_pairs(["fake", "real"], ["fake", "fake"], ["real", "real"]) == (1, 1)
    with pytest.raises(ValueError, match="1 labels"):
        discordant_pairs([1], [1, 0], [1, 0])
    with pytest.raises(ValueError, match="counts"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match="method"):
        mcnemar(1, 2, "guess")
