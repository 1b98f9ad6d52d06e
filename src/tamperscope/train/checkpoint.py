"""Checkpoints: a training that was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch


def resume(path: Path, parts: Sequence[Any]) -> int:
    """Put the parts of a training (network, optimiser and what else has a state) where a checkpoint has them.

    Returns:
        The steps that were done; 0 without a checkpoint.
    """
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    for part, state in zip(parts, saved["states"], strict=True):
        part.load_state_dict(state)
    return int(saved["step"])


def keep(path: Path, parts: Sequence[Any], step: int) -> None:
    """Write a checkpoint, whole or not at all."""
    torch.save({"states": [part.state_dict() for part in parts], "step": step}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)
