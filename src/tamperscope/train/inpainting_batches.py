"""Batches of holes for inpainting; a crop is used several times, turned, since drawing costs as much as learning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from tamperscope.forge.partial_convolution import UNIT
from tamperscope.forge.smooth_start import smooth_start
from tamperscope.train.config import InpaintingRecipe
from tamperscope.train.inpainting_tissue import Tissue, draw_crop, draw_trip
from tamperscope.train.picture_history import turned

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Truth (units around the known tissue's mean), tissue, hole and smooth start: N x 1 x crop x crop each."""


class Batches:
    """The batch of every step, which depends on the recipe's seed and the step alone.

    A step's batch has one new crop; the others are taken from those of the last ``recipe.kept`` steps.

    Args:
        recipe: crops and holes.
        images: where from.
        outlines: shapes of holes.
    """

    def __init__(self, recipe: InpaintingRecipe, images: Sequence[Tissue], outlines: Sequence[np.ndarray]) -> None:
        self.recipe, self.images, self.outlines = recipe, images, outlines
        self._crop = lru_cache(maxsize=recipe.kept + 1)(self._draw)

    def at(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        rng = np.random.default_rng([self.recipe.seed, step])
        earlier = rng.integers(max(0, step - self.recipe.kept), step + 1, self.recipe.batch - 1)
        drawn = [self._crop(int(number)) for number in (step, *earlier)]
        views = [turned(crop, rng) for crop in drawn]
        true, tissue, hole, start = (
            torch.from_numpy(np.stack(parts)[:, None].astype(np.float32)) for parts in zip(*views, strict=True)
        )
        return true, tissue, hole, start

    def _draw(self, number: int) -> tuple[np.ndarray, ...]:
        recipe, rng = self.recipe, np.random.default_rng([self.recipe.seed, number, 1])
        where_from = self.images, self.outlines
        if recipe.context is None:
            pixels, tissue, hole = draw_crop(*where_from, crop=recipe.crop, sides=recipe.sides, rng=rng)
        else:
            pixels, tissue, hole = draw_trip(
                *where_from, side=recipe.crop, context=recipe.context, sides=recipe.sides, rng=rng
            )
        known = tissue & ~hole
        mean = pixels[known].mean()
        start = smooth_start(pixels, hole, known)
        true, begun = (((part - mean) / UNIT * tissue).astype(np.float32) for part in (pixels, start))
        return true, tissue, hole, begun
