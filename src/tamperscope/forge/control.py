"""Controls: the trip that a forgery takes, without the forgery. No forgeries, and labelled so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tamperscope.forge.autoencoder import RoundTrip
from tamperscope.forge.card import Card
from tamperscope.forge.forger import Forger, checked_region
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.process import Scope, process, reach_of
from tamperscope.forge.processing import (
    GaussianBlur,
    Jpeg,
    Jpeg2000,
    MedianFilter,
    Requantise,
    Resave,
    Resize,
    Step,
    Trip,
    WhiteNoise,
)
from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, kw_only=True)
class Control(Forger):
    """Processes the region's surroundings or the whole image and forges nothing: empty mask, label 0.

    It has a forger's signature so that a benchmark makes it as it makes forgeries, and what it writes is marked as
    derived like everything that is written.

    Attributes:
        step: the trip.
        scope: the whole image, or the square around the region.
        context: side of that square over the larger side of the region's box.
    """

    card: ClassVar[Card] = Card(
        name="control",
        family="control",
        does="A control with any processing step.",
        trace="That of the step alone.",
    )
    step: Step = Resave()  # noqa: RUF009 - a frozen dataclass
    scope: Scope = "image"
    context: float = 2.0

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """See ``Forger.repeat``."""
        region = checked_region(mammogram, region)
        # The stream of Hidden: a forgery and its control get the same noise.
        rng = np.random.default_rng([seed, 1])
        processed, part = process(mammogram, self.step, region, scope=self.scope, context=self.context, rng=rng)
        record = self.record(region, seed=seed, drawn={})
        record["mask"] = {"rule": "none: a control is not forged", "pixels": 0}
        record["reach"] = reach_of(part)
        return Forgery(processed, np.zeros(mammogram.shape, np.bool_), record)


def _control(name: str, does: str, trace: str, source: str = "") -> Card:
    return Card(name=f"control-{name}", family="control", does=does, trace=trace, source=source)


@dataclass(frozen=True, kw_only=True)
class ResaveControl(Control):
    """Opened and saved."""

    card: ClassVar[Card] = _control("resave", "Opens and saves the image without loss.", "None in the pixels.")


@dataclass(frozen=True, kw_only=True)
class TripControl(Control):
    """The report's control for removals: cut out, to 512 x 512, back."""

    card: ClassVar[Card] = _control(
        "trip-512",
        "Cuts the region's surroundings out, resizes them to 512 x 512 and puts them back.",
        "A square with other sharpness and noise.",
        "the report, section 3.2",
    )
    step: Step = Trip()  # noqa: RUF009 - a frozen dataclass
    scope: Scope = "region"


@dataclass(frozen=True, kw_only=True)
class ResizeControl(Control):
    """Resized and back."""

    card: ClassVar[Card] = _control("resize", "Resizes the image to three quarters and back.", "Softer, no new edges.")
    step: Step = Resize()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class BlurControl(Control):
    """Blurred."""

    card: ClassVar[Card] = _control("blur", "Blurs the image (Gaussian, 1 pixel).", "High frequencies are missing.")
    step: Step = GaussianBlur()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class NoiseControl(Control):
    """With noise."""

    card: ClassVar[Card] = _control("noise", "Adds white Gaussian noise.", "Noise in air too, without its colour.")
    step: Step = WhiteNoise()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class MedianControl(Control):
    """Median-filtered."""

    card: ClassVar[Card] = _control("median", "Median of 3 x 3 pixels.", "Streaks of equal values.")
    step: Step = MedianFilter()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class RequantiseControl(Control):
    """Fewer grey levels."""

    card: ClassVar[Card] = _control("requantise", "Rounds to 8 bits.", "Gaps in the histogram.")
    step: Step = Requantise()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class JpegControl(Control):
    """Compressed as JPEG."""

    card: ClassVar[Card] = _control("jpeg", "JPEG at quality 90.", "The 8 x 8 grid; 256 levels.", "ITU-T T.81")
    step: Step = Jpeg()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class Jpeg2000Control(Control):
    """Compressed as JPEG 2000."""

    card: ClassVar[Card] = _control(
        "jpeg2000", "JPEG 2000 at a tenth of the size.", "Small wavelets are missing.", "ITU-T T.800"
    )
    step: Step = Jpeg2000()  # noqa: RUF009 - a frozen dataclass


@dataclass(frozen=True, kw_only=True)
class AutoencoderControl(Control):
    """The whole image through the network of the forger ``autoencoder``: no place differs from any other."""

    card: ClassVar[Card] = _control(
        "autoencoder",
        "Passes the whole image through an autoencoder of healthy tissue.",
        "Noise and finest structure are missing everywhere.",
    )
    step: Step = RoundTrip()  # noqa: RUF009 - a frozen dataclass


CONTROLS: tuple[type[Control], ...] = (
    ResaveControl,
    TripControl,
    ResizeControl,
    BlurControl,
    NoiseControl,
    MedianControl,
    RequantiseControl,
    JpegControl,
    Jpeg2000Control,
    AutoencoderControl,
)
