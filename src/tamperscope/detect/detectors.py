"""The detectors by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from tamperscope.detect.detector import Detector
from tamperscope.detect.finding import Finding
from tamperscope.detect.multi_cue import NAME as MULTI_CUE
from tamperscope.detect.multi_cue import MultiCueDetector
from tamperscope.errors import TamperscopeError
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.weights import WEIGHTS

FORENSIC_TRANSFER = "forensic-transfer"
DETECTORS = (MULTI_CUE, FORENSIC_TRANSFER)
DEFAULT = MULTI_CUE


class Scanner(Protocol):
    """What all detectors have."""

    @property
    def model(self) -> dict[str, Any]:
        """Name, version and hash."""

    @property
    def threshold(self) -> float:
        """An image is fake where its score is above it."""

    def scan(self, mammogram: Mammogram) -> Finding:
        """Score one mammogram."""


def load_detector(name: str = DEFAULT, *, threads: int | None = None, weights: Path | None = None) -> Scanner:
    """The detector of a name.

    Args:
        name: one of ``DETECTORS``: several cues, each against the image itself, or the report's.
        threads: threads its networks may use; all cores by default.
        weights: folder of multi-cue's weights; by default those that ship with the package.

    Raises:
        TamperscopeError: there is no such detector.
    """
    if name == FORENSIC_TRANSFER:
        return Detector.load(threads=threads)
    if name == MULTI_CUE:
        return MultiCueDetector.load(threads=threads, weights=weights or WEIGHTS)
    raise TamperscopeError(f"there is no detector {name!r}; there is {', '.join(DETECTORS)}.")
