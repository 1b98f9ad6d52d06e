"""Forgers that put new content into a region: edit, blend, write back, and leave the rest bit for bit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import HARD, Blend, Feathered
from tamperscope.forge.forger import Forger, checked_region
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.region import Region
from tamperscope.forge.window import Window
from tamperscope.forge.write_back import write_back
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, eq=False)
class Edit:
    """What a forger wants to put in.

    Attributes:
        content: h x w of the window, reference intensity, valid where the blend reaches.
        drawn: what was chosen on the way (a source place, say), ready for JSON.
        hole: bool, h x w, where only a part of the region's tissue is forged.
    """

    content: np.ndarray
    drawn: dict[str, Any] = field(default_factory=dict)
    hole: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class RegionForger(Forger):
    """A forger that says what it wants in the region; all else is done here.

    One of your own is a frozen dataclass with a ``card`` and the method ``edit``. Stored values outside the region and
    the blend's ramp stay bit for bit, and nothing off the breast changes.

    Attributes:
        blend: how the new content is joined to its surroundings.
    """

    blend: Blend = HARD

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """See ``Forger.repeat``."""
        region = checked_region(mammogram, region)
        window = Window.around(mammogram, region, self.margin(region, mammogram.spacing.mm))
        edit = self.edit(mammogram, window, np.random.default_rng(seed))
        if edit.hole is not None:
            window = replace(window, hole=edit.hole)
        inner = self.blend.mask(window, edit.content)
        if not inner.any():
            raise TamperscopeError(f"{self.card.name} would change nothing here: its mask is empty.")
        reach = self.blend.reach(window)
        blended = self.blend.apply(window, edit.content)
        mask = np.zeros(mammogram.shape, np.bool_)
        mask[window.slices] = inner
        record = self.record(region, seed=seed, drawn=edit.drawn)
        record["mask"] = {"rule": self.blend.rule, "pixels": int(mask.sum())}
        record["reach"] = _box(reach, window)
        return Forgery(write_back(mammogram, blended, window, reach), mask, record)

    @abstractmethod
    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """The new content of a window.

        Args:
            mammogram: the original, whole.
            window: the region with its surroundings.
            rng: the only source of chance.
        """

    def margin(self, region: Region, spacing_mm: float) -> int:
        """Pixels of surroundings that the method wants on every side of the region."""
        ramp = self.blend.pixels(spacing_mm) if isinstance(self.blend, Feathered) else 0
        return ramp + 16


def _box(reach: np.ndarray, window: Window) -> dict[str, int]:
    """The bounding box of the pixels that may have changed, in pixels of the image, ends exclusive."""
    rows, columns = np.flatnonzero(reach.any(1)), np.flatnonzero(reach.any(0))
    return {
        "x0": window.x + int(columns[0]),
        "y0": window.y + int(rows[0]),
        "x1": window.x + int(columns[-1]) + 1,
        "y1": window.y + int(rows[-1]) + 1,
    }
