"""What a cue's strongest evidence means: how often does an untouched image show as much?

A calibration holds the strongest evidence of each cue in a number of untouched images, and what kind of images these
were: of another kind it can't speak.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tamperscope.detect.domain import Domain
from tamperscope.errors import TamperscopeError

FALSE_ALARMS = 0.02
"""Rate of false alarms that the threshold is set for."""
_TAIL = 0.15
_LEAST_P = 1e-300
"""Far below what can be meant, so that of two strong places the stronger still has the smaller p-value."""
_LEAST_SCALE = 0.5
"""Of the tail, in logits or pixels: a null distribution without any evidence tells nothing finer."""
LEAST_IMAGES = 20
RULES = 5
"""Counts up when what the cues look at changes, or the network that looks: evidence of before then tells nothing of
evidence since."""


def check_enough(untouched: int) -> None:
    """That so many untouched images make a null distribution.

    Raises:
        TamperscopeError: they are too few.
    """
    if untouched < LEAST_IMAGES:
        raise TamperscopeError(f"{untouched} untouched images could be scored; at least {LEAST_IMAGES} are needed.")


class Untouched(NamedTuple):
    """One untouched image: each cue's strongest evidence, and the image's measures (``domain.py``)."""

    peaks: Mapping[str, float]
    measures: Mapping[str, float]


@dataclass(frozen=True)
class NullDistribution:
    """Strongest evidence of untouched images.

    P-values are conformal (rank among the images, which counts itself) up to the upper 15 %, and follow an exponential
    tail beyond: the few largest of a hundred images tell its scale better than its quantiles.

    Attributes:
        peaks: one an image, or one for each guise of an image; in any order.
        images: whose each peak is. Guises of one image resemble each other and tell less of others than as many images
            would. By default every peak is of an image of its own.
    """

    peaks: tuple[float, ...]
    images: tuple[int, ...] = ()

    def p_value(self, values: np.ndarray) -> np.ndarray:
        """Share of untouched images whose strongest evidence is at least as strong, float64."""
        peaks = np.asarray(self.peaks)
        count = len(peaks)
        start = float(np.quantile(peaks, 1 - _TAIL))
        above = peaks > start
        scale = max(self._tail_scale(peaks[above] - start, above), _LEAST_SCALE)
        ranks = count - np.searchsorted(np.sort(peaks), values, side="left")
        conformal = (ranks + 1) / (count + 1)
        at_start = (above.sum() + 1) / (count + 1)
        tail = at_start * np.exp(-np.maximum(np.asarray(values, np.float64) - start, 0) / scale)
        return np.clip(np.where(np.asarray(values) > start, tail, np.maximum(conformal, at_start)), _LEAST_P, 1)

    def _tail_scale(self, excess: np.ndarray, above: np.ndarray) -> float:
        """Mean excess and twice its standard error on top, the larger of an exponential's and that between images."""
        if not len(excess):
            return 0.0
        mean = float(excess.mean())
        images = np.asarray(self.images or range(len(above)))[above]
        strays = [float((excess[images == image] - mean).sum()) for image in np.unique(images)]
        # One image alone does not tell what others would do.
        between = float(np.linalg.norm(strays)) / len(excess) if len(strays) > 1 else mean
        return mean + 2 * max(mean / np.sqrt(len(excess)), between)


@dataclass(frozen=True)
class Calibration:
    """The null distribution of each cue, the kind of images, and what both were taken from."""

    nulls: dict[str, NullDistribution]
    domain: Domain
    source: str

    @classmethod
    def of_images(cls, images: Sequence[Untouched], source: str, *, guises: int = 1) -> Calibration:
        """From untouched images.

        Args:
            images: all with the same cues.
            source: which images these are.
            guises: so many that follow each other are one image.
        """
        cues = images[0].peaks if images else {}
        whose = tuple(number // guises for number in range(len(images)))
        nulls = {cue: NullDistribution(tuple(image.peaks[cue] for image in images), whose) for cue in cues}
        return cls(nulls, Domain.around([image.measures for image in images]), source)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        peaks = {cue: [round(peak, 4) for peak in null.peaks] for cue, null in self.nulls.items()}
        domain = {name: [round(end, 4) for end in ends] for name, ends in self.domain.ranges.items()}
        images = next(iter(self.nulls.values())).images if self.nulls else ()
        facts = {"rules": RULES, "source": self.source, "domain": domain, "images": images, "peaks": peaks}
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what ``save`` wrote.

        Raises:
            TamperscopeError: the file is no calibration.
        """
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            images = tuple(map(int, facts.get("images", ())))
            nulls = {str(cue): NullDistribution(tuple(map(float, p)), images) for cue, p in facts["peaks"].items()}
            domain = Domain({str(name): (float(low), float(high)) for name, (low, high) in facts["domain"].items()})
            source, rules = str(facts["source"]), facts.get("rules", 1)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TamperscopeError(f"{path} can't be read as a calibration: {error}") from error
        if rules != RULES:
            raise TamperscopeError(
                f"{path} is a calibration by other rules of what is looked at: calibrate again (tamperscope calibrate)."
            )
        if images and any(len(null.peaks) != len(images) for null in nulls.values()):
            raise TamperscopeError(f"{path} is no whole calibration: it does not tell whose each of its peaks is.")
        if not nulls or any(len(set(images) or null.peaks) < LEAST_IMAGES for null in nulls.values()):
            raise TamperscopeError(f"{path} holds fewer than {LEAST_IMAGES} images; a calibration needs more.")
        return cls(nulls, domain, source)
