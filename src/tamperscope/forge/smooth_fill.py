"""Fill a hole smoothly from its rim, then give it the grain of the tissue around: what classical fills share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.grain import low_pass, random_phase_grain
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_LARGEST_MARGIN = 320


@dataclass(frozen=True, kw_only=True)
class SmoothFill(RegionForger):
    """A removal that continues the surroundings into the hole.

    On raw pixels these methods draw every noisy pixel of the rim through the hole as a streak, and leave a patch
    without noise. With ``grain`` they work on the low frequencies, and the high ones come from the tissue around.

    Attributes:
        grain: strength of the texture that is put on the fill; 0 is the plain method on the raw pixels.
        work_side: the hole's longer side is reduced to this many pixels for the low frequencies.
    """

    blend: Blend = FEATHERED
    grain: float = 1.0
    work_side: int = 128

    @abstractmethod
    def fill(self, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """Continue the surroundings into a hole: float64, h x w."""

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        return super().margin(region, spacing_mm) + min(_LARGEST_MARGIN, max(region.width, region.height, 32))

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        hole = self.blend.reach(window)
        if self.grain <= 0:
            return Edit(self.fill(window.pixels, hole))
        known = window.tissue & ~hole
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        longer = int(max(rows[-1] - rows[0], columns[-1] - columns[0])) + 1
        sigma = float(np.clip(longer / 10, 2, 24))
        low = self._low_frequencies(window.pixels, hole, sigma=sigma, longer=longer)
        residual = window.pixels - low_pass(window.pixels, known, sigma)
        # Near air the mean of the known pixels is no fair low frequency: learn the grain well inside.
        inside = cv2.erode(known.view(np.uint8), np.ones((5, 5), np.uint8), borderValue=1).view(np.bool_)
        near = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, 3) < max(16, longer / 3)
        texture = random_phase_grain(residual, inside, rng, near=near)
        return Edit(low + self.grain * texture, {"sigma": sigma})

    def _low_frequencies(self, pixels: np.ndarray, hole: np.ndarray, *, sigma: float, longer: int) -> np.ndarray:
        """The method on a picture without grain, reduced where the hole is large; float64, h x w."""
        step = max(1, -(-longer // self.work_side))
        known = ~hole
        base = np.where(known, low_pass(pixels, known, min(sigma, 4.0)), 0.0)
        if step == 1:
            filled = self.fill(base, hole)
        else:
            height, width = hole.shape
            small = (-(-width // step), -(-height // step))
            share = cv2.resize(known.astype(np.float64), small, interpolation=cv2.INTER_AREA)
            reduced = cv2.resize(base * known, small, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-9)
            filled = cv2.resize(self.fill(reduced, share < 0.5), (width, height), interpolation=cv2.INTER_CUBIC)
        # What is finer than sigma comes from the grain. The fill's own fine structure would be the creases in which
        # these methods end in the middle of a hole.
        filled = cv2.GaussianBlur(filled, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        # Blur, reduction and enlargement leave a step at the rim, which a membrane takes away.
        return filled + fill_harmonic(np.where(known, base - filled, 0.0), hole)
