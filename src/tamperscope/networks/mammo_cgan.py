"""Mammo-CGAN: the generator and the discriminator of CGAN1 and CGAN2 (report, section 2.1.2, figure 5).

Both take squares of 64 x 64 pixels, reference intensity divided by 1100. The channel counts are arguments, so that
the report's networks and the light ones that ship are the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

SIDE = 64
HOLE = slice(10, 54)
"""Rows and columns of the middle 44 x 44 that the condition lacks."""

Norm = Literal["batch", "group"]
Padding = Literal["zeros", "replicate"]
_ADDED = 0.3
"""Largest change of a generator that adds to what it starts from."""
_SHARPNESS = 10.0
"""Of the choice among exemplars: one to three of some hundred prevail."""
_ALIKE = 0.5
"""Standard deviations of the surroundings of masses within which two are alike."""
_VARIATION = 0.12
"""Of the components of the chosen exemplars, over their standard deviations."""

_SMALL_MAP = 8
"""Side up to which a convolution takes in small maps."""
_MOMENTUM = 0.2  # Keras' 0.8: Keras weighs the old value, PyTorch the new one


def condition_of(squares: torch.Tensor) -> torch.Tensor:
    """Zero the middle 44 x 44 of N x 1 x 64 x 64 squares (stage 3)."""
    condition = squares.clone()
    condition[..., HOLE, HOLE] = 0
    return condition


class LatentStart(nn.Module):
    """What CGAN1 starts from: a membrane through the middle, on it a tumour that a latent map draws.

    The middle of the condition, zero in the report, may carry a latent map of standard normal numbers. The first ones
    weigh exemplars: real masses less their membranes, blurred to some principal components. A few whose surroundings
    are alike prevail, and the next numbers vary the components of their sum. White noise so gives tumours that vary as
    masses do, and zeros give the mean mass of such surroundings. At the middle's rim the membrane meets the frame: no
    box shows.

    Args:
        components: principal components of masses, how many.
        exemplars: how many masses.
    """

    def __init__(self, components: int, exemplars: int) -> None:
        super().__init__()
        middle, ring = (HOLE.stop - HOLE.start) ** 2, 4 * (HOLE.stop - HOLE.start)
        if components < 1 or exemplars < 2 or components + exemplars > middle:
            raise ValueError(f"{exemplars} exemplars of {components} components don't go with {middle} latent numbers")
        self.membrane: torch.Tensor
        self.mean: torch.Tensor
        self.basis: torch.Tensor
        self.deviation: torch.Tensor
        self.codes: torch.Tensor
        self.surroundings: torch.Tensor
        self.bandwidth: torch.Tensor
        self.register_buffer("membrane", torch.zeros(ring, middle))
        self.register_buffer("mean", torch.zeros(middle))
        self.register_buffer("basis", torch.zeros(components, middle))
        self.register_buffer("deviation", torch.ones(components))
        self.register_buffer("codes", torch.zeros(exemplars, components))
        self.register_buffer("surroundings", torch.zeros(exemplars, 2))
        self.register_buffer("bandwidth", torch.ones(2))

    def forward(self, condition: torch.Tensor) -> torch.Tensor:
        """Condition with a latent map in its middle to a square with a blurred tumour, N x 1 x 64 x 64 each."""
        latent = condition[..., HOLE, HOLE].flatten(1)
        exemplars, components = self.codes.shape
        ring = ring_of(condition)
        unlike = (((_level_and_contrast(ring)[:, None] - self.surroundings) / self.bandwidth) ** 2).sum(2)
        weight = torch.softmax(_SHARPNESS * (latent[:, :exemplars] - unlike / 2), dim=1)
        # Over its norm, a sum of several exemplars has the contrast of one.
        code = weight @ self.codes / (weight**2).sum(1, keepdim=True).sqrt()
        code = code + _VARIATION * self.deviation * latent[:, exemplars : exemplars + components]
        return self._with_middle(condition, ring @ self.membrane + self.mean + code @ self.basis)

    def blur(self, squares: torch.Tensor) -> torch.Tensor:
        """Squares with masses, as these components give them."""
        code = (self._lifted(squares) - self.mean) @ self.basis.T
        return self._with_middle(squares, ring_of(squares) @ self.membrane + self.mean + code @ self.basis)

    @torch.no_grad()
    def fit(self, membrane: torch.Tensor, squares: torch.Tensor) -> None:
        """Learn the components of squares with masses in their middle, and take exemplars of them.

        Args:
            membrane: ring x middle, the membrane's response to each pixel of the ring (``ring_of``).
            squares: N x 1 x 64 x 64, N at least the number of exemplars.
        """
        self.membrane.copy_(membrane)
        lifted = self._lifted(squares)
        self.mean.copy_(lifted.mean(0))
        components, exemplars = len(self.basis), len(self.codes)
        # Each direction's sign is free; a fixed one keeps the file the same from run to run.
        _, sizes, directions = torch.linalg.svd(lifted - self.mean, full_matrices=False)
        directions = directions[:components] * torch.sign(directions[:components].sum(1, keepdim=True))
        self.basis.copy_(directions)
        self.deviation.copy_(sizes[:components] / len(squares) ** 0.5)
        taken = torch.linspace(0, len(squares) - 1, exemplars).round().long()
        self.codes.copy_((lifted[taken] - self.mean) @ directions.T)
        around = _level_and_contrast(ring_of(squares))
        self.surroundings.copy_(around[taken])
        self.bandwidth.copy_(_ALIKE * around.std(0))

    def _lifted(self, squares: torch.Tensor) -> torch.Tensor:
        return squares[..., HOLE, HOLE].flatten(1) - ring_of(squares) @ self.membrane

    @staticmethod
    def _with_middle(squares: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
        side = HOLE.stop - HOLE.start
        return functional.pad(middle.reshape(-1, 1, side, side), (HOLE.start,) * 4) + condition_of(squares)


def _level_and_contrast(ring: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation of the frame's pixels next to the middle: N x 2."""
    level = ring.mean(1, keepdim=True)
    return torch.cat([level, ((ring - level) ** 2).mean(1, keepdim=True).sqrt()], dim=1)


def ring_of(squares: torch.Tensor) -> torch.Tensor:
    """The frame's pixels next to the middle: N x 176, top, bottom, left, right."""
    low, high = HOLE.start - 1, HOLE.stop
    parts = (
        squares[:, 0, low, HOLE],
        squares[:, 0, high, HOLE],
        squares[:, 0, HOLE, low],
        squares[:, 0, HOLE, high],
    )
    return torch.cat(parts, dim=1)


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
        padding: zeros (report), or the border's own values, which leave no frame.
        components: of ``LatentStart``, to which the U-Net then adds in the middle; 0 for none (report).
        exemplars: of ``LatentStart``.
        residual: add to the condition in the middle (CGAN2 of the light recipe).
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
        padding: Padding = "zeros",
        components: int = 0,
        exemplars: int = 0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if len(down) != 6 or len(up) != 5:
            raise ValueError(f"a 64 x 64 U-Net has 6 steps down and 5 up, not {len(down)} and {len(up)}")
        self.keep_frame = keep_frame or components > 0 or residual
        self.adds = components > 0 or residual
        self.start = LatentStart(components, exemplars) if components else None
        self.down = nn.ModuleList(
            _contract(before, after, norm=norm if i > 0 else None, dropout=rate, padding=padding)
            for i, (before, after, rate) in enumerate(zip((1, *down), down, down_dropout, strict=False))
        )
        skips = down[-2::-1]
        inputs = [down[-1], *(channels + skip for channels, skip in zip(up, skips, strict=True))]
        self.up = nn.ModuleList(
            _expand(before, after, norm=norm, upsampling=upsampling, dropout=rate, padding=padding)
            for before, after, rate in zip(inputs, up, up_dropout, strict=False)
        )
        last: list[nn.Module] = [nn.Upsample(scale_factor=2, mode=upsampling)]
        before = inputs[-1]
        for after in tail:
            last += [_same(before, after, padding), nn.LeakyReLU(0.2)]
            before = after
        self.last = nn.Sequential(*last, _same(before, 1, padding), nn.Tanh())
        if self.adds:
            # Nothing at first: what it adds to is a tumour already.
            for parameter in self.last[-2].parameters():
                nn.init.zeros_(parameter)

    def forward(self, condition: torch.Tensor) -> torch.Tensor:
        """Condition to square."""
        return self.refine(condition if self.start is None else self.start(condition))

    @torch.no_grad()
    def soften(self, strength: float) -> None:
        """Scale the last convolution: an adding generator then adds that part only (its tanh is nearly straight)."""
        for parameter in self.last[-2].parameters():
            parameter.mul_(strength)

    def refine(self, condition: torch.Tensor) -> torch.Tensor:
        """The U-Net alone: from what ``start`` gives, where there is one."""
        maps = [condition]
        for step in self.down:
            maps.append(step(maps[-1]))
        x = maps.pop()
        for step in self.up:
            x = torch.cat([step(x), maps.pop()], dim=1)
        x = self.last(x)
        if not self.keep_frame:
            return x
        if self.adds:
            x = condition + _ADDED * x
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
        patch: tell for each place of the last map rather than once for the square (Isola et al. 2017).
    """

    def __init__(
        self,
        *,
        channels: Sequence[int],
        strides: Sequence[int],
        dropout: Sequence[float],
        spectral: bool = False,
        patch: bool = False,
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
        head: list[nn.Module] = [nn.Conv2d(before, 1, 1)] if patch else [nn.Flatten(), nn.Linear(before * side**2, 1)]
        self.layers = nn.Sequential(*layers, *head, nn.Tanh())

    def forward(self, candidate: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """How real each candidate looks: N, or N x places."""
        told = self.layers(torch.cat([candidate, condition], dim=1)).flatten(1)
        return told[:, 0] if told.shape[1] == 1 else told

    def features(self, candidate: torch.Tensor, condition: torch.Tensor) -> list[torch.Tensor]:
        """The maps after each activation, to be matched (Salimans et al. 2016)."""
        x, maps = torch.cat([candidate, condition], dim=1), []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                maps.append(x)
        return maps


class _Convolution(nn.Conv2d):
    """A convolution that is trained in bfloat16 on small maps as one matrix product.

    On CPUs PyTorch's own takes five times as long for the gradients of wide layers with maps of 4 x 4 and less.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        small = input.shape[-1] <= _SMALL_MAP and torch.is_autocast_enabled("cpu")
        if not (self.training and small):
            return super().forward(input)
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        padded = functional.pad(input, self._reversed_padding_repeated_twice, mode=mode)
        size, step = self.kernel_size[0], self.stride[0]
        windows = padded.unfold(2, size, step).unfold(3, size, step).permute(0, 2, 3, 1, 4, 5)
        count, height, width = windows.shape[:3]
        rows = windows.reshape(count * height * width, -1)
        made = functional.linear(rows, self.weight.flatten(1), self.bias)
        return made.reshape(count, height, width, -1).permute(0, 3, 1, 2)


def _same(before: int, after: int, padding: Padding) -> nn.Module:
    # An even kernel needs one more row and column on one side to keep the size.
    pad = nn.ZeroPad2d if padding == "zeros" else nn.ReplicationPad2d
    return nn.Sequential(pad((1, 2, 1, 2)), _Convolution(before, after, 4))


def _contract(before: int, after: int, *, norm: Norm | None, dropout: float, padding: Padding) -> nn.Module:
    convolution = _Convolution(before, after, 4, stride=2, padding=1, padding_mode=padding)
    layers: list[nn.Module] = [convolution, nn.LeakyReLU(0.2)]
    if norm:
        layers.append(_norm(norm, after))
    return nn.Sequential(*layers, nn.Dropout(dropout))


def _expand(before: int, after: int, *, norm: Norm, upsampling: str, dropout: float, padding: Padding) -> nn.Module:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode=upsampling),
        _same(before, after, padding),
        nn.LeakyReLU(0.2),
        _norm(norm, after),
        nn.Dropout(dropout),
    )


def _norm(kind: Norm, channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels, momentum=_MOMENTUM)
    return nn.GroupNorm(min(8, channels), channels)
