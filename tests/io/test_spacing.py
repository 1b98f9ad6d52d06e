"""The pixel's side: from attributes, detector matrices, frames and resolution tags."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tamperscope.io.read import read_mammogram
from tamperscope.io.spacing import spacing_of_dicom, spacing_of_frame, spacing_of_tag
from tests.io.make import breast, mg_dataset


@pytest.mark.parametrize(
    ("rows", "columns", "mm", "source"),
    [
        (3328, 2560, 0.07, "detector-matrix"),
        (2560, 3328, 0.07, "detector-matrix"),
        (4096, 3328, 0.07, "detector-matrix"),
        (2294, 1914, 0.094, "detector-matrix"),
        (3062, 2394, 0.1, "detector-matrix"),
        (2457, 1996, 0.1, "detector-matrix"),
        (4432, 2864, 0.05, "frame"),
        (4736, 2624, 0.05, "frame"),
        (2400, 1500, 0.1, "frame"),
        (1444, 700, 0.1, "frame"),
        (3297, 1800, 0.094, "frame"),
        (3414, 1900, 0.085, "frame"),
        (6800, 5400, 0.0435, "frame"),
        (8000, 6000, 310 / 8000, "frame"),
        (1200, 900, 0.2, "frame"),
    ],
)
def test_spacing_by_size(rows, columns, mm, source):
    spacing = spacing_of_frame(rows, columns)
    assert (spacing.mm, spacing.source) == (pytest.approx(mm), source)
    assert spacing.note.endswith(".")


def test_larger_images_never_get_larger_pixels():
    pitches = [spacing_of_frame(rows, 1000).mm for rows in range(1400, 8193, 8)]
    assert (np.diff(pitches) <= 0).all()


def dicom(**attributes):
    notes = []
    return spacing_of_dicom(mg_dataset(breast(), **{"ImagerPixelSpacing": None, **attributes}), notes), notes


def test_imager_pixel_spacing_comes_first():
    spacing, _ = dicom(ImagerPixelSpacing=[0.07, 0.07], PixelSpacing=[0.065, 0.065])
    assert (spacing.mm, spacing.source) == (0.07, "file")
    assert "Imager Pixel Spacing" in spacing.note


def test_pixel_spacing_stands_in():
    assert dicom(PixelSpacing=[0.065, 0.065])[0].mm == 0.065


def test_contact_views_stay_at_the_detector():
    spacing, _ = dicom(ImagerPixelSpacing=[0.1, 0.1], EstimatedRadiographicMagnificationFactor=1.07)
    assert spacing.mm == 0.1


def test_magnification_views_are_divided_and_say_so():
    spacing, _ = dicom(ImagerPixelSpacing=[0.1, 0.1], EstimatedRadiographicMagnificationFactor=1.8)
    assert spacing.mm == pytest.approx(0.1 / 1.8)
    assert "Magnification Factor" in spacing.note


def test_spacing_that_no_mammogram_has_is_ignored():
    spacing, notes = dicom(PixelSpacing=[1, 1])
    assert spacing is None
    assert "1 x 1 mm" in notes[0]


def test_no_spacing():
    assert dicom() == (None, [])


@pytest.mark.parametrize(("dpi", "mm"), [(254, 0.1), (363, 25.4 / 363), (72, None), (96, None), (300, None), (0, None)])
def test_resolution_tags_are_believed_where_plausible(dpi, mm):
    spacing = spacing_of_tag((dpi / 25.4, dpi / 25.4), "TIFF", [])
    assert (spacing and spacing.mm) == (mm and pytest.approx(mm))


def test_an_implausible_tag_is_noted():
    notes = []
    assert spacing_of_tag((1.0, 1.0), "PNG", notes) is None
    assert "25 dpi" in notes[0]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_tags_of_files(tmp_path, name):
    Image.fromarray(breast(bits=8)).save(tmp_path / name, dpi=(254, 254))
    spacing = read_mammogram(tmp_path / name).spacing
    assert (spacing.mm, spacing.source) == (pytest.approx(0.1, abs=1e-5), "file")


def test_tag_in_centimetres(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", breast(), resolution=(200, 200), resolutionunit="CENTIMETER")
    assert read_mammogram(tmp_path / "a.tif").spacing.mm == pytest.approx(0.05)


def test_a_file_without_a_tag_goes_by_its_frame(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), breast(1500, 800, bits=16))
    assert read_mammogram(tmp_path / "a.png").spacing.source == "frame"


@pytest.mark.data
def test_cesm_images_have_about_a_tenth(cesm_folder):
    for path in sorted(cesm_folder.glob("*/*.jpg")):
        with Image.open(path) as picture:
            assert 0.085 <= spacing_of_frame(picture.height, picture.width).mm <= 0.1


def test_films_have_a_twentieth(dicom_files):
    assert {read_mammogram(path).spacing.mm for path in dicom_files[:2]} == {0.05}
