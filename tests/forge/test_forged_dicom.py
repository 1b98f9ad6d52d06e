"""Forgers other than the injector on a full-size DICOM file, read back by pydicom alone."""

import json

import numpy as np
import pydicom
import pytest

from tamperscope import read_mammogram
from tamperscope.forge.control import TripControl
from tamperscope.forge.copy_move import CopyMove
from tamperscope.forge.region import Region
from tamperscope.forge.telea import Telea

REGION = Region.ellipse(1700, 2500, 150, 120)


@pytest.mark.parametrize("forger", [Telea(), CopyMove(), TripControl()], ids=lambda forger: forger.card.name)
def test_outside_bit_for_bit_and_marked(forger, dicom_files, tmp_path):
    mammogram = read_mammogram(dicom_files[3])
    forgery = forger.forge(mammogram, REGION, rng=np.random.default_rng(0))
    written = forgery.save(tmp_path / "forged.dcm")
    before, after = pydicom.dcmread(dicom_files[3]), pydicom.dcmread(written)
    assert after.ImageType[0] == "DERIVED"
    assert after[0x0008001C].value == "YES"
    reach = forgery.record["reach"]
    changed = before.pixel_array != after.pixel_array
    inside = changed[reach["y0"] : reach["y1"], reach["x0"] : reach["x1"]]
    assert inside.sum() == changed.sum() > 1000
    record = json.loads((tmp_path / "forged.dcm.record.json").read_text())
    assert record["control"] is (forger.card.family == "control")
    again = forger.repeat(mammogram, Region.from_record(record["region"]), seed=record["seed"])
    np.testing.assert_array_equal(again.mammogram.source.stored, after.pixel_array)
