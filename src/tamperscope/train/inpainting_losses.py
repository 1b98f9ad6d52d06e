"""The losses of partial-convolution inpainting (Liu et al., ECCV 2018, section 3.3)."""

from __future__ import annotations

import torch
from torch.nn import functional

from tamperscope.networks.mobilenet_v2 import MobileNetV2Features

_LAYERS = (1, 3, 6)
"""MobileNetV2's maps of 1/2, 1/4 and 1/8 of the size, in place of the authors' VGG16: a twentieth of the time."""
_GREY_A_UNIT = 0.2
"""The display window of 500 holds 5 of the network's units of 100."""


def pixel_losses(
    made: torch.Tensor, true: torch.Tensor, tissue: torch.Tensor, hole: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Mean absolute error in the hole and on the known tissue, and total variation of the composite at the hole.

    Args:
        made: N x 1 x H x W.
        true: the same.
        tissue: 1 on tissue.
        hole: 1 in the hole.
    """
    error = (made - true).abs()
    known = tissue * (1 - hole)
    composite = torch.where(hole > 0, made, true)
    near = functional.max_pool2d(hole, 3, 1, 1) * tissue
    across = (composite[..., 1:] - composite[..., :-1]).abs() * near[..., 1:] * near[..., :-1]
    down = (composite[..., 1:, :] - composite[..., :-1, :]).abs() * near[..., 1:, :] * near[..., :-1, :]
    return {
        "hole": (error * hole).sum() / hole.sum(),
        "valid": (error * known).sum() / known.sum(),
        "variation": (across.sum() + down.sum()) / hole.sum(),
    }


def feature_losses(
    trunk: MobileNetV2Features, made: torch.Tensor, true: torch.Tensor, hole: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Distance of features (perceptual) and of their correlations (style), of the network's picture and the composite.

    Args:
        trunk: frozen.
        made: N x 1 x H x W, units.
        true: the same.
        hole: 1 in the hole.
    """
    composite = torch.where(hole > 0, made, true)
    with torch.no_grad():
        wanted = trunk(0.5 + _GREY_A_UNIT * true, _LAYERS)
    pair = trunk(0.5 + _GREY_A_UNIT * torch.cat([made, composite]), _LAYERS)
    perceptual = made.new_zeros(())
    style = made.new_zeros(())
    for got, want in zip(pair, wanted, strict=True):
        twice = torch.cat([want, want])
        perceptual = perceptual + (got - twice).abs().mean()
        style = style + (_gram(got) - _gram(twice)).abs().mean()
    return {"perceptual": perceptual, "style": style}


def _gram(maps: torch.Tensor) -> torch.Tensor:
    """Correlations of channels: N x C x C, a mean over places."""
    count, channels, height, width = maps.shape
    flat = maps.reshape(count, channels, height * width)
    return flat @ flat.transpose(1, 2) / (height * width)
