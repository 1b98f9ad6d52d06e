"""Modality LUT, VOI LUT, raw counts and MONOCHROME1 as one strictly monotonic curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamperscope.io.display_curve import dicom_curve, strictly_monotonic
from tamperscope.io.read import read_mammogram
from tests.io.make import FOR_PROCESSING, breast, lut, mg_dataset, save

LEVELS = np.arange(4096, dtype=np.float64)


def curve(**attributes):
    notes = []
    return dicom_curve(mg_dataset(np.zeros((2, 2), np.uint16), **attributes), LEVELS, notes), notes


def test_a_linear_window_is_left_out():
    found, notes = curve(WindowCenter=2000, WindowWidth=100)
    np.testing.assert_array_equal(found.display, LEVELS)
    assert notes == []


def test_rescale():
    found, _ = curve(RescaleSlope=2, RescaleIntercept=-5, RescaleType="US")
    np.testing.assert_array_equal(found.display, 2 * LEVELS - 5)


def test_a_slope_of_zero_is_noted():
    found, notes = curve(RescaleSlope=0, RescaleIntercept=0)
    np.testing.assert_array_equal(found.display, LEVELS)
    assert "Rescale Slope" in notes[0]


def test_sigmoid_is_exact_where_it_is_not_flat():
    found, _ = curve(WindowCenter=2000, WindowWidth=1500, VOILUTFunction="SIGMOID")
    middle = slice(1000, 3000)
    expected = 1 / (1 + np.exp(-4 * (LEVELS - 2000) / 1500))
    np.testing.assert_allclose(found.display[middle], expected[middle], atol=1e-12)
    assert (np.diff(found.display) > 0).all()
    assert np.abs(found.display - expected).max() < 0.01


def test_voi_lut_is_applied():
    table = np.round(60000 * (LEVELS / 4095) ** 2)
    found, notes = curve(VOILUTSequence=[lut(0, table)])
    np.testing.assert_allclose(found.display[1000:], table[1000:], atol=20)
    assert (np.diff(found.display) > 0).all()
    assert (found.name, notes) == ("VOI LUT", [])


def test_voi_lut_with_few_grey_levels_becomes_a_slope():
    found, _ = curve(VOILUTSequence=[lut(0, LEVELS // 16, bits=8)])
    assert (np.diff(found.display) > 0).all()
    assert np.abs(found.display - LEVELS / 16).max() < 1


def test_voi_lut_that_starts_late_is_continued():
    found, _ = curve(VOILUTSequence=[lut(1000, np.arange(0, 4000, 4))])
    assert (np.diff(found.display) > 0).all()
    np.testing.assert_allclose(found.display[1001:1999], 4 * (LEVELS[1001:1999] - 1000))


def test_a_voi_lut_that_turns_is_ignored_with_a_note():
    found, notes = curve(VOILUTSequence=[lut(0, np.abs(LEVELS - 2000))])
    np.testing.assert_array_equal(found.display, LEVELS)
    assert "not monotonic" in notes[0]


def test_a_voi_lut_of_another_length_is_ignored_with_a_note():
    entry = lut(0, LEVELS)
    entry.LUTDescriptor = [5000, 0, 16]
    _, notes = curve(VOILUTSequence=[entry])
    assert "5000" in notes[0]


def test_modality_lut_comes_before_the_window():
    found, _ = curve(
        ModalityLUTSequence=[lut(0, 2 * LEVELS)], WindowCenter=4000, WindowWidth=3000, VOILUTFunction="SIGMOID"
    )
    assert found.display[2000] == pytest.approx(0.5)


def test_monochrome1_is_turned():
    found, _ = curve(PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(found.display, LEVELS[::-1])


def test_raw_counts_go_through_the_logarithm():
    found, notes = curve(SOPClassUID=FOR_PROCESSING, PixelIntensityRelationship="LIN", PixelIntensityRelationshipSign=1)
    np.testing.assert_allclose(found.display, -np.log(LEVELS + 1))
    assert notes == []


def test_raw_counts_without_their_relation_are_noted():
    _, notes = curve(SOPClassUID=FOR_PROCESSING)
    assert len(notes) == 2


@pytest.mark.parametrize("sign", [1, -1])
def test_logarithmic_detector_values(sign):
    found, _ = curve(SOPClassUID=FOR_PROCESSING, PixelIntensityRelationship="LOG", PixelIntensityRelationshipSign=sign)
    assert np.sign(found.display[-1] - found.display[0]) == -sign


def test_presentation_and_processing_show_the_same_breast(tmp_path):
    stored = breast()
    shown = read_mammogram(save(tmp_path / "a.dcm", mg_dataset(stored)))
    counts = np.round(4000 * np.exp(stored / -1500)).astype(np.uint16)
    raw = mg_dataset(
        counts,
        SOPClassUID=FOR_PROCESSING,
        PresentationIntentType="FOR PROCESSING",
        PhotometricInterpretation="MONOCHROME1",
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
    )
    raw = read_mammogram(save(tmp_path / "b.dcm", raw))
    assert (shown.tissue == raw.tissue).mean() > 0.99
    inside = shown.tissue & raw.tissue
    assert np.abs(shown.pixels - raw.pixels)[inside].mean() < 5


def test_monochrome1_shows_the_same_breast(tmp_path):
    stored = breast()
    one = read_mammogram(save(tmp_path / "a.dcm", mg_dataset(stored)))
    two = mg_dataset(4095 - stored, PhotometricInterpretation="MONOCHROME1")
    two = read_mammogram(save(tmp_path / "b.dcm", two))
    np.testing.assert_allclose(one.pixels, two.pixels, atol=1e-3)
    np.testing.assert_array_equal(one.tissue, two.tissue)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=400), st.booleans())
def test_any_table_without_a_turn_becomes_strict(steps, falling):
    table = np.cumsum(steps).astype(np.float64)
    found = strictly_monotonic(-table if falling else table)
    if table[0] == table[-1]:
        assert found is None
    else:
        assert (np.diff(-found if falling else found) > 0).all()
