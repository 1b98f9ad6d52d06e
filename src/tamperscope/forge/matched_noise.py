"""Stage 7 with the tissue's own noise: the level, colour and fine texture that the surroundings of the square have.

The generators' picture of 64 x 64 pixels is enlarged, so it lacks everything finer than its own pixels. White noise
fills that gap with a spectrum that no mammogram has. Here the power spectrum of the tissue in and around the square
is measured, the spectrum that the enlarged picture already has is taken off, and Gaussian noise of what is lacking is
drawn (random phase texture: Galerne, Gousseau and Morel, 2011).
"""

from __future__ import annotations

import cv2
import numpy as np

from tamperscope.forge.forgery import Square
from tamperscope.forge.noise_curve import noise_curve
from tamperscope.mammogram import Mammogram

_LEAST_TISSUE = 0.95
_LEAST_PATCHES = 8
_MEDIAN_OF_PERIODOGRAM = np.log(2)
"""Median over mean of an exponential variable, which a periodogram of noise is."""
_STRENGTHS = (0.5, 2.0)
"""Least and largest change of strength that the noise curve may bring."""


def matched_noise(
    mammogram: Mammogram,
    square: Square,
    generated: np.ndarray,
    middle: slice,
    rng: np.random.Generator,
    *,
    by_brightness: bool = True,
) -> np.ndarray:
    """Noise with the power spectrum that the generated picture lacks.

    Args:
        mammogram: the original.
        square: where the picture goes.
        generated: side x side, the enlarged picture without noise, reference intensity.
        middle: rows and columns of the picture that the generators made.
        rng: draws the noise.
        by_brightness: whether its strength follows the image's own noise curve to the tumour's brightness. The noise
            of a detector does; but most of what is matched here is tissue, and that of masses is no stronger: with it
            the power exceeds that of untouched squares by a third (docs, injection).

    Returns:
        float64, side x side, zero mean.
    """
    around, tissue, own = _spectra(mammogram, square, generated, middle)
    share = _share(tissue, own)
    noise = _coloured(tissue * share[_rings(len(tissue))], square.side, rng)
    if not by_brightness:
        return noise
    curve = noise_curve(mammogram)
    inside = mammogram.tissue[around]
    level = curve.at(mammogram.pixels[around][inside]).mean() if inside.any() else 0.0
    if level <= 0:
        return noise
    brightness = cv2.GaussianBlur(generated, (0, 0), square.side / 64)
    return noise * np.clip(curve.at(brightness) / level, *_STRENGTHS)


def lacking_share(mammogram: Mammogram, square: Square, generated: np.ndarray, middle: slice) -> np.ndarray:
    """Which part of the tissue's power the generated picture lacks, by frequency.

    Returns:
        0 to 1, in the order of the radial frequency in cycles a patch (``patch_side``), from 0.
    """
    _, tissue, own = _spectra(mammogram, square, generated, middle)
    return _share(tissue, own)


def through_merge(noise: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Noise that keeps its power through eq 2.1.

    Where W is neither 0 nor 1, W * G + (1 - W) * O averages two independent noises, and the sum is weaker than
    either: a ring of calm around the tumour. Noise times sqrt((2 - W) / W) fills it up, since
    (1 - W)^2 + W^2 * (2 - W) / W = 1.
    """
    # Where W is next to 0, so is W times this factor: the floor only keeps the division finite.
    return noise * np.sqrt((2 - weight) / np.maximum(weight, 1e-6))


def patch_side(side: int) -> int:
    """Side of the patches whose spectra are averaged: some sixteen of the picture's own pixels, a power of two."""
    return int(np.clip(2 ** np.ceil(np.log2(side / 4)), 16, 256))


def power_spectrum(pixels: np.ndarray, patch: int, tissue: np.ndarray | None = None) -> np.ndarray:
    """Mean power spectrum of half overlapping patches (Welch's method), robust against single bright structures.

    Args:
        pixels: h x w, reference intensity; at least ``patch`` in height and width.
        patch: side of the patches.
        tissue: bool, h x w; patches that leave it are left out, as long as eight others remain.

    Returns:
        float64, patch x patch, unshifted; its mean is the variance of a pixel.
    """
    patches = _patches(np.asarray(pixels, np.float64), patch)
    if tissue is not None:
        share = _patches(tissue, patch).mean((1, 2))
        inside = share >= _LEAST_TISSUE
        patches = patches[inside if inside.sum() >= _LEAST_PATCHES else np.argsort(-share)[:_LEAST_PATCHES]]
    window = np.outer(np.hanning(patch + 2)[1:-1], np.hanning(patch + 2)[1:-1])
    window /= np.sqrt((window**2).mean())
    flat = (patches - _planes(patches)) * window
    periodograms = np.abs(np.fft.fft2(flat)) ** 2 / patch**2
    return np.median(periodograms, 0) / _MEDIAN_OF_PERIODOGRAM


def _spectra(
    mammogram: Mammogram, square: Square, generated: np.ndarray, middle: slice
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The square's surroundings, the power spectrum of their tissue, and the generated picture's."""
    patch = patch_side(square.side)
    around = _surroundings(mammogram, square, margin=2 * patch)
    tissue = power_spectrum(mammogram.pixels[around], patch, mammogram.tissue[around])
    return around, tissue, power_spectrum(generated[middle, middle], patch)


def _share(tissue: np.ndarray, own: np.ndarray) -> np.ndarray:
    return np.clip(1 - radial(own) / np.maximum(radial(tissue), 1e-12), 0, 1)


def _surroundings(mammogram: Mammogram, square: Square, *, margin: int) -> tuple[slice, slice]:
    """The square with a margin, within the image."""
    height, width = mammogram.shape
    return (
        slice(max(square.y - margin, 0), min(square.y + square.side + margin, height)),
        slice(max(square.x - margin, 0), min(square.x + square.side + margin, width)),
    )


def _patches(pixels: np.ndarray, patch: int) -> np.ndarray:
    """N x patch x patch, half overlapping."""
    views = np.lib.stride_tricks.sliding_window_view(pixels, (patch, patch))[:: patch // 2, :: patch // 2]
    return views.reshape(-1, patch, patch)


def _planes(patches: np.ndarray) -> np.ndarray:
    """The least-squares plane of each patch: brightness and its slope are no texture."""
    side = patches.shape[-1]
    ramp = np.arange(side) - (side - 1) / 2
    energy = side * (ramp**2).sum()
    down = np.einsum("nij,i->n", patches, ramp) / energy
    across = np.einsum("nij,j->n", patches, ramp) / energy
    mean = patches.mean((1, 2))
    return mean[:, None, None] + down[:, None, None] * ramp[:, None] + across[:, None, None] * ramp[None, :]


def radial(spectrum: np.ndarray) -> np.ndarray:
    """Each radial frequency's mean over all directions."""
    ring = _rings(len(spectrum)).ravel()
    return np.bincount(ring, spectrum.ravel()) / np.maximum(np.bincount(ring), 1)


def _rings(side: int) -> np.ndarray:
    """The radial frequency of each of side x side frequencies, rounded to whole cycles a patch."""
    frequency = np.fft.fftfreq(side) * side
    return np.rint(np.hypot(frequency[:, None], frequency[None, :])).astype(int)


def _coloured(spectrum: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of a power spectrum, side x side."""
    patch = len(spectrum)
    size = cv2.getOptimalDFTSize(side + patch)
    # From the patches' frequencies to those of the square: by way of the autocovariance, faded out at its ends.
    lags = np.fft.fftfreq(patch) * patch
    fade = 0.5 + 0.5 * np.cos(2 * np.pi * lags / patch)
    spread = np.zeros((size, size))
    where = lags.astype(int) % size
    spread[np.ix_(where, where)] = np.fft.ifft2(spectrum).real * np.outer(fade, fade)
    amplitude = np.sqrt(np.maximum(np.fft.rfft2(spread).real, 0))
    return np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * amplitude, (size, size))[:side, :side]
