"""Copy-move: a part of the image laid over another part of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.blend import FEATHERED, POISSON, Blend, Poisson
from tamperscope.forge.card import Card
from tamperscope.forge.paste import Placement, best_place, fetch
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_TRACE = "Two places of the image are alike, pixel by pixel"


@dataclass(frozen=True, kw_only=True)
class CopyMove(RegionForger):
    """Covers the region with tissue of the same image, or with a lesion of it.

    Attributes:
        source: what to copy, its middle to the region's; by default the best fitting of some random places in the
            tissue that do not touch the region.
        mirrored: exchange left and right.
        scale: enlarge (above 1) or reduce what is copied.
    """

    card: ClassVar[Card] = Card(
        name="copy-move",
        family="copy",
        does="Covers the region with another part of the same image, feathered.",
        trace=f"{_TRACE}; noise and grid of the copy run on at the wrong phase.",
        source="Fridrich, Soukal, Lukas, DFRWS 2003 (as the classic problem)",
    )
    blend: Blend = FEATHERED
    source: Region | None = None
    mirrored: bool = False
    scale: float = 1.0

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        if self.source is not None:
            self.source.check_inside(*mammogram.shape)
            placement = Placement(*self.source.centre, self.scale, self.mirrored)
        else:
            free = mammogram.tissue.copy()
            # The copy must not contain what it covers, nor the ramp around it.
            reach = cv2.dilate(self.blend.reach(window).view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
            free[window.slices] &= ~reach
            placement = best_place(
                mammogram,
                window,
                rng,
                free=free,
                scale=self.scale,
                mirrored=self.mirrored,
                level=isinstance(self.blend, Poisson),
            )
        return Edit(fetch(mammogram.pixels, window, placement), {"placement": asdict(placement)})


@dataclass(frozen=True, kw_only=True)
class PoissonCopyMove(CopyMove):
    """``CopyMove`` whose copy takes the brightness of its new surroundings."""

    card: ClassVar[Card] = Card(
        name="copy-move-poisson",
        family="copy",
        does="Covers the region with another part of the same image, by its gradients.",
        trace=f"{_TRACE}, up to a smooth difference; no step at the rim.",
        source="Perez, Gangnet, Blake, SIGGRAPH 2003",
    )
    blend: Blend = POISSON
