"""What is no trace of forgery and might tell forged images from untouched ones: numbers of one image for the audits."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from tamperscope.forge.region import Region
from tamperscope.io.intensity import TabulatedMap
from tamperscope.mammogram import Mammogram

HISTOGRAM_BINS = 32


def image_features(mammogram: Mammogram, region: Region | None) -> dict[str, Any]:
    """Grid, histogram, periodicity and place of one image.

    Args:
        mammogram: the image.
        region: that was forged, or was drawn in the same way and not forged.

    Returns:
        ``grid`` and ``periodicity`` (numbers), ``histogram`` (32 shares of the tissue's pixels) and ``place`` (four
        shares of the breast's box: column and row of the region's middle, width, height; None without a region).
    """
    return {
        "grid": round(grid_strength(mammogram.pixels), 5),
        "histogram": [round(share, 6) for share in histogram(mammogram)],
        "periodicity": [round(value, 5) for value in periodicity(mammogram)],
        "place": None if region is None else [round(value, 5) for value in place(mammogram, region)],
    }


def grid_strength(pixels: np.ndarray) -> float:
    """Strength of an 8 x 8 grid: mean step at its strongest phase over the median of the phases, both directions."""
    return max(_phase_contrast(pixels), _phase_contrast(pixels.T))


def histogram(mammogram: Mammogram) -> list[float]:
    """Shares of the tissue's pixels in equal steps of the stored values: what any program reads in the file.

    Reference intensity would not do: it is anchored to each image's own percentiles, and a detector that takes the
    stored values sees more than that.
    """
    source = mammogram.source
    assert source is not None
    assert isinstance(source.intensity_map, TabulatedMap)
    inside = source.stored[mammogram.tissue]
    counts, _ = np.histogram(inside, HISTOGRAM_BINS, (0, len(source.intensity_map.stored)))
    return (counts / max(counts.sum(), 1)).tolist()


def periodicity(mammogram: Mammogram) -> list[float]:
    """How periodic the second differences are, along columns and rows: interpolation makes them so.

    Source: Gallagher, CRV 2005 (variance of the second difference, its spectrum's peak over the median).
    """
    pixels = np.where(mammogram.tissue, mammogram.pixels, np.float32(0))
    peaks = []
    for picture in (pixels, pixels.T):
        second = np.abs(picture[:, 2:] - 2 * picture[:, 1:-1] + picture[:, :-2]).mean(axis=0)
        smooth = cv2.blur(np.ascontiguousarray(second[None]), (31, 1))[0]
        spectrum = np.abs(np.fft.rfft(second - smooth))[len(second) // 16 :]
        peaks.append(float(spectrum.max() / max(float(np.median(spectrum)), 1e-9)))
    return peaks


def place(mammogram: Mammogram, region: Region) -> tuple[float, float, float, float]:
    """Middle and size of a region in shares of the breast's box."""
    rows, columns = np.flatnonzero(mammogram.tissue.any(1)), np.flatnonzero(mammogram.tissue.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    x, y = region.centre
    return (
        float((x - columns[0]) / width),
        float((y - rows[0]) / height),
        float(region.width / width),
        float(region.height / height),
    )


def _phase_contrast(pixels: np.ndarray) -> float:
    steps = np.abs(np.diff(pixels, axis=1)).mean(axis=0)
    phases = steps[: len(steps) // 8 * 8].reshape(-1, 8).mean(axis=0)
    return float(phases.max() / max(np.median(phases), 1e-6))
