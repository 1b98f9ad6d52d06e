"""Side, view, patient, padding, and what counts as a mammogram."""

import numpy as np
import pytest

from tamperscope.errors import UnscorableImageError
from tamperscope.io.naming import patient_of, side_and_view
from tamperscope.io.read import read_mammogram
from tests.io.make import breast, item, mg_dataset, save

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def read(tmp_path, name="a.dcm", **attributes):
    return read_mammogram(save(tmp_path / name, mg_dataset(breast(), **attributes)))


def test_side_view_and_patient_come_from_their_attributes(tmp_path):
    mammogram = read(tmp_path, name="R_MLO.dcm")
    assert (mammogram.laterality, mammogram.view, mammogram.patient) == ("L", "CC", "P1")
    assert mammogram.source.notes == ()


def test_view_code_stands_in_for_view_position(tmp_path):
    code = item(CodeValue="399368009", CodingSchemeDesignator="SCT", CodeMeaning="medio-lateral oblique")
    assert read(tmp_path, ViewPosition=None, ViewCodeSequence=[code]).view == "MLO"


def test_names_are_the_last_resort_and_noted(tmp_path):
    mammogram = read(tmp_path, name="case_RMLO.dcm", ViewPosition=None, ImageLaterality=None)
    assert (mammogram.laterality, mammogram.view) == ("R", "MLO")
    assert len(mammogram.source.notes) == 2


def test_side_b_is_no_side(tmp_path):
    assert read(tmp_path, ImageLaterality="B").laterality is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mass-Test_P_00173_LEFT_CC", ("L", "CC")),
        ("12-rmlo.png", ("R", "MLO")),
        ("L and R CC", (None, "CC")),
        ("IM0001.jpg", (None, None)),
        ("ACCLAIM.dcm", (None, None)),
    ],
)
def test_side_and_view_of_a_name(text, expected):
    assert side_and_view(text) == expected


def test_patient_of_cbis_has_no_view_in_it():
    assert patient_of("Mass-Test_P_00173_LEFT_CC") == "P_00173"
    assert patient_of("4711") == "4711"
    assert patient_of("") is None


def test_secondary_capture_of_a_breast_is_a_mammogram(tmp_path):
    assert read(tmp_path, SOPClassUID=SECONDARY_CAPTURE, Modality="OT").shape == (640, 420)


def test_secondary_capture_of_anything_else_is_none(tmp_path):
    with pytest.raises(UnscorableImageError, match="Nothing says that this is a mammogram"):
        read(tmp_path, SOPClassUID=SECONDARY_CAPTURE, Modality="OT", BodyPartExamined=None, ViewPosition=None)


def test_padding_is_background(tmp_path):
    stored = breast()
    stored[:, 400:] = 4000
    dataset = mg_dataset(stored, PixelPaddingValue=4000)
    dataset["PixelPaddingValue"].VR = "US"
    mammogram = read_mammogram(save(tmp_path / "a.dcm", dataset))
    assert not mammogram.pixels[:, 400:].any()
    assert not mammogram.tissue[:, 400:].any()
    assert mammogram.tissue.any()


def test_real_files(dicom_files):
    seen = set()
    for path in dicom_files:
        mammogram = read_mammogram(path)
        seen.add((mammogram.patient, mammogram.laterality, mammogram.view))
        low, high = np.percentile(mammogram.pixels[mammogram.tissue][::97], (5, 95))
        assert 285 < low < 315
        assert 785 < high < 815
        assert mammogram.source.kind == "dicom"
    sides_and_views = [(side, view) for side in "LR" for view in ("CC", "MLO")]
    assert seen == {(patient, *rest) for patient in ("P_00173", "P_00820") for rest in sides_and_views}
