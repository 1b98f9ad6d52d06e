"""Muon for convolutions (Jordan et al. 2024): steps whose matrix is made orthogonal; Adam for all that is no matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

_ADAM = 0.2
"""Adam's rate, as a share of Muon's."""
_DECAY = 1e-3


class ConvolutionMuon(torch.optim.Muon):
    """PyTorch's Muon, which takes matrices, on the weights of convolutions: a row for each output.

    Args:
        weights: outputs x inputs x height x width each, contiguous.
        rate: learning rate.
    """

    def __init__(self, weights: Sequence[torch.Tensor], rate: float) -> None:
        # Views of the same memory: what is done to a matrix is done to the weights.
        self._pairs = [(weight, nn.Parameter(weight.detach().view(len(weight), -1))) for weight in weights]
        super().__init__([matrix for _, matrix in self._pairs], lr=rate, weight_decay=_DECAY)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step, by the gradients of the weights; a closure computes them first."""
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for weight, matrix in self._pairs:
            matrix.grad = None if weight.grad is None else weight.grad.reshape(matrix.shape)
        super().step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of the weights."""
        super().zero_grad(set_to_none)
        for weight, _ in self._pairs:
            weight.grad = None


def muon_and_adam(network: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions with several outputs, Adam for the rest.

    Args:
        network: with weights that are contiguous.
        rate: Muon's learning rate; Adam's is a fifth.

    Returns:
        Both; each has a part of the weights.
    """
    weights = list(network.parameters())
    matrices = [weight for weight in weights if weight.ndim == 4 and len(weight) > 1]
    chosen = {id(weight) for weight in matrices}
    rest = [weight for weight in weights if id(weight) not in chosen]
    return [
        ConvolutionMuon(matrices, rate),
        torch.optim.AdamW(rest, _ADAM * rate, betas=(0.9, 0.99), weight_decay=_DECAY),
    ]
