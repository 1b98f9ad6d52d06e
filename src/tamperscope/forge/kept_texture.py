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
from tamperscope.forge.matched_noise import lacking_share, patch_side
from tamperscope.mammogram import Mammogram

_DEEPEST = 2 * 1.4826
"""Of the median absolute deviation, which is a normal distribution's standard deviation over 1.4826."""
_COARSE = 32
"""Side of the square over the sigma of what is too coarse for the grain of holes."""
_RIM = 0.1
"""Width of the transition inside the generated part, over its side."""


def kept_texture(
    mammogram: Mammogram,
    square: Square,
    generated: np.ndarray,
    middle: slice,
    *,
    fill_holes: np.random.Generator | None = None,
) -> np.ndarray:
    """What the generated picture lacks of the square's own texture.

    Args:
        mammogram: the original.
        square: where the picture goes.
        generated: side x side, the enlarged picture without noise, reference intensity.
        middle: rows and columns of the picture that the generators made.
        fill_holes: draws the grain of holes, which are filled up to two of the tissue's (robust) standard deviations
            below its median first: what is black in the file would else be a black speck in a bright tumour. Without
            it they stay.

    Returns:
        float64, side x side, to be added to the picture.
    """
    original = mammogram.pixels[square.slices].astype(np.float64)
    share = lacking_share(mammogram, square, generated, middle)
    # Brightness, and what is coarser than a patch, is the generators' own.
    texture = _filtered(
        original if fill_holes is None else _without_holes(original, fill_holes),
        np.sqrt(np.concatenate([[0.0], share[1:]])),
        patch_side(square.side),
    )
    inside = _fades_in(square.side, middle)
    return inside * texture + (1 - inside) * (original - generated)


def _without_holes(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    middle = np.median(pixels)
    floor = middle - _DEEPEST * np.median(np.abs(pixels - middle))
    holes = pixels < floor
    if not holes.any():
        return pixels
    # Filled evenly they would be flat patches, since the file has no texture where it is black.
    fine = pixels - low_pass(pixels, ~holes, max(2.0, len(pixels) / _COARSE))
    filled = floor + random_phase_grain(fine, ~holes, rng)
    soft = cv2.GaussianBlur(holes.astype(np.float64), (0, 0), 1)
    return np.maximum(pixels, floor) + soft * (filled - np.maximum(pixels, floor))


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
    step = np.clip(depth, 0, 1)
    ramp = step**2 * (3 - 2 * step)
    return np.outer(ramp, ramp)
