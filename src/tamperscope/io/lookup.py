"""One table look-up for a whole image, as fast as this machine's OpenCV allows."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np


def look_up(stored: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    """Replace each stored value by its entry in a table.

    Args:
        stored: integers of any shape; values beyond the table get its first or last entry.
        table: float32, one entry for each value from ``first`` on.
        first: the value of the first entry.

    Returns:
        float32, the shape of ``stored``.
    """
    if stored.dtype.itemsize > 2:
        return table[np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)]
    # Laid out by the bit pattern of the value, the table covers all of them, so that no index needs a check.
    values = every_value(stored.dtype).astype(np.int64)
    return take(stored, table[np.clip(values - first, 0, len(table) - 1)])


def every_value(dtype: np.dtype) -> np.ndarray:
    """All values of an integer type of 8 or 16 bits, in the order of their bit patterns."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    return np.arange(1 << (8 * dtype.itemsize)).astype(unsigned).view(dtype)


def take(stored: np.ndarray, table: np.ndarray, *, out: np.ndarray | None = None) -> np.ndarray:
    """The entry of each stored value in a table with an entry for ``every_value``, put into ``out`` if given."""
    index = stored.view(f"u{stored.dtype.itemsize}")
    if out is None:
        # NumPy asks the system for large pages, OpenCV does not, and 13,000 small ones take longer than the look-up.
        out = np.empty(index.shape, table.dtype)
    if index.ndim == 2 and index.size and (index.itemsize == 1 or _opencv_looks_up_16_bits()):
        return cv2.LUT(index, table, dst=out)
    return np.take(table, index, out=out)


@cache
def _opencv_looks_up_16_bits() -> bool:
    """OpenCV before 4.13 has look-up tables for 8 bits only."""
    try:
        found = cv2.LUT(np.array([[65535]], np.uint16), np.arange(65536, dtype=np.float32))
    except cv2.error:
        return False
    return bool(found[0, 0] == 65535)
