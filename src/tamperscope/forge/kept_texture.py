"""Stage 7 with the tissue's own texture: a mammogram is a projection, so what lies over a mass still shows through it.

The generators' picture replaces the tissue's lines and grain by a blur, which is what gives it away first. Here the
original square's own structures are put back, at each frequency as much of them as the picture lacks there
(``matched_noise.lacking_share``): all of the grain and the fine lines, less of what is as coarse as the tumour. In the
frame around the generated middle the whole original is put back, since there it is what the picture shows.
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.forgery import Square
from tamperscope.forge.grain import low_pass, random_phase_grain
from tamperscope.forge.matched_noise import lacking_share, patch_side, through_merge
from tamperscope.forge.smooth_step import smooth_step
from tamperscope.mammogram import Mammogram

_DEEPEST = 2 * 1.4826
"""Of the median absolute deviation, which is a normal distribution's standard deviation over 1.4826."""
_FINE = 2.0
"""Sigma of what is too fine for holes, pixels."""
_COARSE = 32
"""Side of the square over the sigma of what is too coarse for grain."""
_LOCAL = 96
"""Side of the square over the sigma of the places whose grain is compared."""
_EVEN = 0.3
"""Of the grain's usual strength, below which some is missing."""
_RIM = 0.1
"""Width of the transition inside the generated part, over its side."""


def kept_texture(
    mammogram: Mammogram,
    square: Square,
    generated: np.ndarray,
    middle: slice,
    *,
    fill_holes: tuple[np.random.Generator, np.ndarray] | None = None,
) -> np.ndarray:
    """What the generated picture lacks of the square's own texture.

    Args:
        mammogram: the original.
        square: where the picture goes.
        generated: side x side, the enlarged picture without noise, reference intensity.
        middle: rows and columns of the picture that the generators made.
        fill_holes: what draws grain where the tissue has none, and the weights of the merge, side x side, through which
            it keeps its power. Holes are filled up to two of the tissue's (robust) standard deviations below its median
            first: what is black in the file would else be a black speck in a bright tumour. Without it all stays.

    Returns:
        float64, side x side, to be added to the picture.
    """
    original = mammogram.pixels[square.slices].astype(np.float64)
    share = lacking_share(mammogram, square, generated, middle)
    # Brightness, and what is coarser than a patch, is the generators' own.
    gain = np.sqrt(np.concatenate([[0.0], share[1:]]))
    if fill_holes is None or np.median(original) <= original.min():  # more air than tissue: nothing to learn from
        texture = _filtered(original, gain, patch_side(square.side))
    else:
        rng, weight = fill_holes
        even, grain = _without_holes(original, rng)
        texture = _filtered(even, gain, patch_side(square.side)) + through_merge(grain, weight)
    inside = _fades_in(square.side, middle)
    return inside * texture + (1 - inside) * (original - generated)


def _without_holes(pixels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pixels without holes, and grain for where they have none.

    Wide holes are filled up to the square's floor, narrow ones up to that of what is around them; what is as fine as
    grain stays, but for black specks. Where the file is black it has no grain, and a tumour would be a smooth patch.
    """
    scale = max(2.0, len(pixels) / _COARSE)
    smooth = cv2.GaussianBlur(pixels, (0, 0), _FINE)
    grain = pixels - smooth
    filled = np.maximum(smooth, _floor(pixels))
    coarse = cv2.GaussianBlur(filled, (0, 0), scale)
    filled = coarse + np.maximum(filled - coarse, _floor(filled - coarse))
    specks = (pixels - coarse < 2 * _floor(pixels - coarse)).astype(np.float64)
    specks = np.clip(2 * cv2.GaussianBlur(specks, (0, 0), _FINE), 0, 1)

    # Half of the square can be black: its brighter half tells what is usual. An edge counts as that, and no more.
    size = np.abs(grain)
    usual = max(float(np.median(size[pixels >= np.median(pixels)])), 1e-9)
    local = cv2.GaussianBlur(np.minimum(size, usual), (0, 0), max(2.0, len(pixels) / _LOCAL))
    missing = np.maximum(specks, np.clip(1 - local / (_EVEN * usual), 0, 1))
    drawn = np.zeros_like(pixels)
    if missing.any():
        known = missing == 0
        drawn = missing * random_phase_grain(pixels - low_pass(pixels, known, scale), known, rng)
    return filled + (1 - specks) * np.maximum(grain, 2 * _floor(grain)), drawn


def _floor(pixels: np.ndarray) -> float:
    """Two of the pixels' robust standard deviations below their median."""
    middle = np.median(pixels)
    return float(middle - _DEEPEST * np.median(np.abs(pixels - middle)))


def _filtered(pixels: np.ndarray, gain: np.ndarray, patch: int) -> np.ndarray:
    """Pixels with a gain for each radial frequency, in cycles a patch."""
    margin = patch // 2
    # Mirrored at the border, since Fourier's periods would bring the far side in.
    padded = cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_REFLECT)
    down, across = np.fft.fftfreq(padded.shape[0]), np.fft.rfftfreq(padded.shape[1])
    radius = np.hypot(down[:, None], across[None, :]) * patch
    passed = np.fft.rfft2(padded) * np.interp(radius, np.arange(len(gain)), gain)
    height, width = pixels.shape
    return np.fft.irfft2(passed, padded.shape)[margin : margin + height, margin : margin + width]


def _fades_in(side: int, middle: slice) -> np.ndarray:
    """0 in the frame, 1 in the generated part but for its rim, smooth between."""
    place = np.arange(side) + 0.5
    depth = np.minimum(place - middle.start, middle.stop - place) / (_RIM * (middle.stop - middle.start))
    ramp = smooth_step(depth)
    return np.outer(ramp, ramp)
