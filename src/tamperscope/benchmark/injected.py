"""Sets of untouched and injected images on the canvas: what the report's detector is trained and tested on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.detect.tiling import Canvas, place_on_canvas
from tamperscope.forge.injector import Injector, random_square
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram

PRESETS: tuple[dict[str, Any], ...] = (
    {"threshold": 400.0, "smoothing": 20.0, "noise": 10.0, "power": 3.0},
    {"threshold": 440.0, "smoothing": 40.0, "noise": 12.0, "power": 12.0},
)
"""The parameters of the report and the second preset of its authors."""


@dataclass(frozen=True, eq=False)
class Patch:
    """What an injection changed, in pixels of the canonical image: kept instead of a whole forged copy."""

    top: int
    left: int
    pixels: np.ndarray
    mask: np.ndarray

    def apply(self, canvas: Canvas) -> Canvas:
        """The forged canvas."""
        pixels = canvas.pixels.copy()
        height, width = self.pixels.shape
        pixels[self.top : self.top + height, self.left : self.left + width] = self.pixels
        return replace(canvas, pixels=pixels)


@dataclass(frozen=True, eq=False)
class Injected:
    """One image, untouched, and its forged variants."""

    case: Case
    canvas: Canvas
    patches: tuple[Patch, ...]


def inject_cases(
    cases: Sequence[Case], injector: Injector, *, forgeries: int, square_sides: tuple[int, int], seed: int
) -> Iterator[Injected]:
    """Lossless-like images with injections, one by one.

    Each image's draws depend on the seed and its name alone, so a set does not change when others join it.

    Args:
        cases: images of the source.
        injector: Mammo-CGAN.
        forgeries: forged variants an image.
        square_sides: smallest and largest side of the square, in pixels of 0.1 mm.
        seed: of conversion, squares, presets and noise.
    """
    for case in cases:
        rng = np.random.default_rng([seed, *case.name.encode()])
        mammogram = make_lossless_like(read_mammogram(case.path), rng=rng)
        canvas = place_on_canvas(mammogram)
        patches = tuple(
            _inject_patch(mammogram, canvas, injector, square_sides=square_sides, rng=rng) for _ in range(forgeries)
        )
        yield Injected(case, canvas, patches)


def _inject_patch(
    mammogram: Mammogram,
    canvas: Canvas,
    injector: Injector,
    *,
    square_sides: tuple[int, int],
    rng: np.random.Generator,
) -> Patch:
    square = random_square(mammogram, rng, sides=square_sides)
    preset = PRESETS[rng.integers(len(PRESETS))]
    forgery = injector.inject(
        mammogram, square, **preset, noise_model="white", lift=False, seed=int(rng.integers(2**31))
    )
    # Lossless-like images are at canonical pitch already: image and canvas coordinates differ by nothing.
    assert canvas.pixels.shape == mammogram.shape
    forged = np.where(canvas.pixels[square.slices] != 0, forgery.mammogram.pixels[square.slices], np.float32(0))
    return Patch(square.y, square.x, forged, forgery.mask[square.slices])
