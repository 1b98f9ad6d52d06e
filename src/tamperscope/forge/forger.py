"""What every forger has in common: one signature, and a record that repeats it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from tamperscope import __version__
from tamperscope.errors import TamperscopeError
from tamperscope.forge.card import Card
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram

_SEED_BOUND = 2**53
"""Seeds stay whole numbers in every reader of JSON."""


@dataclass(frozen=True, kw_only=True)
class Forger(ABC):
    """A way to forge a region of a mammogram. Its fields are its parameters."""

    card: ClassVar[Card]

    def forge(self, mammogram: Mammogram, region: Region | Square, *, rng: np.random.Generator) -> Forgery:
        """Forge a region.

        Stored values that the record's ``reach`` does not enclose stay bit for bit.

        Args:
            mammogram: the original.
            region: where; a square of the injector is taken too.
            rng: draws one seed, which the record keeps.

        Raises:
            TamperscopeError: the region is not inside the image or has no tissue in it, or the method can't forge
                there; the message says why.
        """
        return self.repeat(mammogram, region, seed=int(rng.integers(_SEED_BOUND)))

    @classmethod
    def is_ready(cls) -> bool:
        """Whether this installation has all that the method needs (``card.needs_weights``)."""
        return True

    @classmethod
    def weights_hash(cls) -> str:
        """Of weights that don't ship with the package; nothing where the method needs none."""
        return ""

    @abstractmethod
    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """The forgery of a recorded seed: the same image, region, parameters and seed give the same bytes."""

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


def checked_region(mammogram: Mammogram, region: Region | Square) -> Region:
    """The region, which lies inside the image and has tissue in it.

    Raises:
        TamperscopeError: it does not.
    """
    region = Region.of_square(region) if isinstance(region, Square) else region
    region.check_inside(*mammogram.shape)
    if not mammogram.tissue[region.slices][region.mask].any():
        raise TamperscopeError("there is no breast tissue in the region.")
    return region


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
