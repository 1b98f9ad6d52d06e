import dataclasses

import cv2
import numpy as np
import pytest

from tamperscope.forge.injector import Injector
from tamperscope.io.read import read_mammogram
from tamperscope.report.figures import draw_distance_part, draw_intensity_part, draw_stages
from tamperscope.report.overlay import (
    COLD,
    PALETTE,
    STEPS,
    coarse_heat,
    display_levels,
    draw_overlay,
    heat_steps,
    step_colours,
)
from tamperscope.report.png import encode_palette_png
from tamperscope.report.thumbnail import draw_thumbnail
from tests.detect.images import make_mammogram
from tests.io.make import breast, mg_dataset, save
from tests.report.doubles import make_finding


def decoded(packed):
    return cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("shape", [(1, 1), (37, 53), (300, 1)])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_is_read_by_others_as_it_was(shape, channels):
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (256, channels)).astype(np.uint8)
    indices = rng.integers(0, 256, shape).astype(np.uint8)
    back = decoded(encode_palette_png(indices, palette))
    order = [2, 1, 0, 3][:channels]
    np.testing.assert_array_equal(back[..., order], palette[indices])


@pytest.mark.parametrize(
    ("indices", "palette"),
    [
        (np.zeros((3, 3), np.float32), PALETTE),
        (np.zeros((3, 3, 3), np.uint8), PALETTE),
        (np.zeros((0, 3), np.uint8), PALETTE),
        (np.zeros((3, 3), np.uint8), np.zeros((300, 3), np.uint8)),
        (np.zeros((3, 3), np.uint8), np.zeros((256, 2), np.uint8)),
    ],
)
def test_png_refuses_what_it_can_not_write(indices, palette):
    with pytest.raises(ValueError, match="uint8"):
        encode_palette_png(indices, palette)


def test_display_window_saturates():
    pixels = np.array([[-500, 299, 300, 550, 800, 5000]], np.float32)
    assert display_levels(pixels).tolist() == [[0, 0, 0, 128, 255, 255]]


def test_steps_of_heat_are_a_tenth_wide():
    heat = [0, 0.2, 0.201, 0.3, 0.301, 0.55, 0.9, 0.91, 1]
    assert heat_steps(np.array(heat)).tolist() == [-1, -1, 0, 0, 1, 3, 6, 7, 7]


# Sizes around the bands of 256 rows and the eight-fold grid, and pitches below, at and above the canonical one.
@pytest.mark.parametrize(
    ("height", "width", "mm"), [(900, 700, 0.1), (1023, 769, 0.05), (513, 521, 0.1), (768, 512, 0.07)]
)
def test_overlay_is_the_mammogram_where_cold_and_coloured_where_hot(height, width, mm):
    mammogram = make_mammogram(height, width, spacing_mm=mm)
    finding = dataclasses.replace(make_finding(mammogram, hot=((30, 30), (27, 33))), regions=())
    picture = PALETTE[draw_overlay(mammogram, finding)].astype(int)
    assert picture.shape == (height, width, 3)
    grey = display_levels(mammogram.pixels).astype(int)[..., None]
    step = heat_steps(finding.heat_map)
    # Interpolating between eighths of the image moves heat by some hundredths at sharp edges only.
    cold = finding.heat_map < COLD - 0.02
    assert np.abs(picture - grey)[cold].max() <= 4
    assert (np.ptp(picture[cold], axis=-1) == 0).all()
    for wanted in range(STEPS):
        low, high = COLD + 0.1 * wanted + 0.02, COLD + 0.1 * (wanted + 1) - 0.02
        inside = (finding.heat_map > low) & (finding.heat_map < high)
        assert (step[inside] == wanted).all()
        assert (np.ptp(picture[inside], axis=-1) > 3).all()


@pytest.mark.parametrize("padding", [None, 4000])
def test_overlay_is_the_same_from_stored_values_and_from_pixels(tmp_path, padding):
    stored = breast(900, 700)
    dataset = mg_dataset(stored)
    if padding is not None:
        stored[:, -100:] = padding
        dataset = mg_dataset(stored)
        dataset.PixelPaddingValue = padding
    mammogram = read_mammogram(save(tmp_path / "a.dcm", dataset))
    finding = make_finding(mammogram)
    from_pixels = draw_overlay(dataclasses.replace(mammogram, source=None), finding)
    np.testing.assert_array_equal(draw_overlay(mammogram, finding), from_pixels)


def test_coarse_heat_is_the_heat_map():
    mammogram = make_mammogram(1023, 769, spacing_mm=0.1)
    finding = make_finding(mammogram)
    coarse = coarse_heat(finding)
    fine = cv2.resize(coarse, (coarse.shape[1] * 8, coarse.shape[0] * 8))[:1023, :769] / 255
    assert np.abs(fine - finding.heat_map).max() < 0.04


def test_regions_are_outlined_also_at_the_border():
    mammogram = make_mammogram(900, 700, spacing_mm=0.1)
    plain = make_finding(mammogram, hot=((30, 30),))
    region = plain.regions[0]
    picture = PALETTE[draw_overlay(mammogram, plain)]
    edge = picture[region.y, region.x + region.width // 2]
    assert edge.tolist() == [255, 255, 255]
    corner = dataclasses.replace(region, x=0, y=0, width=700, height=900)
    assert (PALETTE[draw_overlay(mammogram, dataclasses.replace(plain, regions=(corner,)))][0, 350:] == 255).all()


def test_an_image_without_scores_has_no_overlay():
    mammogram = make_mammogram(900, 700, spacing_mm=0.1)
    finding = dataclasses.replace(make_finding(mammogram), score_matrix=None, reason="too dark.")
    with pytest.raises(ValueError, match="too dark"):
        draw_overlay(mammogram, finding)


def test_colours_run_from_dark_to_bright():
    assert len(np.unique(PALETTE, axis=0)) > 240
    assert (np.diff(step_colours().astype(int) @ (0.2126, 0.7152, 0.0722)) > 8).all()


def test_thumbnail_lays_heat_over_the_picture():
    mammogram = make_mammogram(1800, 1400, spacing_mm=0.1)
    finding = make_finding(mammogram)
    thumbnail = draw_thumbnail(mammogram, finding)
    picture, heat = decoded(thumbnail.picture), decoded(thumbnail.heat)
    assert picture.shape == (thumbnail.height, thumbnail.width) == (560, 436)
    assert heat.shape == (560, 436, 4)
    small = cv2.resize(finding.heat_map, (436, 560), interpolation=cv2.INTER_AREA)
    assert (heat[small < COLD - 0.02][:, 3] == 0).all()
    assert (heat[small > COLD + 0.02][:, 3] > 50).all()
    assert len(thumbnail.picture) + len(thumbnail.heat) < 100_000


def test_a_small_image_is_not_enlarged():
    mammogram = make_mammogram(520, 300, spacing_mm=0.1)
    assert draw_thumbnail(mammogram, make_finding(mammogram)).height == 520


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
