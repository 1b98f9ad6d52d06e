"""ForensicTransfer: the autoencoder whose latent halves tell real from forged (report, section 2.2.1, figure 7).

**Border rule.** A tile is read together with the 16 pixels around it, the reach of the encoder, taken from the
image (zeros only beyond the canvas); of the 18 x 18 latent positions that this gives, the inner 16 x 16 belong to
the tile. They depend on no padding inside the network, so a tile's score is the same whether the tile is encoded
alone or cut from the encoding of a whole image.
"""

from __future__ import annotations

import torch
from torch import nn

TILE = 256
HALO = 16
STRIDE = 16
"""Pixels a latent position."""
HALF = 64
SCALE = 1100.0


class ForensicTransfer(nn.Module):
    """Encoder, selection of a latent half, decoder.

    Args:
        dropout: channel-wise dropout rate after each encoder layer but the last.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            *_down(8, 16, dropout),
            *_down(16, 32, dropout),
            *_down(32, 64, dropout),
            nn.Conv2d(64, 2 * HALF, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.BatchNorm2d(2 * HALF),
            *_up(2 * HALF, 64),
            *_up(64, 32),
            *_up(32, 16),
            *_up(16, 8),
            nn.Conv2d(8, 1, 3, padding=1),
            nn.ReLU(),
        )

    def encode(self, tiles: torch.Tensor) -> torch.Tensor:
        """Latent h of tiles with their halo: N x 1 x 288 x 288, scaled -> N x 128 x 16 x 16."""
        return self.encoder(tiles)[:, :, 1:-1, 1:-1]

    def decode(self, latent: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """Reconstruction from the half that was selected, the other one zeroed.

        Args:
            latent: N x 128 x 16 x 16.
            fake: bool, N; which half.

        Returns:
            N x 1 x 256 x 256, the tiles without their halo.
        """
        kept = torch.cat([(~fake)[:, None].expand(-1, HALF), fake[:, None].expand(-1, HALF)], dim=1)
        return self.decoder(latent * kept[:, :, None, None])

    def forward(self, tiles: torch.Tensor, labels: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Score and reconstruction.

        Args:
            tiles: N x 1 x 288 x 288, reference intensity / 1100, halo included.
            labels: N, 1 fake and 0 real, where the true label selects the half (original ForensicTransfer);
                None where the score does (report).

        Returns:
            Scores, N, and reconstructions of the tiles without halo, N x 1 x 256 x 256.
        """
        latent = self.encode(tiles)
        scores = activation_score(latent)
        return scores, self.decode(latent, (scores if labels is None else labels) > 0.5)


class ActivationMaps(nn.Module):
    """What scanning needs of the encoder: sums over channels of |h0| and |h1| at every latent position.

    N x 1 x H x W -> N x 2 x H/16 x W/16. Only the positions a halo away from the border are exact.

    The first two layers are computed two columns at a time, which gives the same numbers: CPUs work on 16 channels at
    once, and the encoder's first layer has only 8, at every pixel, where half of all the time went.
    """

    def __init__(self, network: ForensicTransfer) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *_two_columns_at_a_time(network.encoder[0], network.encoder[3]), *list(network.encoder)[4:]
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Sums over channels of both halves."""
        latent = self.encoder(pixels)  # not negative: it ends in a ReLU, so |h| = h
        return torch.cat([latent[:, :HALF].sum(1, keepdim=True), latent[:, HALF:].sum(1, keepdim=True)], dim=1)


def _two_columns_at_a_time(first: nn.Module, second: nn.Module) -> tuple[nn.Module, ...]:
    """A 3 x 3 layer, ReLU and a 3 x 3 layer of stride 2, with an even and an odd column's channels in one position.

    Position j of the first layer holds columns 2j and 2j + 1 of what it held before; the second layer's three columns
    2j - 1, 2j and 2j + 1 are then the odd half of position j - 1 and both halves of position j.
    """
    weight, next_weight = first.get_parameter("weight"), second.get_parameter("weight")
    channels, outputs = len(weight), len(next_weight)
    even, odd = slice(channels), slice(channels, 2 * channels)
    paired = nn.Conv2d(weight.shape[1], 2 * channels, (3, 4), stride=(1, 2), padding=1)
    halved = nn.Conv2d(2 * channels, outputs, (3, 2), stride=(2, 1))
    with torch.no_grad():
        paired.weight.zero_()
        paired.weight[even, :, :, 0:3] = weight
        paired.weight[odd, :, :, 1:4] = weight
        paired.get_parameter("bias").copy_(first.get_parameter("bias").repeat(2))
        halved.weight.zero_()
        halved.weight[:, odd, :, 0] = next_weight[..., 0]
        halved.weight[:, even, :, 1] = next_weight[..., 1]
        halved.weight[:, odd, :, 1] = next_weight[..., 2]
        halved.get_parameter("bias").copy_(second.get_parameter("bias"))
    return paired, nn.ReLU(), nn.ZeroPad2d((1, 0, 1, 0)), halved


def activation_score(latent: torch.Tensor) -> torch.Tensor:
    """``|h1|_1 / (|h0|_1 + |h1|_1)``, N; 0.5 where neither half is active."""
    # Means rather than sums keep the constant that guards 0 / 0 small beside them; it cancels in the ratio.
    real = latent[:, :HALF].float().abs().mean((1, 2, 3)) + 1e-12
    fake = latent[:, HALF:].float().abs().mean((1, 2, 3)) + 1e-12
    return fake / (real + fake)


def _down(before: int, after: int, dropout: float) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(before, after, 3, stride=2, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.Dropout2d(dropout),
    )


def _up(before: int, after: int) -> tuple[nn.Module, ...]:
    return (
        nn.Upsample(scale_factor=2),
        nn.Conv2d(before, after, 3, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )
