"""What a call costs, in a process of its own: run on an idle machine (pytest -m slow)."""

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def spend(*arguments):
    """Seconds and peak memory in MB of ``tamperscope ARGUMENTS``, best of three."""
    best = (float("inf"), float("inf"))
    for _ in range(3):
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tamperscope", *map(str, arguments)], stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) in (0, 1)
        best = min(best, (time.perf_counter() - start, usage.ru_maxrss / 1024))
    return best


def test_help_is_instant():
    assert spend("--help")[0] < 0.3


def test_cold_scan_of_one_film(tmp_path, dicom_files):
    seconds, megabytes = spend("scan", dicom_files[4], "--out", tmp_path)
    assert seconds < 2
    assert megabytes < 600
