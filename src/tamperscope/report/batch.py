"""Scan many images, several at once, in their order; one bad file never stops the rest."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tamperscope.detect.detectors import Scanner
from tamperscope.detect.finding import Finding
from tamperscope.errors import TamperscopeError
from tamperscope.io.files import file_sha256
from tamperscope.io.find import FoundImages, find_images
from tamperscope.io.limits import MAX_FILE_BYTES
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram
from tamperscope.report.naming import ENDINGS, name_outputs
from tamperscope.report.outcome import Outcome, describe, write_outcome
from tamperscope.runtime.network import available_cores


def find_inputs(paths: Iterable[Path], out: Path) -> FoundImages:
    """The images to scan; results in a folder inside a scanned one are none of them.

    Where the results go into the scanned folder itself, or above it, ``find_images`` tells them by their names.
    """
    found = find_images(paths)
    results = out.resolve()

    def is_result(file: Path, argument: Path) -> bool:
        return results in file.resolve().parents and argument.resolve() in results.parents

    images = [(file, argument) for file, argument in found.images if file == argument or not is_result(file, argument)]
    skipped = [(file, why) for file, why in found.skipped if results not in file.resolve().parents]
    return FoundImages(images, skipped)


def scan_batch(
    images: Sequence[tuple[Path, Path]],
    out: Path,
    detector: Scanner,
    *,
    jobs: int | None = None,
    debug: bool = False,
) -> Iterator[Outcome]:
    """Scan images and write what was found of each as soon as it is there; outcomes come in the images' order.

    Args:
        images: files, each with the argument under which it was found.
        out: folder of the results.
        detector: scores them; with several jobs it is called by all of them.
        jobs: images that are read, scored and written at once, each held in memory; one a core by default.
        debug: show the traceback of an error that is none of the image's.

    Raises:
        TamperscopeError: a result would be written over an image.
        OSError: not even the JSON can be written: the disk is full, the folder read-only.
    """
    bases = [out / name for name in name_outputs(images)]
    _check_inputs_survive([file for file, _ in images], bases)

    def one(path: Path, base: Path) -> Outcome:
        read = _read(path, detector, debug=debug)
        if isinstance(read, Finding):
            return _write(path, base, read, None, detector, debug=debug)
        return _write(path, base, _scan(read, detector, debug=debug), read, detector, debug=debug)

    # Threads are enough: what takes long (decoders but RLE's, networks, packing) does not hold Python's lock.
    pool = ThreadPoolExecutor(jobs or available_cores(), thread_name_prefix="scan")
    try:
        yield from pool.map(one, [file for file, _ in images], bases)
    finally:
        # Also when the caller stops early: nothing more is begun, and what is being written is finished.
        pool.shutdown(wait=True, cancel_futures=True)


def _check_inputs_survive(files: Sequence[Path], bases: Sequence[Path]) -> None:
    inputs = {os.path.realpath(file) for file in files}
    for base in bases:
        for ending in ENDINGS:
            if os.path.realpath(f"{base}{ending}") in inputs:
                raise TamperscopeError(f"{base}{ending} is an image to scan, and would be written over: change --out.")


def _read(path: Path, detector: Scanner, *, debug: bool) -> Mammogram | Finding:
    try:
        return read_mammogram(path)
    except TamperscopeError as error:
        return _not_scored(str(error), detector)
    except Exception as error:
        # A fault of ours must not cost the rest of the batch either, nor pass for a verdict.
        return _internal_error(error, detector, debug=debug)


def _scan(mammogram: Mammogram, detector: Scanner, *, debug: bool) -> Finding:
    try:
        return detector.scan(mammogram)
    except TamperscopeError as error:
        return _not_scored(str(error), detector)
    except Exception as error:
        return _internal_error(error, detector, debug=debug)


def _write(
    path: Path, base: Path, finding: Finding, mammogram: Mammogram | None, detector: Scanner, *, debug: bool
) -> Outcome:
    sha256 = mammogram.source.sha256 if mammogram and mammogram.source else _hash(path)
    try:
        return write_outcome(base, describe(path, finding, sha256=sha256, mammogram=mammogram), finding, mammogram)
    except Exception as error:
        # A verdict without its evidence is none. If this can't be written either, the disk is to blame.
        failed = _internal_error(error, detector, debug=debug)
        return write_outcome(base, describe(path, failed, sha256=sha256, mammogram=None), failed, None)


def _hash(path: Path) -> str | None:
    """SHA-256 of a regular file of reasonable size: a pipe would never end."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return None
        return file_sha256(path)
    except (OSError, ValueError):
        return None


def _internal_error(error: Exception, detector: Scanner, *, debug: bool) -> Finding:
    if debug:
        traceback.print_exception(error)
    return _not_scored(f"internal error: {type(error).__name__}: {error}", detector)


def _not_scored(reason: str, detector: Scanner) -> Finding:
    return Finding.not_scored(reason, threshold=detector.threshold, model=detector.model)
