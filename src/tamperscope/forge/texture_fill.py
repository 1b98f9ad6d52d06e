"""Removal by texture from elsewhere in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.grain import low_pass, random_phase_grain
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.nearest_patches import synthesise
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_LARGEST_MARGIN = 320


@dataclass(frozen=True, kw_only=True)
class TextureFill(RegionForger):
    """Builds the region's tissue from small patches of the tissue around it, and fades them into it."""

    card: ClassVar[Card] = Card(
        name="patch-match",
        family="removal",
        does="Removes what is in the region: its tissue is put together from patches of the tissue around.",
        trace="Small pieces occur twice in the image; fine seams where pieces meet.",
        source="Barnes et al., SIGGRAPH 2009; Wexler, Shechtman, Irani, PAMI 29 (2007)",
    )
    blend: Blend = FEATHERED

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        return super().margin(region, spacing_mm) + min(_LARGEST_MARGIN, max(region.width, region.height, 48))

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        hole = self.blend.reach(window)
        # The rim itself may still show the lesion's spicules: it is no source.
        near = cv2.dilate(hole.view(np.uint8), np.ones((5, 5), np.uint8)).view(np.bool_)
        known = window.tissue & ~hole
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        sigma = max(3.0, (max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1) / 5)
        # A smooth guess finds smooth patches and stays smooth; one with the tissue's own power finds tissue.
        guess = fill_harmonic(low_pass(window.pixels, ~hole, 3.0), hole)
        guess += random_phase_grain(window.pixels - low_pass(window.pixels, known, sigma), known, rng)
        start = np.where(hole, guess, window.pixels)
        return Edit(synthesise(start, hole, window.tissue & ~near, rng))
