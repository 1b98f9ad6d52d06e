"""How fast is a whole scan? Against decoding alone: one film by its stages, a cold command, a folder."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import jpeg_ls
import numpy as np
import pydicom
from openjpeg.utils import encode_array
from pydicom import uid
from pydicom.encaps import encapsulate
from tqdm import tqdm

from tamperscope.detect.detector import Detector
from tamperscope.detect.detectors import FORENSIC_TRANSFER, load_detector
from tamperscope.errors import TamperscopeError
from tamperscope.io.dicom_pixels import decode_pixels
from tamperscope.io.lookup import every_value, take
from tamperscope.io.read import read_mammogram
from tamperscope.report.batch import scan_in_processes
from tamperscope.report.outcome import describe, write_outcome
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.runtime.network import available_cores

DECODE = "decode and window"
ORDINARY = "decode, and window with NumPy"
STAGES = ("read", "score", "write")
_TURNS = 2
"""Of a folder's ways, each through all images."""
_SYNTAXES = {"JPEG-LS": uid.JPEGLSLossless, "JPEG 2000": uid.JPEG2000Lossless}


def measure_scan(file: Path, *, repeats: int = 15) -> dict[str, Any]:
    """One DICOM file in a running process: decoding and windowing alone, and the stages of a scan, in turns.

    Args:
        file: the DICOM file.
        repeats: turns; times are medians.
    """
    dataset = pydicom.dcmread(file)
    detector = Detector.load()
    seconds: dict[str, list[float]] = {name: [] for name in (DECODE, ORDINARY, *STAGES, "scan")}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = perf_counter()
        result = work()
        seconds[name].append(perf_counter() - start)
        return result

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "x"
        for turn in range(repeats + 1):
            if turn == 1:  # the first turn warms up
                for times in seconds.values():
                    times.clear()
            timed(DECODE, lambda: decode_and_window(file))
            timed(ORDINARY, lambda: _window_with_numpy(_decoded(file)))
            start = perf_counter()
            mammogram = timed("read", lambda: read_mammogram(file))
            finding = timed("score", lambda: detector.scan(mammogram))  # noqa: B023
            facts = describe(file, finding, sha256=mammogram.source.sha256, mammogram=mammogram)
            timed("write", lambda: write_outcome(base, facts, finding, mammogram))  # noqa: B023
            seconds["scan"].append(perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {
        "file": file.name,
        "syntax": dataset.file_meta.TransferSyntaxUID.name,
        "rows": int(dataset.Rows),
        "columns": int(dataset.Columns),
        "seconds": medians,
        "scan_over_decode": medians["scan"] / medians[DECODE],
        "scan_over_ordinary_decode": medians["scan"] / medians[ORDINARY],
    }


def decode_and_window(file: Path) -> np.ndarray:
    """Stored values of a DICOM file through a window to 8 bits, as fast as we can: one look-up."""
    pixels = _decoded(file)
    levels = every_value(pixels.dtype).astype(np.float32)
    low, high = float(pixels[::8, ::8].min()), float(pixels[::8, ::8].max())
    return take(pixels, np.clip((levels - low) * (255 / max(high - low, 1)), 0, 255).astype(np.uint8))


def _window_with_numpy(pixels: np.ndarray) -> np.ndarray:
    """The same as most scripts have it."""
    low, high = float(pixels.min()), float(pixels.max())
    return np.clip((pixels.astype(np.float32) - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)


def _decoded(file: Path) -> np.ndarray:
    dataset = pydicom.dcmread(file)
    return decode_pixels(dataset, dataset.file_meta.TransferSyntaxUID, int(dataset.Rows), int(dataset.Columns))


def measure_cold(arguments: Sequence[str], *, repeats: int = 5) -> dict[str, float]:
    """Median seconds and most memory in MB of ``tamperscope ARGUMENTS`` as a command of its own."""
    seconds, megabytes = [], []
    for _ in range(repeats):
        # Started from a small process: Linux counts the memory of the one that starts a command as the command's.
        command = [sys.executable, "-c", _START, sys.executable, "-m", "tamperscope", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        code, taken, kilobytes = done.stdout.split()
        if int(code) not in (0, 1):
            raise TamperscopeError(f"tamperscope {' '.join(arguments)} failed.")
        seconds.append(float(taken))
        megabytes.append(float(kilobytes) / 1024)
    return {"seconds": statistics.median(seconds), "megabytes": max(megabytes)}


_START = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(done.returncode, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure_folder(files: Sequence[Path], *, images: int = 100) -> list[dict[str, Any]]:
    """Images a second of a folder: scanned, and decoded and windowed only, by one process and by one a core.

    A scan's time includes the start of its processes; those that decode only have started before. Also of the same
    images in the slower transfer syntaxes, with a fifth of the images.

    Args:
        files: DICOM files, which are taken again and again.
        images: how many are scanned.
    """
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        rows = [_folder_row("as they are", files, images, Path(folder) / "out")]
        for name, syntax in _SYNTAXES.items():
            packed = [_packed(file, syntax, Path(folder) / f"{name} {file.name}") for file in files[:4]]
            rows.append(_folder_row(name, packed, max(images // 5, 4), Path(folder) / "out"))
    return rows


def _folder_row(name: str, files: Sequence[Path], images: int, out: Path) -> dict[str, Any]:
    cores = available_cores()
    chosen = [files[index % len(files)] for index in range(images)]
    load = partial(load_detector, FORENSIC_TRANSFER, threads=1)
    # Not forked, since the threads of networks do not survive that.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=keep_freed_memory) as processes:
        ways: dict[str, Callable[[], Any]] = {
            "decode, one process": lambda: [decode_and_window(file) for file in chosen] and None,
            "decode, one a core": lambda: list(processes.map(_decode_only, chosen)),
            "scan": lambda: list(scan_in_processes([(file, file.parent) for file in chosen], out, load, jobs=cores)),
        }
        seconds = dict.fromkeys(ways, 0.0)
        decode_and_window(files[0])
        list(processes.map(_decode_only, [files[0]] * 2 * cores))
        for _ in tqdm(range(_TURNS), desc=f"folder, {name}"):
            for way, work in ways.items():
                start = perf_counter()
                work()
                seconds[way] += (perf_counter() - start) / _TURNS
    rates = {way: images / taken for way, taken in seconds.items()}
    return {
        "files": name,
        "images": images,
        "images_per_second": rates,
        "of_one_process": rates["scan"] / rates["decode, one process"],
        "of_all_cores": rates["scan"] / rates["decode, one a core"],
    }


def _decode_only(file: Path) -> None:
    decode_and_window(file)


def _packed(file: Path, syntax: uid.UID, to: Path) -> Path:
    """The same image in another transfer syntax, in a temporary file."""
    dataset = pydicom.dcmread(file)
    pixels, bits = _decoded(file), int(dataset.BitsStored)
    if syntax == uid.JPEGLSLossless:
        rows, columns = pixels.shape
        frame = jpeg_ls.encode_pixel_data(
            pixels.tobytes(), lossy_error=0, rows=rows, columns=columns, samples_per_pixel=1, bits_stored=bits
        )
    else:
        frame = encode_array(pixels, bits_stored=bits)
    dataset.PixelData = encapsulate([bytes(frame)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(to)
    return to
