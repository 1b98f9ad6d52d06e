import math

import numpy as np
import pytest
from scipy import stats

from tamperscope.judge.bootstrap import bootstrap_auc, cluster_bootstrap
from tamperscope.judge.delong import auc_interval, delong_covariance
from tamperscope.judge.roc import auc


def clustered(rng, patients=40, spread=1.5, distance=1.2):
    """Two real and two forged images a patient, with a patient's own level."""
    who = np.repeat(np.arange(patients), 4)
    labels = np.tile([0, 0, 1, 1], patients)
    # Patients shift only their forged images, so that images of one patient err together.
    own = rng.normal(scale=spread, size=patients)[who] * labels
    return labels, rng.normal(size=labels.size) + own + distance * labels, who


def test_mean_has_the_textbook_error():
    values = np.random.default_rng(1).normal(size=60)
    result = cluster_bootstrap(lambda i: float(values[i].mean()), range(60), draws=4000, seed=2)
    assert result.standard_error == pytest.approx(values.std() / math.sqrt(60), rel=0.05)
    expected = stats.norm.interval(0.95, values.mean(), values.std() / math.sqrt(60))
    assert result.interval[:2] == pytest.approx(expected, abs=0.02)
    assert (result.clusters, result.redrawn) == (60, 0)


def test_agrees_with_scipy_without_clusters():
    values = np.random.default_rng(4).exponential(size=40)
    mine = cluster_bootstrap(lambda i: float(np.median(values[i])), range(40), draws=5000, seed=1)
    other = stats.bootstrap(
        (values,),
        np.median,
        n_resamples=5000,
        method="percentile",
        vectorized=False,
        random_state=np.random.default_rng(9),
    )
    assert mine.standard_error == pytest.approx(other.standard_error, rel=0.06)


def test_without_patients_it_agrees_with_delong():
    rng = np.random.default_rng(8)
    labels = np.repeat([0, 1], 150)
    scores = rng.normal(size=300) + labels
    result = bootstrap_auc(labels, scores, draws=1500)
    assert result.estimate == auc(labels, scores)
    _, ((variance,),) = delong_covariance(labels, scores)
    assert result.standard_error == pytest.approx(math.sqrt(variance), rel=0.08)


def test_patients_widen_the_interval_and_the_seed_fixes_it():
    labels, scores, who = clustered(np.random.default_rng(3))
    alone = bootstrap_auc(labels, scores, draws=600)
    together = bootstrap_auc(labels, scores, who, draws=600)
    assert together.clusters == 40
    assert together.interval.width > 1.1 * alone.interval.width
    again = bootstrap_auc(labels, scores, [f"patient {one}" for one in who], draws=600)
    assert again.interval == together.interval


def test_resamples_without_a_class_are_drawn_again():
    result = bootstrap_auc([0, 0, 1], [1, 2, 3], draws=100)
    assert result.redrawn > 0
    assert result.replicates.size == 100


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="3 labels but 2 patients"):
        bootstrap_auc([0, 1, 1], [1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="draw"):
        cluster_bootstrap(lambda i: 0.0, [1], draws=0)
    with pytest.raises(ValueError, match="nothing"):
        cluster_bootstrap(lambda i: 0.0, [])
    with pytest.raises(ValueError, match="no value on the images"):
        cluster_bootstrap(lambda i: math.nan, [1, 2])
    with pytest.raises(ValueError, match="most resamples"):
        cluster_bootstrap(lambda i: 1.0 if i.tolist() == [0, 1, 2, 3, 4, 5] else math.nan, range(6), draws=10)


@pytest.mark.slow
def test_coverage_by_patient():
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(1.2 / math.sqrt(2 + 1.5**2))
    inside = {"patient": 0, "image": 0, "delong": 0}
    draws = 400
    for one in range(draws):
        labels, scores, who = clustered(rng)
        inside["patient"] += truth in bootstrap_auc(labels, scores, who, draws=400, seed=one).interval
        inside["image"] += truth in bootstrap_auc(labels, scores, draws=400, seed=one).interval
        inside["delong"] += truth in auc_interval(labels, scores, method="delong")
    shares = {name: count / draws for name, count in inside.items()}
    print(shares)
    assert shares["patient"] >= 0.91
    assert shares["image"] < shares["patient"] - 0.03
