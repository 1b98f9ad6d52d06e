"""Every figure of the report (the spec's section 6), recomputed here by scipy or by hand."""

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tamperscope.judge.paper import recompute, to_markdown

FIGURES = {(one.table, one.name): one for one in recompute()}


@pytest.mark.parametrize(
    ("table", "counts", "printed", "recomputed"),
    [
        ("3 readers, open part", (48, 15, 8, 13), "76.2 61.9 85.7 46.4 72.6", "76.2 61.9 85.7 46.4 72.6"),
        ("4 detector, source", (46, 7, 3, 45), "86.8 93.8 93.9 86 90.1", "86.8 93.8 93.9 86.5 90.1"),
        ("5 detector, target", (24, 16, 8, 16), "60 66.7 75 50 64.5", "60.0 66.7 75.0 50.0 62.5"),
    ],
)
def test_rates(table, counts, printed, recomputed):
    tn, fn, fp, tp = counts
    by_hand = [tn / (tn + fn), tp / (tp + fp), tn / (tn + fp), tp / (tp + fn), (tn + tp) / sum(counts)]
    names = ("NPV", "PPV", "TNR", "TPR", "accuracy")
    figures = [FIGURES[table, name] for name in names]
    assert [one.recomputed for one in figures] == pytest.approx([100 * value for value in by_hand])
    assert [one.shown for one in figures] == recomputed.split()
    assert [one.printed for one in figures] == printed.split()


def test_what_differs_is_what_the_spec_says():
    differing = {key for key, one in FIGURES.items() if one.agrees is False}
    assert differing == {
        ("2 blind labels", "power of chi-squared, exact"),
        ("4 detector, source", "TPR"),
        ("5 detector, target", "accuracy"),
    }


def test_blind_labels():
    table = [[36, 44], [124, 56]]
    p = {
        name: FIGURES["2 blind labels", f"p, {name}"].recomputed / 100
        for name in ("chi-squared without Yates", "chi-squared with Yates", "Fisher")
    }
    assert [f"{value:.6f}" for value in p.values()] == ["0.000258", "0.000438", "0.000326"]
    assert p["chi-squared without Yates"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert p["chi-squared with Yates"] == pytest.approx(stats.chi2_contingency(table).pvalue)
    assert p["Fisher"] == pytest.approx(stats.fisher_exact(table)[1])
    assert FIGURES["2 blind labels", "p, chi-squared without Yates"].verdict == "same"


def test_power():
    exact = FIGURES["2 blind labels", "power of chi-squared, exact"]
    simulated = FIGURES["2 blind labels", "power of chi-squared, 20,000 draws"]
    # 95.5 in the spec comes from 20,000 draws, whose standard error is 0.15.
    assert exact.recomputed == pytest.approx(95.5, abs=0.15)
    assert simulated.recomputed == pytest.approx(95.5, abs=0.45)
    assert FIGURES["2 blind labels", "power with Yates, exact"].shown == "93.9"


@pytest.mark.parametrize(("table", "ends"), [("4 detector, source", "82.7 94.5"), ("5 detector, target", "50.3 73.3")])
def test_wilson_ends_of_accuracy(table, ends):
    share = FIGURES[table, "accuracy"].share
    interval = share.wilson()[:2]
    assert " ".join(f"{100 * end:.1f}" for end in interval) == ends
    assert interval == pytest.approx(proportion_confint(share.count, share.n, method="wilson"))


def test_the_counts_add_up_to_the_study():
    # 4 readers of 20 healthy and 45 forged images; of 14 real and 7 forged ones; 49 + 52 and 32 + 32 images.
    shares = {key: one.share for key, one in FIGURES.items() if one.share}
    assert shares["2 blind labels", "real images called unhealthy"].n == 4 * 20
    assert shares["2 blind labels", "forged images called unhealthy"].n == 4 * 45
    assert [shares["3 readers, open part", name].n for name in ("TNR", "TPR")] == [4 * 14, 4 * 7]
    assert [shares["4 detector, source", name].n for name in ("TNR", "TPR")] == [49, 52]
    assert [shares["5 detector, target", name].n for name in ("TNR", "TPR")] == [32, 32]


def test_markdown_has_a_row_a_figure_and_the_notes():
    text = to_markdown(tuple(FIGURES.values()))
    assert text.count("\n| ") == len(FIGURES) + 1
    assert "| 5 detector, target | accuracy | 64.5 | 62.5 | 40 of 64 | 50.3 to 73.3 % | differs (4) |" in text
    assert "4. accuracy: 40 of 64: barely above chance" in text
