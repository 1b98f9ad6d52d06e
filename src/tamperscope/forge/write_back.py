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
    pixels = mammogram.pixels.copy()
    if reach is None:
        # A whole rectangle, perhaps the whole image: a mask of its size would cost memory for nothing.
        inner: tuple[slice, ...] | np.ndarray = (slice(None), slice(None))
    else:
        inner = reach
    if mammogram.source is None:
        pixels[where][inner] = edited[inner]
        return replace(mammogram, pixels=pixels)
    source = mammogram.source
    stored = source.stored.copy()
    changed = source.intensity_map.to_stored(edited[inner], stored.dtype)
    stored[where][inner] = changed
    pixels[where][inner] = source.intensity_map.to_reference(changed)
    return replace(mammogram, pixels=pixels, source=replace(source, stored=stored))
