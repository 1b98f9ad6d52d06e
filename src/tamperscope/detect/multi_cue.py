"""The multi-cue detector: independent witnesses, each calibrated on untouched images, and which of them spoke where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from tamperscope.detect.calibration import FALSE_ALARMS, RULES, Calibration, Untouched
from tamperscope.detect.cues import areas, copies, trace
from tamperscope.detect.cues.adapted import Adaptation
from tamperscope.detect.cues.seen import Cue, see
from tamperscope.detect.cues.trace import whole_cells
from tamperscope.detect.domain import Domain, measures_of
from tamperscope.detect.finding import CellHeat, Finding, Region
from tamperscope.detect.fuse import FUSION, fuse, heat_of
from tamperscope.detect.regions import CueAt, hot_regions
from tamperscope.detect.residuals import Residuals, noise_residuals
from tamperscope.detect.tiling import CANVAS, GRID, STEP, TILE, Placement, check_fits
from tamperscope.detect.working_image import CELL, WorkingImage, prepare_image
from tamperscope.errors import TamperscopeError, UnscorableImageError
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram
from tamperscope.runtime.network import Network, load_network
from tamperscope.runtime.weights import WEIGHTS, find_weights

NAME = "multi-cue"
CALIBRATION = "multi-cue-calibration.json"
THRESHOLD = 1 - FALSE_ALARMS
CUES: dict[str, tuple[Cue, str]] = {
    "trace": (trace.evidence, "its fine structure differs from the rest of the image"),
    "areas": (areas.evidence, "the fine structure of an area differs from that of the other areas"),
    "copies": (copies.evidence, "the same tissue is there twice"),
}
"""Each cue, and what it says in words."""
_LEARNT = "it looks like the examples that this was learnt from"
_MOST_REGIONS = 20
_LEAST_CELLS = 256
_LEAST_SHARE = 0.2
"""Of the breast. Half to three quarters are looked at in most images."""


@dataclass(frozen=True)
class MultiCueDetector:
    """Trace, areas and copies, fused.

    At most a share 1 - score of untouched images shows evidence as strong.
    """

    encoder: Network
    head: Network
    calibration: Calibration
    model: dict[str, Any]
    threshold: float = THRESHOLD
    adaptations: tuple[Adaptation, ...] = ()

    @classmethod
    def load(cls, *, threads: int | None = None, weights: Path = WEIGHTS) -> MultiCueDetector:
        """With the networks and the calibration of a folder, by default those that ship with the package."""
        calibration = _of_these_cues(Calibration.load(weights / CALIBRATION))
        return replace(cls.uncalibrated(threads=threads, weights=weights), calibration=calibration)

    @classmethod
    def uncalibrated(cls, *, threads: int | None = None, weights: Path = WEIGHTS) -> MultiCueDetector:
        """Only for ``evidence``: scores have no meaning before calibration."""
        encoder, head = (find_weights(name, folder=weights) for name in ("trace-encoder", "trace-head"))
        tag = f"{encoder.sha256[:16]}{head.sha256[:16]}-{RULES}.{FUSION}"
        model = {"name": NAME, "version": encoder.version, "hash": tag}
        networks = [load_network(file.path, threads=threads) for file in (encoder, head)]
        return cls(networks[0], networks[1], Calibration({}, Domain({}), "none"), model)

    def calibrated(self, calibration: Calibration) -> MultiCueDetector:
        """The same detector with another calibration, which its model's hash tells.

        Raises:
            TamperscopeError: the calibration is of a detector with other cues.
        """
        calibration = _of_these_cues(calibration)
        peaks = repr(sorted((cue, null.peaks, null.images) for cue, null in calibration.nulls.items())).encode()
        tag = hashlib.sha256(peaks).hexdigest()[:8]
        model = {**self.model, "hash": f"{self.model['hash']}-{tag}", "calibration": calibration.source}
        return replace(self, calibration=calibration, model=model)

    def adapted(self, *adaptations: Adaptation) -> MultiCueDetector:
        """The same detector with more cues, each learnt from examples of one kind of forgery."""
        nulls = {one.cue: one.null for one in adaptations}
        calibration = replace(self.calibration, nulls={**self.calibration.nulls, **nulls})
        model = {**self.model, "adaptations": [f"{one.name}: {one.source}" for one in adaptations]}
        return replace(self, calibration=calibration, adaptations=adaptations, model=model)

    def evidence(self, image: WorkingImage, residuals: Residuals) -> dict[str, np.ndarray]:
        """Each cue's map on the grid of cells, float32, H/8 x W/8."""
        seen = see(image, residuals, self.encoder, self.head)
        ours = {name: cue(seen) for name, (cue, _) in CUES.items()}
        return ours | {one.cue: one.evidence(seen) for one in self.adaptations}

    def witness(self, mammogram: Mammogram) -> Untouched:
        """An untouched image as a calibration needs it.

        Raises:
            UnscorableImageError: the image can't be scored.
        """
        image = prepare_image(mammogram)
        residuals = noise_residuals(image.pixels)
        peaks = {cue: float(cells.max()) for cue, cells in self.evidence(image, residuals).items()}
        return Untouched(peaks, measures_of(image, residuals))

    def scan(self, mammogram: Mammogram) -> Finding:
        """Score one mammogram.

        Returns:
            A finding; ``not-scored`` with the reason where the image can't be scored, never an exception for it.
        """
        start = perf_counter()
        try:
            image = prepare_image(mammogram)
            placement = _placement(mammogram)
        except UnscorableImageError as error:
            return self._not_scored(str(error), perf_counter() - start)
        residuals = noise_residuals(image.pixels)
        objection = _too_little(image, residuals) or self.calibration.domain.objection(measures_of(image, residuals))
        if objection is not None:
            return self._not_scored(objection, perf_counter() - start)
        evidence = self.evidence(image, residuals)
        p, speaker = fuse(evidence, self.calibration)
        score = float(1 - p.min())
        heat = heat_of(p)
        cues = list(evidence)
        regions = _regions(heat, lambda cell: cues[speaker[cell]], image, mammogram.shape)
        return Finding(
            verdict="fake" if score > self.threshold else "real",
            score=score,
            threshold=self.threshold,
            reason=_reason(p, speaker, cues, regions, image),
            regions=regions,
            score_matrix=_on_tiles(heat, image, placement),
            model=self.model,
            seconds=perf_counter() - start,
            placement=placement,
            cells=CellHeat(
                heat, *mammogram.shape, image.top * image.scale, image.left * image.scale, CELL * image.scale
            ),
        )

    def _not_scored(self, reason: str, seconds: float) -> Finding:
        return Finding.not_scored(reason, threshold=self.threshold, model=self.model, seconds=seconds)


def _of_these_cues(calibration: Calibration) -> Calibration:
    if set(calibration.nulls) != set(CUES):
        raise TamperscopeError(
            f"the calibration knows the cues {', '.join(calibration.nulls)}, and the detector has "
            f"{', '.join(CUES)}: calibrate again (tamperscope calibrate)."
        )
    return calibration


def _too_little(image: WorkingImage, residuals: Residuals) -> str | None:
    """Why what can be looked at is not enough to speak for the image; None where it is."""
    looked_at, breast = (int(whole_cells(where).sum()) for where in (residuals.valid, image.pixels > 0))
    if looked_at >= max(_LEAST_CELLS, _LEAST_SHARE * breast):
        return None
    return (
        f"too little could be looked at, {looked_at / max(breast, 1):.0%} of the breast: the rest is clipped, or skin."
    )


def _placement(mammogram: Mammogram) -> Placement:
    """Where the image lies on the report's canvas, which the heat map is drawn on."""
    height, width = mammogram.shape
    factor = mammogram.spacing.mm / CANONICAL_PITCH_MM
    rows, columns = max(1, round(height * factor)), max(1, round(width * factor))
    check_fits(rows, columns, mammogram)
    return Placement((CANVAS - rows) // 2, (CANVAS - columns) // 2, rows, columns, height, width)


def _on_tiles(heat: np.ndarray, image: WorkingImage, place: Placement) -> np.ndarray:
    """The hottest cell of each tile of the report's grid: float32, 61 x 61."""
    blocks = np.zeros((CANVAS // STEP, CANVAS // STEP), np.float32)
    rows, columns = np.indices(heat.shape)
    y, x = image.to_original(np.asarray((rows + 0.5) * CELL), np.asarray((columns + 0.5) * CELL))
    down = (y * place.rows / place.height + place.top) / STEP
    across = (x * place.columns / place.width + place.left) / STEP
    limit = CANVAS // STEP - 1
    np.maximum.at(blocks, (down.astype(int).clip(0, limit), across.astype(int).clip(0, limit)), heat)
    side = TILE // STEP
    tiles = np.lib.stride_tricks.sliding_window_view(blocks, (side, side)).max((2, 3))
    assert tiles.shape == (GRID, GRID)
    return np.ascontiguousarray(tiles)


def _regions(heat: np.ndarray, cue_at: CueAt, image: WorkingImage, shape: tuple[int, int]) -> tuple[Region, ...]:
    """Boxes around the hot cells, in pixels of the original, the hottest first, then the largest."""
    regions = hot_regions(heat, CELL, image.to_original, shape, cue_at=cue_at)
    return tuple(sorted(regions, key=lambda region: (-region.score, -region.width * region.height)))[:_MOST_REGIONS]


def _reason(
    p: np.ndarray, speaker: np.ndarray, cues: list[str], regions: tuple[Region, ...], image: WorkingImage
) -> str:
    row, column = np.unravel_index(int(p.argmin()), p.shape)
    cue = cues[int(speaker[row, column])]
    y, x = image.to_original((int(row) + 0.5) * CELL, (int(column) + 0.5) * CELL)
    least = float(p.min())
    if not regions:
        return f"no cue stands out: the strongest ({cue}) is as strong in up to {least:.0%} of untouched images."
    share = f"at most {least:.1%}" if least >= 0.001 else "less than 0.1 %"
    areas = f"{len(regions)} area{'s' * (len(regions) > 1)}"
    words = CUES[cue][1] if cue in CUES else _LEARNT
    return (
        f"{cue}: {words} (strongest at column {x:.0f}, row {y:.0f}); evidence as strong is seen in {share} of "
        f"untouched images; {areas} stand{'s' * (len(regions) == 1)} out."
    )
