"""A detector on files that it has never seen: each untouched, and with injections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tamperscope.detect.detector import Detector
from tamperscope.detect.finding import Finding
from tamperscope.forge.injector import Injector, random_square
from tamperscope.io.read import read_mammogram


@dataclass(frozen=True)
class FileOutcome:
    """One scored image: file, patient, 1 forged or 0 untouched, score, whether the heat map peaks in the forgery."""

    file: str
    patient: str
    label: int
    score: float
    peak_inside: bool | None


def score_files(
    files: Sequence[Path], detector: Detector, injector: Injector, *, forgeries: int, seed: int
) -> list[FileOutcome]:
    """Score files untouched and injected at random squares.

    Args:
        files: mammograms.
        detector: under test.
        injector: makes the forgeries, at the file's own resolution.
        forgeries: injections a file.
        seed: of squares and noise.

    Raises:
        UnscorableImageError: a file can't be read; a file that can't be scored raises a ValueError.
    """
    outcomes = []
    for number, file in enumerate(tqdm(files, desc="files", mininterval=5)):
        mammogram = read_mammogram(file)
        rng = np.random.default_rng([seed, number])
        patient = mammogram.patient or file.name
        outcomes.append(FileOutcome(file.name, patient, 0, _score(detector.scan(mammogram)), None))
        for _ in range(forgeries):
            square = random_square(mammogram, rng)
            forgery = injector.inject(mammogram, square, noise_model="white", lift=False, seed=int(rng.integers(2**31)))
            finding = detector.scan(forgery.mammogram)
            peak = np.unravel_index(int(finding.heat_map.argmax()), finding.heat_map.shape)
            inside = square.y <= peak[0] < square.y + square.side and square.x <= peak[1] < square.x + square.side
            outcomes.append(FileOutcome(file.name, patient, 1, _score(finding), bool(inside)))
    return outcomes


def _score(finding: Finding) -> float:
    if finding.score is None:
        raise ValueError(f"not scored: {finding.reason}")
    return finding.score
