"""Scan many images, several at once, in their order; one bad file never stops the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from tamperscope.detect.detectors import Scanner
from tamperscope.errors import TamperscopeError
from tamperscope.io.find import FoundImages, find_images
from tamperscope.report.naming import ENDINGS, name_outputs
from tamperscope.report.outcome import Outcome
from tamperscope.report.scan_image import give_up, scan_image
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.runtime.network import available_cores
from tamperscope.runtime.processes import end_with_parent, leave_interrupts_to_parent

CRASHED = "reading or scoring it ended the process: the file makes a decoder crash, or memory ran out."


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
    """Scan images in threads and write what was found of each as soon as it is there.

    Args:
        images: files, each with the argument under which it was found.
        out: folder of the results.
        detector: scores them; with several jobs it is called by all of them.
        jobs: images that are read, scored and written at once, each held in memory; one a core by default.
        debug: show the traceback of an error that is none of the image's.

    Returns:
        Outcomes, in the images' order.

    Raises:
        TamperscopeError: a result would be written over an image.
        OSError: not even the JSON can be written: the disk is full, the folder read-only.
    """
    tasks = _tasks(images, out)
    pool = ThreadPoolExecutor(jobs or available_cores(), thread_name_prefix="scan")
    try:
        yield from pool.map(lambda task: scan_image(task[0], task[1], detector, debug=debug), tasks)
    finally:
        # Also when the caller stops early: nothing more is begun, and what is being written is finished.
        pool.shutdown(wait=True, cancel_futures=True)


def scan_in_processes(
    images: Sequence[tuple[Path, Path]],
    out: Path,
    load: Callable[[], Scanner],
    *,
    jobs: int,
    debug: bool = False,
) -> Iterator[Outcome]:
    """As ``scan_batch``, in processes, which take a second to start and then don't wait for each other.

    Threads do, for Python's lock, which the decoders of RLE and JPEG 2000 hold and much arithmetic too. Where an image
    ends its process (a decoder crashes, memory runs out) it is tried once more alone, and is not scored if that
    crashes too.

    Args:
        images: as for ``scan_batch``.
        out: as for ``scan_batch``.
        load: makes the detector, in each process; it must be a function of a module, or ``partial`` of one.
        jobs: processes.
        debug: as for ``scan_batch``.

    Returns:
        Outcomes, in the images' order.

    Raises:
        As ``scan_batch``.
    """
    tasks = _tasks(images, out)
    done = 0
    while done < len(tasks):
        for outcome in _until_broken(tasks[done:], load, jobs=jobs, debug=debug):
            yield outcome
            done += 1
        if done < len(tasks):  # this one, or one that was worked on at the same time, ended its process
            alone = list(_until_broken(tasks[done : done + 1], load, jobs=1, debug=debug))
            yield from alone or [give_up(*tasks[done], CRASHED, load())]
            done += 1


def _until_broken(
    tasks: Sequence[tuple[Path, Path]], load: Callable[[], Scanner], *, jobs: int, debug: bool
) -> Iterator[Outcome]:
    """Outcomes of tasks in their order, up to the first whose process ended."""
    # Not forked, since the threads of networks do not survive that.
    pool = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(load, jobs, debug)
    )
    try:
        yield from pool.map(_scan_in_worker, tasks)
    except BrokenProcessPool:
        return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_scan_in_worker_with: Callable[..., Outcome]
"""``scan_image`` with a worker's detector; set as it starts."""


def _start_worker(load: Callable[[], Scanner], jobs: int, debug: bool) -> None:
    global _scan_in_worker_with
    end_with_parent()
    leave_interrupts_to_parent()
    keep_freed_memory()
    cv2.setNumThreads(max(1, available_cores() // jobs))
    _scan_in_worker_with = partial(scan_image, detector=load(), debug=debug)


def _scan_in_worker(task: tuple[Path, Path]) -> Outcome:
    return _scan_in_worker_with(*task)


def _tasks(images: Sequence[tuple[Path, Path]], out: Path) -> list[tuple[Path, Path]]:
    """Each file with the base of what is written of it.

    Raises:
        TamperscopeError: a result would be written over an image.
    """
    bases = [out / name for name in name_outputs(images)]
    inputs = {os.path.realpath(file) for file, _ in images}
    for base in bases:
        for ending in ENDINGS:
            if os.path.realpath(f"{base}{ending}") in inputs:
                raise TamperscopeError(f"{base}{ending} is an image to scan, and would be written over: change --out.")
    return [(file, base) for (file, _), base in zip(images, bases, strict=True)]
