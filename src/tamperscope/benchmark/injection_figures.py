"""The pictures of ``tamperscope bench figures``: the report's 3, 4 and 9, many seeds of one square, spectra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.realism import REAL, UNTOUCHED, Places, forgery_squares, mass_squares, patient_of, show
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.injector import Injector, NoiseModel
from tamperscope.forge.lesion import outline
from tamperscope.forge.mass_places import likely_square
from tamperscope.forge.matched_noise import patch_side, power_spectrum, radial
from tamperscope.forge.two_views import draw_square, inject_two_views, nipple_frame
from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.mammogram import Mammogram
from tamperscope.report.figures import (
    draw_distance_part,
    draw_intensity_part,
    draw_sheet,
    draw_spectra,
    draw_stages,
)

BANDS = ((0.05, 0.15), (0.15, 0.3), (0.3, 0.5))
"""Of radial frequency, cycles a pixel."""
EXAMPLES = 8
SEEDS = 16
_PAIR_SIDE = 384
_LEAST_PATCH = 64
"""Of ``patch_side``, for a tumour that a spectrum can be measured in."""
_OUTLINED_SIDE = 256
_ORANGE, _GREEN = (1.0, 0.6, 0.0), (0.2, 1.0, 0.2)


def write_figures(
    cases: Sequence[Case],
    injector: Injector,
    out: Path,
    *,
    seed: int,
    spectra: int,
    places: Places = "likely",
    lift: bool = True,
) -> str:
    """Write all pictures and ``spectra.md`` into a folder.

    Args:
        cases: of the source; examples are of held-out patients.
        injector: Mammo-CGAN.
        out: folder.
        seed: of conversion, places and tumours.
        spectra: how many images the spectra are measured on.
        places: where the squares are drawn.
        lift: see ``Injector.inject``.

    Returns:
        The table of the spectra, Markdown.
    """
    draw_intensity_part(out / "figure-3.png")
    draw_distance_part(out / "figure-4.png")
    held_out = list(forgery_squares([case for case in cases if case.split == "val"], cases, seed=seed, places=places))
    stages: list[dict[str, np.ndarray]] = []
    outlined: list[np.ndarray] = []
    for number, (_, mammogram, square) in enumerate(held_out):
        forgery = injector.inject(mammogram, square, noise_model="tissue", lift=lift, seed=seed + number)
        if forgery.mask.any():
            stages.append(forgery.stages)
            outlined.append(outline_forgery(forgery, square))
        if len(stages) == EXAMPLES:
            break
    draw_stages(stages, out / "figure-9.jpg")
    draw_sheet(outlined, out / "lesions.jpg", columns=EXAMPLES)
    if lift:
        draw_sheet(list(_spiculated(held_out, injector, seed=seed)), out / "spiculation.jpg", columns=8)
    _, mammogram, square = held_out[1]
    many = (
        injector.inject(mammogram, square, noise_model="tissue", lift=lift, seed=number) for number in range(SEEDS - 1)
    )
    pictures = [show(mammogram.pixels, square), *(show(forgery.mammogram.pixels, square) for forgery in many)]
    draw_sheet(pictures, out / "seeds.jpg", columns=8)

    ratios = list(_ratios(cases, injector, seed=seed, count=spectra, places=places, lift=lift))
    ratios += _ratios_of_masses(cases, seed=seed)
    draw_spectra(
        {kind: np.stack([row[2] for row in ratios if row[0] == kind]) for kind in (*get_args(NoiseModel), UNTOUCHED)},
        out / "spectra.png",
    )
    return _table(ratios)


def _spiculated(
    squares: Sequence[tuple[Case, Mammogram, Square]], injector: Injector, *, seed: int
) -> Iterator[np.ndarray]:
    """A few squares as they were, and each with one tumour, the more spiculated the farther right."""
    for number, (_, mammogram, square) in enumerate(squares[:EXAMPLES]):
        yield show(mammogram.pixels, square, side=_OUTLINED_SIDE)
        for spiculation in (0.0, 0.5, 1.0):
            forgery = injector.inject(mammogram, square, spiculation=spiculation, seed=seed + number)
            yield show(forgery.mammogram.pixels, square, side=_OUTLINED_SIDE)


def outline_forgery(forgery: Forgery, square: Square) -> np.ndarray:
    """A square with the outline of its mask in orange, of its lesion in green: float32, side x side x RGB, 0 to 1."""
    picture = cv2.cvtColor(show(forgery.mammogram.pixels, square, side=_OUTLINED_SIDE), cv2.COLOR_GRAY2RGB)
    scale = _OUTLINED_SIDE / square.side
    lesion = forgery.record["lesion"] or {"segmentation": []}
    mask = outline(forgery.mask)
    for parts, colour in ((mask["segmentation"], _ORANGE), (lesion["segmentation"], _GREEN)):
        for corners in parts:
            points = (np.reshape(corners, (-1, 2)) - (square.x, square.y)) * scale
            cv2.polylines(picture, [points.round().astype(np.int32)], True, colour, 2)
    return picture


def draw_two_views(first: Mammogram, second: Mammogram, injector: Injector, path: Path, *, seed: int) -> Path:
    """One lesion in two views of a breast: both as they were and with it, 72 mm around it.

    Args:
        first: one view.
        second: another view of the same breast.
        injector: Mammo-CGAN.
        path: of the picture.
        seed: of the place in the first view, as ``inject --two-views --square random`` draws it, and of the tumour.
    """
    frames = nipple_frame(first), nipple_frame(second)
    square = draw_square(first, second, frames, likely_square, np.random.default_rng(seed))
    forgeries = inject_two_views(first, second, square, injector, seed=seed)
    pictures = []
    for untouched, forgery in zip((first, second), forgeries, strict=True):
        around = _around(Square(**forgery.record["square"]), untouched.shape)
        pictures += [show(pixels, around, side=_PAIR_SIDE) for pixels in (untouched.pixels, forgery.mammogram.pixels)]
    return draw_sheet(pictures, path, columns=4)


def _around(square: Square, shape: tuple[int, int]) -> Square:
    """Three times as large, moved into the image."""
    side = min(3 * square.side, *shape)
    y, x = (
        min(max(0, start - (side - square.side) // 2), extent - side)
        for start, extent in zip((square.y, square.x), shape, strict=True)
    )
    return Square(x, y, side)


def _ratios(
    cases: Sequence[Case], injector: Injector, *, seed: int, count: int, places: Places, lift: bool
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Noise model, patient, and power inside over outside at each whole frequency of a patch of 32 pixels.

    The same squares before anything is put in are a kind of their own: noise grows with brightness, and the middle of a
    likely square is brighter than what is around it.
    """
    done = 0
    for case, mammogram, square in forgery_squares(cases, cases, seed=seed, places=places):
        if patch_side(square.side) < _LEAST_PATCH:
            continue  # too small a tumour for a spectrum
        for model in get_args(NoiseModel):
            forgery = injector.inject(mammogram, square, noise_model=model, threshold=300, lift=lift, seed=seed)
            yield model, patient_of(case), spectrum_ratio(forgery.mammogram.pixels, mammogram, square)
        yield UNTOUCHED, patient_of(case), spectrum_ratio(mammogram.pixels, mammogram, square)
        done += 1
        if done == count:
            return


def _ratios_of_masses(cases: Sequence[Case], *, seed: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """The same of real masses with what is around them, as far as they are as large."""
    for case, mammogram, squares in mass_squares(cases, seed=seed):
        for square in squares:
            if patch_side(square.side) >= _LEAST_PATCH:
                yield REAL, patient_of(case), spectrum_ratio(mammogram.pixels, mammogram, square)


def spectrum_ratio(pixels: np.ndarray, mammogram: Mammogram, square: Square, *, patch: int = 32) -> np.ndarray:
    """Power inside the middle third of a square over that in a ring around the square, by radial frequency.

    Args:
        pixels: of the forgery.
        mammogram: the original.
        square: what was forged, at least 3 patches a side.
        patch: side of the patches whose spectra are averaged.

    Returns:
        float64, patch // 2 + 1, from 0 to half a cycle a pixel.
    """
    third = square.side // 3
    rows, columns = (slice(start + third, start + 2 * third) for start in (square.y, square.x))
    inside = power_spectrum(pixels[rows, columns], patch)
    margin = max(patch, square.side // 4)
    top, left = max(0, square.y - margin), max(0, square.x - margin)
    around = slice(top, square.y + square.side + margin), slice(left, square.x + square.side + margin)
    tissue = mammogram.tissue[around].copy()
    tissue[square.y - top : square.y - top + square.side, square.x - left : square.x - left + square.side] = False
    outside = power_spectrum(pixels[around], patch, tissue)
    return (radial(inside) / np.maximum(radial(outside), 1e-12))[: patch // 2 + 1]


def _table(ratios: Sequence[tuple[str, str, np.ndarray]]) -> str:
    """Geometric means by band with intervals by patient."""
    names = [f"{low:g} to {high:g}" for low, high in BANDS]
    rows = [
        "Power inside over outside (1 is a match), geometric mean, 95 % interval by patient; cycles a pixel:",
        "",
        "| stage 7, or none | squares | " + " | ".join(names) + " |",
        "| --- | ---: |" + " --- |" * len(BANDS),
    ]
    for kind in (*get_args(NoiseModel), UNTOUCHED, REAL):
        of_kind = [row for row in ratios if row[0] == kind]
        if not of_kind:
            continue
        logs = np.log(np.stack([row[2] for row in of_kind]))
        frequency = np.arange(logs.shape[1]) / (2 * (logs.shape[1] - 1))
        cells = []
        for low, high in BANDS:
            values = logs[:, (frequency >= low) & (frequency < high)].mean(1)
            mean = cluster_bootstrap(partial(_geometric_mean, values), [row[1] for row in of_kind], draws=1000)
            cells.append(mean.text)
        rows.append(f"| {kind} | {len(of_kind)} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _geometric_mean(logarithms: np.ndarray, indices: np.ndarray) -> float:
    return float(np.exp(logarithms[indices].mean()))
