"""Dense against tile by tile on every real image at hand, whole: minutes, so by hand or nightly."""

import numpy as np
import pytest

from tamperscope import read_mammogram
from tamperscope.detect.cues.forensic_transfer import score_matrix
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.runtime.network import load_network
from tamperscope.runtime.weights import find_weights

pytestmark = pytest.mark.slow


def worst_difference(files):
    encoder = load_network(find_weights("forensic-transfer").path)
    classifier = load_network(find_weights("score-classifier").path)
    worst = 0.0
    for file in files:
        canvas = place_on_canvas(read_mammogram(file))
        dense, tiles = (score_matrix(canvas, encoder, method=method) for method in ("dense", "tiles"))
        worst = max(worst, float(np.abs(dense - tiles).max()))
        verdicts = {classify_scores(matrix, classifier) > THRESHOLD for matrix in (dense, tiles)}
        assert len(verdicts) == 1, file
    return worst


def test_dicom(dicom_files):
    assert worst_difference(dicom_files) <= 1e-4


@pytest.mark.data
@pytest.mark.timeout(3600)
def test_cesm(cesm_folder):
    files = sorted(cesm_folder.glob("*/*.jpg"))
    assert len(files) == 106
    assert worst_difference(files) <= 1e-4
