"""A drawn tumour settles into the tissue it comes to: a step that the report does not have (``lift`` of the injector).

What the generators draw is taken apart into the membrane through the square's frame and the tumour over it. The tumour
alone is laid on another membrane, made fainter or stronger, by chance too, and kept from showing where the picture
ends.
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.harmonic import fill_harmonic

_COARSE = 2.0
"""Sigma of the tissue that a tumour adds to, pixels of the generators' picture."""
_FADES = 0.2
"""Outer part of the circle in what the generators draw, over its radius, in which the tumour fades out."""
_SPREAD = 0.3
"""Of the logarithm of the chance contrast: what generators draw varies less than masses do."""
_FARTHEST = 1.5
"""Times ``_SPREAD``, at most."""


def chance_contrast(seed: int) -> float:
    """What chance makes of a tumour's contrast: a factor, 0.64 to 1.57, the same for the same seed."""
    # Numbers of its own, or the tumour of a seed would change with it.
    drawn = np.random.default_rng([seed, 1]).standard_normal()
    return float(np.exp(_SPREAD * np.clip(drawn, -_FARTHEST, _FARTHEST)))


def settle(
    drawn: np.ndarray, drawn_for: np.ndarray, tissue: np.ndarray, middle: slice, *, contrast: float, lift: bool
) -> np.ndarray:
    """A square of tissue with the tumour of another picture.

    Args:
        drawn: float32, N x N: the generators' picture.
        drawn_for: the square that it was drawn for.
        tissue: the square that it goes to; often the same.
        middle: rows and columns that the generators drew.
        contrast: of the tumour, times what was drawn.
        lift: whether it comes to the middle, so that little of it is cut off, fades out in a circle, and takes nothing
            from the tissue: a mass adds to what lies in its projection.

    Returns:
        float32, N x N; outside the middle it is the tissue.
    """
    hole = np.zeros(drawn.shape, np.bool_)
    hole[middle, middle] = True
    membrane = fill_harmonic(tissue, hole)
    drawn_over = membrane if drawn_for is tissue else fill_harmonic(drawn_for, hole)
    tumour = np.where(hole, contrast * (drawn - drawn_over), 0)
    if lift:
        # Once where it was drawn, or an edge that the square cut would come inside, and once where it comes to.
        circle = _circle(len(drawn), middle)
        tumour = circle * _centred(circle * tumour)
    settled = membrane + tumour
    if lift:
        settled = np.maximum(settled, cv2.GaussianBlur(tissue, (0, 0), _COARSE))
    return np.where(hole, settled, tissue).astype(np.float32)


def _centred(tumour: np.ndarray) -> np.ndarray:
    """Shifted so that the centre of its bright parts (weighed by their squares) is that of the picture."""
    bright = np.square(np.clip(tumour, 0, None))
    offset = np.arange(len(tumour)) - (len(tumour) - 1) / 2
    down, across = (float(bright.sum(axis) @ offset / max(bright.sum(), 1e-9)) for axis in (1, 0))
    return cv2.warpAffine(
        tumour, np.array([[1, 0, -across], [0, 1, -down]]), tumour.shape[::-1], flags=cv2.INTER_LINEAR
    )


def _circle(side: int, middle: slice) -> np.ndarray:
    """1 in the middle, 0 outside the circle that the drawn part holds, smooth between: float64, side x side."""
    offset = np.arange(side) - (side - 1) / 2
    radius = np.hypot(offset[:, None], offset[None, :]) / ((middle.stop - middle.start) / 2)
    step = np.clip((1 - radius) / _FADES, 0, 1)
    return step**2 * (3 - 2 * step)
