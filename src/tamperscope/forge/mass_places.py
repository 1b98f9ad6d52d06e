"""Where in the tissue masses lie: squares drawn as often as their surroundings are those of real masses.

A square anywhere in the tissue is told from one with a mass by its place alone: masses lie in brighter and more varied
tissue. The odds of that, learnt from the masses of the training patients (``benchmark/mass_places.py``), weigh squares
drawn anywhere. They are learnt from the frames of squares, since the masses fill the middles. A middle brighter than
its frame, tissue denser than around it, counts as a brighter frame does: there a tumour adds to what looks like one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import HOLE, SIDE, random_square, random_squares
from tamperscope.mammogram import Mammogram

ODDS = (0.749, 0.840)
"""Logarithm of the odds of a mass for each unit of ``Surroundings.brightness`` and of ``contrast``."""
DARKEST = 412.0
"""Level below which no mass is put, reference intensity: 19 of 20 masses have brighter surroundings."""
_CANDIDATES = 64
_MIDDLE = 0.4
"""Side of the middle over that of the square."""
_LEAST_MM = 8.0
"""Smaller squares are looked at with as much around them: a millimetre is a pixel here."""


@dataclass(frozen=True)
class Surroundings:
    """A square where a mass is or goes, in pixels of a millimetre; all but ``middle`` is of its frame.

    Attributes:
        level: mean, reference intensity.
        brightness: level over the breast's mean, in standard deviations of the breast.
        contrast: natural logarithm of 1 + standard deviation in the frame, reference intensity.
        middle: the middle's mean over the level, in standard deviations of the breast.
    """

    level: float
    brightness: float
    contrast: float
    middle: float = 0.0

    @property
    def odds(self) -> float:
        """Odds that a mass comes here, up to a factor that is the same everywhere; 0 where it is too dark."""
        if self.level < DARKEST:
            return 0.0
        return float(np.exp(ODDS[0] * (self.brightness + self.middle) + ODDS[1] * self.contrast))


class Breast:
    """A mammogram in pixels of a millimetre, in which the surroundings of many squares are looked up."""

    def __init__(self, mammogram: Mammogram) -> None:
        height, width = mammogram.shape
        self.scale = mammogram.spacing.mm
        size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        self.pixels = cv2.resize(mammogram.pixels, size, interpolation=cv2.INTER_AREA)
        tissue = cv2.resize(mammogram.tissue.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        inside = self.pixels[tissue] if tissue.any() else self.pixels
        self.mean, self.deviation = float(inside.mean()), max(float(inside.std()), 1e-6)

    def around(self, square: Square) -> Surroundings:
        """The surroundings of a square, whose place is in pixels of the mammogram."""
        side = max(square.side * self.scale, _LEAST_MM)
        rim = max(1, round(side * HOLE.start / SIDE))
        starts = [(place + square.side / 2) * self.scale - side / 2 for place in (square.y, square.x)]
        rows, columns = (slice(max(0, round(start)), max(0, round(start + side))) for start in starts)
        part = self.pixels[rows, columns]
        frame = np.ones(part.shape, np.bool_)
        frame[rim:-rim, rim:-rim] = False
        level, inside = float(part[frame].mean()), float(_middle_of(part).mean())
        return Surroundings(
            level,
            (level - self.mean) / self.deviation,
            float(np.log1p(part[frame].std())),
            (inside - level) / self.deviation,
        )


def _middle_of(part: np.ndarray) -> np.ndarray:
    """The inner part of a square that is cut out."""
    off = [round((1 - _MIDDLE) / 2 * extent) for extent in part.shape]
    return part[off[0] : part.shape[0] - off[0], off[1] : part.shape[1] - off[1]]


def likely_square(
    mammogram: Mammogram,
    rng: np.random.Generator,
    *,
    sides: tuple[int, int] | None = None,
    allowed: Callable[[Square], bool] | None = None,
) -> Square:
    """A square inside the tissue where a mass is likely (stage 1).

    Some dozens of squares are drawn anywhere (``injector.random_square``) and one of them is taken, by its odds.

    Args:
        mammogram: where.
        rng: draws side and place.
        sides: smallest and largest side in pixels; by default about 24 mm.
        allowed: whether a square may be taken, such as one off all annotated lesions; by default all may.

    Raises:
        TamperscopeError: the tissue has no room for it, or is darker everywhere than around masses.
    """
    candidates = list(islice(random_squares(mammogram, rng, sides=sides), _CANDIDATES))
    if allowed is not None:
        candidates = [square for square in candidates if allowed(square)]
        if not candidates:
            raise TamperscopeError("no square inside the breast tissue is free of annotated lesions.")
    breast = Breast(mammogram)
    odds = np.array([breast.around(square).odds for square in candidates])
    if not odds.any():
        raise TamperscopeError(
            "all tissue with room for the square is darker than around masses: a tumour here would not pass for one."
        )
    return candidates[int(rng.choice(len(candidates), p=odds / odds.sum()))]


class Draw(Protocol):
    """Draws a square."""

    def __call__(
        self, mammogram: Mammogram, rng: np.random.Generator, *, sides: tuple[int, int] | None = None
    ) -> Square:
        """See ``likely_square``."""


PLACES: dict[str, Draw] = {"random": likely_square, "anywhere": random_square}
"""What may stand for a square: at random where masses are likely, or anywhere in the tissue."""
