"""What the page works on: one open mammogram, previews of lesions in it, and what is saved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import Injector
from tamperscope.forge.several import Lesion, inject_several
from tamperscope.io.read import read_mammogram
from tamperscope.io.write import usual_suffix
from tamperscope.mammogram import Mammogram

LEVELS_PER_UNIT = 16
LOWEST = -500.0
"""Pixels travel as 16-bit levels: reference intensity from -500 to 3595 in sixteenths, finer than 12 bits."""
_NUMBERS = ("threshold", "smoothing", "power", "contrast", "spiculation", "noise")
_PARAMETERS = (*_NUMBERS, "noise_model", "seed")
_MOST_LESIONS = 20


class Desk:
    """The open mammogram; one call at a time."""

    def __init__(self, files: Sequence[Path], out: Path, injector: Injector) -> None:
        """Nothing is open yet.

        Args:
            files: the images that the page may open.
            out: folder of what is saved.
            injector: Mammo-CGAN.
        """
        self.files = tuple(files)
        self._out = out
        self._injector = injector
        self._open: tuple[int, Mammogram] | None = None
        self._steps: list[tuple[Lesion, Mammogram]] = []
        self._lock = Lock()

    def pixels(self, number: int) -> np.ndarray:
        """Open a file of the list: its pixels as levels, uint16, H x W.

        Raises:
            TamperscopeError: there is no such file, or it is no mammogram.
        """
        with self._lock:
            return _levels(self._mammogram(number).pixels)

    def facts(self, number: int) -> dict[str, Any]:
        """Size, pitch and names of a file of the list."""
        with self._lock:
            mammogram = self._mammogram(number)
            height, width = mammogram.shape
            return {
                "name": self.files[number].name,
                "width": width,
                "height": height,
                "mm": mammogram.spacing.mm,
                "view": mammogram.view,
                "laterality": mammogram.laterality,
            }

    def preview(self, number: int, lesions: Sequence[Lesion]) -> list[np.ndarray]:
        """The content of each lesion's square once all are injected: uint16 levels, side x side."""
        with self._lock:
            mammogram = self._mammogram(number)
            # Lesions before the one that a slider moves stay as they are: only the rest is made again.
            kept = 0
            for (lesion, _), wanted in zip(self._steps, lesions, strict=False):
                if lesion != wanted:
                    break
                kept += 1
            self._steps = self._steps[:kept]
            for lesion in lesions[kept:]:
                before = self._steps[-1][1] if self._steps else mammogram
                self._steps.append((lesion, inject_several(before, [lesion], self._injector).mammogram))
            last = self._steps[-1][1] if self._steps else mammogram
            return [_levels(last.pixels[lesion.square.slices]) for lesion in lesions]

    def save(self, number: int, lesions: Sequence[Lesion]) -> Path:
        """Write the forgery with mask and record, under a name that is free."""
        with self._lock:
            forgery = inject_several(self._mammogram(number), lesions, self._injector)
            forgery.check()
            source = forgery.mammogram.source
            assert source is not None, "a mammogram that was read has a source"
            stem, suffix = f"{self.files[number].stem}-forged", usual_suffix(source.kind)
            path, count = self._out / f"{stem}{suffix}", 1
            while path.exists():
                count += 1
                path = self._out / f"{stem}-{count}{suffix}"
            return forgery.save(path)

    def _mammogram(self, number: int) -> Mammogram:
        if self._open is None or self._open[0] != number:
            if not 0 <= number < len(self.files):
                raise TamperscopeError("there is no such image.")
            self._open, self._steps = None, []
            self._open = number, read_mammogram(self.files[number])
        return self._open[1]


def parse_lesions(wanted: Any) -> list[Lesion]:
    """Lesions from the page's JSON.

    Raises:
        TamperscopeError: it is not what the page sends.
    """
    if not isinstance(wanted, list) or len(wanted) > _MOST_LESIONS:
        raise TamperscopeError(f"lesions must be a list of at most {_MOST_LESIONS}.")
    return [_lesion(entry) for entry in wanted]


def _lesion(entry: Any) -> Lesion:
    if not isinstance(entry, dict) or not isinstance(entry.get("square"), list) or len(entry["square"]) != 3:
        raise TamperscopeError("a lesion needs a square: x, y, side.")
    x, y, side = (_whole(value) for value in entry["square"])
    unknown = set(entry) - {"square", *_PARAMETERS}
    if unknown:
        raise TamperscopeError("a lesion has an unknown parameter.")
    return Lesion(Square(x, y, side), _parameters(entry))


def _parameters(entry: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {key: entry[key] for key in _PARAMETERS if entry.get(key) is not None}
    for key in _NUMBERS:
        value = parameters.get(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise TamperscopeError(f"{key} must be a number.")
    if "seed" in parameters and not 0 <= (seed := _whole(parameters["seed"])) < 2**53:
        raise TamperscopeError(f"the seed must not be negative: {seed}.")
    return parameters


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TamperscopeError("squares and seeds are whole numbers.")
    return value


def _levels(pixels: np.ndarray) -> np.ndarray:
    return np.clip(np.rint((pixels - LOWEST) * LEVELS_PER_UNIT), 0, 65535).astype("<u2")
