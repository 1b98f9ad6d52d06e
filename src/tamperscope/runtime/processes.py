"""Processes that work for this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from threading import Thread


def end_with_parent() -> None:
    """Called in a worker: it ends when the process that started it is gone, however that ended.

    A process that was killed can't tell its workers, which would wait for tasks for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def leave_interrupts_to_parent() -> None:
    """Called in a worker: Ctrl-C, which all processes of a terminal get, does not break off what is being done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
