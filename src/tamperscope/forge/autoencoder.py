"""Removal of fine detail by an autoencoder: the region goes through encoder and decoder and is pasted back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.processing import Step
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.network import Network, load_network
from tamperscope.runtime.weights import Weights, find_weights

WEIGHTS_NAME = "tissue-autoencoder"
CENTRE, UNIT = 550.0, 100.0
"""Reference intensity of the network's 0, and of one unit: the same for every picture, so that parts fit together."""
_REACH = 64
"""No output depends on a pixel that is farther away."""
_PART = 512
"""Side of the parts that large pictures are cut into."""
_MULTIPLE = 8


@dataclass(frozen=True, kw_only=True)
class Autoencoder(RegionForger):
    """Passes the region through an autoencoder that knows healthy tissue only, and fades the result in.

    What the narrow middle can't say goes: noise, specks, fine lines, sharp margins. Brightness stays, so a mass is
    still there, softer.
    """

    card: ClassVar[Card] = Card(
        name="autoencoder",
        family="removal",
        does="Passes the region through an autoencoder of healthy tissue: noise, specks and fine lines go.",
        trace="Noise and finest structure are missing; patterns of the decoder, which works in cells of 8 pixels.",
        source="Cozzolino et al., arXiv 1812.02510 (2018), whose unseen forgeries include such round trips",
    )
    blend: Blend = FEATHERED

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        return super().margin(region, spacing_mm) + _REACH

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        weights = _weights()
        model = {"name": weights.name, "version": weights.version, "hash": weights.sha256[:16]}
        return Edit(round_trip(window.pixels, window.tissue), {"model": model})


@dataclass(frozen=True, kw_only=True)
class RoundTrip(Step):
    """Through the autoencoder and back, air untouched: what a learned codec does to a whole picture."""

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        tissue = pixels > 0
        return np.where(tissue, round_trip(pixels, tissue), pixels).astype(np.float32)


def round_trip(pixels: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """A picture through encoder and decoder.

    Args:
        pixels: h x w, reference intensity, of any size.
        tissue: bool, h x w.

    Returns:
        float32, h x w; off the tissue without meaning.
    """
    height, width = pixels.shape
    given = np.where(tissue, (pixels - CENTRE) / UNIT, 0).astype(np.float32)
    beyond = [(_REACH, _REACH + -length % _MULTIPLE) for length in (height, width)]
    padded = np.pad(given, beyond, mode="symmetric")
    made = np.zeros((height, width), np.float32)
    for top in range(0, height, _PART):
        for left in range(0, width, _PART):
            rows, columns = (slice(start, start + _PART + 2 * _REACH) for start in (top, left))
            decoded = _network()(np.ascontiguousarray(padded[rows, columns])[None, None])[0, 0]
            inner = decoded[_REACH : _REACH + _PART, _REACH : _REACH + _PART]
            target = made[top : top + _PART, left : left + _PART]
            target[:] = inner[: target.shape[0], : target.shape[1]]
    return made * np.float32(UNIT) + np.float32(CENTRE)


def _weights() -> Weights:
    return find_weights(WEIGHTS_NAME)


@cache
def _network() -> Network:
    return load_network(_weights().path, threads=1)
