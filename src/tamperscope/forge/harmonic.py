"""Smooth functions through a hole: harmonic (membrane) and biharmonic (thin plate), solved in floating point."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg, spsolve

_DIRECT = 12_000
"""Unknowns up to which the system is solved directly; beyond, by conjugate gradients from a coarser solution."""
_ABSOLUTE_TOLERANCE = 1e-4


def fill_harmonic(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole with the solution of Laplace's equation, known pixels being the boundary values.

    At the border of the array the normal derivative is zero. Large holes are solved by conjugate gradients that start
    from the solution on half the grid (cascadic multigrid: Bornemann and Deuflhard, Numer. Math. 75, 1996), since a
    direct solver's time and memory grow faster than the hole.

    Args:
        values: h x w; what stands in the hole is ignored.
        hole: bool, h x w.

    Returns:
        float64, h x w, equal to ``values`` outside the hole. Where nothing is known the hole becomes 0.
    """
    filled = np.where(hole, 0.0, np.asarray(values, np.float64))
    if not hole.any() or hole.all():
        return filled
    where = _box_of(hole, margin=1)
    inner = hole[where]
    box = filled[where]
    unknown = int(inner.sum())
    matrix, right = _laplace_system(box, inner)
    if unknown <= _DIRECT or min(inner.shape) < 8:
        solution = spsolve(matrix.tocsc(), right)
    else:
        start = _coarse_guess(box, inner)[inner]
        solution, _ = cg(matrix, right, x0=start, rtol=0, atol=_ABSOLUTE_TOLERANCE * np.sqrt(unknown), maxiter=400)
    box[inner] = solution
    filled[where] = box
    return filled


def fill_biharmonic(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole with the thin plate through its surroundings: the least sum of squared Laplacians.

    Inside it solves the biharmonic equation (Damelin and Hoang, 2018, the method of scikit-image's
    ``inpaint_biharmonic``); a border of the array is a free edge, so that holes may touch it.

    Args:
        values: h x w; what stands in the hole is ignored.
        hole: bool, h x w, at most some ten thousand pixels for a direct solution.

    Returns:
        float64, h x w, equal to ``values`` outside the hole. Where nothing is known the hole becomes 0.
    """
    filled = np.where(hole, 0.0, np.asarray(values, np.float64))
    if not hole.any() or hole.all():
        return filled
    where = _box_of(hole, margin=3)
    inner, box = hole[where], filled[where]
    laplacian = _laplacian(inner.shape)
    # Only rows that see the hole count: the rest is known and constant.
    sees = np.flatnonzero((abs(laplacian) @ inner.ravel().astype(np.float64)) > 0)
    rows = laplacian[sees]
    unknown = rows[:, np.flatnonzero(inner.ravel())]
    right = -(rows @ box.ravel())  # the hole is 0 in the box, so this is the known part
    box[inner] = spsolve((unknown.T @ unknown).tocsc(), unknown.T @ right)
    filled[where] = box
    return filled


def _laplace_system(box: np.ndarray, inner: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Matrix and right side of the five-point Laplacian on the hole; known neighbours go to the right."""
    laplacian = -_laplacian(inner.shape)
    holes = np.flatnonzero(inner.ravel())
    rows = laplacian[holes]
    return rows[:, holes].tocsr(), -(rows @ box.ravel())


def _laplacian(shape: tuple[int, int]) -> sparse.csr_matrix:
    """Five-point Laplacian of a whole array with zero normal derivative at its border."""

    def second_difference(count: int) -> sparse.csr_matrix:
        middle = np.full(count, -2.0)
        middle[0] += 1
        middle[-1] += 1
        return sparse.diags([np.ones(count - 1), middle, np.ones(count - 1)], [-1, 0, 1], format="csr")

    height, width = shape
    down = sparse.kron(second_difference(height), sparse.identity(width), format="csr")
    across = sparse.kron(sparse.identity(height), second_difference(width), format="csr")
    return (down + across).tocsr()


def _coarse_guess(box: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The solution on half the grid, brought back to the full one."""
    height, width = box.shape
    padded = ((0, height % 2), (0, width % 2))
    known = np.pad(~inner, padded, mode="edge").astype(np.float64)
    values = np.pad(box, padded, mode="edge") * known
    rows, columns = known.shape[0] // 2, known.shape[1] // 2
    count = known.reshape(rows, 2, columns, 2).sum((1, 3))
    total = values.reshape(rows, 2, columns, 2).sum((1, 3))
    coarse = fill_harmonic(total / np.maximum(count, 1), count == 0)
    fine = cv2.resize(coarse, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
    return fine[:height, :width]


def _box_of(hole: np.ndarray, *, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )
