"""Put edited pixels into a mammogram so that everything else stays bit for bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from tamperscope.mammogram import Mammogram


class Place(Protocol):
    """A rectangle of the image: ``Square``, ``Region`` or ``Window``."""

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index in an H x W array."""


def write_back(mammogram: Mammogram, edited: np.ndarray, place: Place, reach: np.ndarray | None = None) -> Mammogram:
    """The mammogram with one rectangle replaced, through the stored values of its file where it has one.

    Outside, stored values stay bit for bit; inside, pixels are what the file can hold: the nearest stored value to
    the edited intensity.

    Args:
        mammogram: the original.
        edited: h x w, the rectangle's new content, reference intensity.
        place: where.
        reach: bool, h x w, the pixels of the rectangle that may change; all of them where it is not given.
    """
    where = place.slices
    if reach is None:
        reach = np.ones(edited.shape, np.bool_)
    pixels = mammogram.pixels.copy()
    if mammogram.source is None:
        pixels[where][reach] = edited[reach]
        return replace(mammogram, pixels=pixels)
    source = mammogram.source
    stored = source.stored.copy()
    changed = source.intensity_map.to_stored(edited[reach], stored.dtype)
    stored[where][reach] = changed
    pixels[where][reach] = source.intensity_map.to_reference(changed)
    return replace(mammogram, pixels=pixels, source=replace(source, stored=stored))
