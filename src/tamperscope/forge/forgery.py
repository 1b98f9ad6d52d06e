"""A forged mammogram, which always carries its mask and the record that marks it as synthetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.io.write import write_marked
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True)
class Square:
    """A square of the image in pixels: left column, top row, side."""

    x: int
    y: int
    side: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the square in an H x W array."""
        return slice(self.y, self.y + self.side), slice(self.x, self.x + self.side)


@dataclass(frozen=True, eq=False)
class Forgery:
    """The result of a forger.

    Attributes:
        mammogram: the forged image. Its ``source.stored`` holds the pixels to be written, which outside the
            forged square are the original's bit for bit, and its ``pixels`` are what reading them back gives.
        mask: bool, H x W, True where the image was forged (for an injection: W >= 0.65).
        record: everything needed to make the forgery again, ready for JSON.
        stages: the pictures on the way, by name (report, figure 9), reference intensity.
    """

    mammogram: Mammogram
    mask: np.ndarray
    record: dict[str, Any]
    stages: dict[str, np.ndarray] = field(default_factory=dict)

    def save(self, path: str | Path) -> Path:
        """Write the image, marked as synthetic, with ``PATH.mask.png`` and ``PATH.record.json`` beside it."""
        return write_marked(Path(path), self.mammogram, mask=self.mask, record=self.record)

    def check(self) -> None:
        """Raise ``TamperscopeError`` where nothing is forged, so that an image labelled forged would be untouched."""
        if not self.mask.any():
            raise TamperscopeError(
                "nothing would be forged here: the mask is empty (for an injection: W stays below 0.65, lower Th; or "
                "the tissue has too little contrast, --no-lift)."
            )
