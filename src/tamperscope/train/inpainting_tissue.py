"""Healthy tissue with holes of the shapes of lesions: what inpainting learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.benchmark.sources.cesm_folder import load as load_collection
from tamperscope.forge.forgery import Square
from tamperscope.forge.partial_convolution import PartialConvolution512, picture_between
from tamperscope.forge.random_region import random_places
from tamperscope.forge.region import Region
from tamperscope.io.read import read_mammogram
from tamperscope.train.picture_history import turned

GREY_LEVEL = 0.3
"""Reference intensity of a level."""
_LEAST_SHOWN = 0.6
"""Share of tissue in a crop."""
_TRIES = 200
_GAIN = (0.8, 1.25)


@dataclass(frozen=True, eq=False)
class Tissue:
    """One image, small in memory.

    Attributes:
        levels: int16, H x W, reference intensity / 0.3.
        tissue: bool, H x W.
        healthy: bool, H x W, tissue outside the boxes of annotated regions.
    """

    levels: np.ndarray
    tissue: np.ndarray
    healthy: np.ndarray


def load_tissue(cases: Sequence[Case], *, seed: int) -> list[Tissue]:
    """Lossless-like images at 0.1 mm (``benchmark/lossless.py``)."""
    images = []
    for case in tqdm(cases, desc="images", mininterval=5):
        mammogram = read_mammogram(case.path)
        lossless = make_lossless_like(mammogram, rng=np.random.default_rng([seed, *case.name.encode()]))
        scale = lossless.shape[0] / mammogram.shape[0]
        healthy = lossless.tissue.copy()
        for box in case.regions:
            rows, columns = (
                slice(max(0, int(low * scale) - 5), int(high * scale) + 5)
                for low, high in ((box.y0, box.y1), (box.x0, box.x1))
            )
            healthy[rows, columns] = False
        images.append(Tissue(np.rint(lossless.pixels / GREY_LEVEL).astype(np.int16), lossless.tissue, healthy))
    return images


def load_outlines(data: Path, cases: Sequence[Case]) -> list[np.ndarray]:
    """The drawn regions of some images, as masks of their boxes."""
    by_name = load_collection(data).by_name
    return [lesion.outline.mask for case in cases for lesion in by_name[case.name].lesions]


def draw_hole(outlines: Sequence[np.ndarray], sides: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A lesion's outline, turned and resized, or an ellipse: bool, a tight box.

    Args:
        outlines: masks of lesions.
        sides: least and largest longer side, pixels.
        rng: draws shape and size.
    """
    side = int(rng.integers(sides[0], sides[1] + 1))
    if rng.random() < 0.5:
        across = max(8.0, side * rng.uniform(0.5, 1))
        return Region.ellipse(0, 0, side / 2, across / 2, angle=rng.uniform(0, 180)).mask
    mask = np.rot90(outlines[int(rng.integers(len(outlines)))], int(rng.integers(4)))
    scale = side / max(mask.shape)
    size = tuple(max(8, round(length * scale)) for length in mask.shape[::-1])
    return cv2.resize(np.ascontiguousarray(mask).view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(np.bool_)


def draw_crop(
    images: Sequence[Tissue],
    outlines: Sequence[np.ndarray],
    *,
    crop: int,
    sides: tuple[int, int],
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """A square of tissue with a hole somewhere near its middle.

    Args:
        images: where from.
        outlines: shapes of holes.
        crop: side, pixels.
        sides: of holes, pixels.
        rng: draws all of it.

    Returns:
        Reference intensity (float32), tissue and hole (bool), crop x crop each. The hole is healthy tissue.
    """

    def somewhere(image: Tissue, x: int, y: int, hole: np.ndarray) -> Square | None:
        height, width = image.levels.shape
        if min(height, width) < crop:
            return None
        slack = [crop - length for length in hole.shape]
        top = int(np.clip(y - rng.integers(slack[0] // 4, slack[0] - slack[0] // 4 + 1), 0, height - crop))
        left = int(np.clip(x - rng.integers(slack[1] // 4, slack[1] - slack[1] // 4 + 1), 0, width - crop))
        return Square(left, top, crop)

    return turned(next(_cuts(images, outlines, sides, somewhere, rng)), rng)


def draw_trip(
    images: Sequence[Tissue],
    outlines: Sequence[np.ndarray],
    *,
    side: int,
    context: float,
    sides: tuple[int, int],
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """The square around a hole on the report's trip to side x side, as ``PartialConvolution512`` sees it.

    Args:
        images: where from.
        outlines: shapes of holes.
        side: of the picture in between, pixels.
        context: side of the square over the hole's longer side.
        sides: of holes, pixels of 0.1 mm.
        rng: draws all of it.

    Returns:
        As ``draw_crop``, side x side each; the hole has the forger's ramp around it, which may reach beyond healthy
        tissue.
    """

    def around(image: Tissue, x: int, y: int, hole: np.ndarray) -> Square:
        return Region.box(x, y, *hole.shape[::-1]).bounding_square(*image.levels.shape, context=context)

    ramp = PartialConvolution512().ramp
    cuts = _cuts(images, outlines, sides, around, rng)
    trips = (picture_between(*cut, side=side, ramp=ramp) for cut in cuts)
    pixels, tissue, weight = next(trip for trip in trips if (trip[1] & (trip[2] == 0)).any())
    return turned((pixels, tissue, weight > 0), rng)


def _cuts(
    images: Sequence[Tissue],
    outlines: Sequence[np.ndarray],
    sides: tuple[int, int],
    square_of: Callable[[Tissue, int, int, np.ndarray], Square | None],
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Squares with a hole in healthy tissue, one after another until one will do.

    Args:
        images: where from.
        outlines: shapes of holes.
        sides: of holes, pixels.
        square_of: image, left, top and shape of a hole to the square; None where there is none.
        rng: draws all of it.

    Raises:
        ValueError: after many tries.
    """
    for _ in range(_TRIES):
        image = images[int(rng.integers(len(images)))]
        hole = draw_hole(outlines, sides, rng)
        for x, y in random_places(image.healthy, hole, rng, tries=20):
            square = square_of(image, x, y, hole)
            found = None if square is None else _cut(image, square, x, y, hole, rng)
            if found is not None:
                yield found
    raise ValueError(f"no hole of {sides[0]} to {sides[1]} pixels fits into the tissue")


def _cut(
    image: Tissue, square: Square, x: int, y: int, hole: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """A square with a hole, of other brightness than it had; none where too little is tissue."""
    where = square.slices
    tissue = image.tissue[where]
    if tissue.mean() < _LEAST_SHOWN:
        return None
    placed = np.zeros((square.side, square.side), np.bool_)
    placed[y - square.y :, x - square.x :][: hole.shape[0], : hole.shape[1]] = hole
    placed &= image.healthy[where]
    return image.levels[where] * np.float32(GREY_LEVEL * rng.uniform(*_GAIN)), tissue, placed
