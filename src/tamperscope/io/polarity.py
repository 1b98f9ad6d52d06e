"""Is air bright? Then the picture is a negative, and has to be turned."""

from __future__ import annotations

import numpy as np

_BAND = 0.05
"""Of the brightness range: how close to its end air lies."""


def is_negative(display: np.ndarray) -> bool:
    """Whether air, which lies beside the breast and is flat, is the brightest part of the picture.

    Air is one band of equal brightness at the end of the range, it holds at least a tenth of the image, and it fills
    most of the side away from the chest wall. A picture is only called a negative where its bright end does so
    and its dark end does not.

    Args:
        display: H x W display values, some hundred pixels a side.
    """
    low, high = np.percentile(display, (0.5, 99.5))
    if not high > low:
        return False
    band = _BAND * (high - low)
    bright, dark = display >= high - band, display <= low + band
    return _is_air(bright) and not _is_air(dark) and bool(bright.sum() > 2 * dark.sum())


def _is_air(part: np.ndarray) -> bool:
    """Whether a part of the image is large enough for air and fills most of one side."""
    if part.mean() < 0.1:
        return False
    # Film borders and collimators are bright or dark strips at the very edge: the strips lie a little inside.
    margin, width = max(1, part.shape[1] // 20), max(2, part.shape[1] // 20)
    strips = part[:, margin : margin + width], part[:, -margin - width : -margin]
    return max(float(strip.mean()) for strip in strips) > 0.5
