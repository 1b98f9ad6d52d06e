"""The figures against scikit-learn and torchmetrics on random data with ties; the intervals against a simulation."""

import numpy as np
import pytest
import torch
import torchmetrics.functional.classification as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from tamperscope.benchmark.metrics import balanced_accuracy, balanced_threshold, best_level, overlap, pixel_auc
from tamperscope.judge.bootstrap import bootstrap_auc
from tamperscope.judge.roc import auc, tpr_at_fpr

SEEDS = st.integers(0, 2**32 - 1)


def labelled(seed, count=120, levels=9):
    """Scores with many ties."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 3 == 0).astype(int)
    return labels, (rng.integers(0, levels, count) + labels) / levels


def heat_map(seed, levels=16, side=40):
    rng = np.random.default_rng(seed)
    mask = np.zeros((side, side), bool)
    mask[5:15, 8:20] = True
    heat = np.clip(rng.integers(0, levels - 4, mask.shape) + 3 * mask, 0, levels - 1)
    counts = [np.bincount(heat[part], minlength=levels) for part in (mask, ~mask)]
    return mask, heat, *counts


@given(SEEDS)
@settings(max_examples=40)
def test_image_figures_agree(seed):
    labels, scores = labelled(seed)
    assert auc(labels, scores) == pytest.approx(sklearn.roc_auc_score(labels, scores))
    torch_auc = reference.binary_auroc(torch.from_numpy(scores), torch.from_numpy(labels))
    assert auc(labels, scores) == pytest.approx(float(torch_auc), abs=1e-6)
    threshold = balanced_threshold(labels, scores)
    calls = scores > threshold
    assert balanced_accuracy(labels, scores, threshold) == pytest.approx(sklearn.balanced_accuracy_score(labels, calls))
    fpr, tpr, _ = sklearn.roc_curve(labels, scores, drop_intermediate=False)
    assert balanced_accuracy(labels, scores, threshold) == pytest.approx(((tpr - fpr).max() + 1) / 2)
    for allowed in (0.01, 0.05):
        point = tpr_at_fpr(labels, scores, allowed).tpr
        assert point.count / point.n == pytest.approx(tpr[fpr <= allowed + 1e-12].max())


@given(SEEDS)
@settings(max_examples=40)
def test_pixel_figures_agree(seed):
    mask, heat, inside, outside = heat_map(seed)
    assert pixel_auc(inside, outside) == pytest.approx(sklearn.roc_auc_score(mask.ravel(), heat.ravel()))
    for level in (4, 9, 12):
        taken = torch.from_numpy((heat >= level).ravel().astype(int))
        truth = torch.from_numpy(mask.ravel().astype(int))
        iou, f1 = overlap(inside, outside, level)
        assert iou == pytest.approx(float(reference.binary_jaccard_index(taken, truth)), abs=1e-6)
        assert f1 == pytest.approx(float(reference.binary_f1_score(taken, truth)), abs=1e-6)
        assert f1 == pytest.approx(sklearn.f1_score(mask.ravel(), (heat >= level).ravel()))


def test_the_level_is_the_best_of_all():
    images = [heat_map(seed)[2:] for seed in range(5)]
    insides, outsides = [i for i, _ in images], [o for _, o in images]
    chosen = best_level(insides, outsides)
    means = [np.mean([overlap(i, o, level)[1] for i, o in images]) for level in range(16)]
    assert means[chosen] == max(means)


def test_what_can_not_be_had_is_nan_or_refused():
    nothing, some = np.zeros(4, int), np.array([0, 1, 2, 3])
    assert np.isnan(pixel_auc(nothing, some))
    assert np.isnan(overlap(nothing, some, 1)).all()
    assert overlap(some, nothing, 4) == (0.0, 0.0)
    with pytest.raises(ValueError, match="at least one"):
        best_level([], [])


def coverage(repetitions, draws, patients=60):
    """Share of intervals that hold the true AUC: patients with an effect of their own, 2 images of each kind."""
    rng = np.random.default_rng(7)
    who = np.repeat(np.arange(patients), 4)
    labels = np.tile([0, 0, 1, 1], patients)
    # The difference of two scores of different patients is normal: variance 2 x (0.5 + 1).
    true = 0.5 * (1 + float(torch.erf(torch.tensor(1.0 / np.sqrt(3.0) / np.sqrt(2.0)))))
    held = 0
    for _ in range(repetitions):
        scores = labels + np.sqrt(0.5) * rng.standard_normal(patients)[who] + rng.standard_normal(len(who))
        held += true in bootstrap_auc(labels, scores, who, draws=draws, seed=0).interval
    return held / repetitions


def test_intervals_by_patient_cover_what_they_say():
    # Two standard errors of 150 repetitions are 3.6 %.
    assert 0.90 <= coverage(150, 200) <= 0.99


@pytest.mark.slow
def test_intervals_by_patient_cover_what_they_say_at_length():
    assert 0.93 <= coverage(1000, 500) <= 0.97
