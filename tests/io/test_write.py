"""Forged files: same kind, same bits outside, same bytes for the same forgery, always marked."""

import inspect
import json
import os
import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pydicom
import pytest
import tifffile
from pydicom import uid

from tamperscope.errors import TamperscopeError
from tamperscope.io import write
from tamperscope.io.read import read_mammogram
from tamperscope.io.write import write_marked
from tamperscope.mammogram import Mammogram, Spacing
from tests.io.make import breast, mg_dataset, save, save_compressed

SQUARE = slice(200, 260), slice(50, 110)


def forged(path):
    """A mammogram with a brighter square, its mask, and the forged stored values."""
    mammogram = read_mammogram(path)
    stored = mammogram.source.stored.copy()
    stored[SQUARE] = stored[SQUARE] - stored[SQUARE] // 4
    mask = np.zeros(stored.shape, bool)
    mask[SQUARE] = True
    return replace(mammogram, source=replace(mammogram.source, stored=stored)), mask, stored


def errors_of(path):
    """What dciodvfy finds wrong, without the lines' order."""
    checked = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return {line for line in checked.stderr.splitlines() if line.startswith("Error")}


SYNTAXES = {
    uid.ImplicitVRLittleEndian: uid.ExplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian: uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian: uid.ExplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian: uid.ExplicitVRLittleEndian,
    uid.RLELossless: uid.RLELossless,
    uid.JPEGLosslessSV1: uid.JPEGLSLossless,
    uid.JPEGLSLossless: uid.JPEGLSLossless,
    uid.JPEGLSNearLossless: uid.JPEGLSLossless,
    uid.JPEG2000Lossless: uid.JPEGLSLossless,
    uid.JPEG2000: uid.JPEGLSLossless,
}


@pytest.mark.parametrize("before", SYNTAXES, ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_dicom(tmp_path, before, bits):
    original = breast(bits=bits)
    path = save_compressed(tmp_path / "a.dcm", mg_dataset(original, bits_stored=bits), original, before)
    mammogram, mask, stored = forged(path)
    written = write_marked(tmp_path / "out" / "b.dcm", mammogram, mask=mask, record={"seed": 1})
    again = read_mammogram(written)
    np.testing.assert_array_equal(again.source.stored, stored)
    outside = ~mask
    np.testing.assert_array_equal(again.source.stored[outside], read_mammogram(path).source.stored[outside])
    assert pydicom.dcmread(written).file_meta.TransferSyntaxUID == SYNTAXES[before]
    # dciodvfy can't read deflated files, so the input's errors are those of its uncompressed twin.
    twin = save(tmp_path / "twin.dcm", mg_dataset(original, bits_stored=bits))
    assert errors_of(written) <= errors_of(twin)
    assert (again.laterality, again.view, again.patient, again.spacing) == (
        mammogram.laterality,
        mammogram.view,
        mammogram.patient,
        mammogram.spacing,
    )


def test_signed_dicom(tmp_path):
    original = breast().astype(np.int16) - 2048
    path = save_compressed(tmp_path / "a.dcm", mg_dataset(original), original, uid.JPEG2000Lossless)
    mammogram, mask, stored = forged(path)
    written = write_marked(tmp_path / "b.dcm", mammogram, mask=mask, record={})
    np.testing.assert_array_equal(read_mammogram(written).source.stored, stored)


def test_marks_of_dicom(tmp_path):
    path = save(tmp_path / "a.dcm", mg_dataset(breast(), LossyImageCompression="01"))
    mammogram, mask, _ = forged(path)
    dataset = pydicom.dcmread(write_marked(tmp_path / "b.dcm", mammogram, mask=mask, record={}))
    original = pydicom.dcmread(path)
    assert dataset.SyntheticData == "YES"
    assert list(dataset.ImageType) == ["DERIVED", "PRIMARY"]
    assert "SYNTHETIC" in dataset.DerivationDescription
    assert dataset.SOPClassUID == original.SOPClassUID
    assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID != original.SOPInstanceUID
    assert dataset.SeriesInstanceUID != original.SeriesInstanceUID
    assert dataset.StudyInstanceUID == original.StudyInstanceUID
    assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert dataset.ContributingEquipmentSequence[0].Manufacturer == "tamperscope"
    assert dataset.LossyImageCompression == "01"
    assert dataset.BurnedInAnnotation == original.BurnedInAnnotation
    # What was read stays as it was.
    assert "SyntheticData" not in mammogram.source.dataset


def test_a_forgery_of_a_forgery_names_both_steps(tmp_path):
    path = save(tmp_path / "a.dcm", mg_dataset(breast()))
    for name in ("b.dcm", "c.dcm"):
        mammogram, mask, _ = forged(path)
        path = write_marked(tmp_path / name, mammogram, mask=mask, record={})
    assert len(pydicom.dcmread(path).ContributingEquipmentSequence) == 2


def test_real_file(tmp_path, dicom_files):
    mammogram, mask, stored = forged(dicom_files[0])
    written = write_marked(tmp_path / "b.dcm", mammogram, mask=mask, record={})
    np.testing.assert_array_equal(read_mammogram(written).source.stored, stored)
    assert errors_of(written) <= errors_of(dicom_files[0])


def save_raster(folder, kind):
    stored = breast(bits=8 if kind in ("png8", "jpg") else 16)
    name = {"png8": "a.png", "png16": "a.png", "tif": "a.tif", "white": "a.tif", "npy": "a.npy", "float": "a.npy"}
    path = folder / name.get(kind, "a.jpg")
    if kind in ("tif", "white"):
        white = kind == "white"
        pixels, photometric = (65535 - stored, "miniswhite") if white else (stored, "minisblack")
        tifffile.imwrite(path, pixels, photometric=photometric, resolution=(100, 100), resolutionunit="CENTIMETER")
    elif kind in ("npy", "float"):
        np.save(path, stored / np.float32(7) if kind == "float" else stored)
    else:
        cv2.imwrite(str(path), stored)
    return path


RASTERS = ["png8", "png16", "tif", "white", "npy", "float", "jpg"]


@pytest.mark.parametrize("kind", RASTERS)
def test_raster(tmp_path, kind):
    path = save_raster(tmp_path, kind)
    mammogram, mask, stored = forged(path)
    if kind == "float":
        stored[SQUARE] = mammogram.source.stored[SQUARE]
    suffix = ".png" if kind == "jpg" else path.suffix
    written = write_marked(tmp_path / f"b{suffix}", mammogram, mask=mask, record={})
    again = read_mammogram(written)
    np.testing.assert_array_equal(again.source.stored, stored)
    assert again.source.stored.dtype == stored.dtype
    assert again.spacing.mm == pytest.approx(mammogram.spacing.mm)
    assert (again.pixels[300, 100] > 300) == (mammogram.pixels[300, 100] > 300)


@pytest.mark.parametrize("kind", [*RASTERS, "dicom"])
def test_the_same_forgery_has_the_same_bytes(tmp_path, kind):
    path = save(tmp_path / "a.dcm", mg_dataset(breast())) if kind == "dicom" else save_raster(tmp_path, kind)
    suffix = ".png" if kind == "jpg" else path.suffix
    contents = []
    for folder in ("one", "two"):
        mammogram, mask, _ = forged(path)
        written = write_marked(tmp_path / folder / f"b{suffix}", mammogram, mask=mask, record={"seed": 5})
        contents.append({file.name: file.read_bytes() for file in sorted(written.parent.iterdir())})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 3


def test_another_record_has_another_uid(tmp_path):
    mammogram, mask, _ = forged(save(tmp_path / "a.dcm", mg_dataset(breast())))
    uids = {
        pydicom.dcmread(write_marked(tmp_path / f"{n}.dcm", mammogram, mask=mask, record={"seed": n})).SOPInstanceUID
        for n in (1, 2)
    }
    assert len(uids) == 2


def test_the_written_png_of_a_jpeg_gives_the_decoded_values_at_8_bits(tmp_path):
    path = save_raster(tmp_path, "jpg")
    mammogram = read_mammogram(path)
    mask = np.zeros(mammogram.shape, bool)
    written = write_marked(tmp_path / "b.jpg", mammogram, mask=mask, record={})
    assert written.name == "b.png"
    decoded = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(cv2.imread(str(written), cv2.IMREAD_GRAYSCALE), decoded)


def test_marks_of_png_and_tiff(tmp_path):
    mammogram, mask, _ = forged(save_raster(tmp_path, "png16"))
    png = write_marked(tmp_path / "b.png", mammogram, mask=mask, record={}).read_bytes()
    assert b"tEXtDescription\0SYNTHETIC" in png
    mammogram, mask, _ = forged(save_raster(tmp_path, "tif"))
    with tifffile.TiffFile(write_marked(tmp_path / "b.tif", mammogram, mask=mask, record={})) as file:
        assert file.pages[0].description.startswith("SYNTHETIC")


def test_mask_and_record(tmp_path):
    path = save_raster(tmp_path, "png16")
    mammogram, mask, _ = forged(path)
    record = {"seed": np.int64(3), "square": np.array([1, 2]), "synthetic": False, "statement": "real"}
    written = write_marked(tmp_path / "b.png", mammogram, mask=mask, record=record)
    assert sorted(file.name for file in tmp_path.iterdir() if file != path) == [
        "b.png",
        "b.png.mask.png",
        "b.png.record.json",
    ]
    np.testing.assert_array_equal(cv2.imread(f"{written}.mask.png", cv2.IMREAD_UNCHANGED), mask * np.uint8(255))
    kept = json.loads((tmp_path / "b.png.record.json").read_text())
    assert kept["synthetic"] is True
    assert kept["statement"].startswith("SYNTHETIC")
    assert kept["source"]["sha256"] == mammogram.source.sha256
    assert (kept["seed"], kept["square"]) == (3, [1, 2])
    assert str(tmp_path) not in json.dumps(kept)


def test_no_parameter_turns_the_marks_off():
    assert list(inspect.signature(write_marked).parameters) == ["path", "mammogram", "mask", "record"]


@pytest.mark.parametrize("name", ["a.png", "sub/../a.png", "link.png", "hard.png"])
def test_the_source_is_never_overwritten(tmp_path, name):
    path = save_raster(tmp_path, "png16")
    before = path.read_bytes()
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.png").symlink_to(path)
    os.link(path, tmp_path / "hard.png")
    mammogram, mask, _ = forged(path)
    with pytest.raises(TamperscopeError, match="never overwritten"):
        write_marked(tmp_path / name, mammogram, mask=mask, record={})
    assert path.read_bytes() == before


@pytest.mark.parametrize(("kind", "name"), [("png16", "b.jpg"), ("jpg", "b.tif"), ("tif", "b.dcm"), ("npy", "b.png")])
def test_another_kind_of_suffix_is_refused(tmp_path, kind, name):
    mammogram, mask, _ = forged(save_raster(tmp_path, kind))
    with pytest.raises(TamperscopeError, match="end its name with"):
        write_marked(tmp_path / name, mammogram, mask=mask, record={})


def test_a_missing_suffix_is_added(tmp_path):
    mammogram, mask, _ = forged(save_raster(tmp_path, "tif"))
    assert write_marked(tmp_path / "b", mammogram, mask=mask, record={}).name == "b.tif"


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    mammogram, mask, _ = forged(save_raster(tmp_path, "png16"))
    monkeypatch.setattr(write.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(TamperscopeError, match="No space left on device"):
        write_marked(tmp_path / "out" / "b.png", mammogram, mask=mask, record={})
    assert list((tmp_path / "out").iterdir()) == []


def test_a_mammogram_without_a_file_can_not_be_written(tmp_path):
    pixels = np.zeros((600, 400), np.float32)
    mammogram = Mammogram(pixels, pixels > 0, Spacing(0.1, "given"))
    with pytest.raises(TamperscopeError, match="made in memory"):
        write_marked(tmp_path / "b.png", mammogram, mask=pixels > 0, record={})


def test_a_mask_of_another_shape_is_refused(tmp_path):
    mammogram, mask, _ = forged(save_raster(tmp_path, "png16"))
    with pytest.raises(ValueError, match="mask must be bool"):
        write_marked(tmp_path / "b.png", mammogram, mask=mask[1:], record={})
