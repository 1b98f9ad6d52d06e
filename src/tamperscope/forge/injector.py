"""Mammo-CGAN at work: put a synthetic tumour into a square of a mammogram (report, section 2.1, eight stages)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np

from tamperscope import __version__
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.kept_texture import kept_texture
from tamperscope.forge.lesion import RULE, lesion_mask, outline
from tamperscope.forge.matched_noise import matched_noise, through_merge
from tamperscope.forge.merge import MASK_LEVEL, merge, weight_matrix
from tamperscope.forge.settle import chance_contrast, settle
from tamperscope.forge.spicules import MOST, draw_strands, retract
from tamperscope.forge.tissue_contrast import brightest_mass, usual_share
from tamperscope.forge.write_back import write_back
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.network import load_network
from tamperscope.runtime.weights import WEIGHTS, find_weights

SIDE = 64
SCALE = 1100.0
HOLE = slice(10, 54)
"""Rows and columns of the middle 44 x 44 that the condition lacks."""
CONTEXT = SIDE / (HOLE.stop - HOLE.start)
"""Side of the square over that of the tumour in its middle."""
USUAL_LEVEL = 470.0
"""Reference intensity of tissue around masses: a quarter of those that the generators learnt from lie in darker."""
SECOND_CONDITION_NOISE = 0.003
LEAST_SIDE = 32
DEFAULT_SIDE_MM = 24.0
WHITE_NOISE = 10.0
"""The report's sigma of stage 7."""
NoiseModel = Literal["white", "matched", "tissue"]
_FRAME = np.ones((SIDE, SIDE), np.bool_)
_FRAME[HOLE, HOLE] = False
_LEAST_TISSUE = 0.97
_TRIES = 500


@dataclass(frozen=True)
class Injector:
    """Mammo-CGAN with its two generators.

    Args:
        first: CGAN1's generator, N x 1 x 64 x 64 condition to square.
        second: CGAN2's generator, the same shapes.
        model: name, version and hash for the record.
        latent: whether CGAN1 takes a latent map, standard normal numbers in the middle of its condition.
    """

    first: Callable[[np.ndarray], np.ndarray]
    second: Callable[[np.ndarray], np.ndarray]
    model: dict[str, Any]
    latent: bool = False

    @classmethod
    def load(cls, *, threads: int | None = None, folder: Path = WEIGHTS) -> Injector:
        """The injector with the generators that ship with the package, or with those of a folder."""
        first, second = (find_weights(f"mammo-cgan-{number}", folder=folder) for number in (1, 2))
        model = {
            "name": "mammo-cgan",
            "version": first.version,
            "hash": first.sha256[:16] + second.sha256[:16],
        }
        latent = bool(json.loads(first.path.with_suffix(".json").read_text(encoding="utf-8")).get("latent"))
        return cls(load_network(first.path, threads=threads), load_network(second.path, threads=threads), model, latent)

    def draw(
        self,
        original: np.ndarray,
        rng: np.random.Generator,
        *,
        lift: bool = False,
        contrast: float = 1.0,
        ceiling: float = np.inf,
        like: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Stages 2 to 5: the square that the generators draw.

        Args:
            original: float32, side x side, reference intensity.
            rng: draws the noise before CGAN2, and the latent map of generators that have one.
            lift: see ``inject``.
            contrast: see ``inject``.
            ceiling: with ``lift`` tumours are fainter where they were brighter, reference intensity.
            like: see ``inject``.

        Returns:
            condition, CGAN1's picture and CGAN2's, reference intensity / 1100, and how much of it is tumour, 1 all
            over without ``lift``: float32, 64 x 64.
        """
        own = shrunk(original)
        small = own if like is None else shrunk(like)  # stage 2
        raised = max(np.float32(0), np.float32(USUAL_LEVEL / SCALE) - _level(small)) if lift else np.float32(0)
        condition = small + raised
        condition[HOLE, HOLE] = 0  # stage 3
        if self.latent:
            condition[HOLE, HOLE] = rng.standard_normal(condition[HOLE, HOLE].shape, dtype=np.float32)
        blurred = self.first(condition[None, None])[0, 0]  # stage 4
        second_condition = blurred.copy()
        middle = second_condition[HOLE, HOLE]
        middle += SECOND_CONDITION_NOISE * rng.standard_normal(middle.shape, dtype=np.float32)
        sharp = self.second(second_condition[None, None])[0, 0]  # stage 5
        condition[_FRAME] -= raised
        blurred, sharp = blurred - raised, sharp - raised
        cover = np.ones_like(sharp)
        if lift or like is not None or contrast != 1:
            sharp, cover = settle(sharp, small, own, HOLE, contrast=contrast, lift=lift, ceiling=ceiling / SCALE)
        return condition, blurred, sharp, cover

    def inject(
        self,
        mammogram: Mammogram,
        square: Square | tuple[int, int, int],
        *,
        threshold: float = 400.0,
        smoothing: float = 20.0,
        power: float = 3.0,
        contrast: float = 1.0,
        spiculation: float = 0.0,
        noise: float | None = None,
        noise_model: NoiseModel = "tissue",
        lift: bool = True,
        like: np.ndarray | None = None,
        seed: int = 0,
    ) -> Forgery:
        """Inject a tumour.

        Args:
            mammogram: where; a second injection into a forgery's mammogram is possible.
            square: column, row and side in pixels of the image (stage 1; ``random_square`` chooses one).
            threshold: Th of eq 2.2, reference intensity.
            smoothing: alpha of eq 2.2.
            power: p of eq 2.2.
            contrast: of the tumour against the tissue that is interpolated through its place, times what is drawn.
            spiculation: 0 to 1, with ``lift``: how strong the strands are that run out of the tumour, and how far the
                tissue around is pulled towards it, which is then in the mask too (``forge/spicules.py``).
            noise: standard deviation of the noise of stage 7, reference intensity; by default the report's 10 where
                it is white, and the tissue's own where it is matched.
            noise_model: no noise but the ``tissue``'s own texture, which looks best (``forge/kept_texture.py``),
                ``white`` Gaussian noise as the report has it, or noise ``matched`` to the tissue around the square
                (``forge/matched_noise.py``).
            lift: whether the tumour settles into the tissue, for which the report has no step. Generators see dark
                tissue as bright as that around the masses they learnt from, and what they draw is taken down again; in
                images whose tissue has less contrast so has the tumour, and it is seldom brighter than the brightest
                tissue (``forge/tissue_contrast.py``); it comes to the middle, is one hill, by chance fainter or
                stronger, fades out in a circle, leaves the tissue beside it alone, also in the mask, and is nowhere
                darker than the tissue, blurred, was (``forge/settle.py``); of the tissue's texture no hole is deeper
                than the tissue is uneven, and none is without grain; and matched noise is as strong as around. Without
                it, matched noise follows the image's noise curve, which is too strong, and rings, second spots,
                straight edges and black specks show.
            like: float32, square, reference intensity: another square, for whose surroundings the tumour is drawn
                instead of this one's. With the same seed it is the same tumour as there.
            seed: of the tumour, the noise before CGAN2 and that of stage 7; the same seed gives the same bytes.

        Raises:
            TamperscopeError: the square is not inside the image or too small, or a parameter is out of range.
        """
        square = Square(*square) if isinstance(square, tuple) else square
        if noise is None and noise_model == "white":
            noise = WHITE_NOISE
        _check(
            mammogram,
            square,
            smoothing=smoothing,
            power=power,
            contrast=contrast,
            spiculation=spiculation,
            lift=lift,
            noise=noise,
            noise_model=noise_model,
        )
        rng = np.random.default_rng(seed)
        strength = contrast * (usual_share(mammogram) * chance_contrast(seed) if lift else 1.0)
        ceiling = brightest_mass(mammogram) if lift else np.inf
        untouched = mammogram
        mammogram, moved = _retracted(untouched, square, spiculation)
        original = mammogram.pixels[square.slices]
        if spiculation and like is None:
            like = untouched.pixels[square.slices]  # the same tumour, however far the tissue is pulled

        condition, blurred, sharp, cover = self.draw(
            original, rng, lift=lift, contrast=strength, ceiling=ceiling, like=like
        )
        enlarged, cover = (
            cv2.resize(part, (square.side, square.side), interpolation=cv2.INTER_LINEAR) for part in (sharp, cover)
        )
        generated = enlarged * np.float32(SCALE)  # stage 6
        if spiculation:
            strands = draw_strands(cover, generated - original, spiculation, np.random.default_rng([seed, 2]))
            generated = generated + strands
            cover = np.maximum(cover, np.clip(3 * strands / max(float(strands.max()), 1e-9), 0, 1))
        if noise_model == "white":
            assert noise is not None, "white noise has a default"
            generated = generated + noise * rng.standard_normal(generated.shape)  # stage 7
        weight = cover * weight_matrix(generated, threshold=threshold, smoothing=smoothing, power=power)
        if noise_model == "matched":
            part = generated_part(square)
            grain = matched_noise(mammogram, square, generated, part, rng, by_brightness=not lift)
            generated = generated + through_merge(_of_strength(grain, noise), weight)  # stage 7
        elif noise_model == "tissue":
            fill = (rng, weight) if lift else None
            texture = kept_texture(mammogram, square, generated, generated_part(square), fill_holes=fill)
            generated = generated + texture  # stage 7
        merged = merge(generated, original, weight)  # stage 8

        new = weight >= MASK_LEVEL
        mask = np.zeros(mammogram.shape, np.bool_)
        # Tissue that was pulled to nothing is no injection: the mask stays empty, which is refused when it is saved.
        mask[square.slices] = new | moved if new.any() else new
        record = {
            "forger": "mammo-cgan",
            "package": {"name": "tamperscope", "version": __version__},
            "model": self.model,
            "square": {"x": square.x, "y": square.y, "side": square.side},
            "parameters": {
                "threshold": threshold,
                "smoothing": smoothing,
                "power": power,
                "contrast": contrast,
                "spiculation": spiculation,
                "noise": noise,
                "noise_model": noise_model,
                "lift": lift,
                "seed": seed,
            },
            "mask": {"rule": f"W >= {MASK_LEVEL}" + ", or moved" * bool(spiculation), "pixels": int(mask.sum())},
            "lesion": _lesion_of(original, merged, square, pulled=spiculation > 0),
        }
        stages = {
            "original": untouched.pixels[square.slices],
            "condition": condition * SCALE,
            "cgan1": blurred * SCALE,
            "cgan2": sharp * SCALE,
            "weight": weight,
            "merged": merged,
        }
        return Forgery(write_back(untouched, merged, square), mask, record, stages)


def random_square(mammogram: Mammogram, rng: np.random.Generator, *, sides: tuple[int, int] | None = None) -> Square:
    """A square anywhere inside the tissue (stage 1); ``mass_places.likely_square`` draws where masses are likely.

    Args:
        mammogram: where.
        rng: draws side and place.
        sides: smallest and largest side in pixels; by default about 24 mm.

    Raises:
        TamperscopeError: the tissue has no room for it.
    """
    return next(random_squares(mammogram, rng, sides=sides))


def random_squares(
    mammogram: Mammogram, rng: np.random.Generator, *, sides: tuple[int, int] | None = None
) -> Iterator[Square]:
    """Squares anywhere inside the tissue, as many as some hundred draws give; see ``random_square``.

    Raises:
        TamperscopeError: the tissue has no room for even one.
    """
    if sides is None:
        side = round(DEFAULT_SIDE_MM / mammogram.spacing.mm)
        sides = (side, side)
    height, width = mammogram.shape
    # Sums over any square from the integral image tell how much of it is tissue.
    total = cv2.integral(mammogram.tissue.view(np.uint8))
    found = False
    for _ in range(_TRIES):
        side = int(rng.integers(sides[0], sides[1] + 1))
        if side > min(height, width):
            continue
        x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
        tissue = total[y + side, x + side] - total[y, x + side] - total[y + side, x] + total[y, x]
        if tissue >= _LEAST_TISSUE * side**2:
            found = True
            yield Square(x, y, side)
    if not found:
        raise TamperscopeError(f"no square of {sides[0]} to {sides[1]} pixels lies inside the breast tissue.")


def generated_part(square: Square) -> slice:
    """Rows and columns of the enlarged picture that the generators made."""
    return slice(HOLE.start * square.side // SIDE, HOLE.stop * square.side // SIDE)


def _level(small: np.ndarray) -> np.float32:
    """Mean of the frame's pixels next to the middle."""
    low, high = HOLE.start - 1, HOLE.stop
    return np.float32(np.concatenate([small[low, HOLE], small[high, HOLE], small[HOLE, low], small[HOLE, high]]).mean())


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """A square as the generators see it: float32, 64 x 64, reference intensity / 1100."""
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) / np.float32(SCALE)


def _retracted(mammogram: Mammogram, square: Square, spiculation: float) -> tuple[Mammogram, np.ndarray]:
    """The mammogram with the square's tissue pulled towards its middle, and where it has moved: bool, side x side."""
    tissue = mammogram.pixels[square.slices]
    if not spiculation:
        return mammogram, np.zeros(tissue.shape, np.bool_)
    pulled, moved = retract(tissue, mammogram.tissue[square.slices], spiculation)
    pixels = mammogram.pixels.copy()
    pixels[square.slices] = pulled
    return replace(mammogram, pixels=pixels), moved


def _lesion_of(original: np.ndarray, merged: np.ndarray, square: Square, *, pulled: bool) -> dict[str, Any] | None:
    """Where the lesion is seen, in pixels of the image; None where it is not."""
    mask = lesion_mask(original, merged)
    if not mask.any():
        return None
    return {"rule": RULE + ", once the tissue was pulled" * pulled, **outline(mask, at=(square.x, square.y))}


def _of_strength(grain: np.ndarray, deviation: float | None) -> np.ndarray:
    """Noise of a wanted standard deviation; its own where none is wanted."""
    spread = float(grain.std())
    return grain if deviation is None or spread == 0 else grain * (deviation / spread)


def _check(
    mammogram: Mammogram,
    square: Square,
    *,
    smoothing: float,
    power: float,
    contrast: float,
    spiculation: float,
    lift: bool,
    noise: float | None,
    noise_model: str,
) -> None:
    height, width = mammogram.shape
    if square.side < LEAST_SIDE:
        raise TamperscopeError(f"the square's side must be at least {LEAST_SIDE} pixels, not {square.side}.")
    if square.x < 0 or square.y < 0 or square.x + square.side > width or square.y + square.side > height:
        raise TamperscopeError(
            f"the square {square.x},{square.y},{square.side} is not inside the image of {width} x {height} pixels."
        )
    if not (smoothing > 0 and power > 0 and (noise is None or noise >= 0)):
        raise TamperscopeError("smoothing and power must be more than 0, and noise at least 0.")
    if not contrast > 0:
        raise TamperscopeError("contrast must be more than 0.")
    if not 0 <= spiculation <= MOST:
        raise TamperscopeError(f"spiculation must be from 0 to {MOST:g}.")
    if spiculation and not lift:
        raise TamperscopeError("only a tumour that settles (lift) can be spiculated.")
    if noise_model not in get_args(NoiseModel):
        raise TamperscopeError(f"there is no noise model '{noise_model}': {', '.join(get_args(NoiseModel))}.")
    if noise_model == "tissue" and noise is not None:
        raise TamperscopeError(
            "the tissue's own texture (noise model tissue) has its own strength: noise goes with white or matched."
        )
