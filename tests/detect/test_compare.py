"""The comparison within the image without PyTorch is that of the network."""

import numpy as np
import pytest
import torch

from tamperscope.detect import compare
from tamperscope.networks import trace


@pytest.mark.parametrize("seed", range(3))
def test_both_comparisons_agree(seed):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((7, 30, 41)).astype(np.float32) * rng.uniform(0.1, 5)
    brightness = rng.uniform(300, 800, (30, 41)).astype(np.float32)
    features += brightness / 100
    valid = rng.random((30, 41)) < 0.8
    ours = compare.compare_within_image(features, brightness, valid)
    theirs = trace.compare_within_image(*map(torch.as_tensor, (features, brightness, valid))).numpy()
    np.testing.assert_allclose(ours, theirs, atol=5e-3)
    assert (compare.KNOTS, compare.SHRINKAGE, compare.LIMIT) == (trace.KNOTS, trace.SHRINKAGE, trace.LIMIT)


def test_an_odd_patch_stands_out_whatever_the_brightness_does():
    rng = np.random.default_rng(0)
    brightness = np.linspace(300, 800, 60 * 60, dtype=np.float32).reshape(60, 60)
    features = rng.standard_normal((2, 60, 60)).astype(np.float32) + brightness / 50
    features[:, 20:24, 20:24] += 6
    compared = compare.compare_within_image(features, brightness, np.ones((60, 60), bool))
    inside = compared[0, 20:24, 20:24]
    assert inside.min() > 2.5
    assert abs(compared[0, 30:50].mean()) < 0.2
