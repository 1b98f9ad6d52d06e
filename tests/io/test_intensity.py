"""Reference intensity: strictly monotonic, invertible, and 0 / 300 / 800 at its anchors."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamperscope.io.decoded import identity_curve
from tamperscope.io.display_curve import dicom_curve
from tamperscope.io.intensity import anchored_map, choose_anchors
from tamperscope.io.lookup import look_up
from tamperscope.io.read import read_mammogram
from tests.io.make import FOR_PROCESSING, breast, lut, mg_dataset

CURVES = {
    "identity": {},
    "rescale": {"RescaleSlope": -0.5, "RescaleIntercept": 7},
    "monochrome1": {"PhotometricInterpretation": "MONOCHROME1"},
    "sigmoid": {"WindowCenter": 2000, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"},
    "voi": {"VOILUTSequence": [lut(0, np.arange(4096) // 16 * 16)]},
    "raw": {"SOPClassUID": FOR_PROCESSING},
}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CURVES)),
    st.sampled_from([8, 12, 14, 16]),
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
@example("sigmoid", 16, (0.0, 0.0, 0.6875))
@example("sigmoid", 16, (0.0, 0.0, 1.0))
@example("sigmoid", 16, (1.0, 1.0, 1.0))
def test_every_level_comes_back(name, bits, places):
    levels = np.arange(2**bits, dtype=np.float64)
    curve = dicom_curve(mg_dataset(np.zeros((2, 2), np.uint16), bits_stored=bits, **CURVES[name]), levels, [])
    low, high = sorted((curve.display[0], curve.display[-1]))
    anchors = low + (high - low) * (0.02 + 0.9 * np.sort(places)) + np.array([0, 0.03, 0.06]) * (high - low)
    intensity_map = anchored_map(levels, curve.display, tuple(anchors), kind=name)
    stored = np.arange(2**bits).astype(np.uint8 if bits == 8 else np.uint16)
    reference = intensity_map.to_reference(stored)
    assert reference.dtype == np.float32
    steps = np.diff(intensity_map.reference)
    assert (steps > 0).all() or (steps < 0).all()
    np.testing.assert_array_equal(intensity_map.to_stored(reference, stored.dtype), stored)


def test_the_anchors_become_0_300_and_800():
    levels = np.arange(4096.0)
    intensity_map = anchored_map(levels, levels, (10, 1000, 3000), kind="identity")
    np.testing.assert_allclose(intensity_map.to_reference(np.array([10, 1000, 3000], np.uint16)), [0, 300, 800])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32])
def test_look_up_equals_indexing(dtype):
    rng = np.random.default_rng(0)
    info = np.iinfo(dtype)
    first, last = max(info.min, -300), min(info.max, 500)
    table = rng.random(last - first + 1).astype(np.float32)
    stored = rng.integers(first, last + 1, (40, 30)).astype(dtype)
    np.testing.assert_array_equal(look_up(stored, table, first), table[stored.astype(int) - first])
    np.testing.assert_array_equal(look_up(stored[::3, 5:], table, first), table[stored[::3, 5:].astype(int) - first])
    np.testing.assert_array_equal(look_up(stored[0], table, first), table[stored[0].astype(int) - first])


def test_values_beyond_a_table_get_its_ends():
    table = np.array([1, 2], np.float32)
    np.testing.assert_array_equal(look_up(np.array([[0, 10, 11, 99]], np.uint16), table, 10), [[1, 1, 2, 2]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint32, np.int64])
def test_wide_types_come_back_too(tmp_path, dtype):
    stored = breast().astype(dtype) * dtype(1000)
    np.save(tmp_path / "a.npy", stored)
    source = read_mammogram(tmp_path / "a.npy").source
    assert source.stored.dtype == dtype
    back = source.intensity_map.to_stored(source.intensity_map.to_reference(stored), dtype)
    np.testing.assert_allclose(back, stored, rtol=1e-5, atol=2)


def test_a_map_describes_itself(tmp_path):
    np.save(tmp_path / "a.npy", breast())
    described = read_mammogram(tmp_path / "a.npy").source.intensity_map.describe()
    assert described["reference_anchors"] == [0, 300, 800]
    assert described["display_anchors"] == sorted(described["display_anchors"])


def test_no_tissue_has_no_anchors():
    with pytest.raises(ValueError, match="no breast tissue"):
        choose_anchors(np.zeros((4, 4)), np.zeros((4, 4), bool))


def test_identity_curve_of_a_narrow_range_of_a_wide_type_is_a_table():
    curve = identity_curve(np.array([[5, 900]], np.int64))
    assert len(curve.levels) == 896
