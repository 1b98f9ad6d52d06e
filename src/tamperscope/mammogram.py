"""The mammogram: pixels in reference intensity, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

CANONICAL_PITCH_MM = 0.1
"""Pixel pitch at which detection works: the report's 2457 x 1996 pixels on a 24 x 20 cm frame."""


class IntensityMap(Protocol):
    """Strictly monotonic function from stored values to reference intensity (see ``io/intensity.py``)."""

    def to_reference(self, stored: np.ndarray) -> np.ndarray:
        """Stored values to reference intensity, float32."""

    def to_stored(self, reference: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Reference intensity to the nearest stored value of a type."""

    def describe(self) -> dict[str, Any]:
        """What a record needs to repeat the map."""


@dataclass(frozen=True)
class Spacing:
    """Side of a square pixel in millimetres, and how it is known."""

    mm: float
    source: Literal["file", "detector-matrix", "frame", "given"]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """Where a mammogram came from: all that is needed to write an edited copy of the same file."""

    path: Path
    sha256: str
    kind: Literal["dicom", "png", "tiff", "jpeg", "npy"]
    stored: np.ndarray
    """The decoded pixels as the file holds them, H x W, before any look-up table."""
    intensity_map: IntensityMap
    dataset: Any = None
    """The pydicom ``Dataset`` of a DICOM file, without its pixel data."""
    notes: tuple[str, ...] = ()
    """What had to be assumed while reading, one sentence each."""


@dataclass(frozen=True, eq=False)
class Mammogram:
    """One view of one breast.

    Attributes:
        pixels: float32, H x W, **reference intensity**: background 0, tissue about 300 to 800
            (system description, section 0).
        tissue: bool, H x W, True on breast tissue; background, labels and markers are False.
        spacing: pixel side in mm.
        laterality: ``"L"``, ``"R"`` or None where the file does not tell.
        view: ``"CC"``, ``"MLO"``, another DICOM view code, or None.
        patient: the identifier that groups images of one person, or None.
        source: the file it was read from; None for an array made in memory.
    """

    pixels: np.ndarray
    tissue: np.ndarray
    spacing: Spacing
    laterality: Literal["L", "R"] | None = None
    view: str | None = None
    patient: str | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32:
            raise ValueError(f"pixels must be float32 H x W, not {self.pixels.dtype} {self.pixels.shape}")
        if self.tissue.shape != self.pixels.shape or self.tissue.dtype != np.bool_:
            raise ValueError(f"tissue must be bool {self.pixels.shape}, not {self.tissue.dtype} {self.tissue.shape}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape  # type: ignore[return-value]
