"""Run an exported network: ONNX Runtime, or OpenVINO where it is installed and asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from tamperscope.errors import TamperscopeError

Runtime = Literal["onnxruntime", "openvino"]
Precision = Literal["f32", "f16", "bf16"]
Network = Callable[..., np.ndarray]
"""One or more float32 arrays in, one float32 array out."""


def available_runtimes() -> list[Runtime]:
    """The runtimes that are installed, the default one first."""
    return [runtime for runtime in ("onnxruntime", "openvino") if find_spec(runtime)]  # type: ignore[misc]


@lru_cache(maxsize=16)
def load_network(
    path: Path,
    *,
    threads: int | None = None,
    runtime: Runtime = "onnxruntime",
    keep_memory: bool = False,
    precision: Precision = "f32",
) -> Network:
    """The network of an ONNX file, loaded once a process; several threads may call it at once.

    Args:
        path: the ONNX file.
        threads: threads it may use; all cores by default.
        runtime: what runs it.
        keep_memory: keep the memory of a call for the next one. Faster, since the system hands out memory slowly, but
            the most that a call ever took stays taken: for networks that get parts of bounded size. Of ONNX Runtime.
        precision: what OpenVINO may compute in; ONNX Runtime computes in what the file says.

    Raises:
        TamperscopeError: the runtime is not installed.
    """
    if not find_spec(runtime):
        raise TamperscopeError(f"the runtime {runtime!r} is not installed: pip install 'tamperscope[{runtime}]'.")
    threads = threads or available_cores()
    return (
        _in_openvino(path, threads, precision) if runtime == "openvino" else _in_onnxruntime(path, threads, keep_memory)
    )


def network_of_bytes(code: bytes, *, threads: int | None = None) -> Network:
    """The network of an ONNX file's content, in ONNX Runtime.

    Raises:
        TamperscopeError: it is no network.
    """
    try:
        return _in_onnxruntime(code, threads or available_cores(), False)
    except Exception as error:  # ONNX Runtime's own classes have no common base
        raise TamperscopeError(f"a network can't be read: {error}") from error


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _in_onnxruntime(file: Path | bytes, threads: int, keep_memory: bool) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = keep_memory
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]

    def run(*arrays: np.ndarray) -> np.ndarray:
        return session.run(None, dict(zip(names, arrays, strict=True)))[0]

    return run


def _in_openvino(path: Path, threads: int, precision: Precision) -> Network:
    import openvino

    # Left to itself OpenVINO takes bfloat16 on processors that have it, and scores must not depend on that.
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    requests = threading.local()

    def run(*arrays: np.ndarray) -> np.ndarray:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        return requests.own.infer(list(arrays), share_inputs=True)[0]

    return run
