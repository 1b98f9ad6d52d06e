"""Reference intensity: one invertible function from stored pixel values, for every kind of source.

The report's constants (scale 1100, threshold 400, noise 10, black tile at mean 150) hold for one hospital's pixel
values. Every image is therefore mapped first so that its background is 0 and its tissue lies at about 300 to 800
(system description, section 0).

The map has two steps, both strictly monotonic, so that it can be undone:

1. *display curve*: stored value -> how bright it is meant to look (modality LUT, VOI LUT, inversion for
   MONOCHROME1, logarithm for raw detector counts). A linear window is left out on purpose: it would only be undone
   by the next step, and clipping at its ends could not be inverted.
2. *anchors*: piecewise linear through (background, 0), (5th percentile of tissue, 300), (95th percentile of
   tissue, 800), continued with the end slopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tamperscope.io.lookup import look_up

REFERENCE_ANCHORS = (0.0, 300.0, 800.0)
TISSUE_PERCENTILES = (5.0, 95.0)


@dataclass(frozen=True, eq=False)
class TabulatedMap:
    """Strictly monotonic, piecewise linear map, given by its knots and continued with its end slopes.

    For integer sources every stored level is a knot, so the map is a table and applying it is one look-up.

    Attributes:
        stored: float64, strictly increasing stored values.
        reference: float64, reference intensity at each of them; strictly increasing or strictly decreasing.
        anchors: the display values that became 0, 300 and 800.
        kind: the documented name of the display curve.
    """

    stored: np.ndarray
    reference: np.ndarray
    anchors: tuple[float, float, float]
    kind: str

    def to_reference(self, stored: np.ndarray) -> np.ndarray:
        """Map stored values of any shape to reference intensity, float32."""
        first, last = int(self.stored[0]), int(self.stored[-1])
        if stored.dtype.kind in "iu" and len(self.stored) == last - first + 1:
            return look_up(stored, self.reference.astype(np.float32), first)
        return _interpolate(stored, self.stored, self.reference).astype(np.float32)

    def to_stored(self, reference: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Map reference intensity back to the nearest stored value of the given type, within the map's range."""
        knots, values = self.reference, self.stored
        if knots[0] > knots[-1]:
            knots, values = knots[::-1], values[::-1]
        stored = _interpolate(reference, knots, values)
        if np.dtype(dtype).kind in "iu":
            return np.clip(np.rint(stored), self.stored[0], self.stored[-1]).astype(dtype)
        return stored.astype(dtype)

    def describe(self) -> dict[str, Any]:
        """What a record needs to repeat the map."""
        return {
            "kind": self.kind,
            "display_anchors": [float(a) for a in self.anchors],
            "reference_anchors": list(REFERENCE_ANCHORS),
        }


def anchored_map(
    stored_knots: np.ndarray, display: np.ndarray, anchors: tuple[float, float, float], *, kind: str
) -> TabulatedMap:
    """Compose a display curve with the three anchors.

    Args:
        stored_knots: float64, strictly increasing stored values.
        display: float64, the display curve at each knot, strictly monotonic.
        anchors: display values of background, 5th and 95th percentile of tissue, strictly increasing.
        kind: name of the display curve for records.
    """
    low, middle, high = anchors
    if not low < middle < high:
        raise ValueError(f"anchors must increase strictly, not {anchors}")
    reference = _interpolate(display, np.asarray(anchors, np.float64), np.asarray(REFERENCE_ANCHORS))
    return TabulatedMap(np.asarray(stored_knots, np.float64), reference, (low, middle, high), kind)


def choose_anchors(display: np.ndarray, tissue: np.ndarray) -> tuple[float, float, float]:
    """Anchors of one image: its background level and the 5th and 95th percentile of its tissue.

    Args:
        display: H x W display values.
        tissue: bool H x W.

    Raises:
        ValueError: there is no tissue, or it is flat.
    """
    if not tissue.any():
        raise ValueError("no breast tissue was found")
    low, high = np.percentile(display[tissue], TISSUE_PERCENTILES)
    air = display[~tissue]
    # The 10th percentile is air even where labels and film borders fill much of the background.
    background = float(np.percentile(air, 10)) if air.size else float(display.min())
    background = min(background, float(low) - 0.1 * float(high - low))
    if not background < low < high:
        raise ValueError("the tissue has no contrast")
    return background, float(low), float(high)


def _interpolate(x: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """np.interp on increasing knots, continued linearly beyond both ends."""
    x = np.asarray(x, np.float64)
    y = np.interp(x, knots, values)
    below, above = x < knots[0], x > knots[-1]
    if below.any():
        y[below] = values[0] + (x[below] - knots[0]) * (values[1] - values[0]) / (knots[1] - knots[0])
    if above.any():
        y[above] = values[-1] + (x[above] - knots[-1]) * (values[-1] - values[-2]) / (knots[-1] - knots[-2])
    return y
