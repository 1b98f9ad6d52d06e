"""The breast is found on real images, labels and film borders are not; negatives are told from positives."""

import numpy as np
import pytest

from tamperscope.io.polarity import is_negative
from tamperscope.io.read import read_mammogram
from tamperscope.io.tissue import find_tissue
from tests.io.make import breast


def test_films(dicom_files):
    for path in dicom_files:
        mammogram = read_mammogram(path)
        tissue = mammogram.tissue
        assert 0.15 < tissue.mean() < 0.5
        # One side is the chest wall, the other is air, where the labels are.
        chest, air = (tissue[:, :300], tissue[:, -300:])
        if mammogram.laterality == "R":
            chest, air = air, chest
        assert chest.mean() > 0.4
        assert air.mean() < 0.05
        # What is left of the bright background are labels and borders, and they are bright enough to be missed.
        assert np.median(mammogram.pixels[~tissue]) < 150
        small = mammogram.source.stored[::8, ::8].astype(np.float32)
        assert not is_negative(small)
        assert is_negative(-small)


@pytest.mark.data
def test_cesm_images(cesm_folder):
    for path in sorted((cesm_folder / "val").glob("*.jpg")):
        mammogram = read_mammogram(path)
        assert 0.3 < mammogram.tissue.mean() < 0.95
        small = mammogram.source.stored[::5, ::5].astype(np.float32)
        assert not is_negative(small)
        assert is_negative(-small)


def test_a_label_is_not_tissue():
    image = breast(bits=12).astype(np.float32)
    image[20:80, 360:410] = 4095
    tissue = find_tissue(image)
    assert not tissue[20:80, 360:410].any()
    assert tissue[320, 100]


def test_nothing_stands_out_of_a_flat_image():
    assert not find_tissue(np.full((600, 400), 5.0)).any()
    assert not is_negative(np.full((600, 400), 5.0))


def test_tissue_all_over_is_no_negative():
    rng = np.random.default_rng(0)
    assert not is_negative(1000 + 100 * rng.standard_normal((300, 200)))
