"""One image as the cues see it, and the one signature that all cues have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tamperscope.detect.cues.copies import Copy, copies_inside
from tamperscope.detect.cues.trace import Compared, compare_cells, trace_evidence
from tamperscope.detect.residuals import Residuals
from tamperscope.detect.working_image import WorkingImage
from tamperscope.runtime.network import Network


@dataclass(frozen=True, eq=False)
class Seen:
    """An image, and what several cues need of it, worked out once and when it is first asked for.

    Attributes:
        image: sides are multiples of 8 pixels.
        residuals: of its pixels.
        encoder: of the trace network.
        head: of the trace network.
    """

    image: WorkingImage
    residuals: Residuals
    encoder: Network
    head: Network

    @cached_property
    def compared(self) -> Compared:
        """Each cell's features against those of the same image."""
        return compare_cells(self.residuals, self.image.pixels > 0, self.encoder)

    @cached_property
    def logits(self) -> np.ndarray:
        """The trace network's, smoothed: float32, H/8 x W/8; -20 where there is nothing to look at."""
        return trace_evidence(self.compared, self.head)

    @cached_property
    def copies(self) -> list[Copy]:
        """What is there twice."""
        return copies_inside(self.image.pixels, self.residuals.valid)


Cue = Callable[[Seen], np.ndarray]
"""A map of evidence on the grid of cells of 8 x 8 pixels: float32, H/8 x W/8, the higher the more."""
