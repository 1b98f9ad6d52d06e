"""Is an image of the kind that the detector was calibrated on: its pixels, its noise, its sharpness?

What the cues look at is there only where an image was neither enlarged nor smoothed as a whole. Beyond what was
calibrated, with some latitude, a score would mean nothing, and the image is not scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tamperscope.detect.residuals import Residuals
from tamperscope.detect.working_image import WorkingImage

LATITUDE = {"pixel size": 1.5, "noise": 4.0, "sharpness": 1.5, "texture": 1.25}
"""Factors by which an image may lie beyond the calibrated ones. The cues divide by the noise, so that its level matters
little, and film has a third of what detectors have. Sharp images reduced to 0.7 and enlarged again are still inside,
images blurred by a pixel are not."""
_UNITS = {"pixel size": " mm", "noise": ""}


def measures_of(image: WorkingImage, residuals: Residuals) -> dict[str, float]:
    """Of one image: the pixel size in mm, the spread of the finest band of noise in reference intensity, the ratio of
    the spreads of the finest and the middle band (sharpness), and of the middle and the coarsest (texture).
    """
    fine, middle, coarse = (max(spread, 1e-3) for spread in residuals.spreads)
    return {"pixel size": image.pitch_mm, "noise": fine, "sharpness": fine / middle, "texture": middle / coarse}


@dataclass(frozen=True)
class Domain:
    """Least and largest value of each measure among the calibrated images. Without any, everything is inside."""

    ranges: dict[str, tuple[float, float]]

    @classmethod
    def around(cls, measures: Sequence[Mapping[str, float]]) -> Domain:
        """The least domain that holds all of some images."""
        names = measures[0] if measures else {}
        return cls({name: (min(m[name] for m in measures), max(m[name] for m in measures)) for name in names})

    def objection(self, measures: Mapping[str, float]) -> str | None:
        """Why an image is not of this kind, one sentence; None where it is."""
        for name, (low, high) in self.ranges.items():
            value, latitude = measures[name], LATITUDE[name]
            if not low / latitude <= value <= high * latitude:
                unit = _UNITS.get(name, "")
                return (
                    f"out of domain: its {name} is {value:.3g}{unit}, and the detector was calibrated on images of "
                    f"{low:.3g} to {high:.3g}{unit}; calibrate it on untouched images of this kind "
                    "(tamperscope calibrate)."
                )
        return None
