"""Mammo-CGAN: the generator and the discriminator of CGAN1 and CGAN2 (report, section 2.1.2, figure 5).

Both take squares of 64 x 64 pixels, reference intensity divided by 1100. The channel counts are arguments, so that
the report's networks and the light ones that ship are the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

SIDE = 64
HOLE = slice(10, 54)
"""Rows and columns of the middle 44 x 44 that the condition lacks."""

Norm = Literal["batch", "group"]

_MOMENTUM = 0.2  # Keras' 0.8: Keras weighs the old value, PyTorch the new one


def condition_of(squares: torch.Tensor) -> torch.Tensor:
    """Zero the middle 44 x 44 of N x 1 x 64 x 64 squares (stage 3)."""
    condition = squares.clone()
    condition[..., HOLE, HOLE] = 0
    return condition


class Generator(nn.Module):
    """U-Net from a condition to a whole square, both N x 1 x 64 x 64.

    Args:
        down: channels of the six contracting steps, 64 -> 1 pixel.
        up: channels of the five expanding steps, each concatenated with the contracting map of its size.
        tail: channels of the convolutions after the last upsampling but the final one to 1 channel.
        down_dropout: dropout rate of each contracting step.
        up_dropout: dropout rate of each expanding step.
        keep_frame: return the condition's own frame around the generated middle (CGAN2).
        norm: batch normalisation (report), or group normalisation, which does the same in training and in use.
        upsampling: nearest, or bilinear, which leaves no plaid pattern.
    """

    def __init__(
        self,
        *,
        down: Sequence[int],
        up: Sequence[int],
        tail: Sequence[int] = (),
        down_dropout: Sequence[float],
        up_dropout: Sequence[float],
        keep_frame: bool = False,
        norm: Norm = "batch",
        upsampling: Literal["nearest", "bilinear"] = "nearest",
    ) -> None:
        super().__init__()
        if len(down) != 6 or len(up) != 5:
            raise ValueError(f"a 64 x 64 U-Net has 6 steps down and 5 up, not {len(down)} and {len(up)}")
        self.keep_frame = keep_frame
        self.down = nn.ModuleList(
            _contract(before, after, norm=norm if i > 0 else None, dropout=rate)
            for i, (before, after, rate) in enumerate(zip((1, *down), down, down_dropout, strict=False))
        )
        skips = down[-2::-1]
        inputs = [down[-1], *(channels + skip for channels, skip in zip(up, skips, strict=True))]
        self.up = nn.ModuleList(
            _expand(before, after, norm=norm, upsampling=upsampling, dropout=rate)
            for before, after, rate in zip(inputs, up, up_dropout, strict=False)
        )
        last: list[nn.Module] = [nn.Upsample(scale_factor=2, mode=upsampling)]
        before = inputs[-1]
        for after in tail:
            last += [_same(before, after), nn.LeakyReLU(0.2)]
            before = after
        self.last = nn.Sequential(*last, _same(before, 1), nn.Tanh())

    def forward(self, condition: torch.Tensor) -> torch.Tensor:
        """Condition to square."""
        maps = [condition]
        for step in self.down:
            maps.append(step(maps[-1]))
        x = maps.pop()
        for step in self.up:
            x = torch.cat([step(x), maps.pop()], dim=1)
        x = self.last(x)
        if not self.keep_frame:
            return x
        inside = torch.zeros_like(condition)
        inside[..., HOLE, HOLE] = 1
        return torch.where(inside > 0, x, condition)


class Discriminator(nn.Module):
    """Candidate and condition (N x 1 x 64 x 64 each) to one number, +1 real, -1 generated.

    Args:
        channels: channels of the convolutions.
        strides: their strides.
        dropout: dropout rate after each.
        spectral: spectral normalisation in place of batch normalisation (Miyato et al. 2018).
    """

    def __init__(
        self,
        *,
        channels: Sequence[int],
        strides: Sequence[int],
        dropout: Sequence[float],
        spectral: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, side = 2, SIDE
        for i, (after, stride, rate) in enumerate(zip(channels, strides, dropout, strict=True)):
            convolution: nn.Module = nn.Conv2d(before, after, 4, stride=stride, padding=1 if stride == 2 else 0)
            layers.append(nn.utils.parametrizations.spectral_norm(convolution) if spectral else convolution)
            if i > 0 and not spectral:
                layers.append(nn.BatchNorm2d(after, momentum=_MOMENTUM))
            layers += [nn.LeakyReLU(0.2), nn.Dropout(rate)]
            before, side = after, side // stride
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side * side, 1), nn.Tanh())

    def forward(self, candidate: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """How real each candidate looks, N."""
        return self.layers(torch.cat([candidate, condition], dim=1))[:, 0]


def _same(before: int, after: int) -> nn.Module:
    # An even kernel needs one more row and column on one side to keep the size.
    return nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(before, after, 4))


def _contract(before: int, after: int, *, norm: Norm | None, dropout: float) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    if norm:
        layers.append(_norm(norm, after))
    return nn.Sequential(*layers, nn.Dropout(dropout))


def _expand(before: int, after: int, *, norm: Norm, upsampling: str, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode=upsampling),
        _same(before, after),
        nn.LeakyReLU(0.2),
        _norm(norm, after),
        nn.Dropout(dropout),
    )


def _norm(kind: Norm, channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels, momentum=_MOMENTUM)
    return nn.GroupNorm(min(8, channels), channels)
