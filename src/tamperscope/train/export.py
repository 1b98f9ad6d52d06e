"""Export of trained networks to ONNX, with a card beside each file."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tamperscope import __version__
from tamperscope.io.files import file_sha256
from tamperscope.runtime.network import load_network

PARITY = 1e-4
"""Largest difference between PyTorch and the exported network, relative to the output's largest value."""


def export_network(
    module: nn.Module,
    example: torch.Tensor | tuple[torch.Tensor, ...],
    path: Path,
    *,
    free_axes: tuple[int, ...],
    card: dict[str, Any],
) -> None:
    """Write ``PATH`` (ONNX) and its card ``PATH`` with suffix ``.json``, and compare the file with PyTorch.

    Args:
        module: the network; it is put in evaluation mode.
        example: an input, or all of them, float32.
        path: the ONNX file.
        free_axes: axes of inputs and output whose size is free.
        card: what the card says besides version and hash: data, licence, recipe, seed, figures.

    Raises:
        RuntimeError: the exported network gives other numbers.
    """
    # ONNX has no channels last: that layout serves trainings only.
    module = module.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = example if isinstance(example, tuple) else (example,)
    names = ["input", *(f"input{number}" for number in range(1, len(inputs)))]
    # Sizes of different inputs need not be equal, so each has names of its own.
    axes = {name: {axis: f"{name}-axis{axis}" for axis in free_axes} for name in (*names, "output")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(path),
            input_names=names,
            output_names=["output"],
            dynamic_axes=axes,
            opset_version=18,
            dynamo=False,
        )
    with torch.no_grad():
        expected = module(*inputs).numpy()
    difference = np.abs(load_network(path)(*(one.numpy() for one in inputs)) - expected).max() / max(
        np.abs(expected).max(), 1e-9
    )
    if difference > PARITY:
        path.unlink()
        raise RuntimeError(f"{path.name}: the exported network differs from PyTorch by {difference:.2g}")
    facts = {
        "name": path.stem,
        "version": __version__,
        "sha256": file_sha256(path),
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "parity_with_pytorch": float(difference),
        **card,
    }
    path.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
