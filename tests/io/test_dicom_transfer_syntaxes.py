"""Every transfer syntax gives the stored values back: exactly, or as near as a lossy one can."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from tamperscope.io.read import read_mammogram
from tests.io.make import breast, mg_dataset, save_compressed, save_frame

LOSSLESS = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.keyword)
def test_lossless_syntaxes_are_exact(tmp_path, syntax, bits):
    stored = breast(bits=bits)
    path = save_compressed(tmp_path / "a.dcm", mg_dataset(stored, bits_stored=bits), stored, syntax)
    source = read_mammogram(path).source
    assert source.stored.dtype == stored.dtype
    np.testing.assert_array_equal(source.stored, stored)


@pytest.mark.parametrize("syntax", [s for s in LOSSLESS if s != uid.JPEGLSLossless], ids=lambda syntax: syntax.keyword)
@pytest.mark.parametrize("bits", [12, 16])
def test_signed_pixels_keep_their_sign(tmp_path, syntax, bits):
    stored = (breast(bits=bits).astype(np.int32) - 2 ** (bits - 1)).astype(np.int16)
    path = save_compressed(tmp_path / "a.dcm", mg_dataset(stored, bits_stored=bits), stored, syntax)
    np.testing.assert_array_equal(read_mammogram(path).source.stored, stored)


@pytest.mark.parametrize(
    ("syntax", "bits", "tolerance"),
    [
        (uid.JPEGBaseline8Bit, 8, 8),
        (uid.JPEGLSNearLossless, 12, 2),
        (uid.JPEG2000, 12, 250),
    ],
    ids=lambda value: getattr(value, "keyword", str(value)),
)
def test_lossy_syntaxes_are_near(tmp_path, syntax, bits, tolerance):
    stored = breast(bits=bits)
    path = save_compressed(tmp_path / "a.dcm", mg_dataset(stored, bits_stored=bits), stored, syntax)
    difference = np.abs(read_mammogram(path).source.stored.astype(int) - stored)
    assert difference.max() <= tolerance


DATA = Path(__file__).parent / "data"
"""Two frames made with imagecodecs 2026.3.6 (OpenJPH, libjpeg-turbo 3), whose encoders no dependency has."""


def wedge(floor):
    y, x = np.mgrid[:512, :256]
    return np.maximum(floor, 3000 - (x * x + (y - 256) ** 2 // 2) // 16).astype(np.uint16)


def test_12_bit_jpeg(tmp_path):
    stored = wedge(0)
    stored[240:272, 40:72] = 4095  # the ripple at both ends of the range must not wrap around
    frame = (DATA / "wedge-12-bit.jpeg").read_bytes()
    path = save_frame(tmp_path / "a.dcm", mg_dataset(stored), frame, uid.JPEGExtended12Bit)
    assert np.abs(read_mammogram(path).source.stored.astype(int) - stored).max() <= 8


def test_high_throughput_jpeg_2000(tmp_path):
    stored = wedge(30)
    frame = (DATA / "wedge.htj2k").read_bytes()
    path = save_frame(tmp_path / "a.dcm", mg_dataset(stored, bits_stored=16), frame, uid.HTJ2KLossless)
    np.testing.assert_array_equal(read_mammogram(path).source.stored, stored)


def test_bits_above_bits_stored_are_cut_off(tmp_path):
    stored = breast()
    dataset = mg_dataset(stored | np.uint16(0x8000))
    np.testing.assert_array_equal(
        read_mammogram(save_compressed(tmp_path / "a.dcm", dataset, stored, uid.ExplicitVRLittleEndian)).source.stored,
        stored,
    )


def test_pixels_in_the_high_bits_are_shifted_down(tmp_path):
    stored = breast()
    dataset = mg_dataset(stored << 4, HighBit=15)
    np.testing.assert_array_equal(
        read_mammogram(save_compressed(tmp_path / "a.dcm", dataset, stored, uid.ExplicitVRLittleEndian)).source.stored,
        stored,
    )


def test_the_name_of_a_file_does_not_matter(tmp_path):
    stored = breast()
    path = save_compressed(tmp_path / "image.png", mg_dataset(stored), stored, uid.RLELossless)
    assert read_mammogram(path).source.kind == "dicom"


def test_a_file_without_preamble_is_read(tmp_path):
    stored = breast()
    dataset = mg_dataset(stored)
    path = tmp_path / "a"
    del dataset.file_meta
    dataset.save_as(path, implicit_vr=True, little_endian=True)
    mammogram = read_mammogram(path)
    np.testing.assert_array_equal(mammogram.source.stored, stored)
    assert any("no Transfer Syntax" in note for note in mammogram.source.notes)
