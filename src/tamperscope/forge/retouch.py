"""Local retouching: the region's own pixels, blurred, denoised, sharpened, or with another contrast."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.window import Window
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, kw_only=True)
class Retouch(RegionForger):
    """Changes the pixels of the region by a local filter."""

    blend: Blend = FEATHERED

    @abstractmethod
    def filter(self, pixels: np.ndarray, spacing_mm: float) -> np.ndarray:
        """The filtered picture: float32, h x w."""

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        return Edit(self.filter(window.pixels, window.spacing_mm))


@dataclass(frozen=True, kw_only=True)
class Blur(Retouch):
    """Gaussian blur.

    Attributes:
        sigma_mm: standard deviation.
    """

    card: ClassVar[Card] = Card(
        name="retouch-blur",
        family="retouch",
        does="Blurs the region, so that a lesion's edge or specks get lost.",
        trace="Noise and fine structure are missing.",
    )
    sigma_mm: float = 0.4

    def filter(self, pixels: np.ndarray, spacing_mm: float) -> np.ndarray:
        """See ``Retouch.filter``."""
        return cv2.GaussianBlur(pixels, (0, 0), max(0.6, self.sigma_mm / spacing_mm))


@dataclass(frozen=True, kw_only=True)
class Denoise(Retouch):
    """Bilateral filter: noise goes, edges stay.

    Attributes:
        sigma_mm: standard deviation in space.
        level: standard deviation in intensity, reference intensity.
    """

    card: ClassVar[Card] = Card(
        name="retouch-denoise",
        family="retouch",
        does="Denoises the region (bilateral filter).",
        trace="Noise is missing, edges are there.",
        source="Tomasi and Manduchi, ICCV 1998",
    )
    sigma_mm: float = 0.2
    level: float = 40.0

    def filter(self, pixels: np.ndarray, spacing_mm: float) -> np.ndarray:
        """See ``Retouch.filter``."""
        sigma = max(1.0, self.sigma_mm / spacing_mm)
        return cv2.bilateralFilter(pixels, 2 * round(2 * sigma) + 1, self.level, sigma)


@dataclass(frozen=True, kw_only=True)
class Contrast(Retouch):
    """Contrast against the surroundings.

    Attributes:
        gain: of the differences from the local mean; above 1 a lesion comes out, below 1 it goes under.
        sigma_mm: standard deviation of the local mean.
    """

    card: ClassVar[Card] = Card(
        name="retouch-contrast",
        family="retouch",
        does="Lowers the contrast of the region against its surroundings, so that a lesion goes under.",
        trace="Noise is weaker by the gain; grey levels fall together after rounding.",
    )
    gain: float = 0.5
    sigma_mm: float = 8.0

    def filter(self, pixels: np.ndarray, spacing_mm: float) -> np.ndarray:
        """See ``Retouch.filter``."""
        mean = cv2.GaussianBlur(pixels, (0, 0), max(1.0, self.sigma_mm / spacing_mm), borderType=cv2.BORDER_REPLICATE)
        return mean + np.float32(self.gain) * (pixels - mean)

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        return super().margin(region, spacing_mm) + round(2 * self.sigma_mm / spacing_mm)


@dataclass(frozen=True, kw_only=True)
class Sharpen(Retouch):
    """Unsharp mask.

    Attributes:
        amount: share of the high frequencies that is added.
        sigma_mm: standard deviation of the blur.
    """

    card: ClassVar[Card] = Card(
        name="retouch-sharpen",
        family="retouch",
        does="Sharpens the region, so that a margin looks spiculated or specks stand out.",
        trace="Noise is stronger; edges overshoot.",
    )
    amount: float = 1.5
    sigma_mm: float = 0.3

    def filter(self, pixels: np.ndarray, spacing_mm: float) -> np.ndarray:
        """See ``Retouch.filter``."""
        blurred = cv2.GaussianBlur(pixels, (0, 0), max(0.8, self.sigma_mm / spacing_mm))
        return pixels + np.float32(self.amount) * (pixels - blurred)
