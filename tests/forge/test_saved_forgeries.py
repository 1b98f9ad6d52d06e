"""Injections into real files: what is written, bit for bit, against an independent computation."""

import json

import cv2
import numpy as np
import pydicom
import pytest

from tamperscope import Injector, read_mammogram
from tests.forge.test_merge import weight_by_hand

SQUARE = (1500, 2300, 420)
SMALL_SQUARE = (300, 900, 210)


@pytest.fixture(scope="module")
def injector():
    return Injector.load()


@pytest.fixture(scope="module")
def half_size(dicom_files):
    """A real mammogram at 0.1 mm, 16 bit."""
    stored = pydicom.dcmread(dicom_files[3]).pixel_array
    return cv2.resize(stored, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def expected_merge(injector, mammogram, square, *, seed):
    """Equation 2.1 with weights computed pixel by pixel from the report, on what the generators made."""
    x, y, side = square
    original = mammogram.pixels[y : y + side, x : x + side].astype(np.float64)
    stages = injector.inject(mammogram, square, noise_model="white", lift=False, seed=seed).stages
    rng = np.random.default_rng(seed)
    for _ in range(1 + injector.latent):
        rng.standard_normal((44, 44), dtype=np.float32)  # the latent map, and the noise before CGAN2
    enlarged = cv2.resize((stages["cgan2"] / 1100).astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    generated = enlarged.astype(np.float64) * 1100 + 10 * rng.standard_normal((side, side))
    weight = weight_by_hand(generated, 400, 20, 3)
    return weight * generated + (1 - weight) * original


def check(injector, source, target, decode, square, *, scale=1):
    """Outside bit for bit; inside equation 2.1, as the report has it, to within half a stored level."""
    mammogram = read_mammogram(source)
    forgery = injector.inject(mammogram, square, noise_model="white", lift=False, seed=7)
    written = forgery.save(target)
    x, y, side = square
    before, after = decode(source).astype(np.int64) * scale, decode(written).astype(np.int64)
    inside = np.zeros(before.shape, bool)
    inside[y : y + side, x : x + side] = True
    np.testing.assert_array_equal(before[~inside], after[~inside])
    merged = expected_merge(injector, mammogram, square, seed=7)
    read_back = mammogram.source.intensity_map.to_reference(
        after[y : y + side, x : x + side].astype(mammogram.source.stored.dtype)
    )
    steps = np.diff(mammogram.source.intensity_map.reference)
    assert np.abs(read_back - merged).max() <= 0.5 * np.abs(steps).max() + 0.02
    mask = cv2.imread(str(written) + ".mask.png", cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(mask > 0, forgery.mask)
    record = json.loads((written.parent / (written.name + ".record.json")).read_text())
    assert record["synthetic"] is True
    assert record["parameters"]["seed"] == 7
    # What was written reads back as the forgery in memory.
    again = read_mammogram(written)
    np.testing.assert_array_equal(again.source.stored, forgery.mammogram.source.stored)
    return written


def test_dicom(tmp_path, injector, dicom_files):
    def decode(path):
        return pydicom.dcmread(path).pixel_array

    written = check(injector, dicom_files[3], tmp_path / "forged.dcm", decode, SQUARE)
    dataset = pydicom.dcmread(written, stop_before_pixels=True)
    assert dataset[0x0008001C].value == "YES"
    assert dataset.ImageType[0] == "DERIVED"


def test_sixteen_bit_png(tmp_path, injector, half_size):
    source = tmp_path / "half.png"
    cv2.imwrite(str(source), half_size)
    check(
        injector,
        source,
        tmp_path / "forged.png",
        lambda path: cv2.imread(str(path), cv2.IMREAD_UNCHANGED),
        SMALL_SQUARE,
    )


def test_jpeg_becomes_a_sixteen_bit_png(tmp_path, injector, half_size):
    source = tmp_path / "half.jpg"
    cv2.imwrite(str(source), (half_size / 257).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])

    def decode(path):
        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)

    written = check(injector, source, tmp_path / "forged.png", decode, SMALL_SQUARE, scale=257)
    assert decode(written).dtype == np.uint16
    # Read as 8 bit, the PNG gives the decoded JPEG outside the square.
    eight = cv2.imread(str(written), cv2.IMREAD_GRAYSCALE)
    x, y, side = SMALL_SQUARE
    eight[y : y + side, x : x + side] = decode(source)[y : y + side, x : x + side]
    np.testing.assert_array_equal(eight, decode(source))


def test_the_same_seed_gives_the_same_bytes(tmp_path, injector, dicom_files):
    mammogram = read_mammogram(dicom_files[3])
    files = [
        injector.inject(mammogram, SQUARE, seed=seed).save(tmp_path / name / "forged.dcm")
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    ]
    first, again, other = (file.read_bytes() for file in files)
    assert first == again
    assert first != other
    for ending in (".mask.png", ".record.json"):
        companions = [file.with_name(file.name + ending).read_bytes() for file in files[:2]]
        assert companions[0] == companions[1]
