"""Scan many images: the next one is read while this one is scored, and one bad file never stops the rest."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tamperscope.detect.detector import Detector
from tamperscope.detect.finding import Finding
from tamperscope.errors import UnscorableImageError
from tamperscope.io.find import FoundImages, find_images
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram
from tamperscope.report.naming import name_outputs
from tamperscope.report.outcome import Outcome, describe, write_outcome

_AHEAD = 2
"""Images read ahead: enough to keep a core busy, few enough to bound memory."""


def find_inputs(paths: Iterable[Path], out: Path) -> FoundImages:
    """The images to scan; what an earlier scan wrote to ``out`` is none of them."""
    found = find_images(paths)
    results = out.resolve()
    images = [pair for pair in found.images if pair[0] == pair[1] or not pair[0].resolve().is_relative_to(results)]
    return FoundImages(images, found.skipped)


def scan_batch(
    images: Sequence[tuple[Path, Path]], out: Path, detector: Detector, *, debug: bool = False
) -> Iterator[Outcome]:
    """Scan images in their order, and write what was found of each as soon as it is there.

    Args:
        images: files, each with the argument under which it was found.
        out: folder of the results.
        detector: scores them.
        debug: show the traceback of an error that is none of the image's.
    """
    names = name_outputs(images)
    with ThreadPoolExecutor(max_workers=_AHEAD) as readers, ThreadPoolExecutor(max_workers=1) as writer:
        waiting: deque[Future[Mammogram | Finding]] = deque()
        writing: deque[Future[Outcome]] = deque()
        for index, (path, _) in enumerate(images):
            while len(waiting) < _AHEAD + 1 and index + len(waiting) < len(images):
                waiting.append(readers.submit(_read, images[index + len(waiting)][0], detector, debug=debug))
            read = waiting.popleft().result()
            finding = read if isinstance(read, Finding) else _scan(read, detector, debug=debug)
            mammogram = read if isinstance(read, Mammogram) else None
            writing.append(writer.submit(_write, path, out / names[index], finding, mammogram))
            # One image may be written while the next is scored; more would pile up in memory.
            while len(writing) > 1:
                yield writing.popleft().result()
        while writing:
            yield writing.popleft().result()


def _read(path: Path, detector: Detector, *, debug: bool) -> Mammogram | Finding:
    try:
        return read_mammogram(path)
    except UnscorableImageError as error:
        return _not_scored(str(error), detector)
    except Exception as error:
        # A fault of ours must not cost the rest of the batch either, nor pass for a verdict.
        return _internal_error(error, detector, debug=debug)


def _scan(mammogram: Mammogram, detector: Detector, *, debug: bool) -> Finding:
    try:
        return detector.scan(mammogram)
    except Exception as error:
        return _internal_error(error, detector, debug=debug)


def _write(path: Path, base: Path, finding: Finding, mammogram: Mammogram | None) -> Outcome:
    sha256 = mammogram.source.sha256 if mammogram and mammogram.source else _hash(path)
    facts = describe(path, finding, sha256=sha256, mammogram=mammogram)
    return write_outcome(base, facts, finding, mammogram)


def _hash(path: Path) -> str | None:
    import hashlib

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _internal_error(error: Exception, detector: Detector, *, debug: bool) -> Finding:
    if debug:
        traceback.print_exception(error)
    return _not_scored(f"internal error: {type(error).__name__}: {error}", detector)


def _not_scored(reason: str, detector: Detector) -> Finding:
    return Finding("not-scored", None, detector.threshold, reason, model=detector.model)
