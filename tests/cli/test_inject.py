import json

import cv2
import numpy as np
import pydicom
import pytest

from tests.cli.test_scan import run


def test_dicom_stays_dicom_and_is_marked(tmp_path, dicom_files):
    out = tmp_path / "forged.dcm"
    result = run("inject", dicom_files[3], "--square", "1500,2300,420", "--seed", "5", "--out", out)
    assert result.returncode == 0, result.stderr
    dataset = pydicom.dcmread(out)
    assert dataset[0x0008001C].value == "YES"
    record = json.loads((tmp_path / "forged.dcm.record.json").read_text())
    assert record["square"] == {"x": 1500, "y": 2300, "side": 420}
    mask = cv2.imread(str(tmp_path / "forged.dcm.mask.png"), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == dataset.pixel_array.shape
    assert (mask > 0).any()
    changed = dataset.pixel_array != pydicom.dcmread(dicom_files[3]).pixel_array
    changed[2300:2720, 1500:1920] = False
    assert not changed.any()
    assert "marked as synthetic" in result.stdout


def test_random_square_lies_in_the_tissue(tmp_path, dicom_files):
    out = tmp_path / "forged.dcm"
    assert run("inject", dicom_files[3], "--square", "random", "--seed", "1", "--out", out).returncode == 0
    square = json.loads((tmp_path / "forged.dcm.record.json").read_text())["square"]
    pixels = pydicom.dcmread(dicom_files[3]).pixel_array
    inside = pixels[square["y"] : square["y"] + square["side"], square["x"] : square["x"] + square["side"]]
    assert np.median(inside) > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--square", "1,2"], "neither X,Y,SIDE in whole pixels nor random"),
        (["--square", "9000,0,400"], "is not inside the image"),
        (["--square", "0,0,8"], "at least 32 pixels"),
        (["--square", "-1,0,400"], "is not inside the image"),
        (["--square", "random", "--smoothing", "0"], "smoothing and power must be more than 0"),
        (["--square", "random", "--threshold", "nan"], "'nan' is not a number"),
        (["--square", "random", "--noise", "much"], "'much' is not a number"),
        (["--square", "random", "--seed", "-1"], "Invalid value for '--seed'"),
        ([], "Missing option '--square'"),
    ],
)
def test_wrong_calls(tmp_path, dicom_files, arguments, message):
    result = run("inject", dicom_files[3], *arguments, "--out", tmp_path / "forged.dcm")
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "forged.dcm").exists()


def test_the_original_is_never_overwritten(tmp_path, dicom_files):
    copy = tmp_path / "original.dcm"
    copy.write_bytes(dicom_files[3].read_bytes())
    result = run("inject", copy, "--square", "random", "--out", copy)
    assert result.returncode == 2
    assert copy.read_bytes() == dicom_files[3].read_bytes()


def test_a_file_that_is_no_mammogram(tmp_path):
    (tmp_path / "text.dcm").write_text("hello")
    result = run("inject", tmp_path / "text.dcm", "--square", "random", "--out", tmp_path / "forged.dcm")
    assert result.returncode == 2
    assert f"{tmp_path / 'text.dcm'}: The file is text" in result.stderr
    assert "Traceback" not in result.stderr
