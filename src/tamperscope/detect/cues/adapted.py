"""A cue learnt from a few examples of a new kind of forgery.

It looks at the same features of cells as the trace cue, over neighbourhoods of several sizes, and weighs them by a
logistic regression. As one more witness beside the others it can't make them forget anything (the report's section
2.2 retrains the autoencoder instead, and can).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from tamperscope.detect.calibration import LEAST_IMAGES, NullDistribution
from tamperscope.detect.cues.trace import OUTSIDE, Compared
from tamperscope.errors import TamperscopeError

_NEAR, _FAR = 3, 7
"""Sides of the neighbourhoods, cells of 0.8 mm."""


def neighbourhood_features(compared: Compared, logits: np.ndarray) -> np.ndarray:
    """Means over 3 x 3 and 7 x 7 cells, and root mean squares over 7 x 7, of each feature and of the trace cue.

    Args:
        compared: of one image.
        logits: float32, h x w, the trace cue's.

    Returns:
        float32, F x h x w; cells that don't count add nothing to their neighbours.
    """
    cells = compared.cells.astype(np.float32)
    planes = [*compared.planes[:-1], np.where(compared.cells, logits, 0) / 4]
    counts = {side: np.maximum(_sum(cells, side), 1) for side in (_NEAR, _FAR)}
    features = []
    for plane in planes:
        plane = plane * cells
        # Running sums can end a little below 0.
        square = np.sqrt(np.maximum(_sum(np.square(plane), _FAR), 0) / counts[_FAR])
        features += [_sum(plane, _NEAR) / counts[_NEAR], _sum(plane, _FAR) / counts[_FAR], square]
    return np.stack(features).astype(np.float32)


@dataclass(frozen=True)
class Adaptation:
    """What was learnt from the examples of one kind of forgery.

    Attributes:
        name: of the kind.
        weights: of the features of ``neighbourhood_features``.
        offset: of the logit.
        null: strongest evidence in untouched images.
        model: hash of the detector whose features these are.
        source: what it was learnt from.
    """

    name: str
    weights: tuple[float, ...]
    offset: float
    null: NullDistribution
    model: str
    source: str

    @property
    def cue(self) -> str:
        """The name of the cue."""
        return f"adapted to {self.name}"

    def evidence(self, features: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Logit of each cell: float32, h x w; -20 where a cell doesn't count."""
        return logits_of(np.asarray(self.weights), self.offset, features, cells)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        facts = asdict(self) | {"schema": "tamperscope-adaptation", "schema_version": 1}
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, *, model: str) -> Adaptation:
        """Read what ``save`` wrote.

        Raises:
            TamperscopeError: the file is no adaptation, or one of another detector.
        """
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            weights = tuple(map(float, facts["weights"]))
            null = NullDistribution(tuple(sorted(map(float, facts["null"]["peaks"]))))
            read = cls(
                str(facts["name"]), weights, float(facts["offset"]), null, str(facts["model"]), str(facts["source"])
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TamperscopeError(f"{path} can't be read as an adaptation: {error}") from error
        if len(null.peaks) < LEAST_IMAGES:
            raise TamperscopeError(f"{path} was calibrated on fewer than {LEAST_IMAGES} untouched images.")
        if read.model != model:
            raise TamperscopeError(f"{path} belongs to other weights of the detector ({read.model}): adapt again.")
        return read


def logits_of(weights: np.ndarray, offset: float, features: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Weighted features, smoothed over 3 x 3 cells: float32, h x w; -20 where a cell doesn't count."""
    logits = np.tensordot(weights.astype(np.float32), features, 1) + np.float32(offset)
    return np.where(cells, cv2.blur(np.where(cells, logits, 0), (3, 3)), np.float32(OUTSIDE)).astype(np.float32)


def _sum(plane: np.ndarray, side: int) -> np.ndarray:
    return cv2.boxFilter(plane, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
