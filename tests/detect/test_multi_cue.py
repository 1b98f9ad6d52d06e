"""The detector of several cues on real, full-size DICOM."""

from dataclasses import replace

import numpy as np
import pytest

from tamperscope.detect.calibration import Calibration, NullDistribution
from tamperscope.detect.detectors import load_detector
from tamperscope.detect.domain import Domain
from tamperscope.detect.multi_cue import CUES, MultiCueDetector
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Spacing

from .images import make_mammogram


@pytest.fixture(scope="module")
def detector():
    return load_detector("multi-cue")


@pytest.fixture(scope="module")
def film(dicom_files):
    return read_mammogram(dicom_files[0])


def copied_within(film):
    """A disc of 18 mm copied 40 mm down, feathered; and where it came to lie."""
    pixels = film.pixels.copy()
    radius, shift = round(9 / film.spacing.mm), round(40 / film.spacing.mm)
    rows, columns = np.nonzero(film.tissue)
    y, x = int(np.median(rows)) - shift // 2, int(np.median(columns))
    down, across = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    weight = np.clip((radius - np.hypot(down, across)) / 15, 0, 1).astype(np.float32)
    source = pixels[y - radius : y + radius + 1, x - radius : x + radius + 1]
    target = np.s_[y + shift - radius : y + shift + radius + 1, x - radius : x + radius + 1]
    pixels[target] = weight * source + (1 - weight) * pixels[target]
    return replace(film, pixels=pixels), (x, y, y + shift, radius)


def test_a_copy_is_found_at_both_ends_and_said_to_be_one(detector, film):
    forged, (x, source_row, target_row, radius) = copied_within(film)
    finding = detector.scan(forged)
    assert finding.verdict == "fake"
    assert finding.score > 0.99
    assert finding.reason.startswith("copies: the same tissue is there twice")
    for row in (source_row, target_row):
        assert any(
            abs(r.x + r.width / 2 - x) < radius and abs(r.y + r.height / 2 - row) < radius and r.cue == "copies"
            for r in finding.regions
        )


def test_a_finding_has_the_shape_of_all_findings(detector, film):
    finding = detector.scan(film)
    assert finding.score_matrix.shape == (61, 61)
    assert finding.score_matrix.dtype == np.float32
    assert finding.heat_map.shape == film.shape
    assert 0 <= finding.heat_map.min() <= finding.heat_map.max() <= 1
    assert 0 <= finding.score <= 1
    assert finding.model["name"] == "multi-cue"
    assert (finding.verdict == "fake") == (finding.score > finding.threshold)


def test_the_same_image_gives_the_same_finding(detector, film):
    first, second = detector.scan(film), detector.scan(film)
    assert first.score == second.score
    np.testing.assert_array_equal(first.score_matrix, second.score_matrix)


@pytest.mark.parametrize(
    ("mammogram", "words"),
    [
        (replace(make_mammogram(400, 300), tissue=np.zeros((400, 300), bool)), "no breast tissue"),
        (make_mammogram(120, 100), "far too small"),
        (replace(make_mammogram(600, 500), spacing=Spacing(0.9, "given")), "can be scored"),
        (replace(make_mammogram(600, 500), pixels=np.full((600, 500), 400, np.float32)), "clipped"),
    ],
)
def test_what_cannot_be_scored_says_why(detector, mammogram, words):
    finding = detector.scan(mammogram)
    assert finding.verdict == "not-scored"
    assert finding.score is None
    assert words in finding.reason


def test_another_calibration_changes_the_score_and_the_hash(detector, film):
    loud = NullDistribution(tuple(float(i) for i in range(1000, 1040)))
    other = detector.calibrated(Calibration(dict.fromkeys(CUES, loud), Domain({}), "loud"))
    assert isinstance(other, MultiCueDetector)
    finding = other.scan(copied_within(film)[0])
    assert finding.verdict == "real"
    assert finding.model["hash"] != detector.model["hash"]
    assert finding.model["calibration"] == "loud"


def test_a_calibration_of_other_cues_is_refused(detector):
    loud = NullDistribution(tuple(float(i) for i in range(1000, 1040)))
    with pytest.raises(TamperscopeError, match="calibrate again"):
        detector.calibrated(Calibration({"trace": loud, "copies": loud}, Domain({}), "loud"))


def test_there_is_no_other_detector():
    with pytest.raises(TamperscopeError, match="multi-cue, forensic-transfer"):
        load_detector("magic")
