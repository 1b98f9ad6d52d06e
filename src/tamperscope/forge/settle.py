"""A drawn tumour settles into the tissue it comes to: a step that the report does not have (``lift`` of the injector).

What the generators draw is taken apart into the membrane through the square's frame and the tumour over it. The tumour
alone is laid on another membrane, made fainter or stronger, by chance too, made one hill, and kept from showing where
the picture ends. Where there is no tumour the tissue stays as it was.
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.smooth_step import smooth_step

_COARSE = 2.0
"""Sigma of the tissue that a tumour adds to, pixels of the generators' picture."""
_FADES = 0.2
"""Outer part of the circle in what the generators draw, over its radius, in which the tumour fades out."""
_SPREAD = 0.3
"""Of the logarithm of the chance contrast: what generators draw varies less than masses do."""
_FARTHEST = 1.5
"""Times ``_SPREAD``, at most."""
_SEEN, _COVERING = 0.1, 0.5
"""Of the tumour's most: from where on all is tumour, and from where on it takes the place of coarse tissue."""
_FAINTEST = 0.01
"""Reference intensity / 1100: tumours are measured by this where they have less."""
_DISC = 7
"""Diameter of the disc that rounds a tumour's outline, pixels of the generators' picture."""
_LEVELS = 24
"""At which a tumour is looked at for holes and for a second hill."""


def chance_contrast(seed: int) -> float:
    """What chance makes of a tumour's contrast: a factor, 0.64 to 1.57, the same for the same seed."""
    # Numbers of its own, or the tumour of a seed would change with it.
    drawn = np.random.default_rng([seed, 1]).standard_normal()
    return float(np.exp(_SPREAD * np.clip(drawn, -_FARTHEST, _FARTHEST)))


def settle(
    drawn: np.ndarray,
    drawn_for: np.ndarray,
    tissue: np.ndarray,
    middle: slice,
    *,
    contrast: float,
    lift: bool,
    ceiling: float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """A square of tissue with the tumour of another picture.

    Args:
        drawn: float32, N x N: the generators' picture.
        drawn_for: the square that it was drawn for.
        tissue: the square that it goes to; often the same.
        middle: rows and columns that the generators drew.
        contrast: of the tumour, times what was drawn.
        lift: whether it comes to the middle, so that little of it is cut off, is one hill without holes, fades out in a
            circle, leaves the tissue beside it alone, and takes nothing from the tissue under it: a mass adds to what
            lies in its projection.
        ceiling: with ``lift``, a tumour with the brightest place of its square is made fainter, down to half, so that
            this place is no brighter than that.

    Returns:
        The square with the tumour, outside the middle the tissue; and how much of it is tumour, 0 to 1, without
        ``lift`` 1. Both float32, N x N.
    """
    hole = np.zeros(drawn.shape, np.bool_)
    hole[middle, middle] = True
    membrane = fill_harmonic(tissue, hole)
    drawn_over = membrane if drawn_for is tissue else fill_harmonic(drawn_for, hole)
    tumour = np.where(hole, contrast * (drawn - drawn_over), 0)
    if not lift:
        return np.where(hole, membrane + tumour, tissue).astype(np.float32), np.ones(drawn.shape, np.float32)
    # Once where it was drawn, or an edge that the square cut would come inside, and once where it comes to.
    circle = _circle(len(drawn), middle)
    tumour = _one_hill(_rounded(circle * _centred(circle * tumour)))
    tumour *= _fainter(ceiling, membrane + tumour, tumour)
    most = max(float(tumour.max()), _FAINTEST)
    under = tissue + smooth_step(tumour / (_COVERING * most)) * (membrane - tissue)
    over = np.maximum(under + tumour, cv2.GaussianBlur(tissue, (0, 0), _COARSE))
    cover = np.where(hole, smooth_step(tumour / (_SEEN * most)), 0)
    return (tissue + cover * (over - tissue)).astype(np.float32), cover.astype(np.float32)


def _rounded(tumour: np.ndarray) -> np.ndarray:
    """The positive part with its notches closed and its horns cut off by a disc; what is on top of a place as wide
    stays."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_DISC, _DISC))
    closed = cv2.morphologyEx(np.clip(tumour, 0, None), cv2.MORPH_CLOSE, disc)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc)
    on_top = smooth_step(2 * opened / max(float(opened.max()), 1e-9) - 0.6)
    return cv2.GaussianBlur(opened + on_top * (closed - opened), (0, 0), 1)


def _one_hill(tumour: np.ndarray) -> np.ndarray:
    """Without holes, and without hills beside the main one, which are cut where they part; of what is not below 0."""
    hill = tumour
    for level in np.linspace(0, hill.max(), _LEVELS + 1)[:-1]:
        outlines, _ = cv2.findContours((hill > level).view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        parts = [cv2.drawContours(np.zeros(hill.shape, np.uint8), [one], -1, 1, cv2.FILLED) > 0 for one in outlines]
        if not parts:  # rounding, at the last level; or there is no tumour
            break
        main = max(parts, key=lambda part: float(np.maximum(hill - level, 0)[part].sum()))
        hill = np.where(main, np.maximum(hill, level), np.minimum(hill, level))
    return tumour + cv2.GaussianBlur(hill - tumour, (0, 0), 1)


def _fainter(ceiling: float, over: np.ndarray, tumour: np.ndarray) -> float:
    """A factor for the tumour, 0.5 to 1, with which the square's brightest place is at the ceiling.

    1 where the tumour has no part in that place: beside brighter tissue it is no white blot.
    """
    brightest = np.unravel_index(over.argmax(), tumour.shape)
    most = float(tumour[brightest])
    return float(np.clip(1 - (over[brightest] - ceiling) / most, 0.5, 1)) if most > 0 else 1.0


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
    return smooth_step((1 - radius) / _FADES)
