"""Spiculated tumours: strands run out of them, and the tissue around is pulled towards them (architectural distortion).

The report has no step for it, and what the generators draw ends softly, in tissue that takes no notice.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from tamperscope.forge.smooth_step import smooth_step

MOST = 1.0
"""Of spiculation."""
_HEIGHT = 0.6
"""Of strands, over what the tumour adds to the tissue, at ``MOST``."""
_PULL = 0.35
"""How far tissue at the tumour's rim moves inwards, over the tumour's radius, at ``MOST``."""
_RADIUS = 0.17
"""Of a tumour, over the side of its square."""
_STILL = 0.48
"""From here on, over the square's side, nothing moves."""
_GRAIN = 1.2
"""Sigma of what is too fine to be pulled, pixels: moved, it would be blurred."""
_USUAL = 3.0
"""Standard deviations (robust) that grain has at most."""
_EDGE = 0.15
"""Depth in the tissue from which on it is pulled in full, over the square's side."""
_LEAST_MOVE = 0.05
"""Pixels, below which the file's values stay."""
_NUMBER = (10, 36)
_LENGTH = (0.6, 1.4)
"""Usual length of a tumour's strands over its radius; each varies by half of it."""
_WIDTH = (0.7, 2.0)
"""Of a strand where it begins, 64ths of the square."""
_STEPS = 14
"""Straight pieces of a strand."""
_ROOM = 0.33
"""Farthest place of a strand from the square's middle, over its side."""
_SHIFT = 4
"""Bits of a pixel in OpenCV's coordinates."""


def retract(pixels: np.ndarray, tissue: np.ndarray, spiculation: float) -> tuple[np.ndarray, np.ndarray]:
    """A square whose tissue is pulled towards its middle, where the tumour will be.

    Args:
        pixels: float32, side x side.
        tissue: bool, side x side; nothing moves outside, and little next to it.
        spiculation: 0 to 1.

    Returns:
        float32, side x side, the grain where it was; and where tissue has moved by a pixel or more, bool.
    """
    side = len(pixels)
    middle = (side - 1) / 2
    down, across = (np.indices(pixels.shape) - middle).astype(np.float32)
    radius = np.maximum(np.hypot(down, across), 1e-6)
    rim = _RADIUS * side
    move = spiculation * _PULL * rim * np.minimum(1, radius / rim)
    move *= smooth_step((_STILL * side - radius) / (_STILL / 2 * side)) * smooth_step(_depth(tissue) / (_EDGE * side))
    outward = 1 + move / radius
    grain = _grain(pixels)
    pulled = cv2.remap(
        pixels - grain,
        across * outward + middle,
        down * outward + middle,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.where(move > _LEAST_MOVE, pulled + grain, pixels), move >= 1


def _grain(pixels: np.ndarray) -> np.ndarray:
    """What is fine and usual: of a speck or an edge only as much, or it would stay behind as a ghost."""
    fine = pixels - cv2.GaussianBlur(pixels, (0, 0), _GRAIN)
    most = _USUAL * 1.4826 * float(np.median(np.abs(fine)))
    return np.clip(fine, -most, most)


def _depth(tissue: np.ndarray) -> np.ndarray:
    """Pixels to the nearest place that is no tissue."""
    return cv2.distanceTransform(tissue.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def draw_strands(cover: np.ndarray, added: np.ndarray, spiculation: float, rng: np.random.Generator) -> np.ndarray:
    """What strands add, which run out of a tumour and get thinner and fainter.

    Args:
        cover: float32, side x side: how much is tumour, 0 to 1.
        added: side x side: what the tumour adds to the tissue, reference intensity.
        spiculation: 0 to 1.
        rng: draws them.

    Returns:
        float32, side x side, reference intensity; 0 all over where there is no tumour.
    """
    tumour = cover > 0.5
    strands = np.zeros(cover.shape, np.uint8)
    if not tumour.any():
        return strands.astype(np.float32)
    unit = len(cover) / 64
    rows, columns = np.nonzero(tumour)
    centre = np.array([columns.mean(), rows.mean()])
    usual = rng.uniform(*_LENGTH)
    for _ in range(int(rng.integers(*_NUMBER))):
        path = _strand(tumour, centre, usual, rng)
        width, height = unit * rng.uniform(*_WIDTH), rng.uniform(0.4, 1)
        strands = np.maximum(strands, _drawn(path, width, height, strands.shape))
    most = max(float(np.quantile(added[tumour], 0.9)), 0.0)
    heights = cv2.GaussianBlur(strands.astype(np.float32) / 255, (0, 0), 0.45 * unit + 0.3)
    return heights * np.float32(spiculation * _HEIGHT * most)


def _strand(tumour: np.ndarray, centre: np.ndarray, usual: float, rng: np.random.Generator) -> np.ndarray:
    """Column and row of a strand's places, outwards from within the tumour: ``_STEPS`` + 1 x 2, fewer without room."""
    angle = rng.uniform(0, 2 * np.pi)
    towards = np.array([np.cos(angle), np.sin(angle)])
    along = np.arange(0, len(tumour), 0.5)
    x, y = np.clip(centre + along[:, None] * towards, 0, len(tumour) - 1).round().astype(int).T
    edge = along[tumour[y, x]].max(initial=0)
    start = edge * rng.uniform(0.55, 0.95)
    length = edge - start + max(3 * len(tumour) / 64, edge * usual * np.exp(0.5 * rng.standard_normal()))
    turns = rng.normal(0, 0.25) / _STEPS + rng.normal(0, 0.03, _STEPS)
    angles = angle + rng.normal(0, 0.12) + np.cumsum(turns) - turns
    steps = length / _STEPS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    path = centre + start * towards + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    far = np.hypot(*(path - (len(tumour) - 1) / 2).T) > _ROOM * len(tumour)
    return path[: int(far.argmax())] if far.any() else path


def _drawn(path: np.ndarray, width: float, height: float, shape: tuple[int, ...]) -> np.ndarray:
    """One strand: uint8, 255 where it is highest."""
    picture = np.zeros(shape, np.uint8)
    places = [tuple(place) for place in (path * 2**_SHIFT).round().astype(int).tolist()]
    for step, (here, there) in enumerate(pairwise(places)):
        gone = (step + 0.5) / _STEPS
        level = 255 * height * min(1, 5 * gone) * (1 - gone) ** 0.7
        cv2.line(picture, here, there, int(level), max(1, round(width * (1 - 0.7 * gone))), cv2.LINE_AA, _SHIFT)
    return picture
