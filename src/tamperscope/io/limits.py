"""How large and how small an image may be, checked on headers before anything is allocated."""

from __future__ import annotations

from tamperscope.errors import UnscorableImageError

MAX_LONG_SIDE = 8192
"""Pixels. A 24 x 30 cm film scanned at 0.0366 mm; the finest scanners in use have 0.0435 mm."""
MIN_LONG_SIDE = 512
"""Pixels. Below, a pixel is larger than 0.47 mm, and neither a tumour's edge nor a forgery's is left."""
MIN_SHORT_SIDE = 256
MAX_FILE_BYTES = 2**29
"""An uncompressed image of the largest size has a quarter of this."""
MIN_GREY_LEVELS = 16
"""Masks and drawings have fewer."""


def check_size(rows: int, columns: int) -> None:
    """Refuse an image that is too large to be a mammogram, or too small to be scored.

    Raises:
        UnscorableImageError: with the size and the limit.
    """
    long_side, short_side = max(rows, columns), min(rows, columns)
    if short_side <= 0:
        raise UnscorableImageError(f"The image has no pixels: its header says {columns} x {rows}.")
    if long_side > MAX_LONG_SIDE:
        raise UnscorableImageError(
            f"The image is too large: its header says {columns} x {rows} pixels, and the limit is "
            f"{MAX_LONG_SIDE} a side."
        )
    if long_side < MIN_LONG_SIDE or short_side < MIN_SHORT_SIDE:
        raise UnscorableImageError(
            f"The image is too small: {columns} x {rows} pixels, and at least {MIN_LONG_SIDE} x "
            f"{MIN_SHORT_SIDE} are needed."
        )
