"""Forged images of a benchmark beside their untouched ones, for people to look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tamperscope.benchmark.lossless import GREY_LEVEL
from tamperscope.benchmark.manifest import Row, read_mask
from tamperscope.benchmark.plan import PLAIN
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery
from tamperscope.mammogram import Mammogram, Spacing


def examples_of(folder: Path, rows: list[Row], forger: str, *, count: int) -> list[tuple[Mammogram, Forgery]]:
    """Untouched and forged images of one forger, spread evenly over those that there are.

    Args:
        folder: of the benchmark.
        rows: of its manifest.
        forger: name.
        count: how many at most.
    """
    own = [row for row in rows if row.forger == forger and row.label and row.condition == PLAIN]
    chosen = [own[i] for i in np.linspace(0, len(own) - 1, min(count, len(own))).astype(int)]
    untouched = {row.source.image: row.image for row in rows if row.family == "untouched" and row.condition == PLAIN}
    return [_pair(folder, row, untouched[row.source.image]) for row in chosen if row.source.image in untouched]


def _pair(folder: Path, row: Row, untouched: str) -> tuple[Mammogram, Forgery]:
    before, after = (_mammogram(folder / name, row.pitch_mm) for name in (untouched, row.image))
    return before, Forgery(after, read_mask(folder, row), {"forger": row.forger})


def _mammogram(path: Path, pitch_mm: float) -> Mammogram:
    """Stored levels in steps of 0.3: near enough to reference intensity to look at, and one scale for both."""
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise TamperscopeError(f"{path.name} is missing or damaged.")
    pixels = stored.astype(np.float32) * np.float32(GREY_LEVEL)
    return Mammogram(pixels, pixels > 0, Spacing(pitch_mm, "given"))
