"""The pixels that readers see: 16-bit, unsigned, dark is low, padded to one size a part, and nothing else.

A file holds height x width little-endian values and no more: no header, no compression (whose size would depend on
the content), no metadata, one time stamp for all.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tamperscope.errors import TamperscopeError, UnscorableImageError
from tamperscope.io.read import read_mammogram

FOLDER = "pixels"
TIME_STAMP = 1_000_000_000


def display_values(path: Path, *, step: int = 1) -> np.ndarray:
    """An image as it is to be seen: stored values, turned where bright tissue is stored dark.

    Args:
        path: The file.
        step: Values are divided by it and rounded, so that files of different depth come out alike.

    Returns:
        uint16, H x W. Unsigned stored values that are not inverted come out as they are.

    Raises:
        TamperscopeError: the file is no mammogram.
    """
    try:
        mammogram = read_mammogram(path)
    except UnscorableImageError as error:
        raise TamperscopeError(f"{path}: {error}") from error
    assert mammogram.source is not None  # it was read from a file
    stored = mammogram.source.stored
    low, high = int(stored.min()), int(stored.max())
    if stored.dtype.kind not in "ui" or high - low > 65535:
        raise TamperscopeError(f"{path}: the pixels are no 16-bit integers.")
    ends = mammogram.source.intensity_map.to_reference(np.array([[low, high]], dtype=stored.dtype))[0]
    values = stored.astype(np.int32)
    if ends[0] > ends[1]:
        values = high - values
    elif low < 0 or high > 65535:
        values -= low
    return ((values + step // 2) // step).astype(np.uint16)


def write_pixels(folder: Path, image_id: str, values: np.ndarray, width: int, height: int) -> None:
    """Write an image, padded with zeros on the right and below, so that places in it stay the same."""
    padded = np.zeros((height, width), dtype="<u2")
    padded[: values.shape[0], : values.shape[1]] = values
    path = folder / FOLDER / image_id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(padded.tobytes())
    os.utime(path, (TIME_STAMP, TIME_STAMP))


def pixels_path(folder: Path, image_id: str) -> Path:
    """Where an image's pixels lie."""
    return folder / FOLDER / image_id
