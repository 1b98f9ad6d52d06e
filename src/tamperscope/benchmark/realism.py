"""Do synthetic masses look like masses? A stand-in for readers, by patient, and statistics of what injections leave.

The stand-in is a logistic classifier on frozen features of MobileNetV2, told squares with real masses from squares with
synthetic ones. It learns on patients whose masses the generators may have seen, and is asked about others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.benchmark.mass_squares import square_around
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import CONTEXT, Injector, random_square
from tamperscope.forge.mass_places import likely_square
from tamperscope.forge.merge import merge, weight_matrix
from tamperscope.forge.real_mass import RealMass
from tamperscope.forge.region import Region
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram
from tamperscope.networks.mobilenet_v2 import MobileNetV2Features

SHOWN_SIDE = 128
WINDOW = (300.0, 800.0)
"""Display window, reference intensity."""
REAL, PASTED, UNTOUCHED, BLOB = "real mass", "real mass pasted", "untouched", "Gaussian blob"
KINDS = ("mammo-cgan-tissue", "mammo-cgan-matched", "mammo-cgan", PASTED, UNTOUCHED, BLOB)
BANDS = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))
"""Sigmas of the Gaussians whose differences are the bands of ``ring_ratios``, pixels."""
Places = Literal["likely", "anywhere"]
"""Where squares are drawn: ``mass_places.likely_square`` or ``injector.random_square``."""
_LAST_LAYER = 18
_TRIES = 60
_BLOB = 300.0


@dataclass(frozen=True, eq=False)
class Shown:
    """A square as a reader would see it.

    Attributes:
        kind: ``REAL`` or one of ``KINDS``.
        patient: whose image it is on.
        held_out: whether the patient is of the split that no generator learnt from.
        picture: float32, 128 x 128, 0 black to 1 white.
        ratios: inside over outside, of the noise in each of ``BANDS``; None where nothing was forged.
    """

    kind: str
    patient: str
    held_out: bool
    picture: np.ndarray
    ratios: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False)
class RealSquare:
    """A real mass with its surroundings, cut out: whole images would fill the memory.

    Attributes:
        patient: whose.
        held_out: as in ``Shown``.
        mammogram: the square alone.
    """

    patient: str
    held_out: bool
    mammogram: Mammogram

    @property
    def side(self) -> int:
        """In pixels."""
        return self.mammogram.shape[0]


def real_squares(cases: Sequence[Case], *, seed: int) -> list[RealSquare]:
    """Every annotated mass with a square of tissue around it.

    Args:
        cases: images of the source.
        seed: of conversion.

    Raises:
        TamperscopeError: there is none.
    """
    found = []
    for case, mammogram, squares in mass_squares(cases, seed=seed):
        for where in (square.slices for square in squares):
            cut = Mammogram(mammogram.pixels[where].copy(), mammogram.tissue[where].copy(), mammogram.spacing)
            found.append(RealSquare(patient_of(case), case.split == "val", cut))
    if not found:
        raise TamperscopeError("there is no annotated mass in these images.")
    return found


def collect_squares(
    cases: Sequence[Case],
    injector: Injector,
    masses: Sequence[RealSquare],
    *,
    seed: int,
    places: Places = "likely",
    lift: bool = True,
    kinds: Collection[str] = KINDS,
) -> list[Shown]:
    """Every real mass, and one square of each synthetic kind an image, of the real ones' sizes.

    Args:
        cases: images of the source.
        injector: Mammo-CGAN.
        masses: the real ones; those of the same split are pasted.
        seed: of conversion, places and tumours.
        places: where the synthetic ones go.
        lift: see ``Injector.inject``.
        kinds: synthetic ones that are wanted; the others are not made, and these come out the same.
    """
    shown = [Shown(REAL, one.patient, one.held_out, show_all(one.mammogram)) for one in masses]
    sides = [one.side for one in masses]
    for case, mammogram, scale in lossless_images(cases, seed, "forgeries"):
        rng = np.random.default_rng([seed, 1, *case.name.encode()])
        square = free_square(mammogram, case, scale, sides, rng, places=places)
        if square is not None:
            held_out, patient = case.split == "val", patient_of(case)
            donors = [one for one in masses if one.held_out == held_out and one.patient != patient]
            shown += _forge_all(case, mammogram, square, injector, donors, rng, lift=lift, kinds=kinds)
    return shown


def _forge_all(
    case: Case,
    mammogram: Mammogram,
    square: Square,
    injector: Injector,
    donors: Sequence[RealSquare],
    rng: np.random.Generator,
    *,
    lift: bool,
    kinds: Collection[str],
) -> Iterator[Shown]:
    held_out, patient = case.split == "val", patient_of(case)
    seed = int(rng.integers(2**31))
    for kind, model in (("mammo-cgan", "white"), ("mammo-cgan-matched", "matched"), ("mammo-cgan-tissue", "tissue")):
        if kind not in kinds:
            continue
        forgery = injector.inject(mammogram, square, noise_model=model, lift=lift, seed=seed)  # type: ignore[arg-type]
        ratios = ring_ratios(forgery.mammogram.pixels, square, forgery.mask)
        yield Shown(kind, patient, held_out, show(forgery.mammogram.pixels, square), ratios)
    if donors and PASTED in kinds:
        pasted = paste(donors[int(rng.integers(len(donors)))], mammogram, square, seed=seed)
        if pasted is not None:
            yield Shown(PASTED, patient, held_out, pasted)
    # No mass at all: how much the places alone give away.
    if UNTOUCHED in kinds:
        yield Shown(UNTOUCHED, patient, held_out, show(mammogram.pixels, square))
    if BLOB in kinds:
        yield Shown(BLOB, patient, held_out, show(gaussian_blob(mammogram, square), square))


def paste(mass: RealSquare, mammogram: Mammogram, square: Square, *, seed: int) -> np.ndarray | None:
    """The square with another's mass, as a reader sees it; None where nothing of it is bright enough to be merged."""
    forger = RealMass(donor=mass.mammogram, source=Region.box(0, 0, mass.side, mass.side))
    try:
        forgery = forger.repeat(mammogram, Region.of_square(square), seed=seed)
    except TamperscopeError:
        return None
    return show(forgery.mammogram.pixels, square)


def gaussian_blob(mammogram: Mammogram, square: Square) -> np.ndarray:
    """A round bump on the square's mean, merged by eq 2.1: what the proxy must tell, or it proves nothing."""
    original = mammogram.pixels[square.slices]
    offset = (np.arange(square.side) - (square.side - 1) / 2) / (square.side / 6)
    bump = np.exp(-0.5 * (offset[:, None] ** 2 + offset[None, :] ** 2))
    generated = original.mean() + _BLOB * bump
    pixels = mammogram.pixels.copy()
    pixels[square.slices] = merge(generated, original, weight_matrix(generated))
    return pixels


def show(pixels: np.ndarray, square: Square, *, side: int = SHOWN_SIDE) -> np.ndarray:
    """A square at 128 x 128 (or another side) in the display window: float32, 0 to 1."""
    cut = pixels[square.slices]
    method = cv2.INTER_AREA if square.side > side else cv2.INTER_LINEAR
    small = cv2.resize(cut, (side, side), interpolation=method)
    return np.clip((small - WINDOW[0]) / (WINDOW[1] - WINDOW[0]), 0, 1).astype(np.float32)


def show_all(mammogram: Mammogram) -> np.ndarray:
    """``show`` of an image that is a square."""
    return show(mammogram.pixels, Square(0, 0, mammogram.shape[0]))


def ring_ratios(pixels: np.ndarray, square: Square, mask: np.ndarray) -> tuple[float, ...] | None:
    """Noise inside a forgery's mask over that in a ring around its square, band by band (robust deviations).

    None where the mask is smaller than 100 pixels.
    """
    margin = square.side // 4
    rows = slice(max(0, square.y - margin), square.y + square.side + margin)
    columns = slice(max(0, square.x - margin), square.x + square.side + margin)
    part, inside = pixels[rows, columns].astype(np.float32), mask[rows, columns]
    outside = part > 0
    outside[square.y - rows.start : square.y - rows.start + square.side, :][
        :, square.x - columns.start : square.x - columns.start + square.side
    ] = False
    if inside.sum() < 100 or outside.sum() < 100:
        return None

    def blurred(sigma: float) -> np.ndarray:
        return cv2.GaussianBlur(part, (0, 0), sigma) if sigma > 0 else part

    ratios = []
    for fine, coarse in BANDS:
        band = blurred(fine) - blurred(coarse)
        spreads = [float(np.median(np.abs(band[where] - np.median(band[where])))) for where in (inside, outside)]
        ratios.append(spreads[0] / max(spreads[1], 1e-6))
    return tuple(ratios)


def features(network: MobileNetV2Features, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of the last map: float64, N x 1280."""
    rows = []
    with torch.no_grad():
        for first in range(0, len(pictures), 16):
            batch = torch.from_numpy(np.stack(pictures[first : first + 16]))[:, None]
            rows.append(network(batch, (_LAST_LAYER,))[0].mean((2, 3)).double().numpy())
    return np.concatenate(rows)


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """KID: unbiased squared MMD with the cubic kernel (Binkowski et al. 2018)."""

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    own, others = kernel(one, one), kernel(other, other)
    n, m = len(one), len(other)
    within = (own.sum() - np.trace(own)) / (n * (n - 1)) + (others.sum() - np.trace(others)) / (m * (m - 1))
    return float(within - 2 * kernel(one, other).mean())


def forgery_squares(
    cases: Sequence[Case], masses: Sequence[Case], *, seed: int, places: Places = "likely"
) -> Iterator[tuple[Case, Mammogram, Square]]:
    """A square of a random mass's size, off all annotated regions, in each image that has room for it."""
    sides = [one.side for one in real_squares(masses, seed=seed)]
    for case, mammogram, scale in lossless_images(cases, seed, "forgeries"):
        rng = np.random.default_rng([seed, 1, *case.name.encode()])
        square = free_square(mammogram, case, scale, sides, rng, places=places)
        if square is not None:
            yield case, mammogram, square


def typical_square(cases: Sequence[Case], *, seed: int, places: Places) -> tuple[Mammogram, Square]:
    """A square of 24 mm in the first healthy held-out image."""
    case = next(case for case in cases if case.split == "val" and case.healthy)
    _, mammogram, _ = next(lossless_images([case], seed, "one square"))
    draw = likely_square if places == "likely" else random_square
    return mammogram, draw(mammogram, np.random.default_rng(seed))


def lossless_images(cases: Sequence[Case], seed: int, what: str) -> Iterator[tuple[Case, Mammogram, float]]:
    """Images off their JPEG grid, with with the scale from the file to the image; of "masses" those with any."""
    chosen = [case for case in cases if case.masses] if what == "masses" else cases
    for case in tqdm(chosen, desc=what, mininterval=5):
        mammogram = read_mammogram(case.path)
        lossless = make_lossless_like(mammogram, rng=np.random.default_rng([seed, *case.name.encode()]))
        yield case, lossless, lossless.shape[0] / mammogram.shape[0]


def mass_squares(cases: Sequence[Case], *, seed: int) -> Iterator[tuple[Case, Mammogram, list[Square]]]:
    """Images with annotated masses, off their JPEG grid, and the squares around those that have room for one."""
    for case, mammogram, scale in lossless_images(cases, seed, "masses"):
        around = (square_around(mammogram, box, scale=scale, context=CONTEXT) for box in case.masses)
        yield case, mammogram, [square for square in around if square is not None]


def free_square(
    mammogram: Mammogram, case: Case, scale: float, sides: Sequence[int], rng: np.random.Generator, *, places: Places
) -> Square | None:
    """A square of one of the sides given, off all annotated regions; None where there is no room.

    Args:
        mammogram: the converted image.
        case: whose regions are avoided.
        scale: pixels of the converted image a pixel of the file.
        sides: one is drawn.
        rng: draws side and place.
        places: where masses are likely, or anywhere in the tissue.
    """

    def is_free(square: Square) -> bool:
        x0, y0, x1, y1 = (
            value / scale for value in (square.x, square.y, square.x + square.side, square.y + square.side)
        )
        return all(x1 <= box.x0 or x0 >= box.x1 or y1 <= box.y0 or y0 >= box.y1 for box in case.regions)

    for _ in range(_TRIES):
        side = int(sides[int(rng.integers(len(sides)))])
        try:
            if places == "likely":
                return likely_square(mammogram, rng, sides=(side, side), allowed=is_free)
            square = random_square(mammogram, rng, sides=(side, side))
        except TamperscopeError:
            continue
        if is_free(square):
            return square
    return None


def patient_of(case: Case) -> str:
    """Whose image it is, or the bracket of patients whose it can be."""
    return f"{case.patients[0]}-{case.patients[1]}"
