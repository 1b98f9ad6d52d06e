"""How new content is joined to the picture around it: hard, feathered, Poisson, or by equation 2.1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.merge import MASK_LEVEL, distance_matrix, distance_part, intensity_part, merge
from tamperscope.forge.window import Window


@dataclass(frozen=True, kw_only=True)
class Blend(ABC):
    """Joins content to its surroundings. Pixels off the breast never change."""

    rule: ClassVar[str] = "region on tissue"
    """What the ground-truth mask is, in words."""

    def reach(self, window: Window) -> np.ndarray:
        """The pixels that may change: bool, h x w. Content is needed there."""
        return window.hole

    def mask(self, window: Window, content: np.ndarray) -> np.ndarray:
        """The ground truth: bool, h x w, within the hole."""
        return window.hole

    @abstractmethod
    def apply(self, window: Window, content: np.ndarray) -> np.ndarray:
        """The joined picture.

        Args:
            window: the original with its hole.
            content: h x w, reference intensity, valid at least on the reach.

        Returns:
            float64, h x w, of which the reach counts.
        """


@dataclass(frozen=True, kw_only=True)
class Hard(Blend):
    """Content in the hole, the original everywhere else."""

    def apply(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.apply``."""
        return np.where(window.hole, content, window.pixels.astype(np.float64))


@dataclass(frozen=True, kw_only=True)
class Feathered(Blend):
    """Content in the hole, and a ramp outside it in which content fades out.

    Attributes:
        mm: width of the ramp; at least one pixel.
    """

    mm: float = 1.5
    rule: ClassVar[str] = "region on tissue, weight >= 0.5"

    def pixels(self, spacing_mm: float) -> int:
        """Width of the ramp in pixels."""
        return max(1, round(self.mm / spacing_mm))

    def weight(self, window: Window) -> np.ndarray:
        """Share of the content: 1 in the hole, falling to 0 outside it (raised cosine); towards air it falls inside."""
        width = self.pixels(window.spacing_mm) + 1
        weight = _fade(1 - _distance_from(window.hole) / width)
        if not window.tissue.all():
            weight *= _fade(_distance_from(~window.tissue) / width)
        return weight

    def reach(self, window: Window) -> np.ndarray:
        """See ``Blend.reach``."""
        return self.weight(window) > 0

    def mask(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.mask``."""
        return window.hole & (self.weight(window) >= 0.5)

    def apply(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.apply``."""
        return merge(content, window.pixels.astype(np.float64), self.weight(window))


@dataclass(frozen=True, kw_only=True)
class Poisson(Blend):
    """The content's gradients in the hole, with the original as boundary (Perez, Gangnet and Blake, 2003).

    Solved in floating point as content plus the membrane through the differences at the rim: OpenCV's
    ``seamlessClone`` is 8-bit and would leave 256 grey levels.
    """

    def apply(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.apply``."""
        original = window.pixels.astype(np.float64)
        return np.where(window.hole, content + fill_harmonic(original - content, window.hole), original)


@dataclass(frozen=True, kw_only=True)
class Weighted(Blend):
    """Equation 2.1 with the weights of equation 2.2: ``W = (1 - D^p) * S((G - Th) / alpha)``.

    D is 0 in the middle and 1 at the rim of the hole. For a square it is the report's matrix; for any other outline
    it is the same Chebyshev distance, counted from the rim.

    Attributes:
        threshold: Th, reference intensity.
        smoothing: alpha, reference intensity.
        power: p.
    """

    threshold: float = 400.0
    smoothing: float = 20.0
    power: float = 3.0
    rule: ClassVar[str] = f"W >= {MASK_LEVEL}"

    def weight(self, window: Window, content: np.ndarray) -> np.ndarray:
        """W on the window, 0 outside the hole."""
        inside = distance_part(_distance(window.hole), self.power) * intensity_part(
            content, self.threshold, self.smoothing
        )
        return np.where(window.hole, inside, 0.0)

    def mask(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.mask``."""
        return self.weight(window, content) >= MASK_LEVEL

    def apply(self, window: Window, content: np.ndarray) -> np.ndarray:
        """See ``Blend.apply``."""
        return merge(content, window.pixels.astype(np.float64), self.weight(window, content))


HARD, FEATHERED, POISSON, WEIGHTED = Hard(), Feathered(), Poisson(), Weighted()
"""The blends with their default parameters."""


def _fade(share: np.ndarray) -> np.ndarray:
    """Raised cosine from 0 to 1, exact at both ends."""
    clipped = np.clip(share, 0, 1)
    return np.where((clipped > 0) & (clipped < 1), 0.5 - 0.5 * np.cos(np.pi * clipped), clipped)


def _distance_from(part: np.ndarray) -> np.ndarray:
    """Euclidean distance of every pixel from a part of the picture, 0 in it."""
    return cv2.distanceTransform((~part).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(np.float64)


def _distance(hole: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    distance = np.ones(hole.shape)
    if hole[box].all() and len(rows) == len(columns):
        distance[box] = distance_matrix(len(rows))
        return distance
    framed = np.pad(hole, 1).view(np.uint8)
    depth = cv2.distanceTransform(framed, cv2.DIST_C, 3)[1:-1, 1:-1].astype(np.float64)
    deepest = depth.max()
    return np.where(hole, (deepest - depth) / max(deepest - 1, 1.0), 1.0)
