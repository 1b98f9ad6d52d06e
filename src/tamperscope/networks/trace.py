"""The trace network: does a part of an image differ from the rest of the *same* image in its fine structure?

Three parts. The encoder reads noise residuals and describes each cell of 8 x 8 pixels; the cell's coarse structure is
added. The comparison turns every feature into a z-score against the cells of the same image at like brightness, and
adds how unusual the cell is as a whole. The head looks at these on the grid of cells and gives a logit a cell.
Absolute features don't cross scanners; features relative to the same image do.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

CELL = 8
KNOTS = 6
SHRINKAGE = 40.0
LIMIT = 8.0
WIDTH = 40
"""Channels of the head."""
STATISTICS = 12
LEARNT = 24
COARSE = 16
STRUCTURE = 6
"""Features of coarse structure, which need no encoder (``detect/structure.py``)."""


class Dilated(nn.Conv2d):
    """A 3 x 3 convolution of pixels that lie apart, which keeps the size; in single precision always.

    In bfloat16, gradients of such weights are wrong or not a number where oneDNN has kernels of AVX-512 without AMX for
    them and the channels are no multiple of 16 (PyTorch 2.13).
    """

    def __init__(self, channels: int, apart: int) -> None:
        super().__init__(channels, channels, 3, 1, apart, dilation=apart)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """As a convolution does."""
        with torch.autocast(picture.device.type, enabled=False):
            return super().forward(picture.float())


class TraceEncoder(nn.Module):
    """Residuals N x 3 x H x W and coarse bands N x 3 x H/4 x W/4 to features N x C x H/8 x W/8.

    H and W are multiples of 8. The first 12 features are statistics: log energies, mean sizes and neighbour products
    of the residuals; 24 are learnt from them, 16 from the coarse bands, in which a forgery with the right noise may
    still lack the lines that cross tissue.
    """

    def __init__(
        self, bands: int = 3, widths: tuple[int, int, int] = (16, 32, 48), learnt: int = LEARNT, coarse: int = COARSE
    ) -> None:
        super().__init__()
        a, b, c = widths
        self.learnt = nn.Sequential(
            nn.Conv2d(bands, a, 5, 2, 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(a, a, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(a, b, 3, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(b, b, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(b, c, 3, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(c, learnt, 1),
        )
        self.coarse = nn.Sequential(
            nn.Conv2d(bands, 24, 3, 1, 1),
            nn.ReLU(inplace=True),
            Dilated(24, 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(24, 32, 3, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, coarse, 1),
        )

    def forward(self, residuals: torch.Tensor, bands: torch.Tensor) -> torch.Tensor:
        """Features of the cells."""
        return torch.cat([_statistics(residuals), self.learnt(residuals), self.coarse(bands)], dim=1)


def _statistics(r: torch.Tensor) -> torch.Tensor:
    """Energies and products of the bands over each cell: N x 12 x H/8 x W/8."""
    r = r.contiguous()  # sums over cells are several times slower with channels last
    energy = functional.avg_pool2d(r * r, CELL)
    size = functional.avg_pool2d(r.abs(), CELL)
    right, below = (
        functional.avg_pool2d(r * functional.pad(r, pad)[..., dy:, dx:], CELL)
        for pad, dy, dx in (((0, 1), 0, 1), ((0, 0, 0, 1), 1, 0))
    )
    lag = torch.cat([right, below], 1)
    return torch.cat([torch.log(energy + 0.02), torch.log(size + 0.05), lag], 1)


def compare_within_image(features: torch.Tensor, brightness: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Z-scores against the same image at like brightness, and the whitened distance.

    Args:
        features: C x h x w of one image.
        brightness: h x w, mean of the cells.
        valid: bool, h x w.

    Returns:
        (C + 1) x h x w; 0 where not valid.
    """
    flat, level = features.flatten(1)[:, valid.flatten()], brightness.flatten()[valid.flatten()]
    knots = torch.quantile(level, torch.linspace(0, 1, KNOTS, device=level.device))
    weight = hat_weights(level, knots)  # K x n
    share = weight.sum(1)
    overall = flat.mean(1, keepdim=True)
    mean = (flat @ weight.T + SHRINKAGE * overall) / (share + SHRINKAGE)
    centred = flat - mean @ weight
    spread = centred.square().mean(1, keepdim=True)
    variance = (centred.square() @ weight.T + SHRINKAGE * spread) / (share + SHRINKAGE)
    z = centred * torch.rsqrt(variance @ weight + 1e-4)
    count = z.shape[1]
    covariance = z @ z.T / count + 0.1 * torch.eye(len(z), device=z.device)
    # The inverse of a small matrix, times all cells: solving for each of them takes several times as long.
    distance = (z * (torch.linalg.inv(covariance) @ z)).mean(0, keepdim=True)
    rows = torch.cat([z.clamp(-LIMIT, LIMIT), torch.log(distance + 0.1)], 0)
    out = features.new_zeros(len(rows), valid.numel())
    out[:, valid.flatten()] = rows
    return out.view(len(rows), *valid.shape)


def hat_weights(level: torch.Tensor, knots: torch.Tensor) -> torch.Tensor:
    """Linear weights of the two knots around each level: K x n, each column sums to 1."""
    place = torch.searchsorted(knots, level).clamp(1, len(knots) - 1)
    low, high = knots[place - 1], knots[place]
    share = ((level - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    weight = level.new_zeros(len(knots), len(level))
    columns = torch.arange(len(level), device=level.device)
    weight[place - 1, columns] = 1 - share
    weight[place, columns] += share
    return weight


class TraceHead(nn.Module):
    """Compared features N x (C + 2) x h x w (the last one: which cells are valid) to logits N x 1 x h x w."""

    def __init__(self, compared: int, width: int = WIDTH) -> None:
        super().__init__()
        self.compared = compared + 1
        self.layers = nn.Sequential(
            nn.Conv2d(compared + 1, 56, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(56, width, 3, 1, 1),
            nn.ReLU(inplace=True),
            Dilated(width, 2),
            nn.ReLU(inplace=True),
            Dilated(width, 4),
            nn.ReLU(inplace=True),
            Dilated(width, 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, compared: torch.Tensor) -> torch.Tensor:
        """How forged each cell looks."""
        return self.layers(compared)


class TraceNetwork(nn.Module):
    """Encoder, comparison and head, for training."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = TraceEncoder()
        self.head = TraceHead(STATISTICS + LEARNT + COARSE + STRUCTURE + 1)

    def forward(
        self,
        residuals: torch.Tensor,
        bands: torch.Tensor,
        structure: torch.Tensor,
        brightness: torch.Tensor,
        valid: torch.Tensor,
    ) -> torch.Tensor:
        """Logits N x h x w.

        Args:
            residuals: N x 3 x H x W.
            bands: N x 3 x H/4 x W/4, of coarse structure.
            structure: N x 6 x h x w, coarse structure of the cells.
            brightness: N x h x w, the cells'.
            valid: N x h x w, which cells count.
        """
        return self.decide(self.compare(self.describe(residuals, bands, structure), brightness, valid))

    def describe(self, residuals: torch.Tensor, bands: torch.Tensor, structure: torch.Tensor) -> torch.Tensor:
        """Features of the cells: N x C x h x w."""
        return torch.cat([self.encoder(residuals, bands), structure], dim=1)

    def compare(self, features: torch.Tensor, brightness: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """What the head is given of them: N x (C + 2) x h x w, the last plane tells which cells are valid."""
        with torch.autocast(features.device.type, enabled=False):  # sums over an image need all of float32
            return torch.stack(
                [
                    torch.cat([compare_within_image(f, b, v), v[None].float()])
                    for f, b, v in zip(features.float(), brightness, valid, strict=True)
                ]
            )

    def decide(self, compared: torch.Tensor) -> torch.Tensor:
        """Logits N x h x w."""
        return self.head(compared)[:, 0]
