"""The trace network: does a part of an image differ from the rest of the *same* image in its fine structure?

Three parts. The encoder reads noise residuals and describes each cell of 8 x 8 pixels; the cell's coarse structure is
added. The comparison turns every feature into a z-score against the cells of the same image at like brightness, and
adds how unusual the cell is as a whole. The head looks at these on the grid of cells and gives a logit a cell.
Absolute features don't cross scanners; features relative to the same image do.
"""

from __future__ import annotations

import copy
from functools import partial
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

CELL = 8
KNOTS = 6
BANDS = 3
"""Of the residuals, and of the coarse structure."""
SHRINKAGE = 40.0
LIMIT = 8.0
WIDTH = 64
"""Channels of the head. All widths are multiples of 16: in bfloat16 the gradients of dilated convolutions of others are
wrong or not a number where oneDNN has kernels of AVX-512 without AMX for them (PyTorch 2.13)."""
CONTEXT = 4
"""Side, in cells, of the squares whose means the head looks at to see what lies around."""
STATISTICS = 12
LEARNT = 32
COARSE = 16
STRUCTURE = 6
"""Features of coarse structure, which need no encoder (``detect/structure.py``)."""


def _convolution(
    inputs: int, outputs: int, side: int = 3, *, stride: int = 1, apart: int = 1, normalised: bool
) -> tuple[nn.Module, ...]:
    """A convolution that keeps the size but for its stride, batch normalisation if wanted, and what is positive of it.

    Without normalisation a layer that does nothing stands there, so that weights have the same names (``folded``).
    """
    return (
        nn.Conv2d(inputs, outputs, side, stride, apart * (side // 2), dilation=apart, bias=not normalised),
        nn.BatchNorm2d(outputs) if normalised else nn.Identity(),
        nn.ReLU(inplace=True),
    )


class TraceEncoder(nn.Module):
    """Residuals N x 3 x H x W and coarse bands N x 3 x H/4 x W/4 to features N x C x H/8 x W/8.

    H and W are multiples of 8. The first 12 features are statistics: log energies, mean sizes and neighbour products
    of the residuals; 32 are learnt from them, 16 from the coarse bands, in which a forgery with the right noise may
    still lack the lines that cross tissue.
    """

    def __init__(self, *, normalised: bool) -> None:
        super().__init__()
        layer = partial(_convolution, normalised=normalised)
        self.learnt = nn.Sequential(
            *layer(BANDS, 16, 5, stride=2),
            *layer(16, 16),
            *layer(16, 32, stride=2),
            *layer(32, 32),
            *layer(32, 64, stride=2),
            nn.Conv2d(64, LEARNT, 1),
        )
        self.coarse = nn.Sequential(
            *layer(BANDS, 32),
            *layer(32, 32, apart=2),
            *layer(32, 32, stride=2),
            nn.Conv2d(32, COARSE, 1),
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
    """Compared features N x (C + 2) x h x w (the last one: which cells are valid) to logits N x 1 x h x w.

    A branch at a quarter of the grid looks at some 3 cm around a cell: what is odd in a breast but belongs there, such
    as a nipple or the edge of a muscle, is seldom known from its middle.
    """

    def __init__(self, compared: int, *, normalised: bool) -> None:
        super().__init__()
        layer = partial(_convolution, normalised=normalised)
        self.compared = compared + 1
        self.near = nn.Sequential(
            *layer(compared + 1, WIDTH, 1),
            *layer(WIDTH, WIDTH),
        )
        self.context = nn.Sequential(
            *layer(WIDTH, WIDTH),
            *layer(WIDTH, WIDTH, apart=2),
            *layer(WIDTH, WIDTH),
        )
        self.layers = nn.Sequential(
            *layer(WIDTH, WIDTH, apart=2),
            *layer(WIDTH, WIDTH, apart=4),
            *layer(WIDTH, WIDTH, apart=2),
        )
        self.last = nn.Conv2d(WIDTH, 1, 1)

    def forward(self, compared: torch.Tensor) -> torch.Tensor:
        """How forged each cell looks."""
        near = self.near(compared)
        rows, columns = near.shape[-2:]
        whole = functional.pad(near, (0, -columns % CONTEXT, 0, -rows % CONTEXT))
        context = self.context(functional.avg_pool2d(whole, CONTEXT))
        around = functional.interpolate(context, scale_factor=CONTEXT, mode="bilinear")[..., :rows, :columns]
        return self.last(self.layers(near + around))


class TraceNetwork(nn.Module):
    """Encoder, comparison and head, for training.

    Args:
        normalised: with batch normalisation, as it is trained; ``folded`` is without.
    """

    def __init__(self, *, normalised: bool = True) -> None:
        super().__init__()
        self.encoder = TraceEncoder(normalised=normalised)
        self.head = TraceHead(STATISTICS + LEARNT + COARSE + STRUCTURE + 1, normalised=normalised)

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


def folded(network: TraceNetwork) -> TraceNetwork:
    """The same network in evaluation mode, whose convolutions scale and shift as the normalisation after them did."""
    plain = copy.deepcopy(network).eval()
    for layers in [part for part in plain.modules() if isinstance(part, nn.Sequential)]:
        for place, (one, following) in enumerate(pairwise(layers)):
            if isinstance(one, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                layers[place], layers[place + 1] = fuse_conv_bn_eval(one, following), nn.Identity()
    return plain
