"""Scan many images: the next one is read while this one is scored, and one bad file never stops the rest."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tamperscope.detect.detectors import Scanner
from tamperscope.detect.finding import Finding
from tamperscope.errors import TamperscopeError
from tamperscope.io.find import FoundImages, find_images
from tamperscope.io.limits import MAX_FILE_BYTES
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram
from tamperscope.report.naming import ENDINGS, name_outputs
from tamperscope.report.outcome import Outcome, describe, write_outcome

_AHEAD = 2
"""Images read ahead: enough to keep a core busy, few enough to bound memory."""


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
    images: Sequence[tuple[Path, Path]], out: Path, detector: Scanner, *, debug: bool = False
) -> Iterator[Outcome]:
    """Scan images in their order, and write what was found of each as soon as it is there.

    Args:
        images: files, each with the argument under which it was found.
        out: folder of the results.
        detector: scores them.
        debug: show the traceback of an error that is none of the image's.

    Raises:
        TamperscopeError: a result would be written over an image.
        OSError: not even the JSON can be written: the disk is full, the folder read-only.
    """
    bases = [out / name for name in name_outputs(images)]
    _check_inputs_survive([file for file, _ in images], bases)
    readers = ThreadPoolExecutor(max_workers=_AHEAD, thread_name_prefix="read")
    writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write")
    try:
        reading: deque[Future[Mammogram | Finding]] = deque()
        writing: deque[Future[Outcome]] = deque()
        for index, (path, _) in enumerate(images):
            while len(reading) <= _AHEAD and index + len(reading) < len(images):
                reading.append(readers.submit(_read, images[index + len(reading)][0], detector, debug=debug))
            read = reading.popleft().result()
            finding = read if isinstance(read, Finding) else _scan(read, detector, debug=debug)
            mammogram = read if isinstance(read, Mammogram) else None
            writing.append(writer.submit(_write, path, bases[index], finding, mammogram, detector, debug=debug))
            del read, mammogram
            # One image may be written while the next is scored; more would pile up in memory.
            while len(writing) > 1:
                yield writing.popleft().result()
        while writing:
            yield writing.popleft().result()
    finally:
        # Also when the caller stops early: nothing more is read, and what is being written is finished.
        readers.shutdown(wait=False, cancel_futures=True)
        writer.shutdown(wait=True)


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
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _internal_error(error: Exception, detector: Scanner, *, debug: bool) -> Finding:
    if debug:
        traceback.print_exception(error)
    return _not_scored(f"internal error: {type(error).__name__}: {error}", detector)


def _not_scored(reason: str, detector: Scanner) -> Finding:
    return Finding.not_scored(reason, threshold=detector.threshold, model=detector.model)
