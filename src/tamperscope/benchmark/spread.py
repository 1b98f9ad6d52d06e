"""Spread tasks over processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

from tqdm import tqdm

from tamperscope.runtime.processes import end_with_parent

Job = TypeVar("Job")
Task = TypeVar("Task")
Result = TypeVar("Result")

_job: Any = None


def _start(job: Job) -> None:
    import cv2

    global _job
    _job = job
    # Processes are the parallelism: threads beside them would only fight for the same cores.
    cv2.setNumThreads(1)
    end_with_parent()


def _call(work: Callable[[Job, Task], Result], task: Task) -> Result:
    assert _job is not None
    return work(_job, task)


def spread(
    work: Callable[[Job, Task], Result], tasks: Sequence[Task], job: Job, *, processes: int, title: str
) -> Iterable[Result]:
    """Results of all tasks as they come, with progress.

    Args:
        work: a function of a module, of the job and a task.
        tasks: what each call gets.
        job: what all calls get, sent to each process once.
        processes: that work at the same time; 1 is this one.
        title: of the progress bar.
    """
    bar = tqdm(total=len(tasks), desc=title, mininterval=1, unit="image")
    with bar:
        if processes <= 1:
            _start(job)
            for task in tasks:
                yield work(job, task)
                bar.update()
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(job,)) as pool:
            futures = [pool.submit(_call, work, task) for task in tasks]
            try:
                for future in as_completed(futures):
                    yield future.result()
                    bar.update()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
