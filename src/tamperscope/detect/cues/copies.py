"""Copies within one image: tissue that is there twice (copy-move, exemplar and PatchMatch fills).

Noise never repeats, so two places whose fine structure correlates over an area are one and its copy. Finding them takes
no training; which end was pasted the trace cue tells. Crests of a band-passed image are described by the samples around
them (mean removed, unit norm, so that products are correlations) and compared with one another; where two correlate,
the area around them that keeps on correlating under the same move is measured, and how much each of its pixels tells.
What is alike by chance is small, and its correlations lie little above those from which it is looked at. (Copy-move
detection at large: Christlein et al., IEEE TIFS 7 (2012); Cozzolino et al., IEEE TIFS 10 (2015).)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tamperscope.detect.cues.trace import OUTSIDE, by_cells
from tamperscope.detect.working_image import CELL

if TYPE_CHECKING:
    from tamperscope.detect.cues.seen import Seen

CORRELATION = 0.9
"""Of two descriptors, from which they are looked at."""
AREA_CORRELATION = 0.85
"""Of two 13 x 13 windows, from which their middles belong to a copied area."""
NEAREST = 40
"""Pixels between the two ends of a pair, at least: closer, a line correlates with itself."""
_REACH = 7
"""Pixels around a crest that describe it. A copy is found where one of its crests has all of these within it: with 10,
few in copies of 3 mm do; with fewer than 7, too many places are alike by chance."""
_OFFSETS = np.arange(-_REACH, _REACH + 1, 2)
_SIDE = len(_OFFSETS)
_DIMENSIONS = 32
_BLOCK = 1024
"""Points compared with all others at a time: the products take 4 bytes each."""
_MOST_IN_BLOCK = 200_000
"""Pairs that are looked at: where everything is alike, as in a printed grid, there is no end of them."""
_MOST_POINTS = 6000
"""Some 40 in a square centimetre, so that every copied area has several; comparing all pairs takes their square."""
_LEAST_SPREAD = 0.6
"""Reference intensity: flat places have nothing that could repeat."""
_MOST_CANDIDATES = 400
_AROUND = 56
_WINDOW = 13
_LEAST_WEIGHT = 3 * _WINDOW**2
"""Of an area, in pixels at ``AREA_CORRELATION``: some 160 pixels that correlate at 0.99, 320 at 0.93. Untouched film,
smooth as it is, has pairs of places alike over one window, which weigh up to 310."""
_MOST_ALIKE = 0.999
"""Correlation from which pixels tell no more: rounding."""
_ORIGINAL = 0.5
"""What the original of a copy counts beside the pasted end: one may be wrong about which it is."""
_BORDER = 24
"""Pixels next to the image's border in which no copies are looked for: lines along a film's edges look alike."""
Pixels = tuple[np.ndarray, np.ndarray]
Part = tuple[np.ndarray, np.ndarray, float]
"""Rows, columns, and their weight: how many pixels at ``AREA_CORRELATION`` would tell as much."""
Copy = tuple[Pixels, Pixels, np.ndarray]
"""Rows and columns of one end, those of the other end (the same order), and the weight of the area that each lies
in."""


def evidence(seen: Seen) -> np.ndarray:
    """The cue (``seen.Cue``): roots of the copied areas' weights, in pixels."""
    roots = np.sqrt(by_cells(weigh_copies(seen.copies, seen.logits)).max((1, 3)))
    # Areas whose evidence falls off a little towards their ends, so that their peak lies within.
    return 0.9 * roots + 0.1 * cv2.blur(roots, (9, 9))


def copies_inside(pixels: np.ndarray, valid: np.ndarray) -> list[Copy]:
    """What is there twice away from the image's border; arguments as for ``find_copies``."""
    inner = valid.copy()
    inner[:_BORDER] = inner[-_BORDER:] = inner[:, :_BORDER] = inner[:, -_BORDER:] = False
    return find_copies(pixels, inner)[0]


def find_copies(pixels: np.ndarray, valid: np.ndarray, *, mirrored: bool = True) -> tuple[list[Copy], int]:
    """Areas that are there twice.

    Args:
        pixels: float32, H x W at 0.1 mm, reference intensity.
        valid: bool, H x W, where tissue is.
        mirrored: look for mirrored copies too.

    Returns:
        copies: one for each move under which something is there twice.
        pairs: how many pairs of places were measured; there is a limit to them.
    """
    fine = cv2.GaussianBlur(pixels, (0, 0), 0.8) - cv2.GaussianBlur(pixels, (0, 0), 3.2)
    points = _crests(fine, valid)
    described, points = _describe(fine, points)
    if len(points) < 3:
        return [], 0
    basis = np.linalg.eigh(described[::3].T @ described[::3])[1][:, ::-1][:, :_DIMENSIONS].astype(np.float32)
    copies, measured = _measure(fine, valid, points, _alike(described, described, basis, points))
    if mirrored:
        turned = described.reshape(-1, _SIDE, _SIDE)[:, :, ::-1].reshape(len(points), -1)
        more, count = _measure(fine, valid, points, _alike(described, turned, basis, points), mirrored=True)
        copies, measured = copies + more, measured + count
    return copies, measured


def weigh_copies(copies: Sequence[Copy], logits: np.ndarray) -> np.ndarray:
    """How much of what is around each pixel is there twice.

    Both ends of a copy are marked. The original has the fine structure of its surroundings and of its brightness, the
    pasted end that of another place: the end that the trace cue finds the less odd counts half. Where it can't look at
    one of them both count in full.

    Args:
        copies: of ``find_copies``.
        logits: float32, h x w, the trace cue's, on cells of 8 x 8 pixels.

    Returns:
        float32, 8h x 8w, weight of the heaviest copied area that the pixel lies in; 0 where nothing is copied.
    """
    told = np.zeros((logits.shape[0] * CELL, logits.shape[1] * CELL), np.float32)
    for start, end, weights in copies:
        odd = _oddness(logits, end) - _oddness(logits, start)
        told[start] = np.maximum(told[start], weights * (_ORIGINAL if odd > 0 else 1))
        told[end] = np.maximum(told[end], weights * (_ORIGINAL if odd < 0 else 1))
    return told


def _oddness(logits: np.ndarray, part: Pixels) -> float:
    """Mean logit over a part's pixels in cells that count; not a number where none does: no end is preferred then."""
    found = logits[part[0] // CELL, part[1] // CELL]
    counted = found > OUTSIDE
    return float(found[counted].mean()) if counted.any() else float("nan")


def _crests(fine: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Local maxima far enough inside, of a larger neighbourhood where they are many: n x 2, row and column."""
    inside = valid.copy()
    margin = _REACH + 1
    inside[:margin] = inside[-margin:] = inside[:, :margin] = inside[:, -margin:] = False
    for radius in range(3, 12):
        crests = (fine == cv2.dilate(fine, np.ones((2 * radius + 1,) * 2, np.uint8))) & inside
        if np.count_nonzero(crests) <= _MOST_POINTS:
            break
    return np.argwhere(crests)


def _describe(fine: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors n x 64 around the points that are not flat, and these points."""
    if not len(points):
        return np.zeros((0, _SIDE**2), np.float32), points
    rows = points[:, 0, None, None] + _OFFSETS[None, :, None]
    columns = points[:, 1, None, None] + _OFFSETS[None, None, :]
    vectors = fine[rows, columns].reshape(len(points), -1)
    vectors = vectors - vectors.mean(1, keepdims=True)
    norms = np.linalg.norm(vectors, axis=1)
    structured = norms > _LEAST_SPREAD * _SIDE
    return vectors[structured] / norms[structured, None], points[structured]


def _alike(
    described: np.ndarray, others: np.ndarray, basis: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of points that correlate and lie far apart: indices, indices, correlations.

    All pairs are compared in the directions in which most descriptors differ, where noise counts less, so that what
    correlates in all directions correlates there too; those that do are compared in full.
    """
    reduced = _unit(described @ basis)
    across = np.ascontiguousarray((reduced if others is described else _unit(others @ basis)).T)
    found = []
    for start in range(0, len(points), _BLOCK):
        # A mirrored pair is one both ways round: the upper triangle is enough.
        products = reduced[start : start + _BLOCK] @ across[:, start:]
        high = np.flatnonzero(products > CORRELATION)
        high = high[:: len(high) // _MOST_IN_BLOCK + 1]
        first, second = np.divmod(high, products.shape[1])
        first, second = first + start, second + start
        apart = (second > first) & (np.abs(points[first] - points[second]).max(1) >= NEAREST)
        found.append(np.stack([first[apart], second[apart]]))
    first, second = np.concatenate(found, axis=1)
    correlation = np.einsum("ij,ij->i", described[first], others[second])
    kept = correlation > CORRELATION
    return first[kept], second[kept], correlation[kept]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def _measure(
    fine: np.ndarray,
    valid: np.ndarray,
    points: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    mirrored: bool = False,
) -> tuple[list[Copy], int]:
    """The areas that are there twice around the pairs; and how many pairs were measured."""
    first, second, correlation = pairs
    done: dict[tuple[int, int], list[Part]] = {}
    measured = 0
    for index in np.argsort(-correlation, kind="stable"):
        (y0, x0), (y1, x1) = points[first[index]], points[second[index]]
        move = (int(y1 - y0), int(x1 + x0 if mirrored else x1 - x0))
        # Pairs inside an area that was measured under the same move have nothing to add.
        covered = done.setdefault(move, [])
        if any(((rows == y0) & (columns == x0)).any() for rows, columns, _ in covered):
            continue
        if measured >= _MOST_CANDIDATES:
            break
        measured += 1
        part = _area_around(fine, valid, (int(y0), int(x0)), (int(y1), int(x1)), mirrored=mirrored)
        if part is None or part[2] < _LEAST_WEIGHT:
            continue
        covered.append(part)
    copies = []
    for (down, across), parts in done.items():
        if parts:
            start, weights = _united(parts, fine.shape[1])
            end = start[0] + down, (across - start[1] if mirrored else across + start[1])
            copies.append((start, end, weights))
    return copies, measured


def _united(parts: list[Part], width: int) -> tuple[Pixels, np.ndarray]:
    """The pixels of all parts, each once, and the largest weight of those that it lies in."""
    places = np.concatenate([rows * width + columns for rows, columns, _ in parts])
    weights = np.concatenate([np.full(len(rows), weight, np.float32) for rows, _, weight in parts])
    united, where = np.unique(places, return_inverse=True)
    largest = np.zeros(len(united), np.float32)
    np.maximum.at(largest, where, weights)
    return (united // width, united % width), largest


def _area_around(
    fine: np.ndarray, valid: np.ndarray, start: tuple[int, int], end: tuple[int, int], *, mirrored: bool
) -> Part | None:
    """Connected pixels around ``start`` that correlate with those around ``end``: rows, columns, weight.

    A pixel tells as much as the mutual information of two Gaussian variables that correlate so, -log(1 - r^2) / 2: what
    is pasted correlates at 0.97 or more, what is alike by chance hardly more than it must.
    """
    up = min(_AROUND, start[0], end[0])
    down = min(_AROUND, fine.shape[0] - 1 - start[0], fine.shape[0] - 1 - end[0])
    left = min(_AROUND, start[1], fine.shape[1] - 1 - end[1] if mirrored else end[1])
    right = min(_AROUND, fine.shape[1] - 1 - start[1], end[1] if mirrored else fine.shape[1] - 1 - end[1])
    here = slice(start[0] - up, start[0] + down + 1), slice(start[1] - left, start[1] + right + 1)
    rows = slice(end[0] - up, end[0] + down + 1)
    if mirrored:
        there = rows, slice(end[1] - right, end[1] + left + 1)
        a, b, ok = fine[here], fine[there][:, ::-1], valid[here] & valid[there][:, ::-1]
    else:
        there = rows, slice(end[1] - left, end[1] + right + 1)
        a, b, ok = fine[here], fine[there], valid[here] & valid[there]
    correlation = _local_correlation(a, np.ascontiguousarray(b))
    alike = (correlation > AREA_CORRELATION) & ok
    count, parts = cv2.connectedComponents(alike.view(np.uint8), connectivity=4)
    part = parts[up, left]
    if count < 2 or part == 0:
        return None
    copied = parts == part
    inside = np.argwhere(copied)
    told = np.log1p(-np.square(np.minimum(correlation[copied], _MOST_ALIKE))) / np.log1p(-(AREA_CORRELATION**2))
    weight = float(told.sum()) * _isotropy(a, copied)
    return inside[:, 0] + here[0].start, inside[:, 1] + here[1].start, weight


def _isotropy(fine: np.ndarray, where: np.ndarray) -> float:
    """1 where structure has no direction, 0 for a straight line, which looks the same wherever one moves along it."""
    across = cv2.Sobel(fine, cv2.CV_32F, 1, 0)[where]
    down = cv2.Sobel(fine, cv2.CV_32F, 0, 1)[where]
    xx, yy, xy = float(across @ across), float(down @ down), float(across @ down)
    return (4 * (xx * yy - xy * xy) / max((xx + yy) ** 2, 1e-12)) ** 2


def _local_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Normalised cross-correlation of the 13 x 13 windows of two arrays, float32."""
    window = (_WINDOW, _WINDOW)
    mean_a, mean_b = cv2.blur(a, window), cv2.blur(b, window)
    covariance = cv2.blur(a * b, window) - mean_a * mean_b
    variance = (cv2.blur(a * a, window) - mean_a**2) * (cv2.blur(b * b, window) - mean_b**2)
    floor = (_LEAST_SPREAD**2) ** 2
    return covariance / np.sqrt(np.maximum(variance, floor))
