"""A small convolutional autoencoder of breast tissue: what it can't say in few numbers is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

_SLOPE = 0.1


class TissueAutoencoder(nn.Module):
    """Picture to picture through a narrow middle.

    There is no normalisation over a picture: what comes out at a place depends on its neighbourhood alone, whatever
    picture it is part of.

    Args:
        channels: of the three halvings of height and width, which must be multiples of 8.
        latent: channels of the middle, an eighth of height and width: ``64 / latent`` pixels share a number.
    """

    def __init__(self, *, channels: Sequence[int] = (32, 48, 64), latent: int = 8) -> None:
        super().__init__()
        first, second, third = channels
        self.encoder = nn.Sequential(
            nn.Conv2d(1, first, 5, stride=2, padding=2),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(first, second, 3, stride=2, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(second, third, 3, stride=2, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(third, latent, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent, third, 3, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(third, second, 3, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(second, first, 3, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(first, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """N x 1 x H x W to the same."""
        return self.decoder(self.encoder(pictures))
