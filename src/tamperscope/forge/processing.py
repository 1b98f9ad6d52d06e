"""What an attacker does to a picture to hide a forgery, and what happens to honest pictures too: resize, compress..."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One operation on a picture in reference intensity that keeps its size."""

    @abstractmethod
    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The processed picture.

        Args:
            pixels: float32, h x w, reference intensity.
            rng: the only source of chance.

        Returns:
            float32, h x w.
        """


@dataclass(frozen=True, kw_only=True)
class Resave(Step):
    """Nothing: opened and saved again without loss."""

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        return pixels.copy()


@dataclass(frozen=True, kw_only=True)
class Resize(Step):
    """To another size and back (area average down, cubic up).

    Attributes:
        factor: of the size in between.
    """

    factor: float = 0.75

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if not self.factor > 0:
            raise TamperscopeError("the factor of a resize must be more than 0.")
        height, width = pixels.shape
        return _there_and_back(pixels, max(1, round(height * self.factor)), max(1, round(width * self.factor)))


@dataclass(frozen=True, kw_only=True)
class Trip(Step):
    """To a square of a network's size and back: the report's inpainting works at 512 x 512.

    Attributes:
        side: of the square, pixels.
    """

    side: int = 512

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if self.side < 1:
            raise TamperscopeError("the side of a trip must be at least 1 pixel.")
        return _there_and_back(pixels, self.side, self.side)


@dataclass(frozen=True, kw_only=True)
class GaussianBlur(Step):
    """Gaussian blur.

    Attributes:
        sigma: standard deviation, pixels.
    """

    sigma: float = 1.0

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if not self.sigma > 0:
            raise TamperscopeError("the sigma of a blur must be more than 0.")
        return cv2.GaussianBlur(pixels, (0, 0), self.sigma)


@dataclass(frozen=True, kw_only=True)
class WhiteNoise(Step):
    """White Gaussian noise.

    Attributes:
        sigma: standard deviation, reference intensity.
    """

    sigma: float = 5.0

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        return pixels + np.float32(self.sigma) * rng.standard_normal(pixels.shape, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class MedianFilter(Step):
    """Median of a square.

    Attributes:
        side: 3 or 5 pixels.
    """

    side: int = 3

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if self.side not in (3, 5):
            raise TamperscopeError("the side of a median filter is 3 or 5 pixels.")
        return cv2.medianBlur(pixels, self.side)


@dataclass(frozen=True, kw_only=True)
class Requantise(Step):
    """Rounded to fewer grey levels over the picture's range.

    Attributes:
        bits: of the grey levels, 1 to 16.
    """

    bits: int = 8

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if not 1 <= self.bits <= 16:
            raise TamperscopeError("grey levels have 1 to 16 bits.")
        levels, low, step = _to_levels(pixels, 2**self.bits - 1)
        return _from_levels(levels, low, step)


@dataclass(frozen=True, kw_only=True)
class Jpeg(Step):
    """Baseline JPEG, 8 bits over the picture's range, its 8 x 8 grid at the picture's corner.

    Attributes:
        quality: 1 to 100 (libjpeg).
    """

    quality: int = 90

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if not 1 <= self.quality <= 100:
            raise TamperscopeError("the quality of JPEG is 1 to 100.")
        levels, low, step = _to_levels(pixels, 255)
        coded = _code(".jpg", levels.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return _from_levels(coded, low, step)


@dataclass(frozen=True, kw_only=True)
class Jpeg2000(Step):
    """JPEG 2000 at 16 bits over the picture's range.

    Attributes:
        ratio: of compression, at least 1.
    """

    ratio: float = 10.0

    def apply(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """See ``Step.apply``."""
        if not self.ratio >= 1:
            raise TamperscopeError("the ratio of JPEG 2000 is at least 1.")
        # Levels are kept free at both ends: the codec overshoots at edges, and must not clip there.
        levels, low, step = _to_levels(pixels, 60_000)
        rate = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, max(1, round(1000 / self.ratio))]
        coded = _code(".jp2", (levels + 2_000).astype(np.uint16), rate).astype(np.float64) - 2_000
        return _from_levels(coded, low, step)


def _there_and_back(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = pixels.shape
    return resized(resized(pixels, rows, columns), height, width)


def resized(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """On a grid of so many rows and columns: area averaging where it has fewer pixels, cubic where it has more."""
    shrinks = rows * columns < pixels.size
    return cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _to_levels(pixels: np.ndarray, highest: int) -> tuple[np.ndarray, float, float]:
    """Whole levels 0 to ``highest`` (float64), the intensity of level 0, and that of a step."""
    low, high = float(pixels.min()), float(pixels.max())
    step = (high - low) / highest if high > low else 1.0
    return np.rint((pixels.astype(np.float64) - low) / step), low, step


def _from_levels(levels: np.ndarray, low: float, step: float) -> np.ndarray:
    return (levels.astype(np.float64) * step + low).astype(np.float32)


def _code(kind: str, levels: np.ndarray, options: list[int]) -> np.ndarray:
    done, coded = cv2.imencode(kind, levels, options)
    decoded = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) if done else None
    if decoded is None:
        raise TamperscopeError(f"the picture can't be coded as {kind}.")
    return decoded
