"""Checkpoints: a training that was stopped goes on where it was."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tamperscope.errors import TamperscopeError

_FOREIGN = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, pickle.UnpicklingError)
"""What PyTorch and we raise at a file that is no checkpoint, or one with other parts or parts of other shapes."""


def resume(path: Path, parts: Sequence[Any], *, of: Mapping[str, Any] | None = None) -> int:
    """Put the parts of a training (network, optimiser and what else has a state) where a checkpoint has them.

    Args:
        path: the checkpoint.
        parts: as ``keep`` was given them.
        of: what the training is of, such as its recipe and images; a checkpoint of anything else is refused.

    Returns:
        The steps that were done; 0 without a checkpoint.

    Raises:
        TamperscopeError: the file is another training's, or an older version's.
    """
    if not path.exists():
        return 0
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if of is not None and saved.get("of") != json.dumps(of, sort_keys=True):
            raise TamperscopeError(f"{path} is of another recipe or of other images: move it away to start anew.")
        for part, state in zip(parts, saved["states"], strict=True):
            part.load_state_dict(state)
        return int(saved["step"])
    except _FOREIGN as error:
        raise TamperscopeError(
            f"{path} is no checkpoint of this training by this version: move it away to start anew."
        ) from error


def load_part(path: Path, number: int, part: torch.nn.Module) -> None:
    """Put one part of a training where a checkpoint has it.

    Args:
        path: the checkpoint.
        number: of the part, from 0, in the order of ``keep``.
        part: a network.

    Raises:
        TamperscopeError: the checkpoint is another network's, or an older version's.
    """
    try:
        part.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["states"][number])
    except _FOREIGN as error:
        raise TamperscopeError(f"{path} is of another network, or of an older version's.") from error


def keep(path: Path, parts: Sequence[Any], step: int, *, of: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint, whole or not at all; ``of`` as for ``resume``.

    Raises:
        TamperscopeError: a network has weights that are not finite; the checkpoint before stays.
    """
    networks = [part for part in parts if isinstance(part, torch.nn.Module)]
    # With the statistics of batch normalisation, which no gradient reaches.
    if not all(bool(weight.isfinite().all()) for network in networks for weight in network.state_dict().values()):
        raise TamperscopeError(
            f"weights are not finite at step {step}: the training has failed, and {path.name} stays as it was. A lower "
            "rate or float32 precision may help."
        )
    states = [part.state_dict() for part in parts]
    torch.save({"states": states, "step": step, "of": json.dumps(of, sort_keys=True)}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


class RandomState:
    """PyTorch's random numbers as a part of a checkpoint: noise and dropout go on as if nothing had stopped."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The state now."""
        return {"torch": torch.get_rng_state()}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Go on from a state."""
        torch.set_rng_state(state["torch"])
