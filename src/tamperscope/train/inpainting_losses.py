"""The losses of partial-convolution inpainting (Liu et al., ECCV 2018, section 3.3)."""

from __future__ import annotations

import torch
from torch.nn import functional

from tamperscope.networks.mobilenet_v2 import MobileNetV2Features
from tamperscope.train.config import Loss

_SIGMA, _WINDOW = 1.5, 11
_STABLE = 0.15**2
"""SSIM's second constant for a range of 5 of the network's units: the display window of 500."""
_LAYERS = (1, 3, 6)
"""MobileNetV2's maps of 1/2, 1/4 and 1/8 of the size, in place of the authors' VGG16: a twentieth of the time."""
_GREY_A_UNIT = 0.2
"""The display window of 500 holds 5 of the network's units of 100."""


def pixel_losses(
    made: torch.Tensor, true: torch.Tensor, tissue: torch.Tensor, hole: torch.Tensor
) -> dict[Loss, torch.Tensor]:
    """Mean absolute error, SSIM's structure and total variation in the hole.

    Known pixels come back as they are, so there is no loss of them, which Liu et al. have. They have no SSIM: L1 alone
    rewards a flat picture where the way that structures go on is half known.

    Args:
        made: N x 1 x H x W.
        true: the same.
        tissue: 1 on tissue.
        hole: 1 in the hole.
    """
    error = (made - true).abs()
    near = functional.max_pool2d(hole, 3, 1, 1) * tissue
    across = (made[..., 1:] - made[..., :-1]).abs() * near[..., 1:] * near[..., :-1]
    down = (made[..., 1:, :] - made[..., :-1, :]).abs() * near[..., 1:, :] * near[..., :-1, :]
    return {
        "hole": (error * hole).sum() / hole.sum(),
        "structure": _structure_lost(made, true, hole),
        "variation": (across.sum() + down.sum()) / hole.sum(),
    }


def feature_losses(trunk: MobileNetV2Features, made: torch.Tensor, true: torch.Tensor) -> dict[Loss, torch.Tensor]:
    """Distance of features (perceptual) and of their correlations (style).

    Args:
        trunk: frozen.
        made: N x 1 x H x W, units.
        true: the same.
    """
    with torch.no_grad():
        wanted = trunk(0.5 + _GREY_A_UNIT * true, _LAYERS)
    perceptual = made.new_zeros(())
    style = made.new_zeros(())
    for got, want in zip(trunk(0.5 + _GREY_A_UNIT * made, _LAYERS), wanted, strict=True):
        perceptual = perceptual + (got - want).abs().mean()
        style = style + (_gram(got) - _gram(want)).abs().mean()
    return {"perceptual": perceptual, "style": style}


def _structure_lost(made: torch.Tensor, true: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Mean of 1 less SSIM's structure over the holes' pixels."""
    lost = made.new_zeros(())
    for item in range(len(hole)):
        # Holes are small: their boxes cost an eighth of the whole crops.
        rows, columns = (hole[item, 0].any(axis).nonzero()[[0, -1], 0].tolist() for axis in (1, 0))
        box = (
            slice(item, item + 1),
            slice(None),
            *(slice(max(0, first - _WINDOW // 2), last + 1 + _WINDOW // 2) for first, last in (rows, columns)),
        )
        lost = lost + ((1 - _structure(made[box], true[box])) * hole[box]).sum()
    return lost / hole.sum()


def _structure(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """SSIM at each pixel (Wang et al., 2004) but for its factor of brightness, which is 1 in tissue: N x 1 x H x W."""
    places = torch.arange(_WINDOW, dtype=one.dtype) - _WINDOW // 2
    weights = torch.exp(-(places**2) / (2 * _SIGMA**2))
    weights = weights / weights.sum()
    stacked = torch.cat([one, other, one * one, other * other, one * other])
    padded = functional.pad(stacked, [_WINDOW // 2] * 4, mode="reflect")
    down = functional.conv2d(padded, weights.view(1, 1, -1, 1))
    mean_one, mean_other, square_one, square_other, product = functional.conv2d(down, weights.view(1, 1, 1, -1)).chunk(
        5
    )
    variances = square_one - mean_one**2 + square_other - mean_other**2
    return (2 * (product - mean_one * mean_other) + _STABLE) / (variances + _STABLE)


def _gram(maps: torch.Tensor) -> torch.Tensor:
    """Correlations of channels: N x C x C, a mean over places."""
    count, channels, height, width = maps.shape
    flat = maps.reshape(count, channels, height * width)
    return flat @ flat.transpose(1, 2) / (height * width)
