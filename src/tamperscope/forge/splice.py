"""Splicing: a part of another patient's mammogram."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import FEATHERED, POISSON, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.paste import Placement, best_place, fetch
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram

_SAME_PITCH = 0.02
_GAIN_RANGE = (0.5, 2.0)


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
        drawn = {"placement": asdict(placement)}
        if self.match:
            gain, offset = _match(content, window)
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


def _match(content: np.ndarray, window: Window) -> tuple[float, float]:
    """Gain and offset that give the content's rim the mean and the spread of the window's."""
    near = cv2.dilate(window.hole.view(np.uint8), np.ones((25, 25), np.uint8)).view(np.bool_)
    rim = near & ~window.hole & window.tissue & (content > 0)
    if rim.sum() < 16:
        return 1.0, 0.0
    here, there = window.pixels[rim].astype(np.float64), content[rim]
    gain = float(np.clip(here.std() / max(float(there.std()), 1e-6), *_GAIN_RANGE))
    return gain, float(here.mean() - gain * there.mean())
