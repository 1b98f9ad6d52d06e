"""Shortcut audits: can something that is no trace of forgery tell forged images from untouched ones?

If it can, a detector may have learnt it, and its figures on that set mean nothing. Each audit is one number an image;
its AUC over the set must lie between 0.45 and 0.55, or its interval cover 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tamperscope.benchmark.injected import Injected
from tamperscope.judge.bootstrap import Bootstrap, bootstrap_auc


def grid_strength(pixels: np.ndarray) -> float:
    """Strength of an 8 x 8 grid: mean step at its strongest phase over the median of the phases, both directions."""
    return max(_phase_contrast(pixels), _phase_contrast(pixels.T))


def mean_intensity(pixels: np.ndarray) -> float:
    """Mean of the breast."""
    return float(pixels[pixels > 0].mean())


AUDITS: dict[str, Callable[[np.ndarray], float]] = {
    "JPEG-grid strength": grid_strength,
    "mean intensity": mean_intensity,
}


def audit_images(images: Sequence[Injected]) -> dict[str, Bootstrap]:
    """AUC of each audit at telling forged images from untouched ones, with an interval by patient.

    Args:
        images: untouched images with their forged variants.
    """
    labels, patients, pictures = [], [], []
    for image in images:
        for patch in (None, *image.patches):
            pictures.append(image.canvas.pixels if patch is None else patch.apply(image.canvas).pixels)
            labels.append(patch is not None)
            patients.append(image.case.patients)
    return {
        name: bootstrap_auc(labels, [measure(pixels) for pixels in pictures], [str(p) for p in patients])
        for name, measure in AUDITS.items()
    }


def _phase_contrast(pixels: np.ndarray) -> float:
    steps = np.abs(np.diff(pixels, axis=1)).mean(axis=0)
    phases = steps[: len(steps) // 8 * 8].reshape(-1, 8).mean(axis=0)
    return float(phases.max() / max(np.median(phases), 1e-6))
