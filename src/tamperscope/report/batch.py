"""Scan many images, several at once, in their order; one bad file never stops the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from glob import escape
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

from tamperscope.detect.detectors import Scanner
from tamperscope.errors import TamperscopeError
from tamperscope.io.files import PART
from tamperscope.io.find import FoundImages, find_images
from tamperscope.report.naming import ENDINGS, name_outputs
from tamperscope.report.outcome import Outcome
from tamperscope.report.scan_image import give_up, scan_image
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.runtime.network import available_cores
from tamperscope.runtime.processes import end_with_parent, interrupts_held, leave_interrupts_to_parent

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
) -> Generator[Outcome]:
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
) -> Generator[Outcome]:
    """As ``scan_batch``, in processes, which take a second to start and then don't wait for each other.

    Threads do, for Python's lock, which the decoders of RLE and JPEG 2000 hold and much arithmetic too. Where an image
    ends its process (a decoder crashes, memory runs out) it is tried once more alone, and is not scored if that
    crashes too; where only many together fail, fewer are scanned at once.

    Args:
        images: as for ``scan_batch``.
        out: as for ``scan_batch``.
        load: makes the detector, in each process; it must be a function of a module, or ``partial`` of one.
        jobs: processes.
        debug: as for ``scan_batch``.

    Returns:
        Outcomes, in the images' order.

    Raises:
        TamperscopeError: a result would be written over an image, or processes can't be started.
        OSError: as for ``scan_batch``.
    """
    tasks = _tasks(images, out)
    done = 0
    while done < len(tasks):
        for outcome in _until_broken(tasks[done:], load, jobs=jobs, debug=debug):
            yield outcome
            done += 1
        # Which of those that were worked on ended its process is not told: they are tried one by one.
        suspects = tasks[done : done + jobs]
        crashed = False
        for file, base in suspects:
            for left in base.parent.glob(f"{escape(base.name)}.*{PART}"):
                left.unlink(missing_ok=True)
            alone = list(_until_broken([(file, base)], load, jobs=1, debug=debug))
            crashed |= not alone
            yield from alone or [give_up(file, base, CRASHED, load())]
            done += 1
        if suspects and not crashed:  # one by one all is well, so there was not memory enough for them together
            jobs = max(1, jobs // 2)


def _until_broken(
    tasks: Sequence[tuple[Path, Path]], load: Callable[[], Scanner], *, jobs: int, debug: bool
) -> Iterator[Outcome]:
    """Outcomes of tasks in their order, up to the first whose process ended.

    Raises:
        TamperscopeError: processes can't be started, or the detector can't be loaded in them.
    """
    # Not forked, since the threads of networks do not survive that.
    context = get_context("spawn")
    stop = context.RawValue("b", 0)  # no event, whose lock a second Ctrl-C could leave locked
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(load, jobs, stop, debug))
    try:
        _see_that_it_starts(pool)
        with interrupts_held():
            outcomes = pool.map(_scan_in_worker, tasks)
        for outcome in outcomes:
            assert outcome is not None, "stopped below only"
            yield outcome
    except BrokenProcessPool:
        return
    finally:
        # Also when the caller stops early: nothing more is begun, and what is being written is finished. A second
        # Ctrl-C must not break this off, or the processes would wait for ever.
        with interrupts_held():
            stop.value = 1
            pool.shutdown(wait=True, cancel_futures=True)


def _see_that_it_starts(pool: ProcessPoolExecutor) -> None:
    """That a pool's first process starts, with the detector.

    Raises:
        TamperscopeError: it does not, for a reason that is no image's.
    """
    with interrupts_held():
        started = pool.submit(os.getpid)
    try:
        started.result()
    except BrokenProcessPool as error:
        raise TamperscopeError(f"the processes that scan can't be started: {error}") from error


_scan_in_worker_with: Callable[..., Outcome]
"""``scan_image`` with a worker's detector; set as it starts."""
_stop: Any
"""Its ``value`` becomes 1 when the caller stops."""


def _start_worker(load: Callable[[], Scanner], jobs: int, stop: Any, debug: bool) -> None:
    global _scan_in_worker_with, _stop
    end_with_parent()
    leave_interrupts_to_parent()
    keep_freed_memory()
    cv2.setNumThreads(max(1, available_cores() // jobs))
    _scan_in_worker_with = partial(scan_image, detector=load(), debug=debug)
    _stop = stop


def _scan_in_worker(task: tuple[Path, Path]) -> Outcome | None:
    """None once the scan was stopped: the pool hands out a few images ahead, and can't take them back."""
    return None if _stop.value else _scan_in_worker_with(*task)


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
