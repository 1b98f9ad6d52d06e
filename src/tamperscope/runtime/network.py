"""Run an exported network."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np


class Network:
    """An ONNX file with one or more float32 inputs and one output, run by ONNX Runtime on the CPU.

    Args:
        path: the ONNX file.
        threads: threads it may use; all cores by default.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        # The arena would keep the largest activation ever seen; scanning must stay small in memory.
        options.enable_cpu_mem_arena = False
        self.path = path
        self._session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = [node.name for node in self._session.get_inputs()]

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        """Run once on float32 arrays."""
        return self._session.run(None, dict(zip(self._inputs, arrays, strict=True)))[0]


@lru_cache(maxsize=16)
def load_network(path: Path, *, threads: int | None = None) -> Network:
    """The network of a file, loaded once a process."""
    return Network(path, threads=threads)
