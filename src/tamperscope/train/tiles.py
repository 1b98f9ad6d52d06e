"""Training tiles: balanced, eight-fold by turns and flips, cut with their halo from images in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tamperscope.benchmark.injected import Injected, Patch
from tamperscope.detect.cues.forensic_transfer import HALO, SCALE
from tamperscope.detect.tiling import STEP, TILE, Canvas, lit_tiles

SIDE = TILE + 2 * HALO
TWINS = 0.75
"""Share of the real tiles that are the untouched twins of the batch's fake ones. Forgeries lie inside the breast, so
a network shown real tiles from everywhere learns "bright and in the middle = fake" first, and little else."""


@dataclass(frozen=True)
class Tile:
    """One tile: which image, which forgery of it (None: untouched), canvas position, 1 fake or 0 real."""

    image: int
    patch: int | None
    top: int
    left: int
    label: int


class TileSet:
    """All usable tiles of a set of images.

    A tile is fake if more than ``least_forged`` of it is forged, real if none of it is; other tiles and black
    ones are left out (report's authors).

    Args:
        images: untouched images with their forged variants.
        least_forged: share of a tile.
    """

    def __init__(self, images: Sequence[Injected], *, least_forged: float) -> None:
        self.images = images
        self.fake: list[Tile] = []
        self.real: list[Tile] = []
        self.twins: list[Tile] = []
        for index, image in enumerate(images):
            place = image.canvas.placement
            lit = np.argwhere(lit_tiles(image.canvas)) * STEP
            self.real += [Tile(index, None, int(top), int(left), 0) for top, left in lit]
            for number, patch in enumerate(image.patches):
                for top, left in lit:
                    forged = _overlap(patch, int(top) - place.top, int(left) - place.left).sum()
                    if forged > least_forged * TILE**2:
                        self.fake.append(Tile(index, number, int(top), int(left), 1))
                        self.twins.append(Tile(index, None, int(top), int(left), 0))
                    elif forged == 0 and _touches(patch, int(top) - place.top, int(left) - place.left):
                        # Untouched pixels under a square whose weights stayed low: real, and worth knowing.
                        self.real.append(Tile(index, number, int(top), int(left), 0))

    def batches(
        self, *, count: int, batch: int, rng: np.random.Generator, turn: bool
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Balanced batches: N x 1 x 288 x 288 scaled tiles with halo, and N labels.

        Args:
            count: tiles in all, half of them fake.
            batch: tiles a batch.
            rng: draws tiles, turns and flips.
            turn: turn and flip at random (training), or not (validation).
        """
        half = count // 2
        twins = round(TWINS * half)
        chosen_fakes = rng.choice(len(self.fake), half, replace=len(self.fake) < half)
        fakes = [self.fake[i] for i in chosen_fakes]
        reals = [self.twins[i] for i in chosen_fakes[:twins]]
        reals += [self.real[i] for i in rng.choice(len(self.real), half - twins, replace=len(self.real) < half)]
        tiles = [*fakes, *reals]
        order = rng.permutation(len(tiles))
        for start in range(0, len(order), batch):
            chosen = [tiles[i] for i in order[start : start + batch]]
            pixels = np.empty((len(chosen), 1, SIDE, SIDE), np.float32)
            for i, tile in enumerate(chosen):
                window = self._cut(tile)
                pixels[i, 0] = _turn(window, int(rng.integers(8))) if turn else window
            pixels /= SCALE
            yield torch.from_numpy(pixels), torch.tensor([tile.label for tile in chosen], dtype=torch.float32)

    def _cut(self, tile: Tile) -> np.ndarray:
        image = self.images[tile.image]
        window = image.canvas.window(tile.top - HALO, tile.left - HALO, SIDE, SIDE)
        if tile.patch is not None:
            _paste(window, image.patches[tile.patch], image.canvas, tile)
        return window


def _paste(window: np.ndarray, patch: Patch, canvas: Canvas, tile: Tile) -> None:
    top = patch.top + canvas.placement.top - (tile.top - HALO)
    left = patch.left + canvas.placement.left - (tile.left - HALO)
    height, width = patch.pixels.shape
    y0, y1, x0, x1 = max(top, 0), min(top + height, SIDE), max(left, 0), min(left + width, SIDE)
    if y0 < y1 and x0 < x1:
        window[y0:y1, x0:x1] = patch.pixels[y0 - top : y1 - top, x0 - left : x1 - left]


def _overlap(patch: Patch, top: int, left: int) -> np.ndarray:
    """The part of the patch's mask inside the tile at an image position."""
    y0, x0 = max(top - patch.top, 0), max(left - patch.left, 0)
    return patch.mask[y0 : max(top + TILE - patch.top, 0), x0 : max(left + TILE - patch.left, 0)]


def _touches(patch: Patch, top: int, left: int) -> bool:
    return _overlap(patch, top, left).size > 0


def _turn(window: np.ndarray, which: int) -> np.ndarray:
    turned = np.rot90(window, which % 4)
    return turned[:, ::-1] if which >= 4 else turned
