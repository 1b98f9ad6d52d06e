"""Processes that work for this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess


def end_with_parent() -> None:
    """Called in a worker: it ends when the process that started it is gone, however that ended.

    A process that was killed can't tell its workers, which would wait for tasks for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def leave_interrupts_to_parent() -> None:
    """Called in a worker: Ctrl-C, which all processes of a terminal get, does not break off what is being done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Processes that are started inside leave Ctrl-C to this one from their beginning; for the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)  # None: not set from Python


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
