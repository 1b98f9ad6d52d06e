"""The trace network without one of its parts, or with ForensicTransfer's halves: what ablations are trained on."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tamperscope.networks.trace import COARSE, STRUCTURE, WIDTH, TraceNetwork

HALF = 8
"""Channels of each latent half."""
_SCALE = 8.0
"""Logits a unit of activation: halves at their targets, 0 and 1, give 8."""


class FineOnly(TraceNetwork):
    """Noise residuals alone: no coarse structure."""

    def describe(self, residuals: torch.Tensor, bands: torch.Tensor, structure: torch.Tensor) -> torch.Tensor:
        """Features of the cells, those of coarse structure 0."""
        features = super().describe(residuals, bands, structure)
        keep = features.new_ones(features.shape[1], 1, 1)
        keep[-COARSE - STRUCTURE :] = 0
        return features * keep


class NotCompared(TraceNetwork):
    """Features as they are, on the scale that they have over the training images, not in the image at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.BatchNorm1d(self.head.compared - 2, affine=False, momentum=0.02)

    def compare(self, features: torch.Tensor, brightness: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """The scaled features; the plane of how unusual a cell is stays empty."""
        rows = features.float().permute(0, 2, 3, 1)
        if self.training:
            with torch.no_grad():
                self.scale(rows[valid])
        # The running scale in training too: that of a batch of four crops would be a comparison with these.
        scaled = torch.zeros_like(rows)
        scaled[valid] = functional.batch_norm(rows[valid], self.scale.running_mean, self.scale.running_var)
        flags = torch.stack([torch.zeros_like(brightness), valid.float()], 1)
        return torch.cat([scaled.permute(0, 3, 1, 2), flags], 1)


class Halves(TraceNetwork):
    """ForensicTransfer on compared cells: two latent halves in the place of a logit, and a decoder from one of them.

    Cozzolino et al. 2018; report, section 2.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.head.last = nn.Conv2d(WIDTH, 2 * HALF, 1)
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * HALF, 56, 1), nn.ReLU(inplace=True), nn.Conv2d(56, self.head.compared - 1, 1)
        )

    def decide(self, compared: torch.Tensor) -> torch.Tensor:
        """Logits N x h x w: how much more the second half is active than the first."""
        return self.logits(self.activations(self.head(compared)))

    @staticmethod
    def logits(activations: torch.Tensor) -> torch.Tensor:
        """How much more the half of forgeries is active: N x h x w."""
        return _SCALE * (activations[:, 1] - activations[:, 0])

    @staticmethod
    def activations(latent: torch.Tensor) -> torch.Tensor:
        """Mean size of each half, untouched first: N x 2 x h x w."""
        return latent.abs().unflatten(1, (2, HALF)).mean(2)

    def reconstruct(self, latent: torch.Tensor, forged: torch.Tensor) -> torch.Tensor:
        """The compared features, from the second half where cells are forged, else from the first.

        Args:
            latent: N x 2 halves x h x w.
            forged: bool, N x h x w; the true label, as in Cozzolino et al. and in our training of the report's network.

        Returns:
            N x (C + 1) x h x w.
        """
        keep = torch.stack([~forged, forged], 1).repeat_interleave(HALF, 1)
        return self.decoder(latent * keep)
