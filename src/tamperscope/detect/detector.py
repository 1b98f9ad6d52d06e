"""Mammo-ForensicTransfer: has this mammogram been tampered with? (report, section 2.2)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import numpy as np

from tamperscope.detect.cues.forensic_transfer import ActivationMaps, score_matrix
from tamperscope.detect.finding import Finding
from tamperscope.detect.regions import find_regions
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.detect.verdict import THRESHOLD, classify_scores
from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.network import available_cores, load_network
from tamperscope.runtime.weights import find_weights

NAME = "forensic-transfer"


@dataclass(frozen=True)
class Detector:
    """The detector with its networks.

    Example:
        >>> from tamperscope import Detector
        >>> Detector.load().threshold
        0.5
    """

    activation_maps: ActivationMaps
    classifier: Callable[[np.ndarray], np.ndarray]
    model: dict[str, Any]
    threshold: float = THRESHOLD
    method: Literal["dense", "tiles"] = "dense"
    threads: int = 1

    @classmethod
    def load(
        cls,
        *,
        method: Literal["dense", "tiles"] = "dense",
        threads: int | None = None,
    ) -> Detector:
        """The detector with the weights that ship with the package.

        Args:
            method: how tiles are scored; ``"tiles"`` is the slow reference.
            threads: threads the networks may use; all cores by default.
        """
        encoder, classifier = find_weights("forensic-transfer"), find_weights("score-classifier")
        model = {
            "name": NAME,
            "version": encoder.version,
            "hash": encoder.sha256[:16] + classifier.sha256[:16],
        }
        # One thread a network: bands in parallel keep more of a second core busy than the parts of a layer do.
        return cls(
            load_network(encoder.path, threads=1, keep_memory=True),
            load_network(classifier.path, threads=1),
            model,
            method=method,
            threads=threads or available_cores(),
        )

    def scan(self, mammogram: Mammogram) -> Finding:
        """Score one mammogram.

        Returns:
            A finding; ``not-scored`` with the reason where the image can't be scored, never an exception for it.
        """
        start = perf_counter()
        try:
            canvas = place_on_canvas(mammogram)  # steps 1 and 2: pad to 4096 x 4096, tiles
        except UnscorableImageError as error:
            return self._not_scored(str(error), perf_counter() - start)
        scores = score_matrix(canvas, self.activation_maps, method=self.method, threads=self.threads)  # step 3
        if not scores.any():
            return self._not_scored(
                "no tile is bright enough to be scored: no breast tissue was found.", perf_counter() - start
            )
        regions = find_regions(scores, canvas.placement)  # step 4: the heat map and what stands out in it
        score = classify_scores(scores, self.classifier)  # step 5
        if not np.isfinite(score):
            return self._not_scored("the networks gave no finite score for this image.", perf_counter() - start)
        fake = score > self.threshold
        return Finding(
            verdict="fake" if fake else "real",
            score=score,
            threshold=self.threshold,
            reason=_reason(score, self.threshold, len(regions)),
            regions=regions,
            score_matrix=scores,
            model=self.model,
            seconds=perf_counter() - start,
            placement=canvas.placement,
        )

    def _not_scored(self, reason: str, seconds: float) -> Finding:
        return Finding.not_scored(reason, threshold=self.threshold, model=self.model, seconds=seconds)


def _reason(score: float, threshold: float, regions: int) -> str:
    areas = (
        "no area stands out" if regions == 0 else f"{regions} area{'s' * (regions > 1)} stand{'s' * (regions == 1)} out"
    )
    side = "above" if score > threshold else "not above"
    return f"the score classifier gives {score:.2f}, {side} the threshold {threshold:.2f}; {areas} in the heat map."
