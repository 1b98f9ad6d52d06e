"""One image as the cues see it, and the one signature that all cues have."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tamperscope.detect.cues.copies import Copy, copies_inside
from tamperscope.detect.cues.trace import Compared, compare_cells, trace_evidence
from tamperscope.detect.residuals import Residuals
from tamperscope.detect.working_image import WorkingImage
from tamperscope.runtime.network import Network


@dataclass(frozen=True, eq=False)
class Seen:
    """An image, and what several cues need of it.

    Attributes:
        image: sides are multiples of 8 pixels.
        residuals: of its pixels.
        compared: each cell's features against those of the same image.
        logits: the trace network's, smoothed: float32, H/8 x W/8; -20 where there is nothing to look at.
        copies: what is there twice.
    """

    image: WorkingImage
    residuals: Residuals
    compared: Compared
    logits: np.ndarray
    copies: list[Copy]


Cue = Callable[[Seen], np.ndarray]
"""A map of evidence on the grid of cells of 8 x 8 pixels: float32, H/8 x W/8, the higher the odder."""


def see(image: WorkingImage, residuals: Residuals, encoder: Network, head: Network) -> Seen:
    """Work out what the cues need: the copies aside, while the trace network looks.

    Args:
        image: sides are multiples of 8 pixels.
        residuals: of its pixels.
        encoder: of the trace network.
        head: of the trace network.
    """
    with ThreadPoolExecutor(1) as aside:
        copies = aside.submit(copies_inside, image.pixels, residuals.valid)
        compared = compare_cells(residuals, image.pixels > 0, encoder)
        return Seen(image, residuals, compared, trace_evidence(compared, head), copies.result())
