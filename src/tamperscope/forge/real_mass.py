"""A real mass of another patient, merged as Mammo-CGAN merges its synthetic one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import POISSON, WEIGHTED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.paste import Placement, fetch, match_rim
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, kw_only=True)
class RealMass(RegionForger):
    """Puts a donor's annotated mass into the region, resized to it.

    Attributes:
        donor: the mammogram with the mass.
        source: the mass with its surroundings: a square like the injector's, or an outline; by default the brightest
            place of the region's size in mm in the donor's tissue, which suits tests and not studies.
        match: bring the donor's brightness and contrast at the rim to those around the region.
    """

    card: ClassVar[Card] = Card(
        name="real-mass",
        family="injection",
        does="Puts a real mass of another patient into the region, through equation 2.1.",
        trace="Sharpness and noise of a resized picture; the weights fade it out at the rim and in dark tissue.",
        source="the report, section 2.1.1, equations 2.1 to 2.3",
        needs_donor=True,
    )
    blend: Blend = WEIGHTED
    donor: Mammogram | None = None
    source: Region | None = None
    match: bool = True

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        donor = self.donor
        if donor is None:
            raise TamperscopeError(f"{self.card.name} needs a donor: another mammogram with a mass.")
        size = _longer_side(window.hole)
        if self.source is not None:
            self.source.check_inside(*donor.shape)
            placement = Placement(*self.source.centre, size / max(self.source.width, self.source.height))
        else:
            placement = _brightest(donor, size * mammogram.spacing.mm / donor.spacing.mm, size)
        content = fetch(donor.pixels, window, placement).astype(np.float64)
        drawn: dict[str, Any] = {"placement": asdict(placement)}
        if self.match:
            gain, offset = match_rim(content, window)
            content = gain * content + offset
            drawn["match"] = {"gain": gain, "offset": offset}
        return Edit(content, drawn)


@dataclass(frozen=True, kw_only=True)
class PoissonMass(RealMass):
    """``RealMass`` by gradients."""

    card: ClassVar[Card] = Card(
        name="real-mass-poisson",
        family="injection",
        does="Puts a real mass of another patient into the region, by its gradients.",
        trace="Sharpness and noise of a resized picture up to the rim of the region, without a step there.",
        source="Perez, Gangnet, Blake, SIGGRAPH 2003",
        needs_donor=True,
    )
    blend: Blend = POISSON


def _longer_side(hole: np.ndarray) -> int:
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    return int(max(rows[-1] - rows[0], columns[-1] - columns[0])) + 1


def _brightest(donor: Mammogram, side: float, size: int) -> Placement:
    """Where a square of this side has the brightest mean among those on tissue, on a grid of quarter sides."""
    side_px = max(1, min(round(side), *donor.shape))
    step = max(1, side_px // 4)
    # Background is 0, so that the mean itself prefers squares full of tissue.
    total = np.pad(np.where(donor.tissue, donor.pixels, 0).cumsum(0, np.float64).cumsum(1), ((1, 0), (1, 0)))
    top = np.arange(0, donor.shape[0] - side_px + 1, step)
    left = np.arange(0, donor.shape[1] - side_px + 1, step)
    sums = (
        total[np.ix_(top + side_px, left + side_px)]
        - total[np.ix_(top, left + side_px)]
        - total[np.ix_(top + side_px, left)]
        + total[np.ix_(top, left)]
    )
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    return Placement(left[column] + (side_px - 1) / 2.0, top[row] + (side_px - 1) / 2.0, size / side_px)
