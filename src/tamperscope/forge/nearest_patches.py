"""Removal by texture from elsewhere: the search for patches that PatchMatch made quick, with NumPy."""

from __future__ import annotations

import cv2
import numpy as np

PATCH = 7
_HALF = PATCH // 2
_ROUNDS = (6, 4, 2, 1)
"""Rounds of search and vote, from the coarsest level on; finer levels take the last."""


def synthesise(pixels: np.ndarray, hole: np.ndarray, allowed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fill a hole so that every patch in it looks like one from outside.

    Coarse to fine: every target patch looks for its nearest source patch by random tries and by asking its neighbours
    (Barnes et al., SIGGRAPH 2009), then every pixel of the hole takes the mean of what the patches over it say
    (Wexler, Shechtman, Irani, PAMI 2007). On the finest level each pixel is copied from one place, since means have
    less noise than the tissue.

    Args:
        pixels: h x w; what stands in the hole is the first guess.
        hole: bool, h x w, at least 4 pixels from nothing.
        allowed: bool, h x w, the pixels that may be copied; the hole is never one of them.
        rng: draws the tries.

    Returns:
        float32, h x w, equal to ``pixels`` outside the hole. Where no whole patch is allowed, the guess.
    """
    levels = _pyramid(np.asarray(pixels, np.float32), hole, allowed & ~hole)
    field: _Field | None = None
    picture = levels[-1][0]
    for number, (guess, level_hole, level_allowed) in enumerate(reversed(levels)):
        finest = number == len(levels) - 1
        picture = guess.copy()
        framed = _Field.start(picture, level_hole, level_allowed, rng, field)
        if framed is None:
            continue
        field = framed
        if number > 0 and field.inherited:
            picture = field.vote(picture, level_hole, mean=True)
        for _ in range(_ROUNDS[min(number, len(_ROUNDS) - 1)]):
            field.search(picture, rng)
            picture = field.vote(picture, level_hole, mean=True)
        if finest:
            field.search(picture, rng)
            picture = field.vote(picture, level_hole, mean=False)
    return np.where(hole, picture, np.asarray(pixels, np.float32))


class _Field:
    """For every patch that touches the hole, the source patch that looks most like it."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray, sources: np.ndarray, valid: np.ndarray) -> None:
        self.rows, self.columns = rows, columns
        self.index = np.full(valid.shape, -1, np.int64)
        self.index[rows, columns] = np.arange(len(rows))
        self.sources = sources
        """int, n x 2: row and column of the middle of each target's source patch."""
        self.valid = valid
        """bool, h x w: middles of patches that may be copied."""
        self.cost = np.full(len(rows), np.inf, np.float32)
        self.inherited = False

    @classmethod
    def start(
        cls,
        picture: np.ndarray,
        hole: np.ndarray,
        allowed: np.ndarray,
        rng: np.random.Generator,
        coarser: _Field | None,
    ) -> _Field | None:
        """Targets of a level, with the sources of the coarser level where they still are sources."""
        height, width = hole.shape
        kernel = np.ones((PATCH, PATCH), np.uint8)
        whole = np.zeros(hole.shape, np.bool_)
        whole[_HALF : height - _HALF, _HALF : width - _HALF] = True
        valid = cv2.erode(allowed.view(np.uint8), kernel, borderValue=0).view(np.bool_) & whole
        targets = cv2.dilate(hole.view(np.uint8), kernel, borderValue=0).view(np.bool_)
        rows, columns = np.nonzero(targets & ~valid)
        pool = np.argwhere(valid)
        if not len(pool) or not len(rows):
            return None
        sources = pool[rng.integers(len(pool), size=len(rows))]
        field = cls(rows, columns, sources, valid)
        if coarser is not None:
            parent_height, parent_width = coarser.valid.shape[0], coarser.valid.shape[1]
            parent = coarser.index[np.minimum(rows // 2, parent_height - 1), np.minimum(columns // 2, parent_width - 1)]
            guess = 2 * coarser.sources[parent] + np.stack([rows % 2, columns % 2], 1)
            guess = np.clip(guess, 0, (height - 1, width - 1))
            good = (parent >= 0) & valid[guess[:, 0], guess[:, 1]]
            sources[good] = guess[good]
            field.inherited = True
        return field

    def search(self, picture: np.ndarray, rng: np.random.Generator) -> None:
        """One round: the neighbours' sources in four directions, then tries in ever smaller surroundings."""
        height, width = self.valid.shape[0], self.valid.shape[1]
        mirrored = np.pad(picture, _HALF, mode="reflect")
        patches = np.lib.stride_tricks.sliding_window_view(mirrored, (PATCH, PATCH))
        wanted = patches[self.rows, self.columns].reshape(len(self.rows), -1)
        self.cost = self._misfit(patches, wanted, np.arange(len(self.rows)), self.sources)
        for jump in (1, 4):
            for down, right in ((0, -jump), (-jump, 0), (0, jump), (jump, 0)):
                rows = np.clip(self.rows + down, 0, height - 1)
                columns = np.clip(self.columns + right, 0, width - 1)
                asked = self.index[rows, columns]
                self._offer(patches, wanted, self.sources[asked] - (down, right), asked >= 0)
        radius = max(height, width)
        while radius >= 1:
            tried = self.sources + rng.integers(-radius, radius + 1, self.sources.shape)
            self._offer(patches, wanted, tried, np.ones(len(self.rows), np.bool_))
            radius //= 3

    def _offer(self, patches: np.ndarray, wanted: np.ndarray, offered: np.ndarray, asked: np.ndarray) -> None:
        height, width = self.valid.shape
        inside = (offered >= 0).all(1) & (offered[:, 0] < height) & (offered[:, 1] < width) & asked
        chosen = np.flatnonzero(inside)
        chosen = chosen[self.valid[offered[chosen, 0], offered[chosen, 1]]]
        chosen = chosen[(offered[chosen] != self.sources[chosen]).any(1)]
        cost = self._misfit(patches, wanted, chosen, offered[chosen])
        better = cost < self.cost[chosen]
        chosen, cost = chosen[better], cost[better]
        self.sources[chosen] = offered[chosen]
        self.cost[chosen] = cost

    @staticmethod
    def _misfit(patches: np.ndarray, wanted: np.ndarray, which: np.ndarray, sources: np.ndarray) -> np.ndarray:
        found = patches[sources[:, 0], sources[:, 1]].reshape(len(sources), -1)
        difference = found - wanted[which]
        return np.einsum("ij,ij->i", difference, difference)

    def vote(self, picture: np.ndarray, hole: np.ndarray, *, mean: bool) -> np.ndarray:
        """The hole as the patches over it say.

        Args:
            picture: float32, h x w.
            hole: bool, h x w.
            mean: the mean of all patches, better ones counting more; else what the pixel's own patch says.
        """
        result = picture.copy()
        if not mean:
            own = self.index[hole]
            sources = self.sources[own]
            result[hole] = np.where(own >= 0, picture[sources[:, 0], sources[:, 1]], picture[hole])
            return result
        height, width = picture.shape
        typical = max(float(np.percentile(self.cost, 25)), 1e-6) if np.isfinite(self.cost).all() else np.inf
        trust = np.exp(-self.cost / (2 * typical)) + 1e-3 if np.isfinite(typical) else np.ones(len(self.rows))
        total, weight = np.zeros(picture.shape), np.zeros(picture.shape)
        for down in range(-_HALF, _HALF + 1):
            for right in range(-_HALF, _HALF + 1):
                rows, columns = self.rows + down, self.columns + right
                inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
                # A target's offset occurs once a pixel, so plain indexing adds every vote.
                said = picture[self.sources[inside, 0] + down, self.sources[inside, 1] + right]
                total[rows[inside], columns[inside]] += trust[inside] * said
                weight[rows[inside], columns[inside]] += trust[inside]
        voted = hole & (weight > 0)
        result[voted] = (total[voted] / weight[voted]).astype(np.float32)
        return result


def _pyramid(
    pixels: np.ndarray, hole: np.ndarray, allowed: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Halved until the hole is some patches wide: picture, hole and sources of every level, finest first."""
    levels = [(pixels, hole, allowed)]
    while True:
        picture, level_hole, level_allowed = levels[-1]
        depth = cv2.distanceTransform(np.pad(level_hole, 1).view(np.uint8), cv2.DIST_C, 3).max()
        height, width = level_hole.shape
        if depth <= PATCH or min(height, width) < 8 * PATCH:
            return levels
        small = (-(-width // 2), -(-height // 2))
        share = cv2.resize(level_hole.astype(np.float32), small, interpolation=cv2.INTER_AREA)
        free = cv2.resize(level_allowed.astype(np.float32), small, interpolation=cv2.INTER_AREA)
        levels.append((cv2.resize(picture, small, interpolation=cv2.INTER_AREA), share > 0, free > 0.99))
