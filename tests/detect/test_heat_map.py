import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from tamperscope.detect.heat_map import heat_cells, heat_map_in_image
from tamperscope.detect.regions import find_regions, hot_regions
from tamperscope.detect.tiling import Placement

MIDDLE = Placement(top=1048, left=1348, rows=2000, columns=1400, height=4000, width=2800)


def test_cells_are_the_four_by_four_mean():
    scores = np.random.default_rng(0).random((61, 61)).astype(np.float32)
    padded = np.pad(scores, 3)
    expected = uniform_filter(padded.astype(np.float64), 4, origin=-2, mode="constant")[:64, :64]
    np.testing.assert_allclose(heat_cells(scores), expected, atol=1e-6)


def test_a_uniform_matrix_gives_a_uniform_map_in_the_originals_size():
    heat = heat_map_in_image(np.full((61, 61), 0.7, np.float32), MIDDLE)
    assert heat.shape == (4000, 2800)
    np.testing.assert_allclose(heat, 0.7, atol=1e-6)


def test_heat_is_bilinear_between_the_cells_centres():
    scores = np.zeros((61, 61), np.float32)
    scores[30, 30] = 1
    place = Placement(top=0, left=0, rows=4096, columns=4096, height=4096, width=4096)
    heat, cells = heat_map_in_image(scores, place), heat_cells(scores)
    # Pixel centres at 64 k + 32 - 0.5 and + 0.5 lie half a pixel on either side of a cell's centre.
    between = 0.5 * (heat[31::64, 31::64] + heat[32::64, 32::64])
    np.testing.assert_allclose(between[20:40, 25:33], cells[20:40, 25:33], atol=1 / 64)
    assert heat.max() == pytest.approx(cells.max(), abs=1e-6)


def test_region_encloses_the_hot_tiles_in_original_pixels():
    scores = np.zeros((61, 61), np.float32)
    scores[26:30, 28:32] = 1
    scores[40:44, 24:28] = 0.8
    regions = find_regions(scores, MIDDLE)
    assert [round(region.score, 3) for region in regions] == [1.0, 0.8]
    # The hottest cell lies under all 4 x 4 hot tiles: canvas 29 * 64 to 30 * 64, twice as many original pixels.
    first = regions[0]
    y, x = (29 * 64 + 32 - 1048) * 2, (31 * 64 + 32 - 1348) * 2
    assert first.x <= x < first.x + first.width
    assert first.y <= y < first.y + first.height


def test_a_region_is_of_the_cue_that_its_hottest_cell_is_of():
    heat = np.zeros((20, 30), np.float32)
    heat[4:7, 5:9], heat[5, 7] = 0.6, 0.9
    heat[14:16, 20:23] = 0.7
    cues = {(5, 7): "copies", (14, 20): "areas"}
    regions = hot_regions(heat, 8, lambda y, x: (2 * y, 2 * x), (320, 480), cue_at=lambda cell: cues[cell])
    assert [(region.score, region.cue) for region in regions] == [
        (pytest.approx(0.9), "copies"),
        (pytest.approx(0.7), "areas"),
    ]
    assert (regions[0].x, regions[0].y, regions[0].width, regions[0].height) == (80, 64, 64, 48)
    assert all(region.cue is None for region in hot_regions(heat, 8, lambda y, x: (y, x), (160, 240)))


def test_no_region_where_nothing_is_hot():
    assert find_regions(np.full((61, 61), 0.49, np.float32), MIDDLE) == ()
