"""Detectors as the benchmark sees them: a mammogram in, a heat map and a score out."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tamperscope.benchmark.baselines import ela, mean_intensity, noise_inconsistency
from tamperscope.detect.detectors import DETECTORS, load_detector
from tamperscope.errors import TamperscopeError, UnscorableImageError
from tamperscope.mammogram import Mammogram


class Opinion(NamedTuple):
    """What a detector says.

    Attributes:
        heat_map: float, H x W in pixels of the image, 0 to 1, high where it looks forged; None where the detector
            has none.
        score: how forged the whole image looks, any finite number, higher is more.
    """

    heat_map: np.ndarray | None
    score: float


@dataclass(frozen=True)
class Contender:
    """A detector under test.

    Attributes:
        name: in runs and reports.
        version: of its weights or its code.
        judge: raises ``UnscorableImageError`` for an image that it does not score.
        threshold: of its own, above which it calls an image fake; None if it has none.
    """

    name: str
    version: str
    judge: Callable[[Mammogram], Opinion]
    threshold: float | None = None


BASELINES: dict[str, Callable[[Mammogram], tuple[np.ndarray, float]]] = {
    "noise-inconsistency": noise_inconsistency.judge,
    "ela": ela.judge,
    "mean-intensity": mean_intensity.judge,
}


def load_contender(name: str, *, threads: int | None = None, weights: Path | None = None) -> Contender:
    """A detector by name.

    Args:
        name: one of the package's detectors, of ``BASELINES``, or ``module:callable`` for a function from a picture
            (float32, H x W, reference intensity) to a heat map (H x W, 0 to 1, or None) and a score.
        threads: threads the package's networks may use.
        weights: folder of other weights for the package's detector.

    Raises:
        TamperscopeError: there is none, or the module or the callable can't be loaded.
    """
    if name in BASELINES:
        baseline = BASELINES[name]
        return Contender(name, "1", lambda mammogram: checked(Opinion(*baseline(mammogram)), mammogram))
    if name in DETECTORS:
        return _own(name, threads, weights)
    if ":" in name:
        return _plug_in(name)
    known = ", ".join((*DETECTORS, *BASELINES))
    raise TamperscopeError(f"there is no detector '{name}': {known}, or module:callable of your own.")


def checked(opinion: Opinion, mammogram: Mammogram) -> Opinion:
    """The opinion, if it is one that figures can be computed from.

    Raises:
        TamperscopeError: the score is not finite, or the heat map is of another size or leaves 0 to 1.
    """
    score = float(opinion.score)
    if not np.isfinite(score):
        raise TamperscopeError(f"the detector gave the score {score}, and a finite number is needed.")
    if opinion.heat_map is None:
        return Opinion(None, score)
    heat = np.asarray(opinion.heat_map, np.float32)
    if heat.shape != mammogram.shape:
        raise TamperscopeError(
            f"the detector gave a heat map of {heat.shape}, and one of the image's size {mammogram.shape} is needed."
        )
    if not np.isfinite(heat).all() or heat.min() < 0 or heat.max() > 1:
        raise TamperscopeError("the detector gave a heat map that is not between 0 and 1 everywhere.")
    return Opinion(heat, score)


def _own(name: str, threads: int | None, weights: Path | None) -> Contender:
    detector = load_detector(name, threads=threads, weights=weights)

    def judge(mammogram: Mammogram) -> Opinion:
        finding = detector.scan(mammogram)
        if finding.score is None:
            raise UnscorableImageError(finding.reason)
        return checked(Opinion(finding.heat_map, finding.score), mammogram)

    return Contender(name, str(detector.model.get("hash", "")), judge, detector.threshold)


def _plug_in(name: str) -> Contender:
    module, _, attribute = name.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise TamperscopeError(f"the detector '{name}' can't be loaded: {error}.") from error
    if not callable(function):
        raise TamperscopeError(f"the detector '{name}' can't be called.")

    def judge(mammogram: Mammogram) -> Opinion:
        heat, score = function(mammogram.pixels)
        return checked(Opinion(heat, score), mammogram)

    threshold = getattr(function, "threshold", None)
    try:
        threshold = None if threshold is None else float(threshold)
    except (TypeError, ValueError) as error:
        raise TamperscopeError(f"the threshold of the detector '{name}' is no number: {threshold!r}.") from error
    return Contender(name, str(getattr(function, "version", "")), judge, threshold)
