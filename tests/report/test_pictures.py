import cv2
import numpy as np
import pytest

from tamperscope import Detector
from tamperscope.forge.injector import Injector
from tamperscope.report.figures import draw_distance_part, draw_intensity_part, draw_stages
from tamperscope.report.overlay import COLD, display_levels, draw_overlay, heat_colour
from tamperscope.report.png import encode_png
from tests.detect.images import make_mammogram


@pytest.mark.parametrize("shape", [(1, 1), (37, 53), (300, 200, 3)])
def test_png_is_read_by_others_as_it_was(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    back = cv2.imdecode(np.frombuffer(encode_png(picture), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(back if picture.ndim == 2 else back[..., ::-1], picture)


def test_png_refuses_other_types():
    with pytest.raises(ValueError, match="float32"):
        encode_png(np.zeros((3, 3), np.float32))


def test_display_window_saturates():
    pixels = np.array([[-500, 299, 300, 550, 800, 5000]], np.float32)
    assert display_levels(pixels).tolist() == [[0, 0, 0, 128, 255, 255]]


def test_overlay_has_the_originals_size_and_leaves_cold_areas_grey():
    mammogram = make_mammogram(900, 700, spacing_mm=0.1)
    finding = Detector.load().scan(mammogram)
    scores = np.zeros((61, 61), np.float32)
    scores[28:31, 28:31] = 1
    hot = type(finding)(**{**vars(finding), "score_matrix": scores, "regions": ()})
    overlay = draw_overlay(mammogram, hot)
    assert overlay.shape == (900, 700, 3)
    cold = hot.heat_map < COLD - 0.01
    grey = np.repeat(display_levels(mammogram.pixels)[..., None], 3, axis=2)
    np.testing.assert_array_equal(overlay[cold], grey[cold])
    hottest = hot.heat_map > 0.5
    assert (overlay[hottest] != grey[hottest]).any(axis=-1).mean() > 0.99


def test_colours_run_from_dark_to_bright():
    brightness = heat_colour(np.linspace(0, 1, 16)).astype(int).sum(axis=1)
    assert (np.diff(brightness) > 0).all()


def test_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    mammogram = make_mammogram(900, 700)
    forgery = Injector.load().inject(mammogram, (150, 300, 200))
    for path in (
        draw_stages([forgery.stages, forgery.stages], tmp_path / "stages.png"),
        draw_intensity_part(tmp_path / "3.png"),
        draw_distance_part(tmp_path / "4.png"),
    ):
        assert cv2.imread(str(path)).std() > 5
