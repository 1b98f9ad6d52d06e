"""A scan that is stopped half way, on real processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pydicom
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def folder(tmp_path, dicom_files):
    """Many links to one large image: enough to be stopped half way."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(dicom_files[0], folder / "000.dcm")
    for number in range(1, 60):
        os.link(folder / "000.dcm", folder / f"{number:03}.dcm")
    return folder


def start(*arguments):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "tamperscope", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        # A test run in the background passes on that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def check_all_whole(folder, out):
    written = sorted(out.glob("*.json"))
    assert written
    for path in written:
        assert json.loads(path.read_text())["verdict"] in ("real", "fake")
        image = pydicom.dcmread(folder / "000.dcm", stop_before_pixels=True)
        assert cv2.imread(str(path.with_suffix(".heatmap.png"))).shape == (image.Rows, image.Columns, 3)
        assert np.load(path.with_suffix(".scores.npy")).shape == (61, 61)
    return written


def test_ctrl_c_ends_with_a_report_of_what_is_done(folder, tmp_path):
    process = start("scan", folder, "--jobs", 2, "--out", tmp_path / "out", "--format", "csv")
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all processes of the command
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip().endswith("Stopped.")
    assert "Traceback" not in errors
    written = check_all_whole(folder, tmp_path / "out")
    assert len(written) < 60
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    shown, missing = page.count('<tr class="row '), re.search(r"(\d+) more image", page)
    assert shown + int(missing[1]) == 60
    assert len((tmp_path / "out" / "findings.csv").read_text().splitlines()) == shown + 1


@pytest.mark.parametrize("seconds", [1, 2, 3])
def test_ctrl_c_while_processes_start_leaves_nothing_behind(folder, tmp_path, seconds):
    process = start("scan", folder, "--jobs", 2, "--out", tmp_path / "out")
    time.sleep(seconds)
    for _ in range(2):  # impatiently
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    _, errors = process.communicate(timeout=60)
    assert ended(process.pid)
    if process.returncode != -signal.SIGINT:  # Python itself had not started yet
        assert process.returncode == 130
        assert "Traceback" not in errors


def test_killed_leaves_whole_files(folder, tmp_path):
    process = start("scan", folder, "--jobs", 2, "--out", tmp_path / "out")
    for _ in range(3):
        process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert ended(process.pid)
    assert len(check_all_whole(folder, tmp_path / "out")) < 60


def ended(group, *, seconds=20):
    """Whether all processes of a group are gone, before long."""
    for _ in range(10 * seconds):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_reader_that_goes_away_is_no_fake(folder, tmp_path):
    process = start("scan", folder, "--jobs", 2, "--out", tmp_path / "out")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 2
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
