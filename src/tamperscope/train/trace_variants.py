"""How the trace network's variants (``networks/trace_variants.py``) are built and trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch.nn import functional

from tamperscope.networks.trace import TraceNetwork
from tamperscope.networks.trace_variants import FineOnly, Halves, NotCompared
from tamperscope.train.trace import FORGED, UNTOUCHED, TrainingLoss, balanced, crop_logits, trace_loss
from tamperscope.train.trace_crops import Batch

_RECONSTRUCTION = 0.2
"""Weight of the reconstruction beside the activations: the report's one to five."""


class TrainedVariant(NamedTuple):
    """A network, untrained, and what its training lessens."""

    build: Callable[[], TraceNetwork]
    loss: TrainingLoss


def halves_loss(
    network: TraceNetwork, batch: Batch, *, crop_weight: float, mixed: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """ForensicTransfer's loss on cells, in the place of their cross-entropy: activations of the halves, reconstruction.

    Arguments and result as ``trace.trace_loss``.
    """
    assert isinstance(network, Halves)
    *pictures, structure, brightness, valid, share, forged = batch
    residuals, bands = (picture.contiguous(memory_format=torch.channels_last) for picture in pictures)
    positive, negative = valid & (share > FORGED), valid & (share < UNTOUCHED)
    with torch.autocast(residuals.device.type, torch.bfloat16, enabled=mixed):
        compared = network.compare(network.describe(residuals, bands, structure), brightness, valid)
        latent = network.head(compared)
        again = network.reconstruct(latent, positive).float()
    activations = network.activations(latent.float())
    wanted = torch.stack([negative, positive], 1).float()
    loss = balanced((activations - wanted).abs().sum(1), positive, negative)
    differs = (again - compared[:, :-1].detach()).abs().mean(1)
    crop = crop_logits(network.logits(activations), valid)
    whole = functional.binary_cross_entropy_with_logits(crop, forged)
    return loss + _RECONSTRUCTION * balanced(differs, positive, negative) + crop_weight * whole, crop


VARIANTS: Mapping[str, TrainedVariant] = {
    "trace": TrainedVariant(TraceNetwork, trace_loss),
    "fine-only": TrainedVariant(FineOnly, trace_loss),
    "not-compared": TrainedVariant(NotCompared, trace_loss),
    "halves": TrainedVariant(Halves, halves_loss),
}
"""By the names of ``config.Variant.network``."""
