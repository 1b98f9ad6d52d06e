"""Removal by continuing lines of equal intensity (Bertalmio, Bertozzi and Sapiro, 2001), through OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.card import Card
from tamperscope.forge.cv_inpaint import inpaint_16_bit
from tamperscope.forge.smooth_fill import SmoothFill


@dataclass(frozen=True, kw_only=True)
class NavierStokes(SmoothFill):
    """Isophotes are carried into the hole as a fluid carries its vorticity.

    Attributes:
        radius: of the neighbourhood, pixels of the work grid.
    """

    card: ClassVar[Card] = Card(
        name="navier-stokes",
        family="removal",
        does="Removes what is in the region: lines of equal intensity run on into it.",
        trace="Straight wedges that meet in the middle, under a grain of random phase.",
        source="Bertalmio, Bertozzi, Sapiro, CVPR 2001",
    )
    radius: float = 5.0

    def fill(self, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """See ``SmoothFill.fill``."""
        return inpaint_16_bit(pixels, hole, self.radius, cv2.INPAINT_NS)
