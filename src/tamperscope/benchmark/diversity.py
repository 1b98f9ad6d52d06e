"""Do the tumours that one square is given differ from each other, as masses do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tamperscope.benchmark.realism import RealSquare, paste, show, show_all
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import Injector, shrunk
from tamperscope.mammogram import Mammogram
from tamperscope.networks.mobilenet_v2 import MobileNetV2Features

_LAYERS = (1, 3, 6, 10)


@dataclass(frozen=True)
class Diversity:
    """How much pictures differ: mean perceptual distances of all pairs (``mean_distance``).

    Attributes:
        seeds: one square with as many tumours.
        settled: the same square with real masses that settle into it as drawn ones do: their shapes and what is coarser
            than some 0.8 mm, with its own texture.
        pasted: the same square with real masses pasted into it, texture and all.
        real: real masses, each in its own tissue.
    """

    seeds: float
    settled: float
    pasted: float
    real: float


def diversity(
    injector: Injector,
    network: MobileNetV2Features,
    masses: Sequence[RealSquare],
    mammogram: Mammogram,
    square: Square,
    *,
    seeds: int,
    lift: bool = True,
) -> Diversity:
    """How much one square's tumours differ, beside real masses in the same square and in their own.

    Args:
        injector: Mammo-CGAN.
        network: whose features the distance is of.
        masses: real ones.
        mammogram: image.
        square: in it.
        seeds: as many tumours.
        lift: see ``Injector.inject``.
    """
    forgeries = (
        injector.inject(mammogram, square, noise_model="tissue", lift=lift, seed=seed) for seed in range(seeds)
    )
    settled = [settle_mass(mass, mammogram, square, lift=lift, seed=number) for number, mass in enumerate(masses)]
    pasted = (paste(mass, mammogram, square, seed=number) for number, mass in enumerate(masses))
    return Diversity(
        mean_distance(network, [show(forgery.mammogram.pixels, square) for forgery in forgeries]),
        mean_distance(network, settled),
        mean_distance(network, [picture for picture in pasted if picture is not None]),
        mean_distance(network, [show_all(mass.mammogram) for mass in masses]),
    )


def settle_mass(mass: RealSquare, mammogram: Mammogram, square: Square, *, lift: bool, seed: int) -> np.ndarray:
    """The square with a real mass in place of a drawn one, as a reader sees it."""
    own = shrunk(mass.mammogram.pixels)

    def draw(condition: np.ndarray) -> np.ndarray:
        # As bright as the surroundings that are shown, of which a corner tells.
        return (own + (condition[0, 0, 0, 0] - own[0, 0]))[None, None]

    forger = Injector(draw, lambda condition: condition, {"name": "real mass"})
    like = mass.mammogram.pixels
    forgery = forger.inject(mammogram, square, noise_model="tissue", lift=lift, like=like, seed=seed)
    return show(forgery.mammogram.pixels, square)


def mean_distance(network: MobileNetV2Features, pictures: Sequence[np.ndarray]) -> float:
    """Mean perceptual distance of all pairs: LPIPS (Zhang et al. 2018) with equal weights on MobileNetV2's maps."""
    with torch.no_grad():
        maps = network(torch.from_numpy(np.stack(pictures))[:, None], _LAYERS)
    total = 0.0
    for part in maps:
        unit = part / part.norm(dim=1, keepdim=True).clamp(min=1e-6)
        flat = unit.flatten(1) / (part.shape[2] * part.shape[3]) ** 0.5
        pairs = torch.pdist(flat) ** 2
        total += float(pairs.mean())
    return total
