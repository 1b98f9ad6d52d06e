"""PNG, TIFF, JPEG and NPY: stored values come back exactly, whatever the depth."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tamperscope.io.read import read_mammogram
from tests.io.make import breast


@pytest.mark.parametrize("bits", [8, 16])
def test_png(tmp_path, bits):
    stored = breast(bits=bits)
    cv2.imwrite(str(tmp_path / "case_LCC.png"), stored)
    mammogram = read_mammogram(tmp_path / "case_LCC.png")
    np.testing.assert_array_equal(mammogram.source.stored, stored)
    assert mammogram.source.stored.dtype == stored.dtype
    assert (mammogram.laterality, mammogram.view, mammogram.patient) == ("L", "CC", None)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff(tmp_path, dtype, compression, byteorder):
    stored = breast(bits=8 if dtype == np.uint8 else 12).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", stored, compression=compression, byteorder=byteorder)
    source = read_mammogram(tmp_path / "a.tif").source
    assert (source.kind, source.stored.dtype) == ("tiff", stored.dtype)
    np.testing.assert_array_equal(source.stored, stored)


def test_lzw_tiff(tmp_path):
    Image.fromarray(breast(bits=8)).save(tmp_path / "a.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(read_mammogram(tmp_path / "a.tif").source.stored, breast(bits=8))


def test_white_is_zero(tmp_path):
    stored = breast(bits=16)
    tifffile.imwrite(tmp_path / "a.tif", stored)
    tifffile.imwrite(tmp_path / "b.tif", 65535 - stored, photometric="miniswhite")
    one, two = read_mammogram(tmp_path / "a.tif"), read_mammogram(tmp_path / "b.tif")
    np.testing.assert_array_equal(two.source.stored, 65535 - stored)
    np.testing.assert_allclose(one.pixels, two.pixels, atol=1e-3)


@pytest.mark.parametrize("colour", [False, True])
def test_jpeg_is_kept_as_16_bits(tmp_path, colour):
    grey = breast(bits=8)
    cv2.imwrite(str(tmp_path / "a.jpg"), cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) if colour else grey)
    source = read_mammogram(tmp_path / "a.jpg").source
    assert (source.kind, source.stored.dtype) == ("jpeg", np.uint16)
    decoded = cv2.imread(str(tmp_path / "a.jpg"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(source.stored, decoded.astype(np.uint16) * 257)
    assert any("lossy" in note for note in source.notes)


def test_a_turn_that_exif_asks_for_is_not_done(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(breast(bits=8)).save(tmp_path / "a.jpg", exif=exif)
    assert read_mammogram(tmp_path / "a.jpg").shape == (640, 420)


@pytest.mark.parametrize("dtype", [">u2", "<i2", "u1", "<f4", ">f8", "<f2", "<i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path, dtype, order):
    stored = breast(bits=8 if dtype == "u1" else 12).astype(dtype, order=order)
    np.save(tmp_path / "a.npy", stored)
    source = read_mammogram(tmp_path / "a.npy").source
    np.testing.assert_array_equal(source.stored, stored)
    assert source.stored.dtype.isnative


def test_all_kinds_show_the_same_breast(tmp_path):
    stored = breast(bits=16)
    cv2.imwrite(str(tmp_path / "a.png"), stored)
    np.save(tmp_path / "a.npy", stored.astype(np.float64) / 7 - 3)
    one, two = read_mammogram(tmp_path / "a.png"), read_mammogram(tmp_path / "a.npy")
    np.testing.assert_allclose(one.pixels, two.pixels, atol=0.01)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_rgb_is_taken_with_a_note(tmp_path, name):
    stored = breast(bits=16)
    cv2.imwrite(str(tmp_path / name), np.dstack([stored] * 3))
    source = read_mammogram(tmp_path / name).source
    np.testing.assert_array_equal(source.stored, stored)
    assert any("grey throughout" in note for note in source.notes)


def test_opaque_png_with_alpha_is_taken(tmp_path):
    stored = breast(bits=8)
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([stored] * 3 + [np.full_like(stored, 255)]))
    np.testing.assert_array_equal(read_mammogram(tmp_path / "a.png").source.stored, stored)


def test_a_negative_is_turned_with_a_note(tmp_path):
    stored = breast(bits=8)
    cv2.imwrite(str(tmp_path / "a.png"), stored)
    cv2.imwrite(str(tmp_path / "b.png"), 255 - stored)
    one, two = read_mammogram(tmp_path / "a.png"), read_mammogram(tmp_path / "b.png")
    np.testing.assert_array_equal(two.source.stored, 255 - stored)
    np.testing.assert_allclose(one.pixels, two.pixels, atol=1e-3)
    assert any("negative" in note for note in two.source.notes)
    assert one.source.notes == ()
