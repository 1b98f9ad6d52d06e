"""What ``bench speed`` and ``bench precision`` measure with, on small images."""

import json

import numpy as np
import pytest
from pydicom import uid

from tamperscope.benchmark.precision import PrecisionRow, measure_precision, write_precision
from tamperscope.benchmark.scan_speed import (
    DECODE,
    STAGES,
    _packed,
    decode_and_window,
    measure_cold,
    measure_folder,
    measure_scan,
)
from tamperscope.benchmark.speed import REPORT_SHAPE, _on_report_frame, measure_speed
from tamperscope.benchmark.speed_report import read_speed, write_speed
from tamperscope.errors import TamperscopeError
from tests.detect.images import make_mammogram
from tests.io.make import breast, mg_dataset, save, save_compressed


@pytest.fixture
def film(tmp_path):
    stored = breast(1200, 900)
    return save_compressed(tmp_path / "film.dcm", mg_dataset(stored), stored, uid.RLELossless)


def test_window_is_linear_from_the_darkest_to_the_brightest(film):
    shown, stored = decode_and_window(film), breast(1200, 900).astype(float)
    low, high = stored[::8, ::8].min(), stored[::8, ::8].max()
    assert np.abs(shown - np.clip(255 * (stored - low) / (high - low), 0, 255)).max() <= 1


@pytest.mark.parametrize("syntax", [uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_a_film_in_another_syntax_is_the_same(film, tmp_path, syntax):
    packed = _packed(film, syntax, tmp_path / "packed.dcm")
    np.testing.assert_array_equal(decode_and_window(packed), decode_and_window(film))


def test_stages_add_up_to_the_scan(film):
    found = measure_scan(film, repeats=3)
    assert found["syntax"] == "RLE Lossless"
    seconds = found["seconds"]
    assert sum(seconds[stage] for stage in STAGES) == pytest.approx(seconds["scan"], rel=0.5)
    assert found["scan_over_decode"] == pytest.approx(seconds["scan"] / seconds[DECODE])


def test_a_command_is_charged_its_own_memory_only():
    held = np.ones(40_000_000)
    found = measure_cold(["--help"], repeats=1)
    assert 0 < found["seconds"] < 60
    assert 5 < found["megabytes"] < held.nbytes / 2**20


def test_parts_measured_earlier_are_kept(tmp_path):
    assert read_speed(tmp_path) == {}
    training = {"batch": 32, "threads": 2, "decoded": 0.25, "over_eager": 3.0, "share_of_data": 0.01}
    training["tiles_per_second"] = {"ours": 30.0, "eager float32": 10.0}
    write_speed({"training": training}, tmp_path)
    text = write_speed(read_speed(tmp_path) | {"cold": {"--help": {"seconds": 0.06, "megabytes": 30}}}, tmp_path)
    assert "**3.0 x** eager float32 (30.0 against 10.0" in text
    assert "| `tamperscope --help` | 0.06 | 30 |" in text


@pytest.mark.parametrize(("height", "width"), [(900, 700), (2700, 2200)])
def test_a_breast_on_the_reports_frame_is_not_stretched(height, width):
    canvas = _on_report_frame(make_mammogram(height, width))
    assert canvas.pixels.shape == REPORT_SHAPE
    rows, columns = min(height, REPORT_SHAPE[0]), min(width, REPORT_SHAPE[1])
    tall = np.flatnonzero(canvas.pixels.any(axis=1))
    assert len(tall) == pytest.approx(rows, abs=60)
    assert np.flatnonzero(canvas.pixels.any(axis=0))[-1] == pytest.approx(columns, abs=60)


def test_nothing_to_measure_is_said():
    with pytest.raises(TamperscopeError, match="no mammogram to measure"):
        measure_speed([])
    with pytest.raises(TamperscopeError, match="at least two"):
        measure_precision([])


def test_the_table_of_precisions_is_what_was_measured(tmp_path):
    rows = [PrecisionRow("float32", 0, 0, 5, 0, 5, 0.1), PrecisionRow("int8", 0.5, 0.03, 0, 2, 5, 0.2)]
    text = write_precision(rows, tmp_path)
    assert "| int8 | 5.0e-01 | 3.0e-02 | 0 | 2 | 0.200 |" in text
    assert json.loads((tmp_path / "precision.json").read_text())["rows"][1]["verdicts_changed"] == 2


@pytest.mark.slow
def test_the_whole_measurement(film, tmp_path):
    pytest.importorskip("torch")
    result = measure_speed([film], repeats=1)
    assert result["max_abs_difference"] <= 1e-4
    assert result["dense_over_tiles_torch"] > 5
    result["scan"] = measure_scan(film, repeats=1)
    result["folder"] = measure_folder([film], images=4)
    text = write_speed(result, tmp_path)
    assert json.loads((tmp_path / "speed.json").read_text())["dense_over_tiles_torch"] > 5
    assert "## A folder" in text
    assert all(row["images_per_second"]["scan"] > 0 for row in result["folder"])


@pytest.mark.slow
def test_int8_is_made_and_float32_is_exact(tmp_path):
    pytest.importorskip("onnx")
    files = [save(tmp_path / f"{seed}.dcm", mg_dataset(breast(1200, 900, seed=seed))) for seed in range(2)]
    rows = {row.name: row for row in measure_precision(files)}
    assert rows["float32, ONNX Runtime"].max_difference == 0
    assert rows["int8, ONNX Runtime"].max_difference > 0
