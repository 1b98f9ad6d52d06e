"""What the detector says about one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np

from tamperscope.detect.heat_map import heat_map_in_image
from tamperscope.detect.tiling import Placement

Verdict = Literal["real", "fake", "not-scored"]


@dataclass(frozen=True)
class Region:
    """A suspicious area.

    Attributes:
        x: left column of a box in the original image, pixels.
        y: top row.
        width: columns.
        height: rows.
        score: the heat map's peak inside.
        cue: which of the detector's cues that peak is of; None where it has no cues.
    """

    x: int
    y: int
    width: int
    height: int
    score: float
    cue: str | None = None


@dataclass(frozen=True, eq=False)
class CellHeat:
    """Heat on a grid of cells finer than the tiles.

    Attributes:
        heat: float32, h x w, 0 to 1.
        height: rows of the original image.
        width: its columns.
        top: original row at which the first cell starts.
        left: original column at which it starts.
        side: original pixels a cell.
    """

    heat: np.ndarray
    height: int
    width: int
    top: float
    left: float
    side: float

    def in_image(self) -> np.ndarray:
        """float32, H x W, bilinear between the cells' centres, 0 beyond them."""
        shift = 0.5 / self.side - 0.5
        matrix = np.array(
            [[1 / self.side, 0, shift - self.left / self.side], [0, 1 / self.side, shift - self.top / self.side]]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(self.heat, matrix, (self.width, self.height), flags=flags)


@dataclass(frozen=True, eq=False)
class Finding:
    """Verdict on one image, with the evidence behind it.

    Attributes:
        verdict: ``"real"``, ``"fake"`` or ``"not-scored"``; never ``"real"`` for want of a score.
        score: how fake the image looks, 0 to 1; None where it was not scored.
        threshold: the image is fake where ``score > threshold``.
        reason: one sentence: what the verdict rests on, or why there is none.
        regions: suspicious areas, strongest first, in pixels of the original image.
        score_matrix: float32, 61 x 61, one score a tile (report, section 2.2, step 3); None if not scored.
        model: name, version and hash of what scored it.
        seconds: time that scoring took.
        placement: where the image lay on the 4096 x 4096 canvas; None if not scored.
        cells: heat finer than the tiles, from a detector that has it.
    """

    verdict: Verdict
    score: float | None
    threshold: float
    reason: str
    regions: tuple[Region, ...] = ()
    score_matrix: np.ndarray | None = None
    model: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    placement: Placement | None = None
    cells: CellHeat | None = None

    @classmethod
    def not_scored(cls, reason: str, *, threshold: float, model: dict[str, Any], seconds: float = 0.0) -> Finding:
        """There is no score, and this is why."""
        return cls("not-scored", None, threshold, reason, model=model, seconds=seconds)

    @cached_property
    def heat_map(self) -> np.ndarray:
        """float32, H x W in pixels of the original image, 0 to 1 (report, section 2.2, step 4)."""
        if self.cells is not None:
            return self.cells.in_image()
        if self.score_matrix is None or self.placement is None:
            raise ValueError(f"an image that was not scored has no heat map: {self.reason}")
        return heat_map_in_image(self.score_matrix, self.placement)
