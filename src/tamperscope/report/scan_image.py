"""Scan one image: read it, score it, write what was found. Whatever goes wrong is an outcome too."""

from __future__ import annotations

import traceback
from pathlib import Path

from tamperscope.detect.detectors import Scanner
from tamperscope.detect.finding import Finding
from tamperscope.errors import TamperscopeError
from tamperscope.io.files import file_sha256
from tamperscope.io.limits import MAX_FILE_BYTES
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram
from tamperscope.report.outcome import Outcome, describe, write_outcome


def scan_image(path: Path, base: Path, detector: Scanner, *, debug: bool = False) -> Outcome:
    """Scan an image and write what was found of it.

    Args:
        path: the file.
        base: what is written is named after it: ``BASE.json`` and so on.
        detector: scores it.
        debug: show the traceback of an error that is none of the image's.

    Raises:
        OSError: not even the JSON can be written: the disk is full, the folder read-only.
    """
    read = _read(path, detector, debug=debug)
    if isinstance(read, Finding):
        return _write(path, base, read, None, detector, debug=debug)
    return _write(path, base, _scan(read, detector, debug=debug), read, detector, debug=debug)


def give_up(path: Path, base: Path, reason: str, detector: Scanner) -> Outcome:
    """Write that an image could not be scored.

    Raises:
        OSError: that can't be written either.
    """
    finding = _not_scored(reason, detector)
    return write_outcome(base, describe(path, finding, sha256=_hash(path), mammogram=None), finding, None)


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
