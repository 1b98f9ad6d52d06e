"""Removal of calcifications: small bright specks, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.blend import HARD, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.grain import low_pass, random_phase_grain, robust_deviation
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, kw_only=True)
class RemoveCalcifications(RegionForger):
    """Finds specks by the white top-hat and fills each from its rim; the mask is the specks, grown by their halo.

    Where nothing stands out, the brightest speck is taken, so that a control cluster can be made in healthy tissue.

    Attributes:
        size_mm: largest diameter of a speck.
        strength: how far above the tissue's own top-hat a speck must stand, in robust standard deviations.
        halo_mm: how far the blur of a speck reaches.
    """

    card: ClassVar[Card] = Card(
        name="calcifications",
        family="removal",
        does="Removes small bright specks in the region and leaves the tissue between them.",
        trace="Dozens of islands of a millimetre whose grain does not go on from around them.",
        source="white top-hat: Serra, 1982",
    )
    blend: Blend = HARD
    size_mm: float = 1.0
    strength: float = 5.0
    halo_mm: float = 0.15

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        return 48

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        specks = self._find(window)
        halo = max(1, round(self.halo_mm / window.spacing_mm))
        grown = cv2.dilate(specks.view(np.uint8), _disc(halo)).view(np.bool_) & window.hole
        known = window.tissue & ~grown
        sigma = max(1.5, 0.2 / window.spacing_mm)
        smooth = low_pass(window.pixels, known, sigma)
        filled = fill_harmonic(np.where(known, smooth, 0.0), grown | ~window.tissue)
        texture = random_phase_grain(window.pixels - smooth, known, rng)
        return Edit(filled + texture, {"specks": int(cv2.connectedComponents(specks.view(np.uint8))[0]) - 1}, grown)

    def _find(self, window: Window) -> np.ndarray:
        pixels = cv2.GaussianBlur(window.pixels, (0, 0), 0.7)
        radius = max(1, round(self.size_mm / window.spacing_mm / 2))
        top_hat = cv2.morphologyEx(pixels, cv2.MORPH_TOPHAT, _disc(radius))
        inside = top_hat[window.hole]
        middle = float(np.median(inside))
        bright = window.hole & (top_hat >= min(middle + self.strength * robust_deviation(inside), float(inside.max())))
        # Vessels and the rims of masses stand out too, but are long.
        _, parts, stats, _ = cv2.connectedComponentsWithStats(bright.view(np.uint8))
        longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
        short = longest <= 2 * radius + 1
        short[0] = False
        specks = short[parts]
        return specks if specks.any() else window.hole & (top_hat >= inside.max())


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
