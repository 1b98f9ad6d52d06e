"""A processing step applied to the whole image or to the part around a region."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamperscope.forge.processing import Step
from tamperscope.forge.region import Region
from tamperscope.forge.window import Window
from tamperscope.forge.write_back import write_back
from tamperscope.mammogram import Mammogram

Scope = Literal["image", "region"]


def process(
    mammogram: Mammogram, step: Step, region: Region, *, scope: Scope, context: float, rng: np.random.Generator
) -> tuple[Mammogram, Region]:
    """Process a part of a mammogram.

    Args:
        mammogram: the original, or a forgery's.
        step: what to do.
        region: the forged (or pretended) region.
        scope: the whole image, or the square around the region.
        context: side of that square over the larger side of the region's box.
        rng: the only source of chance.

    Returns:
        The processed mammogram, and the rectangle outside of which stored values are the same bit for bit.
    """
    height, width = mammogram.shape
    if scope == "image":
        part = Region.box(0, 0, width, height)
    else:
        part = Region.of_square(region.bounding_square(height, width, context=context))
    window = Window.around(mammogram, part, 0)
    return write_back(mammogram, step.apply(window.pixels, rng), window), part


def reach_of(part: Region) -> dict[str, int]:
    """The entry ``reach`` of a record."""
    return {"x0": part.x, "y0": part.y, "x1": part.x + part.width, "y1": part.y + part.height}
