"""The calibration that ships with the multi-cue detector: untouched images that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.detect.calibration import Calibration, Untouched
from tamperscope.detect.multi_cue import MultiCueDetector
from tamperscope.detect.resample import resample
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram, Spacing
from tamperscope.train.picture_history import jpeg_trip

GUISES = 5


def calibrate_on(cases: Sequence[Case], detector: MultiCueDetector, *, seed: int = 0) -> Calibration:
    """Null distributions from untouched images in their guises, so that none of them passes for a forgery.

    Args:
        cases: untouched images that the detector was not trained on.
        detector: its cues are asked; its calibration is not used.
        seed: of the guises.
    """
    source = f"{len(cases)} untouched CESM images in {GUISES} guises each"
    return Calibration.of_images(witnesses(cases, detector, seed=seed), source, guises=GUISES)


def witnesses(cases: Sequence[Case], detector: MultiCueDetector, *, seed: int = 0) -> list[Untouched]:
    """What a detector's cues see in untouched images: as many guises as ``GUISES`` of each follow each other."""
    images = []
    for case in tqdm(cases, desc="calibrating", mininterval=5):
        rng = np.random.default_rng([seed, *case.name.encode()])
        images += [detector.witness(guise) for guise in guises(read_mammogram(case.path), rng)]
    return images


def guises(mammogram: Mammogram, rng: np.random.Generator) -> Iterator[Mammogram]:
    """As it is, lossless-like with noise, averaged to a half and to three quarters, and once more through JPEG."""
    yield mammogram
    yield make_lossless_like(mammogram, rng=rng)
    for factor in (0.5, 0.75):
        rows, columns = (round(side * factor) for side in mammogram.shape)
        pixels, tissue = resample(mammogram.pixels, mammogram.tissue, rows, columns)
        # Three quarters stand for a detector of another sharpness at the same pitch.
        mm = mammogram.spacing.mm / factor if factor == 0.5 else mammogram.spacing.mm
        yield replace(mammogram, pixels=pixels, tissue=tissue, spacing=Spacing(mm, "given"), source=None)
    yield replace(mammogram, pixels=jpeg_trip(mammogram.pixels, 90), source=None)
