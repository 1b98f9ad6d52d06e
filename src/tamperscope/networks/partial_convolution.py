"""Inpainting by partial convolutions (Liu et al., ECCV 2018): a U-Net that convolves known pixels only.

It adds to a smooth fill of the hole, which it is given, what that lacks: tissue is mostly a smooth field, and a network
that starts from one spends its weights on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

_MOMENTUM = 0.1
_LEAST = 1e-6


class PartialConvolution(nn.Module):
    """Convolution over known pixels, weighed up for those that are missing, with the updated mask.

    A map may be put together from several groups of channels, each with a mask of its own, as at a skip connection.

    Args:
        groups: channels of each group.
        after: output channels.
        kernel: side of the kernel, odd.
        stride: step.
    """

    def __init__(self, groups: Sequence[int], after: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.groups, self.kernel, self.stride = tuple(groups), kernel, stride
        self.convolution = nn.Conv2d(sum(groups), after, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.bias = nn.Parameter(torch.zeros(1, after, 1, 1))

    def forward(self, maps: Sequence[torch.Tensor], masks: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps (N x C x H x W each, 0 where unknown) and their masks (N x 1 x H x W each, 1 known) to map and mask."""
        share = torch.stack([count * mask for count, mask in zip(self.groups, masks, strict=True)]).sum(0)
        share = share / sum(self.groups)
        # The mean over the window, zeros beyond the border: the part of the kernel that saw known pixels.
        seen = functional.avg_pool2d(share, self.kernel, self.stride, self.kernel // 2, count_include_pad=True)
        known = (seen > _LEAST).to(seen.dtype)
        found = self.convolution(maps[0] if len(maps) == 1 else torch.cat(list(maps), dim=1))
        # Where nothing is known the sum is 0 already.
        return found / seen.clamp(min=_LEAST).to(found.dtype) + self.bias.to(found.dtype), known


class _Block(nn.Module):
    """Partial convolution, batch normalisation, activation."""

    def __init__(
        self, groups: Sequence[int], after: int, kernel: int, *, stride: int = 1, norm: bool = True, slope: float
    ) -> None:
        super().__init__()
        self.partial = PartialConvolution(groups, after, kernel, stride=stride)
        self.norm = nn.BatchNorm2d(after, momentum=_MOMENTUM) if norm else nn.Identity()
        self.slope = slope

    def forward(self, maps: Sequence[torch.Tensor], masks: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        x, mask = self.partial(maps, masks)
        return functional.leaky_relu(self.norm(x), self.slope) * mask.to(x.dtype), mask


class PartialConvolutionUNet(nn.Module):
    """Picture with holes to filled picture.

    The input has two channels: intensity (centred, unit scale; a smooth fill where unknown) and mask (1 known, 0
    unknown). What is convolved is the known part; the result is added to the smooth fill. Known pixels come back as
    they are.

    Args:
        channels: of the contracting steps, each halving height and width, which must be multiples of 2 to the power of
            their number.
        kernels: of the contracting steps.
    """

    def __init__(
        self,
        *,
        channels: Sequence[int] = (16, 40, 72, 112, 128, 128),
        kernels: Sequence[int] = (7, 5, 3, 3, 3, 3),
    ) -> None:
        super().__init__()
        self.multiple = 2 ** len(channels)
        before = (1, *channels)
        self.down = nn.ModuleList(
            _Block((before[i],), after, kernel, stride=2, norm=i > 0, slope=0.0)
            for i, (after, kernel) in enumerate(zip(channels, kernels, strict=True))
        )
        ups = []
        below = channels[-1]
        for skip in channels[-2::-1]:
            ups.append(_Block((below, skip), skip, 3, slope=0.2))
            below = skip
        self.up = nn.ModuleList(ups)
        self.last = PartialConvolution((below, 1), 1, 3)
        nn.init.zeros_(self.last.convolution.weight)  # training starts at the smooth fill

    def forward(self, picture_and_mask: torch.Tensor) -> torch.Tensor:
        """N x 2 x H x W to N x 1 x H x W."""
        smooth, mask = picture_and_mask[:, :1], picture_and_mask[:, 1:]
        maps, masks = [smooth * mask], [mask]
        for step in self.down:
            x, known = step((maps[-1],), (masks[-1],))
            maps.append(x)
            masks.append(known)
        x, known = maps.pop(), masks.pop()
        for step in self.up:
            x, known = (functional.interpolate(part, scale_factor=2.0, mode="nearest") for part in (x, known))
            x, known = step((x, maps.pop()), (known, masks.pop()))
        x, known = (functional.interpolate(part, scale_factor=2.0, mode="nearest") for part in (x, known))
        added, _ = self.last((x, smooth), (known, torch.ones_like(mask)))
        return smooth + (1 - mask) * added
