"""Removal by a thin plate (biharmonic equation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tamperscope.forge.card import Card
from tamperscope.forge.harmonic import fill_biharmonic
from tamperscope.forge.smooth_fill import SmoothFill


@dataclass(frozen=True, kw_only=True)
class Biharmonic(SmoothFill):
    """The smoothest surface through the surroundings, in value and slope."""

    card: ClassVar[Card] = Card(
        name="biharmonic",
        family="removal",
        does="Removes what is in the region: a thin plate spans it, continuing values and slopes.",
        trace="No structure between the low frequencies and the grain; may overshoot in large holes.",
        source="Damelin and Hoang, 2018 (scikit-image's inpaint_biharmonic)",
    )

    def fill(self, pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """See ``SmoothFill.fill``."""
        return fill_biharmonic(pixels, hole)
