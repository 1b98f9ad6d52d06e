"""Learn a new kind of forgery from 5 to 20 examples, in seconds and without PyTorch (report, section 2.2: a few
examples of an unseen method are enough to bring a detector up to it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from tamperscope.detect.calibration import LEAST_IMAGES, NullDistribution
from tamperscope.detect.cues.adapted import Adaptation, logits_of
from tamperscope.detect.working_image import CELL, WorkingImage
from tamperscope.errors import TamperscopeError

LEAST_EXAMPLES = 3
_FORGED_SHARE = 0.5
_MARGIN = 5
"""Cells around the forged ones that teach nothing: what a forger did to them is not known."""
_CELLS_AN_IMAGE = 4000
_PENALTIES = (0.001, 0.01, 0.1)


@dataclass(frozen=True, eq=False)
class CellsOfImage:
    """Features of one image's cells.

    Attributes:
        features: float32, F x h x w (``neighbourhood_features``).
        cells: bool, h x w, which cells count.
        forged: bool, h x w, which cells are forged; None in an untouched image.
    """

    features: np.ndarray
    cells: np.ndarray
    forged: np.ndarray | None = None


def mask_on_cells(mask: np.ndarray, image: WorkingImage) -> np.ndarray:
    """Cells that are mostly forged: bool, h x w.

    Args:
        mask: bool, in pixels of the mammogram.
        image: made from it.
    """
    height, width = image.pixels.shape
    # Working pixels to the mask's, pixel centres to pixel centres.
    shift = (image.scale - 1) / 2
    matrix = np.array(
        [[image.scale, 0, image.left * image.scale + shift], [0, image.scale, image.top * image.scale + shift]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    share = cv2.warpAffine(mask.astype(np.float32), matrix, (width, height), flags=flags)
    return share.reshape(height // CELL, CELL, width // CELL, CELL).mean((1, 3)) > _FORGED_SHARE


def learn(
    name: str, examples: Sequence[CellsOfImage], untouched: Iterable[CellsOfImage], *, model: str, seed: int = 0
) -> tuple[Adaptation, int]:
    """Learn a cue from examples.

    Args:
        name: of the kind of forgery.
        examples: forged images, at least 3.
        untouched: images that the null distribution is taken from, at least 20; nothing is learnt from them.
        model: hash of the detector that the features are from.
        seed: draws the cells that are learnt from.

    Returns:
        The adaptation, and in how many examples the cue learnt from the *others* peaks inside the forged area.

    Raises:
        TamperscopeError: there are too few examples or untouched images.
    """
    usable = [one for one in examples if one.forged is not None and (one.forged & one.cells).any()]
    if len(usable) < LEAST_EXAMPLES:
        raise TamperscopeError(
            f"{len(usable)} of {len(examples)} examples have a forged area that can be looked at; at least "
            f"{LEAST_EXAMPLES} are needed."
        )
    drawn = [_drawn(one, np.random.default_rng([seed, index])) for index, one in enumerate(usable)]
    hits: dict[float, int] = {}
    for penalty in _PENALTIES:
        hits[penalty] = 0
        for index, one in enumerate(usable):
            weights, offset = _fit(drawn[:index] + drawn[index + 1 :], penalty)
            logits = logits_of(weights, offset, one.features, one.cells)
            assert one.forged is not None
            hits[penalty] += bool(_grown(one.forged, 1)[np.unravel_index(logits.argmax(), logits.shape)])
    # Of equal ones the strongest penalty: it promises least.
    best = max(_PENALTIES, key=lambda penalty: (hits[penalty], penalty))
    weights, offset = _fit(drawn, best)
    peaks = sorted(float(logits_of(weights, offset, one.features, one.cells).max()) for one in untouched)
    if len(peaks) < LEAST_IMAGES:
        raise TamperscopeError(f"{len(peaks)} untouched images could be scored; at least {LEAST_IMAGES} are needed.")
    source = f"{len(usable)} examples, calibrated on {len(peaks)} untouched images"
    null = NullDistribution(tuple(round(peak, 4) for peak in peaks))
    adaptation = Adaptation(name, tuple(float(w) for w in weights), float(offset), null, model, source)
    return adaptation, hits[best]


def _drawn(one: CellsOfImage, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features n x F of the forged cells and of as many others as are wanted; and which are forged."""
    assert one.forged is not None
    forged = np.flatnonzero(one.forged & one.cells)
    others = np.flatnonzero(one.cells & ~_grown(one.forged, _MARGIN))
    chosen = [rng.choice(part, min(len(part), _CELLS_AN_IMAGE), replace=False) for part in (forged, others)]
    flat = one.features.reshape(len(one.features), -1)
    rows = np.concatenate([flat[:, part].T for part in chosen]).astype(np.float64)
    return rows, np.repeat([True, False], [len(part) for part in chosen])


def _fit(drawn: Sequence[tuple[np.ndarray, np.ndarray]], penalty: float) -> tuple[np.ndarray, float]:
    """Logistic regression; each image counts the same, and in it forged cells as much as the others."""
    rows = np.concatenate([one for one, _ in drawn])
    forged = np.concatenate([which for _, which in drawn])
    weight = np.concatenate([np.where(which, 0.5 / which.sum(), 0.5 / max((~which).sum(), 1)) for _, which in drawn])
    weight /= weight.sum()
    mean, spread = rows[~forged].mean(0), rows[~forged].std(0) + 1e-6
    rows = (rows - mean) / spread
    sign = np.where(forged, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        w, b = parameters[:-1], parameters[-1]
        margin = sign * (rows @ w + b)
        pull = -weight * sign * expit(-margin)
        value = float(weight @ np.logaddexp(0, -margin)) + 0.5 * penalty * float(w @ w)
        return value, np.append(pull @ rows + penalty * w, pull.sum())

    best = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = best[:-1] / spread
    return weights, float(best[-1] - weights @ mean)


def _grown(cells: np.ndarray, by: int) -> np.ndarray:
    return cv2.dilate(cells.view(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8)).view(np.bool_)
