"""What a file format's reader hands over: stored pixels, how they are meant to look, and what is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tamperscope.mammogram import Spacing

Kind = Literal["dicom", "png", "tiff", "jpeg", "npy"]


@dataclass(frozen=True, eq=False)
class DisplayCurve:
    """Stored value -> how bright it is meant to look, by its knots; strictly monotonic.

    Attributes:
        levels: float64, strictly increasing stored values; for 8- and 16-bit sources every possible one.
        display: float64, the brightness at each of them, strictly increasing or decreasing.
        name: for records.
    """

    levels: np.ndarray
    display: np.ndarray
    name: str

    def __call__(self, stored: np.ndarray) -> np.ndarray:
        """Brightness of stored values of any shape, float32."""
        first = int(self.levels[0])
        if stored.dtype.kind in "iu" and len(self.levels) == int(self.levels[-1]) - first + 1:
            return self.display.astype(np.float32)[stored.astype(np.int64) - first]
        return np.interp(stored, self.levels, self.display).astype(np.float32)

    def inverted(self) -> DisplayCurve:
        """The same curve with dark and bright exchanged."""
        total = self.display[0] + self.display[-1]
        return DisplayCurve(self.levels, total - self.display, f"{self.name}, inverted")


@dataclass(frozen=True, eq=False)
class Decoded:
    """One decoded image file.

    Attributes:
        kind: the format.
        stored: H x W, the pixels as the file holds them.
        curve: how they are meant to look, as far as the file says.
        spacing: pixel side, where the file tells it.
        laterality: ``"L"``, ``"R"`` or None.
        view: ``"CC"``, ``"MLO"``..., or None.
        patient: identifier, or None.
        padding: lowest and highest stored value that mean "no pixel here", or None.
        dataset: the pydicom ``Dataset`` without its pixel data, or None.
        notes: what had to be assumed, one sentence each.
    """

    kind: Kind
    stored: np.ndarray
    curve: DisplayCurve
    spacing: Spacing | None = None
    laterality: Literal["L", "R"] | None = None
    view: str | None = None
    patient: str | None = None
    padding: tuple[int, int] | None = None
    dataset: Any = None
    notes: list[str] = field(default_factory=list)


def identity_curve(stored: np.ndarray) -> DisplayCurve:
    """Brightness is the stored value itself.

    Every level of an 8- or 16-bit type is a knot, and so are those between the extremes of a wider integer type
    where they fit a table; other types get their two extremes.
    """
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        info = np.iinfo(stored.dtype)
        low, high = float(info.min), float(info.max)
    else:
        low, high = float(stored.min()), float(stored.max())
    if stored.dtype.kind in "iu" and high - low <= 65535:
        levels = np.arange(low, high + 1)
    else:
        levels = np.array([low, high if high > low else low + 1])
    return DisplayCurve(levels, levels.copy(), "identity")
