"""Splicing: a part of another patient's mammogram."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import FEATHERED, POISSON, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.paste import Placement, best_place, fetch, match_rim
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_SAME_PITCH = 0.02


@dataclass(frozen=True, kw_only=True)
class Splice(RegionForger):
    """Covers the region with a donor's tissue, or with a donor's lesion.

    Attributes:
        donor: the mammogram to take from.
        source: which part of the donor, its middle to the region's; by default the best fitting of some random places
            in its tissue.
        match: bring the donor's brightness and contrast to those around the region.
    """

    card: ClassVar[Card] = Card(
        name="splice",
        family="splice",
        does="Covers the region with another patient's tissue at the same pitch, brightness matched, feathered.",
        trace="Noise, sharpness and grey levels of another machine; resampled where the pixel pitch differs.",
        needs_donor=True,
    )
    blend: Blend = FEATHERED
    donor: Mammogram | None = None
    source: Region | None = None
    match: bool = True

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        donor = self.donor
        if donor is None:
            raise TamperscopeError(f"{self.card.name} needs a donor: another mammogram to take pixels from.")
        scale = donor.spacing.mm / mammogram.spacing.mm
        scale = 1.0 if abs(scale - 1) < _SAME_PITCH else scale
        if self.source is not None:
            self.source.check_inside(*donor.shape)
            placement = Placement(*self.source.centre, scale)
        else:
            placement = best_place(donor, window, rng, free=donor.tissue, scale=scale, level=True)
        content = fetch(donor.pixels, window, placement).astype(np.float64)
        drawn: dict[str, Any] = {"placement": asdict(placement)}
        if self.match:
            gain, offset = match_rim(content, window)
            content = gain * content + offset
            drawn["match"] = {"gain": gain, "offset": offset}
        return Edit(content, drawn)


@dataclass(frozen=True, kw_only=True)
class PoissonSplice(Splice):
    """``Splice`` by gradients."""

    card: ClassVar[Card] = Card(
        name="splice-poisson",
        family="splice",
        does="Covers the region with another patient's tissue at the same pitch, by its gradients.",
        trace="Noise and sharpness of another machine inside a rim without a step.",
        source="Perez, Gangnet, Blake, SIGGRAPH 2003",
        needs_donor=True,
    )
    blend: Blend = POISSON
