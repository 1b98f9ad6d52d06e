import numpy as np
import pytest

from tamperscope.detect.tiling import BLACK, CANVAS, GRID, STEP, TILE, lit_tiles, place_on_canvas, tile_means
from tamperscope.errors import UnscorableImageError
from tests.detect.images import make_mammogram


def test_grid_is_the_reports():
    assert GRID == 61


def test_image_lies_in_the_middle():
    place = place_on_canvas(make_mammogram(2457, 1996)).placement
    assert (place.top, place.left) == (round((4096 - 2457) / 2), 1050)


def test_tile_means_are_those_of_the_padded_canvas():
    canvas = place_on_canvas(make_mammogram(901, 703), where=(0.31, 0.77))
    full = canvas.window(0, 0, CANVAS, CANVAS).astype(np.float64)
    expected = [
        [full[i * STEP : i * STEP + TILE, j * STEP : j * STEP + TILE].mean() for j in range(GRID)] for i in range(GRID)
    ]
    np.testing.assert_allclose(tile_means(canvas), expected, atol=1e-3)
    np.testing.assert_array_equal(lit_tiles(canvas), np.array(expected) > BLACK)


def test_window_is_zero_beyond_image_and_canvas():
    canvas = place_on_canvas(make_mammogram(400, 300), where=(0, 0))
    window = canvas.window(-10, -20, 500, 400)
    assert not window[:10].any()
    assert not window[:, :20].any()
    np.testing.assert_array_equal(window[10:410, 20:320], canvas.pixels)


@pytest.mark.parametrize(("spacing", "factor"), [(0.05, 0.5), (0.07, 0.7), (0.2, 2.0)])
def test_every_image_comes_to_a_tenth_of_a_millimetre(spacing, factor):
    mammogram = make_mammogram(1200, 900, spacing_mm=spacing)
    place = place_on_canvas(mammogram).placement
    assert (place.rows, place.columns) == (round(1200 * factor), round(900 * factor))
    bottom, right = place.to_original(place.top + place.rows, place.left + place.columns)
    assert (bottom, right) == pytest.approx((1200, 900))


def test_pitch_within_two_percent_is_not_resampled():
    mammogram = make_mammogram(600, 500, spacing_mm=0.0985)
    canvas = place_on_canvas(mammogram)
    assert canvas.pixels.shape == (600, 500)


def test_shrinking_averages_noise_instead_of_folding_it():
    mammogram = make_mammogram(1600, 1200, spacing_mm=0.05)
    centre = place_on_canvas(mammogram).pixels[350:450, 50:250]
    assert centre.std() == pytest.approx(60 / 2, rel=0.1)


def test_labels_off_the_breast_are_blacked_out():
    mammogram = make_mammogram(1000, 800)
    mammogram.pixels[20:60, 700:780] = 900
    assert not place_on_canvas(mammogram).pixels[20:60, 700:780].any()


def test_image_larger_than_the_canvas_is_refused():
    with pytest.raises(UnscorableImageError, match="at most 410 mm a side"):
        place_on_canvas(make_mammogram(4100, 300))


def test_image_smaller_than_a_tile_is_refused():
    with pytest.raises(UnscorableImageError, match="far too small"):
        place_on_canvas(make_mammogram(500, 250))
