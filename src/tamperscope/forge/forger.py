"""What every forger has in common: one signature, an untouched outside, a mask, and a record that repeats it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import numpy as np

from tamperscope import __version__
from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import Blend, Feathered, Hard
from tamperscope.forge.card import Card
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.region import Region
from tamperscope.forge.window import Window
from tamperscope.forge.write_back import write_back
from tamperscope.mammogram import Mammogram

_SEED_BOUND = 2**53
"""Seeds stay whole numbers in every reader of JSON."""


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
class Forger(ABC):
    """A way to forge a region of a mammogram. Its fields are its parameters.

    A forger of your own is a frozen dataclass with a ``card`` and the method ``edit``; the rest is done here.
    """

    card: ClassVar[Card]
    blend: Blend = Hard()

    def forge(self, mammogram: Mammogram, region: Region | Square, *, rng: np.random.Generator) -> Forgery:
        """Forge a region.

        Stored values outside the region and the blend's ramp stay bit for bit, and nothing off the breast changes.

        Args:
            mammogram: the original.
            region: where; a square of the injector is taken too.
            rng: draws one seed, which the record keeps.

        Raises:
            TamperscopeError: the region is not inside the image or has no tissue in it, or the method can't forge
                there; the message says why.
        """
        return self.repeat(mammogram, region, seed=int(rng.integers(_SEED_BOUND)))

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """The forgery of a recorded seed: the same image, region, parameters and seed give the same bytes."""
        region = Region.of_square(region) if isinstance(region, Square) else region
        region.check_inside(*mammogram.shape)
        window = Window.around(mammogram, region, self.margin(region, mammogram.spacing.mm))
        if not window.hole.any():
            raise TamperscopeError("there is no breast tissue in the region.")
        edit = self.edit(mammogram, window, np.random.default_rng(seed))
        if edit.hole is not None:
            window = replace(window, hole=edit.hole)
        reach = self.blend.reach(window)
        blended = self.blend.apply(window, edit.content)
        inner = self.blend.mask(window, edit.content)
        if not inner.any():
            raise TamperscopeError(f"{self.card.name} would change nothing here: its mask is empty.")
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

    def record(self, region: Region, *, seed: int, drawn: dict[str, Any]) -> dict[str, Any]:
        """Everything needed to make the forgery again from the same image (and the same donor)."""
        return {
            "forger": self.card.name,
            "family": self.card.family,
            "control": self.card.family == "control",
            "label": int(self.card.family != "control"),
            "package": {"name": "tamperscope", "version": __version__},
            "region": dict(region.shape),
            "parameters": {f.name: plain(getattr(self, f.name)) for f in fields(self)},
            "seed": seed,
            "drawn": drawn,
        }


def plain(value: Any) -> Any:
    """A parameter as JSON: dataclasses with the name of their kind, a mammogram by its hash."""
    if isinstance(value, Mammogram):
        return _identity(value)
    if isinstance(value, Region):
        return dict(value.shape)
    if isinstance(value, Forger):
        return {"forger": value.card.name, **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__.lower(), **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _identity(donor: Mammogram) -> dict[str, Any]:
    if donor.source is not None:
        return {"file": donor.source.path.name, "sha256": donor.source.sha256}
    return {"file": None, "sha256": hashlib.sha256(np.ascontiguousarray(donor.pixels).data).hexdigest()}


def _box(reach: np.ndarray, window: Window) -> dict[str, int]:
    """The bounding box of the pixels that may have changed, in pixels of the image, ends exclusive."""
    rows, columns = np.flatnonzero(reach.any(1)), np.flatnonzero(reach.any(0))
    return {
        "x0": window.x + int(columns[0]),
        "y0": window.y + int(rows[0]),
        "x1": window.x + int(columns[-1]) + 1,
        "y1": window.y + int(rows[-1]) + 1,
    }
