"""Removal by fast marching (Telea, 2004), through OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.card import Card
from tamperscope.forge.cv_inpaint import inpaint_16_bit
from tamperscope.forge.smooth_fill import SmoothFill


@dataclass(frozen=True, kw_only=True)
class Telea(SmoothFill):
    """Weighted means of the known neighbours, from the rim inwards.

    Attributes:
        radius: of the neighbourhood, pixels of the work grid.
    """

    card: ClassVar[Card] = Card(
        name="telea",
        family="removal",
        does="Removes what is in the region: weighted means of the rim, marched inwards.",
        trace="Structures end in soft streaks towards the middle, under a grain of random phase.",
        source="Telea, J. Graphics Tools 9 (2004)",
    )
    radius: float = 5.0

    def fill(self, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """See ``SmoothFill.fill``."""
        return inpaint_16_bit(pixels, hole, self.radius, cv2.INPAINT_TELEA)
