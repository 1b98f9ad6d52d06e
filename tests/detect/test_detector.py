import numpy as np
import pytest

from tamperscope import Detector
from tamperscope.detect.detectors import load_detector
from tamperscope.errors import TamperscopeError
from tests.detect.images import make_mammogram


@pytest.fixture(scope="module")
def detector():
    return Detector.load()


def test_finding_has_all_parts(detector):
    finding = detector.scan(make_mammogram(900, 700))
    assert finding.verdict in ("real", "fake")
    assert 0 <= finding.score <= 1
    assert (finding.verdict == "fake") == (finding.score > finding.threshold == 0.5)
    assert finding.score_matrix.shape == (61, 61)
    assert finding.score_matrix.dtype == np.float32
    assert finding.heat_map.shape == (900, 700)
    assert set(finding.model) == {"name", "version", "hash"}
    assert finding.seconds > 0


def test_both_methods_give_the_same_verdict(detector):
    mammogram = make_mammogram(800, 600, seed=3)
    dense, tiles = detector.scan(mammogram), Detector.load(method="tiles").scan(mammogram)
    assert dense.verdict == tiles.verdict
    assert dense.score == pytest.approx(tiles.score, abs=1e-4)


@pytest.mark.parametrize(
    ("mammogram", "reason"),
    [
        (make_mammogram(300, 200), "far too small"),
        (make_mammogram(5000, 300), "can be scored"),
    ],
)
def test_what_cannot_be_scored_says_why(detector, mammogram, reason):
    finding = detector.scan(mammogram)
    assert finding.verdict == "not-scored"
    assert finding.score is None
    assert reason in finding.reason
    with pytest.raises(ValueError, match="not scored"):
        _ = finding.heat_map


def test_black_image_is_not_called_real(detector):
    mammogram = make_mammogram(600, 500)
    mammogram.pixels[:] = 0
    finding = detector.scan(mammogram)
    assert (finding.verdict, finding.score) == ("not-scored", None)


def test_a_network_gone_wrong_is_not_called_real():
    detector = Detector(Detector.load().activation_maps, lambda matrix: np.array([np.nan]), {})
    finding = detector.scan(make_mammogram(600, 500))
    assert finding.verdict == "not-scored"
    assert "finite" in finding.reason


def test_unknown_detector_is_named():
    with pytest.raises(TamperscopeError, match="no detector 'magic'"):
        load_detector("magic")
